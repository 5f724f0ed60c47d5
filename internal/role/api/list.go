package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"turno"
	"turno/internal/access"
)

// FilterIn is what lists and counts of jobs select by. It is exported because huma
// does not look into what is embedded otherwise.
type FilterIn struct {
	State  []string `query:"state,explode" doc:"may be repeated"`
	Queue  string   `query:"queue"`
	User   string   `query:"user"`
	Type   string   `query:"type"`
	Name   string   `query:"name" doc:"part of the name, in any case"`
	Q      string   `query:"q" doc:"words, each a part of the name, of the user or of a label (key=value), or the beginning of the id; in any case"`
	Since  string   `query:"since" doc:"submitted not before: 2026-11-24T10:00:00Z, 2026-11-24 (UTC), or so long ago: 90s, 15m, 24h, 7d"`
	Until  string   `query:"until" doc:"submitted before: written as since"`
	Parent int64    `query:"parent" doc:"tasks of this array"`
	Top    bool     `query:"top" doc:"without the tasks of arrays"`
}

type jobsIn struct {
	FilterIn
	Sort   string   `query:"sort" doc:"-number, the default: newest first; number: oldest first. Numbers are given as jobs are accepted"`
	Fields []string `query:"fields" doc:"only these of each job: id, state, spec.name, …; separated by commas"`
	Count  string   `query:"count" doc:"exact or estimate: say how many there are in all; an estimate is quick, whatever is searched for"`
	Thin   bool     `query:"thin" doc:"only what a list shows: no parameters, environment, results and earlier attempts"`
	Ref    []string `query:"ref,explode" maxItems:"100" doc:"these jobs, whatever else is selected; those that are not there are left out"`
	Limit  int      `query:"limit" minimum:"0" maximum:"1000" doc:"0 is 100"`
	Cursor string   `query:"cursor" doc:"next_cursor of the page before"`

	url url.URL
}

// Resolve implements huma.Resolver: it keeps the address, for that of the next page.
func (in *jobsIn) Resolve(ctx huma.Context) []error {
	in.url = ctx.URL()
	return nil
}

// jobPage is a turno.JobPage whose jobs may be thinner.
type jobPage struct {
	Items      []row  `json:"items"`
	NextCursor string `json:"next_cursor,omitempty"`
	Count      *int64 `json:"count,omitempty" doc:"of all pages, when it was asked for"`
	Estimated  bool   `json:"estimated,omitempty" doc:"count is an estimate"`
}

type jobsOut struct {
	Link string `header:"Link" doc:"the next page, rel=next, if there is one"`
	Body jobPage
}

func (a *Role) routeList() {
	list := a.getOp(page{base + "/jobs", "jobs", "List jobs, newest first", access.Read})
	huma.Register(a.api, list, func(ctx context.Context, in *jobsIn) (*jobsOut, error) {
		out, err := a.listJobs(ctx, in)
		if err != nil {
			return nil, a.explain("jobs", err)
		}
		return out, nil
	})
	get(a, page{base + "/jobs:facets", "facets", "How many jobs a filter selects, and how many it would with another state, queue, user or type", access.Read}, a.listFacets)
}

func (a *Role) listJobs(ctx context.Context, in *jobsIn) (*jobsOut, error) {
	q, err := in.query(time.Now())
	if err != nil {
		return nil, err
	}
	fields, err := fieldsOfRows(in.Fields)
	if err != nil {
		return nil, err
	}
	out := &jobsOut{}
	if out.Body, err = a.counted(ctx, in.Count, q); err != nil {
		return nil, err
	}
	list := a.gate.Jobs
	if len(in.Ref) > 0 {
		list = func(ctx context.Context, _ turno.JobQuery) (turno.JobPage, error) { return a.jobsByRef(ctx, in.Ref) }
	}
	jobs, err := list(ctx, q)
	if err != nil {
		return nil, err
	}
	out.Body.Items = make([]row, len(jobs.Items)) // others may have got the same page; a list is never null
	for i := range jobs.Items {
		out.Body.Items[i] = row{Job: jobs.Items[i], fields: fields}
		if in.Thin {
			thin(&out.Body.Items[i].Job)
		}
	}
	if out.Body.NextCursor = jobs.NextCursor; jobs.NextCursor != "" {
		values := in.url.Query()
		values.Set("cursor", jobs.NextCursor)
		out.Link = fmt.Sprintf("<%s?%s>; rel=\"next\"", in.url.Path, values.Encode())
	}
	return out, nil
}

