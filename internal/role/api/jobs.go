package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"turno"
	"turno/internal/access"
)

const (
	// maxBody is for jobs in bulk: 20,000 go in a few requests.
	maxBody = 16 << 20
	// maxSmall is for all else.
	maxSmall = 1 << 20
)

// bulk is the body of many jobs, in the description.
type bulk struct {
	Jobs []turno.NewJob `json:"jobs" maxItems:"10000"`
}

// bulkAnswer is the answer to many jobs.
type bulkAnswer struct {
	Jobs []turno.Submitted `json:"jobs"`
}

type refIn struct {
	Ref string `path:"ref" doc:"number (42), task (42_7) or id"`
}

func (a *Role) routeJobs() {
	raw(a, huma.Operation{
		Method: http.MethodPost, Path: base + "/jobs", OperationID: "submit", Summary: "Hand in one job, or many",
		Description: "Answers once each job is durable. The same id again is the same job. One job: 1 MiB at most; many: 16 MiB.",
		RequestBody: &huma.RequestBody{Required: true, Description: "One job, or many", Content: map[string]*huma.MediaType{
			"application/json": {Schema: &huma.Schema{OneOf: []*huma.Schema{schemaOf[turno.NewJob](a), schemaOf[bulk](a)}}},
		}},
		DefaultStatus: http.StatusCreated,
		Responses: oneOrMany(a, map[string]string{
			"201": "All are accepted. Of a single job: its entry alone.",
			"202": "All are safe with the broker; the scheduler has not answered yet.",
			"207": "Some were refused: each entry says.",
		}),
		Errors:   []int{http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity},
		Security: roles(access.Submit),
	}, a.submit)
	raw(a, huma.Operation{
		Method: http.MethodPost, Path: base + "/jobs:dry-run", OperationID: "preview", Summary: "Say what would become of a job, and hand nothing in",
		Description: "Refuses what submit would refuse, in the same words. What it says is of this moment.",
		RequestBody: body[turno.NewJob](a, "One job, as for submit"),
		Responses:   answers[turno.Preview](a, map[string]string{"200": "What would become of it"}),
		Errors:      []int{http.StatusUnprocessableEntity, http.StatusTooManyRequests}, Security: roles(access.Submit),
	}, a.preview)
	a.routeList()
	a.routePatch()
	get(a, page{base + "/jobs/{ref}", "job", "One job", access.Read}, func(ctx context.Context, in *refIn) (turno.Job, error) {
		return a.gate.Job(ctx, in.Ref)
	})
	get(a, page{base + "/jobs/{ref}/why", "why", "Why a job is where it is", access.Read}, func(ctx context.Context, in *refIn) (turno.Explanation, error) {
		return a.gate.Explain(ctx, in.Ref)
	})
}

// oneOrMany describes the answers to one job and to many.
func oneOrMany(a *Role, texts map[string]string) map[string]*huma.Response {
	out := answers[bulkAnswer](a, texts)
	for status := range out {
		out[status].Content["application/json"].Schema = &huma.Schema{OneOf: []*huma.Schema{schemaOf[turno.Submitted](a), schemaOf[bulkAnswer](a)}}
	}
	return out
}

type submitIn struct {
	Key   string `header:"Idempotency-Key" doc:"the id of a single job: a UUID, best a fresh UUIDv7"`
	Trace string `header:"traceparent" doc:"the caller's trace (W3C Trace Context): jobs that name none are linked with it"`
}

// submit reads, checks and hands in jobs.
func (a *Role) submit(w http.ResponseWriter, r *http.Request, in *submitIn) error {
	data, release, err := a.read(w, r)
	if err != nil {
		return err
	}
	defer release()
	sub, bad := parseSubmission(data)
	if bad != nil {
		return bad
	}
	if err := sub.takeKey(in.Key); err != nil {
		return err
	}
	turno.TraceAll(sub.jobs, in.Trace)
	if !sub.bulk && len(data) > maxSmall {
		return turno.Errorf(turno.CodeTooLarge, "a single job has at most %d bytes", maxSmall)
	}
	out, err := a.gate.Submit(r.Context(), sub.jobs)
	if err != nil {
		return err
	}
	if sub.bulk {
		a.write(w, bulkStatus(out), appendSubmitted(make([]byte, 0, 80*len(out)+16), out))
		return nil
	}
	return a.answerOne(w, out[0])
}

