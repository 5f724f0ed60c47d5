package model

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"turno"
	"turno/internal/workload"
)

// JobPrefix begins a reference to what a job has left: job:42, job:42_7, or
// job: and the job's id.
const JobPrefix = "job:"

// TakeFrom makes the model of the job that ref names, if it names one, an input
// of spec, which then waits for that job. Who takes the spec puts the job's id
// in the place of a number.
func TakeFrom(spec *turno.Spec, ref string) {
	job, names := strings.CutPrefix(ref, JobPrefix)
	if _, err := turno.ParseRef(job); err != nil || !names {
		return // CheckRef says what is wrong
	}
	for _, f := range spec.Inputs {
		if f.Path == FileName {
			return
		}
	}
	// A copy: the list may be that of the spec this one was cloned from.
	spec.Inputs = append(spec.Inputs[:len(spec.Inputs):len(spec.Inputs)], turno.File{Path: FileName, From: ref + "/" + FileName})
}

// CheckRef tells what is wrong with the name of a file: an absolute path on the
// worker, one of the job's inputs, or, where job is set, what a job has left.
func CheckRef(field, ref string, job bool) *turno.Error {
	if job && strings.HasPrefix(ref, JobPrefix) {
		if _, err := turno.ParseRef(strings.TrimPrefix(ref, JobPrefix)); err != nil {
			return turno.Invalid(field, "%.80q: use job: and a job's number or id, such as job:42", ref)
		}
		return nil
	}
	if strings.ContainsRune(ref, 0) || !filepath.IsAbs(ref) && !filepath.IsLocal(filepath.FromSlash(ref)) {
		return turno.Invalid(field, "%.80q: use an absolute path on the worker, or the path of one of the job's inputs", ref)
	}
	return nil
}

// Find is the path of a file that CheckRef has passed.
func Find(env *workload.Env, ref string) (string, error) {
	if filepath.IsAbs(ref) {
		return ref, nil
	}
	if strings.HasPrefix(ref, JobPrefix) {
		ref = FileName
	}
	if env.Inputs == "" {
		return "", fmt.Errorf("%s: %w", ref, errNoInputs)
	}
	return filepath.Join(env.Inputs, filepath.FromSlash(ref)), nil
}

var errNoInputs = errors.New("the job has no input files: send it along with --input, or give the absolute path of a file on the worker")
