package access

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"

	"turno"
)

// Gate lets each user see and order their own part of a Service. Who asks
// stands in the context; without, all is let through: turno itself asks.
type Gate struct {
	s      turno.Service
	owners owners
}

var _ turno.Service = (*Gate)(nil)

// NewGate makes one.
func NewGate(s turno.Service) *Gate { return &Gate{s: s} }

// hide makes a job that is not theirs one that is not there.
func hide(ctx context.Context, ref, owner string) error {
	r, err := turno.ParseRef(ref)
	if err != nil {
		return err
	}
	deny(ctx, fmt.Sprintf("job %s is %s's", r, owner))
	return turno.NoJob(r)
}

// deny has the audit log say that something was denied, whatever the answer's
// status says.
func deny(ctx context.Context, why string) {
	if q := of(ctx); q != nil {
		q.denied = why
	}
}

// Deny has the audit log say that something that is not a job's was denied.
func Deny(ctx context.Context, why string) { deny(ctx, why) }

func ownerOf(j *turno.Job) string {
	if j.Spec == nil {
		return ""
	}
	return j.Spec.User
}

// see tells whether somebody may see jobs of a user.
func see(w *Who, owner string) bool {
	return w == nil || w.SeesAll() || owner == w.User() && owner != ""
}

// Job implements turno.Service.
func (g *Gate) Job(ctx context.Context, ref string) (turno.Job, error) {
	j, err := g.s.Job(ctx, ref)
	if err != nil {
		return turno.Job{}, err
	}
	if w := Of(ctx); !see(w, ownerOf(&j)) {
		return turno.Job{}, hide(ctx, ref, ownerOf(&j))
	}
	return j, nil
}

// mayOrder tells why somebody may not order something of a job, or enter it.
func (g *Gate) mayOrder(ctx context.Context, w *Who, ref string) error {
	if w == nil || w.May(Operate) {
		return nil
	}
	j, err := g.Job(ctx, ref)
	if err != nil {
		return err
	}
	if owner := ownerOf(&j); owner != w.User() || owner == "" {
		deny(ctx, fmt.Sprintf("job %s is %s's", j.Display(), owner))
		return turno.Errorf(turno.CodeForbidden, "job %s is %s's", j.Display(), owner).WithHint("an operator may order that")
	}
	return nil
}

// Enter tells why whoever asks may not enter a job.
func (g *Gate) Enter(ctx context.Context, ref string) error { return g.mayOrder(ctx, Of(ctx), ref) }

// Submit implements turno.Service: everybody submits as themselves; an admin
// may say for whom.
func (g *Gate) Submit(ctx context.Context, jobs []turno.NewJob) ([]turno.Submitted, error) {
	w := Of(ctx)
	if w == nil {
		return g.s.Submit(ctx, jobs)
	}
	var refused []turno.Submitted
	var given, signed *turno.Spec // jobs that come together may share one
	var repeats bool
	var bad *turno.Error
	for i := range jobs {
		if again := jobs[i].RetryOf != 0 && !w.May(Administer); i == 0 || jobs[i].Spec != given || again != repeats {
			given, signed, repeats = jobs[i].Spec, jobs[i].Spec, again
			if again && given != nil {
				signed = given.Clone()
				signed.User = "" // whoever repeats a job, it is theirs
			}
			bad = g.sign(ctx, w, signed)
		}
		jobs[i].Spec = signed
		err := bad
		if err == nil && jobs[i].RetryOf != 0 {
			err = asError(g.mayOrder(ctx, w, fmt.Sprint(jobs[i].RetryOf)), "retry_of")
		}
		if err != nil && refused == nil {
			refused = make([]turno.Submitted, len(jobs))
		}
		if err != nil {
			refused[i] = turno.Submitted{ID: jobs[i].ID, Error: err}
		}
	}
	if refused == nil {
		return noteJobs(ctx)(g.s.Submit(ctx, jobs))
	}
	return g.submitSome(ctx, jobs, refused)
}

// Preview implements turno.Previewer, where the service does: as Submit of one job.
func (g *Gate) Preview(ctx context.Context, spec *turno.Spec) (turno.Preview, error) {
	p, ok := g.s.(turno.Previewer)
	if !ok {
		return turno.Preview{}, turno.Errorf(turno.CodeNotFound, "this server cannot try jobs")
	}
	if w := Of(ctx); w != nil {
		if err := g.sign(ctx, w, spec); err != nil {
			return turno.Preview{}, err
		}
	}
	return p.Preview(ctx, spec)
}

// submitSome submits those that were not refused.
func (g *Gate) submitSome(ctx context.Context, jobs []turno.NewJob, out []turno.Submitted) ([]turno.Submitted, error) {
	var good []turno.NewJob
	var at []int
	for i := range jobs {
		if out[i].Error == nil {
			good, at = append(good, jobs[i]), append(at, i)
		}
	}
	if len(good) == 0 {
		return out, nil
	}
	some, err := noteJobs(ctx)(g.s.Submit(ctx, good))
	if err != nil {
		return nil, err
	}
	for i, s := range some {
		out[at[i]] = s
	}
	return out, nil
}

