package model

import (
	"context"
	"fmt"
	"strings"

	"turno"
	"turno/internal/workload"
)

// JobPrefix begins a reference to what a job has written: job:42, job:42_7, or
// job: and the job's id.
const JobPrefix = "job:"

// WaitFor lets a job wait for the one whose model it names, if it names one and
// does not wait for it already.
func WaitFor(spec *turno.Spec, ref string) {
	job, names := strings.CutPrefix(ref, JobPrefix)
	if !names {
		return
	}
	if _, err := turno.ParseRef(job); err != nil {
		return // CheckRef says what is wrong
	}
	for _, d := range spec.After {
		if d.Job == job {
			return
		}
	}
	spec.After = append(spec.After[:len(spec.After):len(spec.After)], turno.Dependency{Job: job, When: turno.AfterOK})
}

// CheckRef tells what is wrong with a reference that begins with JobPrefix.
func CheckRef(field, ref string) *turno.Error {
	if _, err := turno.ParseRef(strings.TrimPrefix(ref, JobPrefix)); err != nil {
		return turno.Invalid(field, "%.80q: use job: and a job's number or id, such as job:42", ref)
	}
	return nil
}

// Find is the path of the model that a parameter names: a path itself, or what
// a job has written.
func Find(ctx context.Context, env *workload.Env, ref string) (string, error) {
	if !strings.HasPrefix(ref, JobPrefix) {
		return ref, nil
	}
	if env.Fetch == nil {
		return "", fmt.Errorf("%s: this runner cannot fetch what other jobs have written", ref)
	}
	return env.Fetch(ctx, ref+"/"+FileName)
}
