package store

import (
	"strconv"
	"strings"

	"turno"
)

// Page bounds: a page of the default size fills a screen, one of the largest
// stays below a megabyte.
const (
	DefaultLimit = 100
	MaxLimit     = 1000
)

// PageSize is how many jobs a page of q holds at most.
func PageSize(q turno.JobQuery) int { return PageLimit(q.Limit) }

// PageLimit is what a limit that a client gave means.
func PageLimit(limit int) int {
	if limit <= 0 {
		return DefaultLimit
	}
	return min(limit, MaxLimit)
}

// Cursor is the text form of "the page that begins below this number".
func Cursor(below int64) string { return strconv.FormatInt(below, 10) }

// ParseCursor reads it; no text is the first page, for which it gives 0.
func ParseCursor(text string) (below int64, err error) {
	if text == "" {
		return 0, nil
	}
	below, err = strconv.ParseInt(text, 10, 64)
	if err != nil || below < 1 {
		return 0, turno.Errorf(turno.CodeMalformed, "cursor %.40q does not come from a page before", text).
			WithHint("use the next_cursor of that page as it is, or leave it out for the first")
	}
	return below, nil
}

// FoldName is the form in which names are compared with JobQuery.Name: case
// does not count. Every adapter folds here, so that they agree.
func FoldName(name string) string { return strings.ToLower(name) }

// EventOf is a job's change as it is told.
func EventOf(j *turno.Job, revision uint64) turno.Event {
	e := turno.Event{
		Revision: revision,
		Number:   j.Number,
		Parent:   j.Parent,
		Task:     j.Task,
		State:    j.State,
		Reason:   j.Reason,
		Worker:   j.Worker(),
		At:       j.Since,
	}
	if j.Spec != nil {
		e.Name, e.Queue, e.Type = j.Spec.Name, j.Spec.Queue, j.Spec.Type
	}
	return e
}

// Counted is what a job adds to the counts: itself in its state, or, of an
// array, the tasks that are not expanded yet: queued, or held when it is held.
func Counted(j *turno.Job) (turno.State, int64) {
	switch {
	case j.Tasks == nil:
		return j.State, 1
	case j.State.Ended():
		return j.State, 0
	case j.State == turno.Held:
		return turno.Held, int64(j.Tasks.Waiting.Len())
	}
	return turno.Queued, int64(j.Tasks.Waiting.Len())
}