// noteJobs remembers for the audit log which jobs were made.
func noteJobs(ctx context.Context) func([]turno.Submitted, error) ([]turno.Submitted, error) {
	return func(out []turno.Submitted, err error) ([]turno.Submitted, error) {
		q := of(ctx)
		for i := range out {
			if n := out[i].Number; n > 0 && q != nil {
				if q.first == 0 {
					q.first = n
				}
				q.first, q.last = min(q.first, n), max(q.last, n)
			}
		}
		return out, err
	}
}

// sign enters who submits, and looks whether what the spec refers to is theirs.
func (g *Gate) sign(ctx context.Context, w *Who, spec *turno.Spec) *turno.Error {
	if spec == nil {
		return nil // it is refused for that
	}
	switch {
	case spec.User == "" || spec.User == turno.Me:
		spec.User = w.User()
	case spec.User != w.User() && !w.May(Administer):
		deny(ctx, "submit for "+Clip(spec.User))
		return (&turno.Error{Code: turno.CodeForbidden, Field: "user", Message: fmt.Sprintf("the token is %s's: it cannot submit for %.40q", w.User(), spec.User)}).
			WithHint("leave the user out")
	}
	if w.SeesAll() {
		return nil
	}
	for _, d := range spec.After {
		if _, err := g.Job(ctx, d.Job); err != nil {
			return asError(err, "after")
		}
	}
	for _, f := range spec.Inputs {
		job, ok := strings.CutPrefix(f.From, "job:")
		if !ok {
			continue
		}
		job, _, _ = strings.Cut(job, "/")
		if _, err := g.Job(ctx, job); err != nil {
			return asError(err, "inputs")
		}
	}
	return nil
}

// asError is an error about a field; one that says nothing to users is turno's
// own.
func asError(err error, field string) *turno.Error {
	if err == nil {
		return nil
	}
	if known, ok := errors.AsType[*turno.Error](err); ok {
		c := *known
		c.Field = field
		return &c
	}
	return turno.Errorf(turno.CodeUnavailable, "whose a job is could not be found out: %v", err)
}

// Act implements turno.Service.
func (g *Gate) Act(ctx context.Context, a turno.Action) ([]turno.Acted, error) {
	w := Of(ctx)
	if w == nil {
		return g.s.Act(ctx, a)
	}
	switch {
	case a.User == "" || a.User == turno.Me:
		a.User = w.User()
	case a.User != w.User() && !w.May(Administer):
		return nil, &turno.Error{Code: turno.CodeForbidden, Field: "user", Message: fmt.Sprintf("the token is %s's: it cannot order for %.40q", w.User(), a.User), Hint: "leave the user out"}
	}
	if q := of(ctx); q != nil {
		q.object = Clip(strings.Join(slices.Concat([]string{string(a.Verb)}, a.Change.Fields(), a.Targets()), " "))
	}
	if w.May(Operate) {
		return g.s.Act(ctx, a)
	}
	if len(a.Workers)+len(a.Letters) > 0 || a.Verb == turno.Drain || a.Verb == turno.Undrain || a.Verb == turno.Redrive || a.Verb == turno.Drop {
		return nil, turno.Errorf(turno.CodeForbidden, "%.20q needs a token of the role operator", a.Verb)
	}
	return g.actOnOwn(ctx, w, a)
}

// actOnOwn passes on the targets that are theirs.
func (g *Gate) actOnOwn(ctx context.Context, w *Who, a turno.Action) ([]turno.Acted, error) {
	out := make([]turno.Acted, len(a.Jobs))
	var mine []string
	var at []int
	for i, ref := range a.Jobs {
		err := g.mayOrder(ctx, w, ref)
		if known, ok := errors.AsType[*turno.Error](err); ok {
			out[i] = turno.Acted{Target: ref, Error: known}
			continue
		}
		if err != nil {
			return nil, err
		}
		mine, at = append(mine, ref), append(at, i)
	}
	if len(mine) == 0 && len(a.Jobs) > 0 {
		return out, nil
	}
	a.Jobs = mine
	done, err := g.s.Act(ctx, a)
	if err != nil {
		return nil, err
	}
	for i, d := range done {
		out[at[i]] = d
	}
	return out, nil
}

// maxObject bounds what the audit log says of many targets.
const maxObject = 200

// Clip shortens what may be long, for the audit log.
func Clip(text string) string {
	if len(text) > maxObject {
		return strings.ToValidUTF8(text[:maxObject], "") + "…"
	}
	return text
}

// Jobs implements turno.Service.
func (g *Gate) Jobs(ctx context.Context, q turno.JobQuery) (turno.JobPage, error) {
	if !narrow(Of(ctx), &q) {
		return turno.JobPage{}, nil // there are none
	}
	return g.s.Jobs(ctx, q)
}