// counted is a page that has nothing but the count that was asked for.
func (a *Role) counted(ctx context.Context, how string, q turno.JobQuery) (p jobPage, err error) {
	switch how {
	case "":
		return p, nil
	case "exact", "estimate":
	default:
		return p, cannotBe("count", how, "exact, estimate")
	}
	q.Limit, q.Cursor, q.OldestFirst = 0, "", false // one answer for all pages
	f, err := a.gate.Facets(ctx, turno.CountQuery{JobQuery: q, Exact: how == "exact"})
	return jobPage{Count: &f.Count, Estimated: f.Estimated}, err
}

func cannotBe(field, value, allowed string) error {
	return turno.Invalid(field, "%.60q cannot be used here", value).WithHint("use one of: %s", allowed)
}

// query reads a filter. Times that are so long ago are cut to the second, so
// that who asks the same asks the same.
func (in *FilterIn) query(now time.Time) (q turno.JobQuery, err error) {
	q = turno.JobQuery{
		Queue: in.Queue, User: in.User, Type: in.Type, Name: in.Name, Search: in.Q, Parent: in.Parent, Top: in.Top,
	}
	for _, s := range in.State {
		q.States = append(q.States, turno.State(s))
	}
	if q.Since, err = when("since", in.Since, now); err != nil {
		return q, err
	}
	q.Until, err = when("until", in.Until, now)
	return q, err
}

func (in *jobsIn) query(now time.Time) (turno.JobQuery, error) {
	q, err := in.FilterIn.query(now)
	if err != nil {
		return q, err
	}
	q.Limit, q.Cursor = in.Limit, in.Cursor
	switch in.Sort {
	case "", "-number":
	case "number":
		q.OldestFirst = true
	default:
		return q, cannotBe("sort", in.Sort, "-number, number")
	}
	return q, nil
}

// when reads a time, a day or how long ago.
func when(field, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	ago := text
	if days, is := strings.CutSuffix(text, "d"); is {
		if hours, err := time.ParseDuration(days + "h"); err == nil {
			ago = (24 * hours).String()
		}
	}
	if d, err := time.ParseDuration(ago); err == nil && d >= 0 {
		return now.Truncate(time.Second).Add(-d), nil
	}
	return time.Time{}, cannotBe(field, text, "2026-11-24T10:00:00Z, 2026-11-24, 90s, 15m, 24h, 7d")
}

// maxFacets are told of each dimension: the most frequent.
const maxFacets = 200

type facetsIn struct {
	FilterIn
	Count string `query:"count" doc:"estimate, the default: quick, whatever is searched for; or exact"`
}

func (a *Role) listFacets(ctx context.Context, in *facetsIn) (turno.Facets, error) {
	q, err := in.query(time.Now())
	if err != nil {
		return turno.Facets{}, err
	}
	if in.Count != "" && in.Count != "exact" && in.Count != "estimate" {
		return turno.Facets{}, cannotBe("count", in.Count, "exact, estimate")
	}
	f, err := a.gate.Facets(ctx, turno.CountQuery{JobQuery: q, Exact: in.Count == "exact"})
	f.Queues, f.Users, f.Types = frequent(f.Queues), frequent(f.Users), frequent(f.Types)
	if f.States == nil {
		f.States = map[turno.State]int64{}
	}
	return f, err
}

