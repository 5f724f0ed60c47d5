package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"turno"
	"turno/client"
	"turno/internal/failpoint"
	"turno/test/lab"
)

// history is what clients asked and saw, and when. Safe for concurrent use.
type history struct {
	mu   sync.Mutex // guards both
	ops  []porcupine.Operation
	jobs []string // ids that were accepted
}

// asked is the input of an operation on one job, or on a device.
type asked struct {
	job, what string // what: submit, read or finish; of a device: take or give
	attempt   int    // that has run to its end
	by        string // an attempt, that took it
}

// saw is its output. A submission with number 0 has no known outcome: it may
// take effect at any time, or never.
type saw struct {
	found   bool
	number  int64
	attempt int
	state   turno.State
	marked  bool // its attempts note when they have run to their end
}

// never is the return of an operation whose outcome is not known.
const never = math.MaxInt64

func (h *history) add(in asked, out saw, call, back int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ops = append(h.ops, porcupine.Operation{ClientId: len(h.ops), Input: in, Output: out, Call: call, Return: back})
}

func (h *history) submitted(id string, number int64, at, until time.Time) {
	back := until.UnixNano()
	if number == 0 {
		back = never
	}
	h.add(asked{job: id, what: "submit"}, saw{number: number}, at.UnixNano(), back)
	h.mu.Lock()
	defer h.mu.Unlock()
	if number != 0 {
		h.jobs = append(h.jobs, id)
	}
}

// read looks at one job after the other until ctx is done.
func (h *history) read(ctx context.Context, c *client.Client) {
	pause := time.NewTicker(20 * time.Millisecond)
	defer pause.Stop()
	for {
		select {
		case <-pause.C:
		case <-ctx.Done():
			return
		}
		h.mu.Lock()
		id := ""
		if n := len(h.jobs); n > 0 {
			id = h.jobs[max(rand.IntN(n), rand.IntN(n))] // rather late ones
		}
		h.mu.Unlock()
		if id != "" {
			h.look(ctx, c, id)
		}
	}
}

// look reads a job. A read that failed has told nothing.
func (h *history) look(ctx context.Context, c *client.Client, id string) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	at := time.Now().UnixNano()
	j, err := c.Job(ctx, id)
	out := saw{found: err == nil, number: j.Number, attempt: j.Attempt, state: j.State}
	if err != nil {
		if known, ok := err.(*turno.Error); !ok || known.Code != turno.CodeNotFound {
			return
		}
	} else {
		out.marked = lab.Marked(j.Spec.Name)
	}
	h.add(asked{job: id, what: "read"}, out, at, time.Now().UnixNano())
}

// believed is what is known of a job after some operations.
type believed struct {
	exists   bool
	number   int64
	attempt  int
	end      turno.State
	finished uint64 // attempts, one bit each
	holder   string // of a device
}

// model is a job to its clients: there from its submission on, under one
// number; attempts rise; an end stays; and what has succeeded has run to its
// end in the attempt that is told. A device has one holder.
var model = porcupine.Model{
	Partition: func(all []porcupine.Operation) [][]porcupine.Operation {
		jobs := map[string][]porcupine.Operation{}
		for _, op := range all {
			id := op.Input.(asked).job
			jobs[id] = append(jobs[id], op)
		}
		var parts [][]porcupine.Operation
		for _, ops := range jobs {
			parts = append(parts, ops)
		}
		return parts
	},
	Init: func() any { return believed{} },
	Step: func(state, input, output any) (bool, any) {
		b, in, out := state.(believed), input.(asked), output.(saw)
		switch {
		case in.what == "finish":
			b.finished |= 1 << min(in.attempt, 63)
			return true, b
		case in.what == "take":
			free := b.holder == ""
			b.holder = in.by
			return free, b
		case in.what == "give":
			mine := b.holder == in.by
			b.holder = ""
			return mine, b
		case in.what == "submit":
			b.exists = true
		case !out.found:
			return !b.exists, b
		}
		if !b.exists || b.number != 0 && out.number != 0 && b.number != out.number {
			return false, b
		}
		b.number = max(b.number, out.number)
		return in.what == "submit" || b.progress(out), b
	},
}

// progress takes what was read of a job that is there.
func (b *believed) progress(out saw) bool {
	if out.attempt < b.attempt || b.end != "" && (out.state != b.end || out.attempt != b.attempt) {
		return false
	}
	b.attempt = out.attempt
	if out.state.Ended() {
		b.end = out.state
	}
	return !out.marked || out.state != turno.Succeeded || b.finished&(1<<min(out.attempt, 63)) != 0
}