// preview hands nothing in.
func (a *Role) preview(w http.ResponseWriter, r *http.Request, _ *struct{}) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxSmall)
	data, release, err := a.read(w, r)
	if err != nil {
		return err
	}
	defer release()
	sub, bad := parseSubmission(data)
	if bad != nil {
		return bad
	}
	if sub.bulk {
		return turno.Errorf(turno.CodeMalformed, "one job at a time is tried: leave jobs out")
	}
	out, err := a.gate.Preview(r.Context(), sub.jobs[0].Spec)
	if err != nil {
		return err
	}
	return a.encode(w, out)
}

func (a *Role) answerOne(w http.ResponseWriter, out turno.Submitted) error {
	if out.Error != nil {
		return out.Error
	}
	body, err := json.Marshal(out)
	if err != nil {
		return fmt.Errorf("encode an answer: %w", err)
	}
	status := http.StatusAccepted
	ref := out.ID
	if out.Number > 0 {
		status, ref = http.StatusCreated, strconv.FormatInt(out.Number, 10)
	}
	w.Header().Set("Location", base+"/jobs/"+ref)
	a.write(w, status, append(body, '\n'))
	return nil
}

// takeKey applies an Idempotency-Key.
func (s *submission) takeKey(key string) *turno.Error {
	switch {
	case key == "":
		return nil
	case s.bulk:
		return turno.Errorf(turno.CodeMalformed, "Idempotency-Key is for a single job").WithHint("give each job an id of its own")
	case !turno.ValidID(key):
		return turno.Errorf(turno.CodeMalformed, "Idempotency-Key %.60q is not a UUID in lower case", key)
	case s.jobs[0].ID != "" && s.jobs[0].ID != key:
		return turno.Invalid("id", "is not the Idempotency-Key")
	}
	s.jobs[0].ID = key
	return nil
}

// read reads a whole body, when there is room for it. Release gives the room
// back: when the answer is known.
func (a *Role) read(w http.ResponseWriter, r *http.Request) (data []byte, release func(), err error) {
	release, err = a.enter(r)
	if err != nil {
		return nil, func() {}, err
	}
	if n := r.ContentLength; n >= 0 && n <= maxBody {
		data = make([]byte, n)
		_, err = io.ReadFull(r.Body, data)
	} else {
		data, err = io.ReadAll(r.Body)
	}
	if err != nil {
		release()
		return nil, func() {}, bodyError(err)
	}
	// The deadline was for the body; else it would end the handler too.
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // a test's writer has none
	return data, release, nil
}

func bodyError(err error) error {
	if strings.Contains(err.Error(), "too large") { // *http.MaxBytesError: explain knows it
		return err
	}
	return turno.Errorf(turno.CodeMalformed, "the body did not arrive whole")
}

// bulkStatus is that of many answers.
func bulkStatus(out []turno.Submitted) int {
	status := http.StatusCreated
	for i := range out {
		if out[i].Error != nil {
			return http.StatusMultiStatus
		}
		if out[i].Number == 0 {
			status = http.StatusAccepted
		}
	}
	return status
}

// appendSubmitted writes the answers to many jobs; most are an id and a number.
func appendSubmitted(b []byte, out []turno.Submitted) []byte {
	b = append(b, `{"jobs":[`...)
	for i := range out {
		if i > 0 {
			b = append(b, ',')
		}
		s := &out[i]
		if s.Error != nil || s.Warning != "" || !turno.ValidID(s.ID) {
			text, _ := json.Marshal(s) // strings and a number: cannot fail
			b = append(b, text...)
			continue
		}
		b = append(append(append(b, `{"id":"`...), s.ID...), '"')
		if s.Number != 0 {
			b = strconv.AppendInt(append(b, `,"number":`...), s.Number, 10)
		}
		b = append(b, '}')
	}
	return append(b, "]}\n"...)
}
