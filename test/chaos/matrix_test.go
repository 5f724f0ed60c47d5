package chaos

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"turno"
	"turno/test/lab"
)

// Variables of a run of the matrix: how often each row is run, and which rows.
const (
	runsVariable = "TURNO_MATRIX_RUNS"
	rowsVariable = "TURNO_MATRIX_ROWS" // numbers with commas; empty: all
)

// row is a row of the matrix of faults. Each run does one of its faults, at a
// moment and for a time that the seed draws, to a small load.
type row struct {
	number int
	text   string
	stacks []stack
	setup  setup
	// faults are their patterns, by stack; none: the jobs are the fault.
	faults            map[stack][]string
	shortest, longest time.Duration // of one; 0: up to 3 s
	jobs              map[string]int
	// share, by stack: of the runs that are asked for one in so many is made,
	// because each takes more than 10 s. 0: all.
	share   map[stack]uint64
	always  bool // also without being asked for, once
	prepare func(b *bench)
}

var (
	all     = []stack{embedded, apart, onNATS}
	servers = []stack{apart, onNATS}
)

// everywhere has the same faults on each stack.
func everywhere(patterns ...string) map[stack][]string {
	return map[stack][]string{embedded: patterns, apart: patterns, onNATS: patterns}
}

// few are the jobs of one run; running is those of which more run when the
// fault begins.
var (
	few     = map[string]int{"noop": 8, "sleep": 4, "command": 6, "failing": 1, "retried": 1, "daemon": 1, "sleeper": 1, "array": 1, "dependent": 2, "gpu": 2, "brief": 2}
	running = map[string]int{"noop": 4, "command": 4, "brief": 4, "long": 2, "daemon": 1, "gpu": 2}
)

// Shares: where a run waits for leases, and for RabbitMQ's start.
var (
	half      = map[stack]uint64{embedded: 2, apart: 2, onNATS: 2}
	slowStart = map[stack]uint64{apart: 4}
)

var cabled = setup{cabled: true}