// linearizable looks at every job once more and at the marks, and checks.
func (h *history) linearizable(ctx context.Context, t *testing.T, c *client.Client, load *lab.Load) bool {
	t.Helper()
	h.mu.Lock()
	jobs := h.jobs
	h.mu.Unlock()
	for _, id := range jobs {
		h.look(ctx, c, id)
	}
	for _, r := range load.Runs(t) {
		by := fmt.Sprintf("%s.%d", r.Job, r.Attempt)
		if r.Whole {
			h.add(asked{job: r.Job, what: "finish", attempt: r.Attempt}, saw{}, r.To, r.To+1)
		}
		if r.Device != "" && r.To != 0 {
			h.add(asked{job: r.Device, what: "take", by: by}, saw{}, r.From, r.From+1)
			h.add(asked{job: r.Device, what: "give", by: by}, saw{}, r.To, r.To+1)
		}
	}
	result := porcupine.CheckOperationsTimeout(model, h.ops, time.Minute)
	t.Logf("a history of %d operations on %d jobs: %s", len(h.ops), len(jobs), result)
	return result == porcupine.Ok
}

func (h *history) check(ctx context.Context, t *testing.T, c *client.Client, load *lab.Load) {
	t.Helper()
	if h.linearizable(ctx, t, c, load) {
		return
	}
	t.Error("what clients saw has no order")
	for _, ops := range model.Partition(h.ops) {
		if !porcupine.CheckOperations(model, ops) {
			for _, op := range ops {
				t.Logf("%d to %d: %+v %+v", op.Call, op.Return, op.Input, op.Output)
			}
		}
	}
}

