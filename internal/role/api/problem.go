package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"turno"
	"turno/internal/access"
)

// problem is an error as it goes over HTTP (RFC 9457): a turno.Error and its
// status.
type problem struct {
	Type   string     `json:"type" doc:"urn:turno:problem: and the code"`
	Title  string     `json:"title" doc:"the status in words"`
	Status int        `json:"status"`
	Detail string     `json:"detail" doc:"what happened and why"`
	Code   turno.Code `json:"code" doc:"stable: clients act on it"`
	Field  string     `json:"field,omitempty" doc:"where in the request"`
	Hint   string     `json:"hint,omitempty" doc:"what to do next"`
	Retry  float64    `json:"retry_after_seconds,omitempty" doc:"how long to wait before trying again; rounded up in Retry-After"`
}

func (p *problem) Error() string { return p.Detail }

// GetStatus and ContentType make huma write a problem as it is.
func (p *problem) GetStatus() int { return p.Status }

// ContentType is problem+json for every format that huma negotiates.
func (p *problem) ContentType(string) string { return "application/problem+json" }

var statuses = map[turno.Code]int{
	turno.CodeInvalid:      http.StatusUnprocessableEntity,
	turno.CodeMalformed:    http.StatusBadRequest,
	turno.CodeNotFound:     http.StatusNotFound,
	turno.CodeConflict:     http.StatusConflict,
	turno.CodeStale:        http.StatusPreconditionFailed,
	turno.CodeCondition:    http.StatusPreconditionRequired,
	turno.CodeUnauthorized: http.StatusUnauthorized,
	turno.CodeForbidden:    http.StatusForbidden,
	turno.CodeTooLarge:     http.StatusRequestEntityTooLarge,
	turno.CodeUnavailable:  http.StatusServiceUnavailable,
	turno.CodeUnsatisfied:  http.StatusUnprocessableEntity,
	turno.CodeBusy:         http.StatusTooManyRequests,
	turno.CodeQuota:        http.StatusTooManyRequests,
	turno.CodeFull:         http.StatusInsufficientStorage,
	turno.CodeInternal:     http.StatusInternalServerError,
}

// problemOf is a turno.Error over HTTP. A status of 0 is that of its code.
func problemOf(e *turno.Error, status int) *problem {
	if status == 0 {
		status = statuses[e.Code]
	}
	if status == 0 {
		status = http.StatusInternalServerError
	}
	return &problem{
		Type: "urn:turno:problem:" + string(e.Code), Title: http.StatusText(status), Status: status,
		Detail: e.Message, Code: e.Code, Field: e.Field, Hint: e.Hint,
		Retry: time.Duration(e.RetryAfter).Seconds(),
	}
}

// explain makes a problem of any error. What is not meant for users goes to
// the log; they get nothing of it.
func (a *Role) explain(route string, err error) *problem {
	if known, ok := errors.AsType[*turno.Error](err); ok {
		return problemOf(known, 0)
	}
	if p, ok := errors.AsType[*problem](err); ok {
		return p
	}
	if large, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return problemOf(turno.Errorf(turno.CodeTooLarge, "the body has more than %d bytes", large.Limit).
			WithHint("send less at a time: many jobs in several requests, large data as files (turno submit --input)"), 0)
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return problemOf(turno.Errorf(turno.CodeUnavailable, "turno did not answer in time").WithHint("try again"), 0)
	}
	a.log.Error("failed a request", "route", route, "err", err)
	return problemOf(turno.Errorf(turno.CodeInternal, "turno could not do this because of an error of its own").
		WithHint("its log says which; try again"), 0)
}

// refuse writes an error.
func (a *Role) refuse(w http.ResponseWriter, r *http.Request, err error) {
	p := a.explain(r.Method+" "+r.URL.Path, err)
	switch {
	case w.Header().Get("Retry-After") != "":
	case p.Retry > 0:
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(p.Retry))))
	case p.Status == http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "1")
	}
	body, _ := json.Marshal(p) // holds nothing that could not be encoded
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	if _, err := w.Write(append(body, '\n')); err != nil {
		a.log.Debug("did not write an error", "err", err)
		return
	}
	if p.Status == http.StatusTooManyRequests || p.Status == http.StatusServiceUnavailable {
		drain(w, r) // its client is to come again, and must know when
	}
}

// drainTimeout is for what is left of a body that was refused.
const drainTimeout = 2 * time.Second

// drain reads what is left of a known client's body, within bounds. A connection
// that is closed with bytes unread is reset, and the answer on it is lost.
func drain(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength == 0 || r.Header.Get("Expect") != "" || access.Of(r.Context()) == nil {
		return
	}
	c := http.NewResponseController(w)
	if c.Flush() != nil || c.SetReadDeadline(time.Now().Add(drainTimeout)) != nil {
		return // a test's writer
	}
	if _, err := io.CopyN(io.Discard, r.Body, maxBody); err == io.EOF {
		_ = c.SetReadDeadline(time.Time{}) // it is whole: the connection goes on
	}
}

// humaProblems has huma write its own errors (of query parameters, mostly) as
// problems. The variable is the only way that it offers.
var humaProblems = sync.OnceFunc(func() {
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		if status >= http.StatusInternalServerError {
			slog.Default().Error("failed a request", "err", errors.Join(errs...))
			return problemOf(turno.Errorf(turno.CodeInternal, "turno could not do this because of an error of its own"), status)
		}
		e := turno.Invalid("", "%s", message).WithHint("see /openapi.json for what this route takes")
		if status == http.StatusBadRequest {
			e.Code = turno.CodeMalformed
		}
		for _, err := range errs {
			if d, ok := errors.AsType[*huma.ErrorDetail](err); ok {
				_, e.Field, _ = strings.Cut(d.Location, ".")
				e.Message = d.Message
				break
			}
		}
		return problemOf(e, status)
	}
})
