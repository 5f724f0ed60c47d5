package store

import (
	"maps"
	"math"
	"slices"
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

// upward stands before the number in a cursor of a list with the oldest first.
const upward = "a"

// NextCursor is that of the page after the one that ends with a number.
func NextCursor(q turno.JobQuery, last int64) string {
	if q.OldestFirst {
		return upward + Cursor(last)
	}
	return Cursor(last)
}

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

// Span is what numbers a page of q may hold: from … below-1.
func Span(q turno.JobQuery) (from, below int64, err error) {
	if !q.OldestFirst {
		if below, err = ParseCursor(q.Cursor); below == 0 {
			below = math.MaxInt64
		}
		return 0, below, err
	}
	number, is := strings.CutPrefix(q.Cursor, upward)
	if !is && q.Cursor != "" || is && number == "" {
		number = "x" // it is of the other order, or of none
	}
	last, err := ParseCursor(number)
	return last + 1, math.MaxInt64, err
}

// Words are what a Search looks for, folded.
func Words(search string) []string { return strings.Fields(FoldName(search)) }

// Between stands between the name and each label in SearchText. Names and labels
// hold no such character.
const Between = "\x1f"

// SearchText is what a word of a Search may be a part of, beside the user.
func SearchText(s *turno.Spec) string {
	var b strings.Builder
	b.WriteString(FoldName(s.Name))
	for _, key := range slices.Sorted(maps.Keys(s.Labels)) {
		b.WriteString(Between + FoldName(key) + "=" + FoldName(s.Labels[key]))
	}
	return b.String()
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
