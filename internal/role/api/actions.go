package api

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"turno"
	"turno/internal/access"
)

// actionAnswer is the answer to an Action.
type actionAnswer struct {
	Acted []turno.Acted `json:"acted"`
}

// order is the body of an action on one job or worker; it may be left out.
type order struct {
	Message string         `json:"message,omitempty" doc:"why: shown beside the state"`
	Grace   turno.Duration `json:"grace_seconds,omitempty" doc:"cancel: between TERM and KILL"`
	Force   bool           `json:"force,omitempty" doc:"cancel: KILL at once"`
}

func (a *Role) routeActions() {
	raw(a, huma.Operation{
		Method: http.MethodPost, Path: base + "/actions", OperationID: "act",
		Summary:     "Order something of many jobs or workers",
		RequestBody: body[turno.Action](a, "What to do and to whom"),
		Responses:   answers[actionAnswer](a, map[string]string{"200": "One entry a target, in order"}),
		Errors:      []int{http.StatusUnprocessableEntity}, Security: roles(access.Submit),
	}, a.act)
	for _, verb := range []turno.Verb{turno.Cancel, turno.HoldJob, turno.Release, turno.Requeue} {
		raw(a, a.orderOp("/jobs/{ref}/", verb, "a job", access.Submit), func(w http.ResponseWriter, r *http.Request, in *refIn) error {
			return a.actOnOne(w, r, turno.Action{Verb: verb, Jobs: []string{in.Ref}})
		})
	}
	for _, verb := range []turno.Verb{turno.Drain, turno.Undrain} {
		raw(a, a.orderOp("/workers/{name}/", verb, "a worker", access.Operate), func(w http.ResponseWriter, r *http.Request, in *workerIn) error {
			return a.actOnOne(w, r, turno.Action{Verb: verb, Workers: []string{in.Name}})
		})
	}
	op := a.orderOp("/jobs/{ref}/", "retry", "a job", access.Submit)
	op.Summary, op.RequestBody = "Hand in an ended job again", nil
	op.DefaultStatus = http.StatusCreated
	op.Responses = answers[turno.Submitted](a, map[string]string{"201": "The new job", "202": "It is safe with the broker"})
	raw(a, op, a.retry)
}

type workerIn struct {
	Name string `path:"name"`
}

func (a *Role) orderOp(path string, verb turno.Verb, whom string, needs access.Scope) huma.Operation {
	op := huma.Operation{
		Method: http.MethodPost, Path: base + path + string(verb),
		OperationID: string(verb), Summary: fmt.Sprintf("Order %s of %s", verb, whom),
		RequestBody: body[order](a, "May be left out"),
		Responses:   answers[turno.Acted](a, map[string]string{"200": "The state afterwards"}),
		Security:    roles(needs),
		Errors:      []int{http.StatusConflict},
	}
	op.RequestBody.Required = false
	return op
}

// small reads a body that is no job.
func (a *Role) small(w http.ResponseWriter, r *http.Request, into any) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxSmall)
	data, release, err := a.read(w, r)
	if err != nil {
		return err
	}
	defer release()
	if len(data) == 0 {
		return nil
	}
	if bad := parseStrict(data, into); bad != nil {
		return bad
	}
	return nil
}

func (a *Role) act(w http.ResponseWriter, r *http.Request, _ *struct{}) error {
	var action turno.Action
	if err := a.small(w, r, &action); err != nil {
		return err
	}
	out, err := a.gate.Act(r.Context(), action)
	if err != nil {
		return err
	}
	return a.encode(w, actionAnswer{out})
}

func (a *Role) actOnOne(w http.ResponseWriter, r *http.Request, action turno.Action) error {
	var o order
	if err := a.small(w, r, &o); err != nil {
		return err
	}
	action.Message, action.Grace, action.Force = o.Message, o.Grace, o.Force
	out, err := a.gate.Act(r.Context(), action)
	if err != nil {
		return err
	}
	if out[0].Error != nil {
		return out[0].Error
	}
	return a.encode(w, out[0])
}

func (a *Role) encode(w http.ResponseWriter, v any) error {
	text, err := encoded(v)
	if err != nil {
		return err
	}
	a.write(w, http.StatusOK, text)
	return nil
}

func encoded(v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode an answer: %w", err)
	}
	return append(text, '\n'), nil
}

type retryIn struct {
	Ref string `path:"ref"`
	Key string `header:"Idempotency-Key"`
}

// retry submits the spec of an ended job again.
func (a *Role) retry(w http.ResponseWriter, r *http.Request, in *retryIn) error {
	old, err := a.gate.Job(r.Context(), in.Ref)
	if err != nil {
		return err
	}
	if !old.State.Ended() {
		return turno.Errorf(turno.CodeConflict, "job %s has not ended: it is %s", old.Display(), old.State).
			WithHint("to start it anew: turno requeue %s", old.Display())
	}
	spec := old.Spec.Clone()
	if who := access.Of(r.Context()); spec.User != who.User() && !who.May(access.Administer) {
		spec.User = "" // whoever repeats it, it is theirs
	}
	if old.Parent != 0 {
		spec.Array = &turno.Array{Tasks: turno.Ranges{{First: old.Task, Last: old.Task, Step: 1}}}
	}
	sub := submission{jobs: []turno.NewJob{{Spec: spec, RetryOf: old.Number}}}
	if err := sub.takeKey(in.Key); err != nil {
		return err
	}
	out, err := a.gate.Submit(r.Context(), sub.jobs)
	if err != nil {
		return err
	}
	return a.answerOne(w, out[0])
}
