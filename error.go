package turno

import (
	"fmt"
	"time"
)

// Code is a stable name of what went wrong; clients act on it.
type Code string

const (
	CodeInvalid      Code = "invalid"       // the request can never work as it is: 422
	CodeMalformed    Code = "malformed"     // not even readable: 400
	CodeNotFound     Code = "not_found"     // 404
	CodeConflict     Code = "conflict"      // the state does not allow it: 409
	CodeStale        Code = "stale"         // it was changed since it was read: 412
	CodeCondition    Code = "condition"     // say of which version it is (If-Match): 428
	CodeUnauthorized Code = "unauthorized"  // no or no valid token: 401
	CodeForbidden    Code = "forbidden"     // the token may not: 403
	CodeTooLarge     Code = "too_large"     // 413
	CodeUnavailable  Code = "unavailable"   // try again, with the same id: 503
	CodeUnsatisfied  Code = "unsatisfiable" // no worker could ever run it: 422
	CodeBusy         Code = "busy"          // too much at once: nothing was taken, in a moment it will be: 429
	CodeQuota        Code = "quota"         // too much waits already; some of it must end first: 429
	CodeFull         Code = "full"          // no room is left on a disk of the server: 507
	CodeInternal     Code = "internal"      // a bug of turno's: 500
)

// Error crosses HTTP and comes back the same. Message says what happened and
// why; Hint says what to do next; Field is where in the request, if anywhere.
type Error struct {
	Code    Code   `json:"code"`
	Message string `json:"message"`
	Field   string `json:"field,omitempty"`
	Hint    string `json:"hint,omitempty"`
	// RetryAfter is how long to wait before trying again; 0: not said.
	RetryAfter Duration `json:"retry_after_seconds,omitempty"`
}

func (e *Error) Error() string {
	text := e.Message
	if e.Field != "" {
		text = e.Field + ": " + text
	}
	return text
}

// Errorf makes an Error without a field.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Invalid makes an Error about one field.
func Invalid(field, format string, args ...any) *Error {
	return &Error{Code: CodeInvalid, Field: field, Message: fmt.Sprintf(format, args...)}
}

// After returns the error with the time to wait before trying again.
func (e *Error) After(d time.Duration) *Error {
	c := *e
	c.RetryAfter = Duration(d)
	return &c
}

// WithHint returns the error with a next step for the user.
func (e *Error) WithHint(format string, args ...any) *Error {
	c := *e
	c.Hint = fmt.Sprintf(format, args...)
	return &c
}

// NoJob says that there is no such job, or none that who asks may see: both are
// the same to him.
func NoJob(r Ref) *Error {
	return Errorf(CodeNotFound, "there is no job %s", r).WithHint("list jobs with: turno ps -a")
}
