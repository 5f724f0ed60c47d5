package storetest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"turno"
	"turno/internal/store"
	"turno/internal/store/mem"
)

// walker drives an adapter and the oracle with the same calls and compares
// what they answer. It keeps no job itself: the oracle has them.
type walker struct {
	*testing.T
	f     Factory
	r     *rand.Rand
	got   store.Store
	other store.Store // a second handle on got, or got
	want  *mem.Store
	now   time.Time // the oracle's clock, which stands still

	term   uint64 // the newest
	holder string // who had it
	next   int64
	after  uint64 // changes were read up to here

	log  []string
	done map[string]int // how often each kind of operation came to what
}

// operations by name. Each says what came of it: "ok", or which refusal.
var operations = []struct {
	name   string
	weight int
	run    func(*walker) string
}{
	{"lead", 2, (*walker).lead},
	{"give up", 1, (*walker).giveUp},
	{"submit", 6, (*walker).submit},
	{"submit array", 2, (*walker).submitArray},
	{"expand", 4, (*walker).expand},
	{"change", 10, (*walker).change},
	{"workers", 2, (*walker).workers},
	{"logs", 4, (*walker).logs},
	{"conflict", 1, (*walker).conflict},
	{"duplicate", 1, (*walker).duplicate},
	{"jobs", 4, (*walker).jobs},
	{"facets", 3, (*walker).facets},
	{"find", 3, (*walker).find},
	{"summary", 3, (*walker).summary},
	{"load", 2, (*walker).load},
	{"read log", 2, (*walker).readLog},
	{"changes", 3, (*walker).changes},
	{"open again", 1, (*walker).again},
	{"access", 2, (*walker).access},
}

// wanted must each have come about before a walk may end.
var wanted = []string{
	"lead: ok", "lead: held", "lead: renewed", "give up: ok",
	"submit: ok", "submit: fenced", "submit array: ok", "expand: ok", "change: ok", "change: fenced",
	"workers: ok", "workers: fenced", "logs: ok", "logs: gap", "logs: fenced",
	"conflict: conflict", "duplicate: duplicate",
	"jobs: ok", "jobs: empty", "facets: ok", "facets: empty", "find: ok", "find: nothing", "summary: ok", "load: ok", "read log: ok",
	"changes: ok", "changes: reset", "open again: ok",
	"access: ok", "access: exists", "access: not there",
}

const (
	walkSteps = 600    // at least
	walkLimit = 20_000 // by then everything has come about, or never will
)

func walkTest(t *testing.T, f Factory) {
	seed := uint64(time.Now().UnixNano())
	w := &walker{
		T: t, f: f, r: rand.New(rand.NewPCG(seed, 1)), got: f.New(t), now: base,
		next: 1, done: map[string]int{},
	}
	w.want = mem.NewAt(func() time.Time { return w.now })
	w.other = beside(t, f, w.got)
	w.after = newest(t, w.got)
	t.Cleanup(func() {
		if t.Failed() {
			last := w.log[max(0, len(w.log)-40):]
			t.Logf("seed %d, the last of %d operations:\n%s", seed, len(w.log), strings.Join(last, "\n"))
		}
	})
	total := 0
	for _, op := range operations {
		total += op.weight
	}
	for step := range walkLimit {
		if step >= walkSteps && w.complete() {
			return
		}
		n := w.r.IntN(total)
		for _, op := range operations {
			if n -= op.weight; n < 0 {
				w.log = append(w.log, fmt.Sprintf("%d %s", step, op.name))
				w.done[op.name+": "+op.run(w)]++
				break
			}
		}
	}
	t.Fatalf("after %d operations these never came about: %q", walkLimit, w.missing())
}

func (w *walker) complete() bool { return len(w.missing()) == 0 }

func (w *walker) missing() (never []string) {
	for _, name := range wanted {
		if w.f.Again == nil && name == "open again: ok" {
			continue
		}
		if w.done[name] == 0 {
			never = append(never, name)
		}
	}
	return never
}

