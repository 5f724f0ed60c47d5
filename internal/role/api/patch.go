package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"turno"
	"turno/internal/access"
)

// jobPatch is what a client wants to be otherwise of a job.
type jobPatch struct {
	turno.SpecChange
	Hold *bool `json:"hold,omitempty" doc:"true holds it back, false releases it"`
}

type patchIn struct {
	Ref string `path:"ref" doc:"number (42), task (42_7) or id"`
	If  string `header:"If-Match" doc:"the ETag with which the job was read; * changes it as it now is"`
}

func (a *Role) routePatch() {
	op := huma.Operation{
		Method: http.MethodPatch, Path: base + "/jobs/{ref}", OperationID: "updateJob", Summary: "Change what a job asks for",
		Description: "What is left out stays as it is; of labels null takes one away; null as a time is none. While a job is active only its name, " +
			"labels, priority, retries, deadline_at, no_requeue and array_limit can be changed. Tasks of an array that have not started change with it.",
		RequestBody: body[jobPatch](a, "What is to be otherwise"),
		Responses:   answers[turno.Job](a, map[string]string{"200": "The job as it now is, with its ETag"}),
		Errors:      []int{http.StatusConflict, http.StatusPreconditionFailed, http.StatusPreconditionRequired, http.StatusUnprocessableEntity},
		Security:    roles(access.Submit),
	}
	raw(a, op, a.patchJob)
}

// patchJob changes a job if it is as the client has read it. The ETag says so of
// all that was read; that nobody comes between reading and changing, the
// scheduler sees by the revision.
func (a *Role) patchJob(w http.ResponseWriter, r *http.Request, in *patchIn) error {
	var patch jobPatch
	if err := a.readPatch(w, r, &patch); err != nil {
		return err
	}
	if in.If == "" {
		return turno.Errorf(turno.CodeCondition, "say of which version of the job this is").
			WithHint("read it first, and send its ETag as If-Match; If-Match: * changes it as it now is")
	}
	job, body, err := a.asRead(r.Context(), in.Ref)
	if err != nil {
		return err
	}
	if etag := etagOf(body); !has([]string{in.If}, etag) {
		return turno.Errorf(turno.CodeStale, "job %s is not as it was when you read it", job.Display()).
			WithHint("read it again, and change what you then see")
	}
	if err := a.carryOut(r.Context(), &job, &patch); err != nil {
		return err
	}
	if _, body, err = a.asRead(r.Context(), in.Ref); err != nil {
		return err
	}
	w.Header().Set("ETag", etagOf(body))
	a.write(w, http.StatusOK, body)
	return nil
}

// asRead is a job and the body with which GET answers.
func (a *Role) asRead(ctx context.Context, ref string) (turno.Job, []byte, error) {
	job, err := a.gate.Job(ctx, ref)
	if err != nil {
		return job, nil, err
	}
	var body bytes.Buffer
	if err := huma.DefaultJSONFormat.Marshal(&body, job); err != nil {
		return job, nil, fmt.Errorf("encode a job: %w", err)
	}
	return job, body.Bytes(), nil
}

// carryOut orders what a patch says, the change before the hold.
func (a *Role) carryOut(ctx context.Context, job *turno.Job, patch *jobPatch) error {
	var actions []turno.Action
	if len(patch.Fields()) > 0 || patch.Hold == nil {
		actions = append(actions, turno.Action{Verb: turno.Update, Change: &patch.SpecChange, IfRevision: &job.Revision})
	}
	switch {
	case patch.Hold == nil || *patch.Hold == (job.State == turno.Held):
	case *patch.Hold:
		actions = append(actions, turno.Action{Verb: turno.HoldJob})
	default:
		actions = append(actions, turno.Action{Verb: turno.Release})
	}
	for _, action := range actions {
		action.Jobs = []string{job.Display()}
		acted, err := a.gate.Act(ctx, action)
		if err != nil {
			return err
		}
		if acted[0].Error != nil {
			return acted[0].Error
		}
	}
	return nil
}

// readPatch reads a patch. A time that is null is none.
func (a *Role) readPatch(w http.ResponseWriter, r *http.Request, patch *jobPatch) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxSmall)
	data, release, err := a.read(w, r)
	if err != nil {
		return err
	}
	defer release()
	if bad := parseStrict(data, patch); bad != nil {
		return bad
	}
	var said map[string]json.RawMessage
	if err := json.Unmarshal(data, &said); err != nil || said == nil {
		return turno.Errorf(turno.CodeMalformed, "a patch is an object")
	}
	for name, value := range said {
		if string(value) != "null" {
			continue
		}
		switch name {
		case "begin_at":
			patch.Begin = new(time.Time)
		case "deadline_at":
			patch.Deadline = new(time.Time)
		default:
			bad := turno.Errorf(turno.CodeMalformed, "null is for begin_at, deadline_at and labels").WithHint("leave %.40s out to leave it as it is", name)
			bad.Field = name
			return bad
		}
	}
	return nil
}