// frequent leaves the most frequent; others may have got the same map.
func frequent(counts map[string]int64) map[string]int64 {
	keys := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		if counts[a] != counts[b] {
			return int(min(1, max(-1, counts[b]-counts[a])))
		}
		return strings.Compare(a, b)
	})
	out := map[string]int64{}
	for _, key := range keys[:min(len(keys), maxFacets)] {
		out[key] = counts[key]
	}
	return out
}

// row is a job of which only some fields are told; none: all.
type row struct {
	turno.Job
	fields []string
}

// Schema implements huma.SchemaProvider: in the description it is a job.
func (row) Schema(r huma.Registry) *huma.Schema {
	return r.Schema(reflect.TypeFor[turno.Job](), true, "Job")
}

var (
	jobFields     = fieldsOf[turno.Job]()
	jobSpecFields = fieldsOf[turno.Spec]()
)

// fieldsOfRows reads which fields are asked for.
func fieldsOfRows(lists []string) (fields []string, err error) {
	for _, list := range lists {
		for name := range strings.SplitSeq(list, ",") {
			inSpec, is := strings.CutPrefix(name, "spec.")
			if is && jobSpecFields[inSpec] || !is && jobFields[name] {
				fields = append(fields, name)
				continue
			}
			return nil, turno.Invalid("fields", "a job has no field %.60q", name).
				WithHint("it has %s; of its spec write spec.name and the like", strings.Join(slices.Sorted(maps.Keys(jobFields)), ", "))
		}
	}
	return fields, nil
}

// MarshalJSON writes the fields that were asked for, as far as the job has them.
func (r row) MarshalJSON() ([]byte, error) {
	whole, err := json.Marshal(&r.Job)
	if err != nil || len(r.fields) == 0 {
		return whole, err
	}
	var job, spec, out, outSpec map[string]json.RawMessage
	if err := json.Unmarshal(whole, &job); err != nil {
		return nil, err
	}
	out, outSpec = map[string]json.RawMessage{}, map[string]json.RawMessage{}
	for _, name := range r.fields {
		inSpec, is := strings.CutPrefix(name, "spec.")
		if value, there := job[name]; !is && there {
			out[name] = value
		}
		if !is || slices.Contains(r.fields, "spec") {
			continue
		}
		if spec == nil {
			if err := json.Unmarshal(job["spec"], &spec); err != nil {
				return nil, err
			}
		}
		if value, there := spec[inSpec]; there {
			outSpec[inSpec] = value
		}
	}
	if len(outSpec) > 0 {
		if out["spec"], err = json.Marshal(outSpec); err != nil {
			return nil, err
		}
	}
	return json.Marshal(out)
}

// jobsByRef lists those that are there, in the order asked for.
func (a *Role) jobsByRef(ctx context.Context, refs []string) (page turno.JobPage, err error) {
	for _, ref := range refs {
		job, err := a.gate.Job(ctx, ref)
		if known, ok := errors.AsType[*turno.Error](err); ok && known.Code == turno.CodeNotFound {
			continue
		}
		if err != nil {
			return turno.JobPage{}, err
		}
		page.Items = append(page.Items, job)
	}
	return page, nil
}

// thin leaves of a job what a list shows: a row of 400 bytes, whatever its spec.
func thin(j *turno.Job) {
	if s := j.Spec; s != nil {
		j.Spec = &turno.Spec{Name: s.Name, Queue: s.Queue, User: s.User, Type: s.Type, Engine: s.Engine,
			Device: s.Device, GPUs: s.GPUs, CPUs: s.CPUs, Priority: s.Priority, Array: s.Array}
	}
	if n := len(j.Attempts); n > 0 {
		last := j.Attempts[n-1]
		j.Attempts = []turno.Attempt{{Number: last.Number, Worker: last.Worker, Device: last.Device}}
	}
	j.Result = nil
}