// note adds to the line of the log.
func (w *walker) note(format string, args ...any) {
	w.log[len(w.log)-1] += " " + fmt.Sprintf(format, args...)
}

// same compares two answers: by their JSON, which is quick, and field by field
// where that differs.
func (w *walker) same(got, want any) {
	w.Helper()
	a, err := json.Marshal(got)
	b, err2 := json.Marshal(want)
	if err == nil && err2 == nil && bytes.Equal(a, b) {
		return
	}
	if diff := cmp.Diff(want, got, equate); diff != "" {
		w.Fatalf("%s\n(-oracle +adapter):\n%s", w.log[len(w.log)-1], diff)
	}
}

// name is the contract's name of an error.
func (w *walker) name(err error) string {
	for name, is := range map[string]error{
		"held": store.ErrHeld, "fenced": store.ErrFenced, "duplicate": store.ErrDuplicate,
		"conflict": store.ErrConflict, "gap": store.ErrLogGap, "reset": store.ErrReset,
		"exists": store.ErrTokenExists, "not there": store.ErrNotFound,
	} {
		if errors.Is(err, is) {
			return name
		}
	}
	if err != nil {
		w.Fatalf("%s: %v", w.log[len(w.log)-1], err)
	}
	return "ok"
}

// either is the adapter by one of its handles.
func (w *walker) either() store.Store {
	if w.r.IntN(2) == 0 {
		return w.other
	}
	return w.got
}

func (w *walker) lead() string {
	holder := fmt.Sprint("holder", w.r.IntN(3))
	got, err := w.either().Lead(w.Context(), holder, ttl)
	want, wantErr := w.want.Lead(w.Context(), holder, ttl)
	w.note("%s: %+v %v", holder, want, wantErr)
	w.same(w.name(err), w.name(wantErr))
	w.same([]any{got.Term, got.Holder}, []any{want.Term, want.Holder})
	if err == nil && w.term == got.Term {
		return "renewed"
	}
	w.term, w.holder = got.Term, got.Holder
	return w.name(err)
}

func (w *walker) giveUp() string {
	holder := fmt.Sprint("holder", w.r.IntN(3))
	_, err := w.either().Lead(w.Context(), holder, 0)
	_, wantErr := w.want.Lead(w.Context(), holder, 0)
	w.note("%s", holder)
	w.same(w.name(err), w.name(wantErr))
	return w.name(err)
}

// commit hands in a batch, mostly as who leads.
func (w *walker) commit(b store.Batch) string {
	b.Term, b.Next = w.term, w.next
	if w.r.IntN(12) == 0 {
		b.Term += uint64(w.r.IntN(3)) - 1
	}
	err := w.either().Commit(w.Context(), b)
	wantErr := w.want.Commit(w.Context(), b)
	w.note("term %d, %d jobs, %d logs: %v", b.Term, len(b.Jobs), len(b.Logs), wantErr)
	w.same(w.name(err), w.name(wantErr))
	return w.name(err)
}

func (w *walker) again() string {
	if w.f.Again == nil {
		return "skipped"
	}
	// Leads do not outlast an adapter that only one process can open.
	for _, s := range []store.Store{w.got, w.want} {
		if _, err := s.Lead(w.Context(), w.holder, 0); err != nil {
			w.Fatal(err)
		}
	}
	w.got = w.f.Again(w, w.got)
	w.other = beside(w, w.f, w.got)
	return "ok"
}

// some picks jobs of the oracle, from somewhere among its numbers.
func (w *walker) some(limit int, q turno.JobQuery) []turno.Job {
	q.Limit, q.Cursor = max(limit, 200), store.Cursor(2+w.r.Int64N(w.next))
	page, err := w.want.Jobs(w.Context(), q)
	if err != nil {
		w.Fatal(err)
	}
	jobs := page.Items
	w.r.Shuffle(len(jobs), func(i, j int) { jobs[i], jobs[j] = jobs[j], jobs[i] })
	return jobs[:min(limit, len(jobs))]
}