// narrow makes of a query what somebody may ask; false: nothing is left of it.
func narrow(w *Who, q *turno.JobQuery) bool {
	if w == nil {
		return true
	}
	if q.User == turno.Me {
		q.User = w.User()
	}
	if w.SeesAll() {
		return true
	}
	if q.User != "" && q.User != w.User() {
		return false
	}
	q.User = w.User()
	return true
}

// Facets implements turno.Counter, where the service does. Who does not see the
// jobs of others does not hear that there are any.
func (g *Gate) Facets(ctx context.Context, q turno.CountQuery) (turno.Facets, error) {
	c, ok := g.s.(turno.Counter)
	if !ok {
		return turno.Facets{}, turno.Errorf(turno.CodeNotFound, "this server does not count jobs")
	}
	w := Of(ctx)
	if !narrow(w, &q.JobQuery) {
		return turno.Facets{}, nil
	}
	f, err := c.Facets(ctx, q)
	if w != nil && !w.SeesAll() {
		mine := f.Users[w.User()]
		f.Users = map[string]int64{}
		if mine > 0 {
			f.Users[w.User()] = mine
		}
	}
	return f, err
}

// Explain implements turno.Service.
func (g *Gate) Explain(ctx context.Context, ref string) (turno.Explanation, error) {
	if err := g.visible(ctx, ref); err != nil {
		return turno.Explanation{}, err
	}
	return g.s.Explain(ctx, ref)
}

// visible tells why a job cannot be seen; who sees all is not asked twice.
func (g *Gate) visible(ctx context.Context, ref string) error {
	if w := Of(ctx); w == nil || w.SeesAll() {
		return nil
	}
	_, err := g.Job(ctx, ref)
	return err
}

// Log implements turno.Service.
func (g *Gate) Log(ctx context.Context, q turno.LogQuery) (turno.Log, error) {
	if err := g.visible(ctx, q.Job); err != nil {
		return turno.Log{}, err
	}
	return g.s.Log(ctx, q)
}

// Workers implements turno.Service.
func (g *Gate) Workers(ctx context.Context) ([]turno.Worker, error) { return g.s.Workers(ctx) }

// Types implements turno.Service.
func (g *Gate) Types(ctx context.Context) ([]turno.Type, error) { return g.s.Types(ctx) }

// Summary implements turno.Service: how many jobs there are is no secret, and
// how long the queue is concerns all. Whose they are is told to who sees all.
func (g *Gate) Summary(ctx context.Context) (turno.Summary, error) {
	sum, err := g.s.Summary(ctx)
	if w := Of(ctx); w != nil && !w.SeesAll() {
		mine := sum.Users[w.User()]
		sum.Users = map[string]map[turno.State]int64{}
		if mine != nil {
			sum.Users[w.User()] = mine
		}
	}
	return sum, err
}

// DeadLetters implements turno.Service.
func (g *Gate) DeadLetters(ctx context.Context, q turno.DeadLetterQuery) (turno.DeadLetterPage, error) {
	if w := Of(ctx); w != nil && !w.May(Operate) {
		return turno.DeadLetterPage{}, turno.Errorf(turno.CodeForbidden, "dead letters need a token of the role operator")
	}
	return g.s.DeadLetters(ctx, q)
}

// Events implements turno.Service.
func (g *Gate) Events(ctx context.Context, q turno.EventQuery) iter.Seq2[turno.Event, error] {
	w := Of(ctx)
	if w == nil || w.SeesAll() {
		return g.s.Events(ctx, q)
	}
	return func(yield func(turno.Event, error) bool) {
		for e, err := range g.s.Events(ctx, q) {
			if err == nil && !e.Reset {
				var ok bool
				if ok, err = g.Sees(ctx, e.Number); err == nil && !ok {
					continue
				}
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// Sees tells whether whoever asks may see a job. It remembers: events are many.
func (g *Gate) Sees(ctx context.Context, number int64) (bool, error) {
	w := Of(ctx)
	if w == nil || w.SeesAll() {
		return true, nil
	}
	owner, err := g.owners.of(ctx, g.s, number)
	return err == nil && see(w, owner), err
}

// owners remembers whose jobs are, so that each is looked up once for all who
// follow events: an event does not say.
type owners struct {
	mu sync.Mutex // guards by
	by map[int64]string
}

// maxOwners are the jobs of the last minutes: 5 MB.
const maxOwners = 100_000

func (o *owners) of(ctx context.Context, s turno.Service, number int64) (string, error) {
	o.mu.Lock()
	owner, known := o.by[number]
	o.mu.Unlock()
	if known {
		return owner, nil
	}
	j, err := s.Job(ctx, fmt.Sprint(number))
	if known, ok := errors.AsType[*turno.Error](err); ok && known.Code == turno.CodeNotFound {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.by == nil || len(o.by) >= maxOwners {
		o.by = map[int64]string{}
	}
	o.by[number] = ownerOf(&j)
	return o.by[number], nil
}