func TestHistory_Refuses(t *testing.T) {
	t.Parallel()
	submit := func(n int64) (asked, saw) { return asked{job: "a", what: "submit"}, saw{number: n} }
	read := func(n int64, attempt int, s turno.State) (asked, saw) {
		return asked{job: "a", what: "read"}, saw{found: true, number: n, attempt: attempt, state: s, marked: true}
	}
	finish := func(attempt int) (asked, saw) { return asked{job: "a", what: "finish", attempt: attempt}, saw{} }
	gone := func() (asked, saw) { return asked{job: "a", what: "read"}, saw{} }
	for _, c := range []struct {
		name string
		fill func(h *script)
		want bool
	}{
		{"a job's way", func(h *script) {
			h.then(submit(1))
			h.then(read(1, 0, turno.Queued))
			h.then(finish(1))
			h.then(read(1, 1, turno.Succeeded))
		}, true},
		{"an unknown submission may come to nothing", func(h *script) { h.unknown(submit(0)); h.then(gone()) }, true},
		{"or to something later", func(h *script) { h.unknown(submit(0)); h.then(gone()); h.then(read(3, 0, turno.Queued)) }, true},
		{"accepted and not there", func(h *script) { h.then(submit(1)); h.then(gone()) }, false},
		{"two numbers", func(h *script) { h.then(submit(1)); h.then(submit(2)) }, false},
		{"another end", func(h *script) {
			h.then(submit(1))
			h.then(read(1, 1, turno.Failed))
			h.then(read(1, 1, turno.Cancelled))
		}, false},
		{"attempts fall", func(h *script) {
			h.then(submit(1))
			h.then(read(1, 2, turno.Running))
			h.then(read(1, 1, turno.Running))
		}, false},
		{"the result of another attempt", func(h *script) { h.then(submit(1)); h.then(finish(1)); h.then(read(1, 2, turno.Succeeded)) }, false},
	} {
		s := &script{}
		c.fill(s)
		if got := porcupine.CheckOperations(model, s.h.ops); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}

// script is operations one after the other.
type script struct {
	h  history
	at int64
}

func (s *script) then(in asked, out saw)    { s.at += 2; s.h.add(in, out, s.at, s.at+1) }
func (s *script) unknown(in asked, out saw) { s.at += 2; s.h.add(in, out, s.at, never) }

// edit is one change of a bug.
type edit struct{ file, old, replacement string }

// plant makes a binary with a bug: source given to the compiler in place of the
// real one.
func plant(t *testing.T, edits ...edit) string {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	replace := map[string]string{}
	texts := map[string]string{}
	for _, e := range edits {
		path, err := filepath.Abs(filepath.Join("../..", e.file))
		if err != nil {
			t.Fatal(err)
		}
		if texts[path] == "" {
			texts[path] = string(read(t, path))
		}
		if n := strings.Count(texts[path], e.old); n != 1 {
			t.Fatalf("%s holds %q %d times: the planted bug must be planted anew", e.file, e.old, n)
		}
		texts[path] = strings.Replace(texts[path], e.old, e.replacement, 1)
	}
	for path, text := range texts {
		replace[path] = write(filepath.Base(path), []byte(text))
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	return lab.Binary(t, lab.Build{Tags: "failpoints", Overlay: write("overlay.json", overlay)})
}

// TestHistory_CatchesAnAnswerBeforeTheCommit plants a scheduler that answers
// and acknowledges first, and kills it in between.
func TestHistory_CatchesAnAnswerBeforeTheCommit(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	d := lab.New(t, plant(t, edit{"internal/role/scheduler/term.go",
		"		if ready.Commits() || len(b.logs) > 0 || aside {\n",
		"		_ = t.deliver(ctx, &b.post)\n		b.post = post{}\n		if ready.Commits() || len(b.logs) > 0 || aside {\n"}))
	d.Supervised = true
	d.Env = []string{failpoint.Variable + "=scheduler.ready=delay(100ms);store.written=kill#12", failpoint.Folder + "=" + t.TempDir()}
	d.Up()
	c, load, h := d.Client(), d.NewLoad(), &history{}
	load.Heard = h.submitted
	for _, job := range load.Jobs(t, map[string]int{"noop": 12}) {
		if err := load.TrySubmit(ctx, c, []turno.NewJob{job}); err != nil {
			t.Logf("the client itself has seen it: %v", err)
		}
	}
	if h.linearizable(ctx, t, c, load) {
		t.Error("the history shows nothing of the planted bug")
	}
}

// TestHistory_CatchesALateResult plants a scheduler that takes a result from
// whoever tells one.
func TestHistory_CatchesALateResult(t *testing.T) {
	t.Parallel()
	z := newZombie(t, plant(t, edit{"internal/core/sched/report.go",
		"j == nil || j.worker != w || j.Attempt != h.Attempt", "j == nil"}))
	z.run(t, map[string]int{"brief": 3})
	if z.h.linearizable(z.ctx, t, z.c, z.load) {
		t.Error("the history shows nothing of the planted bug")
	}
}

// TestHistory_CatchesADeviceFreedEarly plants a scheduler that hands a device on
// while the job that has it is only told to stop, and a worker that does not
// look either: with the first alone, the worker keeps the next job waiting.
func TestHistory_CatchesADeviceFreedEarly(t *testing.T) {
	t.Parallel()
	const end = "	j.worker.answer = true\n	s.touchWorker(j.worker)\n"
	const next = "}\n\n// finish accepts"
	for _, c := range []struct {
		name   string
		binary string
		want   bool
	}{
		{"as it is", lab.Binary(t, lab.Build{}), true},
		{"planted", plant(t,
			edit{"internal/core/sched/finish.go", end + next,
				end + "	for _, g := range j.Current().GPUs {\n		delete(j.worker.holders, g)\n	}\n	s.mustPlace = true\n" + next},
			edit{"internal/core/hold/event.go", "if h.byGPU[g] != nil {", `if g == "" {`},
			edit{"internal/core/hold/hold.go", "; other != nil {\n			panic(\"hold: GPU ", "; false {\n			panic(\"hold: GPU "}), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			d := lab.New(t, c.binary)
			d.Env = []string{"TURNO_FAKE_GPUS=1"}
			d.Up()
			cl, load, h := d.Client(), d.NewLoad(), &history{}
			load.Heard = h.submitted
			ends := lab.Watch(ctx, t, cl)
			load.Submit(ctx, t, cl, load.Jobs(t, map[string]int{"stubborn": 1}), 1)
			lab.Await(ctx, t, func() error { // it has begun, and ignores what asks it to end
				if len(load.Runs(t)) == 0 {
					return turno.Errorf(turno.CodeUnavailable, "not begun")
				}
				return nil
			})
			load.Submit(ctx, t, cl, load.Jobs(t, map[string]int{"gpu": 1}), 1)
			load.CancelSleepers(ctx, t, cl)
			ends.Wait(ctx, t, 2)
			if got := h.linearizable(ctx, t, cl, load); got != c.want {
				t.Errorf("the history is in order: %t", got)
			}
		})
	}
}