var rows = []row{
	{number: 1, text: "API killed between commit and reply", stacks: all, setup: setup{tagged: true}, faults: everywhere("step/api.asked")},
	{number: 2, text: "API killed before it hands a submission on", stacks: all, setup: setup{tagged: true}, faults: everywhere("step/api.received")},
	{number: 3, text: "scheduler killed at each of its steps", stacks: all, setup: setup{tagged: true}, faults: everywhere("step/scheduler.*", "step/store.*")},
	{number: 4, text: "leading scheduler frozen for longer than its lease", stacks: servers, faults: everywhere("scheduler */frozen"), shortest: 2800 * time.Millisecond, longest: 6 * time.Second},
	{number: 5, text: "a scheduler loses its store, keeps its broker", stacks: servers, faults: everywhere("scheduler *-store/cut", "scheduler *-store/half-open"), longest: 6 * time.Second},
	{number: 6, text: "agent killed, commands running", stacks: all, setup: setup{lease: "60s"}, jobs: running, prepare: sameAttempts,
		faults: map[stack][]string{embedded: {"turno up/killed"}, apart: {"worker */killed"}, onNATS: {"worker */killed"}}},
	{number: 7, text: "shim or keeper killed", stacks: all, faults: everywhere("__shim/killed", "__keeper/killed"), jobs: running},
	{number: 8, text: "main process of a job killed, a daemon left", stacks: all, jobs: map[string]int{"haunted": 10, "gpu": 6, "command": 4}, always: true},
	{number: 9, text: "a worker's machine goes off, with all that runs there", stacks: servers, faults: everywhere("worker 2/off*"), longest: 8 * time.Second, jobs: running},
	{number: 10, text: "frozen worker comes back with a job that was given away", stacks: servers, faults: everywhere("worker */frozen"), shortest: 5500 * time.Millisecond, longest: 8 * time.Second, jobs: running, share: half},
	{number: 11, text: "the same, and the job runs again on that machine", stacks: all, setup: setup{lone: true}, shortest: 5500 * time.Millisecond, longest: 8 * time.Second, jobs: running, share: half,
		faults: map[stack][]string{embedded: {"turno up/frozen"}, apart: {"worker 1/frozen"}, onNATS: {"worker 1/frozen"}}},
	{number: 12, text: "broker killed", stacks: all, share: slowStart,
		faults: map[stack][]string{embedded: {"turno up/killed"}, apart: {"RabbitMQ/killed"}, onNATS: {"NATS/killed"}}},
	{number: 13, text: "one, or two, of three RabbitMQ nodes killed", stacks: []stack{cluster},
		faults: map[stack][]string{cluster: {"RabbitMQ/one killed", "RabbitMQ/two killed"}}},
	{number: 14, text: "broker wiped: its volume is lost", stacks: all, always: true, share: slowStart,
		faults: map[stack][]string{embedded: {"turno up/*wiped"}, apart: {"RabbitMQ/wiped"}, onNATS: {"NATS/wiped"}}},
	{number: 16, text: "store killed in the middle of a transaction", stacks: all, setup: setup{tagged: true},
		faults: map[stack][]string{embedded: {"step/store.*"}, apart: {"PostgreSQL/killed", "step/store.*"}, onNATS: {"PostgreSQL/killed"}}},
	{number: 17, text: "SQLite locked by another program; its disk read-only", stacks: []stack{embedded}, faults: everywhere("store/locked", "store/read-only"), longest: 7 * time.Second, always: true},
	{number: 18, text: "a disk full, each alone", stacks: all, setup: setup{disks: true}, faults: everywhere("disk of */full"), longest: 6 * time.Second},
	{number: 19, text: "sync of the store fails", stacks: []stack{embedded}, faults: everywhere("store/sync fails"), always: true},
	{number: 20, text: "worker cut off from all, for less and for more than its lease", stacks: servers, setup: cabled, longest: 8 * time.Second, jobs: running,
		faults: everywhere("cable of worker */dropped", "cable of worker */refused")},
	{number: 21, text: "cut off one way: heard and deaf, or mute and hearing", stacks: servers, setup: cabled, longest: 7 * time.Second, jobs: running,
		faults: everywhere("cable of */mute", "cable of */deaf")},
	{number: 22, text: "half-open connections", stacks: servers, setup: cabled, longest: 6 * time.Second, always: true,
		faults: everywhere("cable of */forgotten", "* ?-*/half-open")},
	{number: 23, text: "256 kbit/s; one packet of five lost", stacks: servers, setup: cabled, longest: 6 * time.Second,
		faults: everywhere("cable of */narrow", "cable of */lossy"), prepare: nobodyIsLost},
	{number: 24, text: "400 ms of latency, resets, slices, torn messages", stacks: all, longest: 5 * time.Second,
		faults: map[stack][]string{embedded: wires("client"), apart: wires("client", "api-*", "* ?-*"), onNATS: wires("client", "api-*", "* ?-*")}},
	{number: 26, text: "every message of the broker delivered twice", stacks: servers, setup: setup{repeat: true}, always: true},
	{number: 27, text: "cancelled before it is dispatched", stacks: all, jobs: map[string]int{"raced": 30, "command": 4}, prepare: cancelling(0, 60*time.Millisecond)},
	{number: 38, text: "cancel, and time limit, racing the end", stacks: all, jobs: map[string]int{"raced": 20, "timed": 10}, prepare: cancelling(250*time.Millisecond, 900*time.Millisecond)},
}

// wires are the faults of row 24.
func wires(names ...string) (patterns []string) {
	for _, n := range names {
		for _, mode := range []lab.Wire{lab.Late, lab.Sliced, lab.Reset, lab.Torn} {
			patterns = append(patterns, n+"/"+string(mode))
		}
	}
	return patterns
}

// sameAttempts holds a bench to going on with what ran: a job whose attempt had
// begun has no other one. One that was just being started may be lost.
func sameAttempts(b *bench) {
	b.also = func(t *testing.T, b *bench) {
		begun := map[string]int{}
		for _, r := range b.load.Runs(t) {
			if begun[r.Job] != 0 {
				t.Errorf("job %s ran as attempts %d and %d: its worker was away for less than the lease", r.Job, begun[r.Job], r.Attempt)
			}
			begun[r.Job] = r.Attempt
		}
	}
}

// nobodyIsLost holds a bench to losing no worker: who is slow is not dead.
func nobodyIsLost(b *bench) {
	b.also = func(t *testing.T, b *bench) {
		for n, j := range b.load.Stored(t.Context(), t, b.c) {
			if j.Losses > 0 {
				t.Errorf("job %d was lost %d times", n, j.Losses)
			}
		}
	}
}

// cancelling has jobs cancelled so long after they were accepted.
func cancelling(from, to time.Duration) func(b *bench) {
	return func(b *bench) {
		b.lenient = []string{"raced", "timed"}
		var group sync.WaitGroup
		b.heard = func(id string, number int64) {
			if number == 0 {
				return
			}
			group.Go(func() {
				ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
				defer cancel()
				wait(ctx, time.Now().Add(from+rand.N(to-from)))
				j, err := b.c.Job(ctx, id)
				if err == nil && j.Spec.Name == "raced" { // else it ends by itself
					_, _ = b.c.Act(ctx, turno.Action{Verb: turno.Cancel, Jobs: []string{fmt.Sprint(number)}})
				}
			})
		}
		b.also = func(*testing.T, *bench) { group.Wait() }
	}
}

