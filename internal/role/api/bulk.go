package api

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"turno"
	"turno/internal/access"
)

const (
	// maxMatches bounds what is done to jobs by one filter.
	maxMatches = 200_000
	// actAtOnce are the jobs of one order to the scheduler.
	actAtOnce = 1000
	// maxRefused are told one by one; of more their number.
	maxRefused = 100
)

// jobFilter selects jobs: what a list shows and what an order in bulk is for
// are the same.
type jobFilter struct {
	State  []turno.State `json:"state,omitempty" doc:"none: all that have not ended"`
	Queue  string        `json:"queue,omitempty"`
	User   string        `json:"user,omitempty"`
	Type   string        `json:"type,omitempty"`
	Name   string        `json:"name,omitempty" doc:"part of the name, in any case"`
	Q      string        `json:"q,omitempty" doc:"words, as in the list"`
	Since  string        `json:"since,omitempty" doc:"as in the list"`
	Until  string        `json:"until,omitempty" doc:"as in the list"`
	Parent int64         `json:"parent,omitempty" doc:"tasks of this array"`
}

// bulkOrder is something to do to all jobs that a filter selects.
type bulkOrder struct {
	Verb   turno.Verb `json:"verb" doc:"cancel, hold, release or requeue"`
	Filter jobFilter  `json:"filter"`
	// Expected is what the one who orders it has seen: if others match now,
	// nothing is done.
	Expected int    `json:"expected_count" doc:"how many match; if it is another number now, nothing is done: 409"`
	Message  string `json:"message,omitempty"`
}

// bulkDone is what came of it.
type bulkDone struct {
	Matched int           `json:"matched"`
	Done    int           `json:"done"`
	Refused int           `json:"refused"`
	Errors  []turno.Acted `json:"errors,omitempty" doc:"of the first that were refused"`
}

// matchCount says how many jobs a filter selects.
type matchCount struct {
	Count  int                 `json:"count"`
	More   bool                `json:"more,omitempty" doc:"there are more than an order in bulk takes"`
	States map[turno.State]int `json:"states"`
}

type countIn struct{ FilterIn }

func (a *Role) routeBulk() {
	get(a, page{base + "/jobs:count", "countJobs", "How many jobs an order in bulk would be for; without a state those that have not ended", access.Read}, a.countJobs)
	raw(a, huma.Operation{
		Method: http.MethodPost, Path: base + "/jobs:bulk", OperationID: "actOnMatches", Summary: "Order something of all jobs that a filter selects",
		Description: "Arrays count as one job. Jobs that come to match meanwhile are left alone.",
		RequestBody: body[bulkOrder](a, "What to do and to which"),
		Responses:   answers[bulkDone](a, map[string]string{"200": "What came of it"}),
		Errors:      []int{http.StatusConflict, http.StatusUnprocessableEntity}, Security: roles(access.Submit),
	}, a.actOnMatches)
}

// query is what a list with the same filter shows.
func (f jobFilter) query() (turno.JobQuery, error) {
	in := FilterIn{Queue: f.Queue, User: f.User, Type: f.Type, Name: f.Name, Q: f.Q, Since: f.Since, Until: f.Until, Parent: f.Parent}
	for _, s := range f.State {
		in.State = append(in.State, string(s))
	}
	return in.bulk()
}

// bulk is the query of an order in bulk: of jobs that have not ended, if it does not say.
func (in *FilterIn) bulk() (turno.JobQuery, error) {
	q, err := in.query(time.Now())
	if len(q.States) == 0 {
		q.States = slices.DeleteFunc(slices.Clone(turno.States), turno.State.Ended)
	}
	q.Top, q.Limit = q.Parent == 0, actAtOnce
	return q, err
}

// matches lists what a query selects, by its reference and state.
func (a *Role) matches(ctx context.Context, q turno.JobQuery) (refs []string, states map[turno.State]int, more bool, err error) {
	states = map[turno.State]int{}
	for {
		page, err := a.gate.Jobs(ctx, q)
		if err != nil {
			return nil, nil, false, err
		}
		for i := range page.Items {
			refs = append(refs, page.Items[i].Display())
			states[page.Items[i].State]++
		}
		if page.NextCursor == "" {
			return refs, states, false, nil
		}
		if len(refs) >= maxMatches {
			return refs, states, true, nil
		}
		q.Cursor = page.NextCursor
	}
}

func (a *Role) countJobs(ctx context.Context, in *countIn) (matchCount, error) {
	q, err := in.bulk()
	if err != nil {
		return matchCount{}, err
	}
	q.Limit = 0
	f, err := a.gate.Facets(ctx, turno.CountQuery{JobQuery: q, Exact: true})
	out := matchCount{Count: int(f.Count), More: f.Count > maxMatches, States: map[turno.State]int{}}
	for _, state := range q.States {
		if n := f.States[state]; n > 0 {
			out.States[state] = int(n)
		}
	}
	return out, err
}

// bulkVerbs are those of jobs.
var bulkVerbs = []turno.Verb{turno.Cancel, turno.HoldJob, turno.Release, turno.Requeue}

func (a *Role) actOnMatches(w http.ResponseWriter, r *http.Request, _ *struct{}) error {
	var in bulkOrder
	if err := a.small(w, r, &in); err != nil {
		return err
	}
	if !slices.Contains(bulkVerbs, in.Verb) {
		return turno.Invalid("verb", "%.40q is nothing that can be done to jobs in bulk", in.Verb).WithHint("use one of %v", bulkVerbs)
	}
	q, err := in.Filter.query()
	if err != nil {
		return err
	}
	refs, states, more, err := a.matches(r.Context(), q)
	switch {
	case err != nil:
		return err
	case more:
		return turno.Errorf(turno.CodeTooLarge, "more than %d jobs match", maxMatches).WithHint("narrow the filter")
	case len(refs) != in.Expected:
		return &turno.Error{Code: turno.CodeConflict, Field: "expected_count",
			Message: "another number of jobs matches now; nothing was done", Hint: "look again: " + counted(states)}
	}
	done := bulkDone{Matched: len(refs)}
	for part := range slices.Chunk(refs, actAtOnce) {
		action := turno.Action{Verb: in.Verb, Jobs: part, Message: in.Message}
		acted, err := a.gate.Act(r.Context(), action)
		if err != nil {
			return err
		}
		for _, one := range acted {
			if one.Error == nil {
				done.Done++
				continue
			}
			if done.Refused++; len(done.Errors) < maxRefused {
				done.Errors = append(done.Errors, one)
			}
		}
	}
	return a.encode(w, done)
}

// counted is a breakdown in words: 3 queued, 1 running.
func counted(states map[turno.State]int) string {
	var out []string
	for _, s := range slices.Sorted(maps.Keys(states)) {
		out = append(out, fmt.Sprintf("%d %s", states[s], s))
	}
	if out == nil {
		return "none match"
	}
	return strings.Join(out, ", ")
}