// tally is what came of a row on a stack.
type tally struct {
	runs, violations int
	took             time.Duration // of the runs
}

// TestMatrix runs the rows of the matrix of faults, each again and again with
// other seeds, and prints what came of them. Without TURNO_MATRIX_RUNS it makes
// one run of those that no other test makes.
func TestMatrix(t *testing.T) {
	t.Parallel()
	runs, first := uint64(0), uint64(1)
	if text := os.Getenv(runsVariable); text != "" {
		runs = number(t, text)
	}
	if text := os.Getenv(seedVariable); text != "" {
		first = number(t, text)
	}
	var mu sync.Mutex // guards results
	results := map[string]tally{}
	t.Run("rows", func(t *testing.T) {
		for _, r := range rows {
			for _, s := range r.stacks {
				n := r.runs(s, runs)
				if n == 0 || !named(os.Getenv(rowsVariable), r.number) {
					continue
				}
				t.Run(fmt.Sprintf("%02d %s", r.number, s), func(t *testing.T) {
					t.Parallel()
					done := r.run(t, s, first, n)
					mu.Lock()
					defer mu.Unlock()
					results[t.Name()] = done
					t.Logf("row %2d on %s: %d runs, %d violations, %s", r.number, s, done.runs, done.violations, done.took.Round(time.Second))
				})
			}
		}
	})
	t.Logf("the matrix\n%s", table(results))
}

// runs is how many are made of so many that were asked for; 0: none was.
func (r row) runs(s stack, asked uint64) uint64 {
	if asked == 0 {
		if r.always && s != onNATS {
			return 1
		}
		return 0
	}
	return max(1, asked/max(1, r.share[s]))
}

// named tells whether a list of numbers has one; an empty list has all.
func named(list string, n int) bool {
	return list == "" || slices.Contains(strings.Split(list, ","), fmt.Sprint(n))
}

// table is the results in Markdown.
func table(results map[string]tally) string {
	var text strings.Builder
	text.WriteString("| # | Fault | Stack | Runs | Violations | Seconds a run |\n|---|---|---|---|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(results)) {
		for _, r := range rows {
			for _, s := range r.stacks {
				if done := results[name]; strings.HasSuffix(name, strings.ReplaceAll(fmt.Sprintf("/%02d %s", r.number, s), " ", "_")) {
					fmt.Fprintf(&text, "| %d | %s | %s | %d | %d | %.1f |\n", r.number, r.text, s, done.runs, done.violations, done.took.Seconds()/float64(max(done.runs, 1)))
				}
			}
		}
	}
	return text.String()
}

// run makes n runs on one turno; after a violation on a new one.
func (r row) run(t *testing.T, s stack, first, n uint64) (done tally) {
	t.Helper()
	var b *bench
	for seed := first; seed < first+n; seed++ {
		if b == nil {
			b = r.bench(t, s)
		}
		began := time.Now()
		fine := t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) { b.try(t, seed) })
		b.d.For(t)
		done.runs++
		done.took += time.Since(began)
		if !fine {
			done.violations++
			b.d.Stop()
			b = nil
		}
	}
	if b != nil && !t.Run("end", func(t *testing.T) { b.end(t) }) {
		done.violations++
	}
	return done
}

// bench is a turno for this row.
func (r row) bench(t *testing.T, s stack) *bench {
	t.Helper()
	set := r.setup
	set.stack = s
	b := set.start(t)
	b.jobs = r.jobs
	if b.jobs == nil {
		b.jobs = few
	}
	b.pace = pace{fewest: 1, most: 1, within: time.Second, load: 2 * time.Second, shortest: r.shortest, longest: r.longest}
	if r.longest == 0 {
		b.pace.longest = 3 * time.Second
	}
	if len(r.faults[s]) == 0 {
		b.pace.fewest, b.pace.most, b.kinds = 0, 0, nil
	} else {
		b.only(t, r.faults[s]...)
	}
	if s == apart || s == cluster {
		b.warm(t)
	}
	if r.prepare != nil {
		r.prepare(b)
	}
	return b
}

// warm has some jobs run, and RabbitMQ come to rest: 3.10 that is killed with
// -9 while it makes a quorum queue may come back with one that never answers.
func (b *bench) warm(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	b.load.Submit(ctx, t, b.c, b.load.Jobs(t, map[string]int{"noop": 4, "command": 2}), 6)
	b.ends.Wait(ctx, t, len(b.load.Accepted))
	wait(ctx, time.Now().Add(3*time.Second))
}
