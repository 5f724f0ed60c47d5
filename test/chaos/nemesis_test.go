package chaos

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Variables of a run of its own: a seed to repeat, or for how long new seeds
// are tried.
const (
	seedVariable    = "TURNO_CHAOS_SEED"
	minutesVariable = "TURNO_CHAOS_MINUTES"
)

// fixed are the seeds that every run tries.
var fixed = []uint64{1, 2}

// pace is how thickly faults come.
type pace struct {
	fewest, most int           // faults of one seed
	within       time.Duration // in which they begin
	load         time.Duration // in which jobs are handed in
	shortest     time.Duration // of one
	longest      time.Duration
}

// nemesis is its pace: the longest is above the lease.
var nemesis = pace{fewest: 3, most: 7, within: 6 * time.Second, load: 6 * time.Second, longest: 8 * time.Second}

// plan is all that a seed decides about faults.
func plan(seed uint64, p pace, kinds []kind) []fault {
	r := rand.New(rand.NewPCG(seed, 0))
	var faults []fault
	free := map[string]time.Duration{}
	for range p.fewest + r.IntN(p.most-p.fewest+1) {
		k := r.IntN(len(kinds))
		at := max(time.Duration(r.Int64N(int64(p.within))), free[kinds[k].on])
		until := at + p.shortest + time.Duration(r.Int64N(int64(p.longest-p.shortest)+1))
		free[kinds[k].on] = until + 500*time.Millisecond
		faults = append(faults, fault{at, until, k, r.Uint64()})
	}
	return faults
}

// blend is the jobs of one seed.
var blend = map[string]int{
	"noop": 30, "sleep": 12, "command": 20, "failing": 4, "retried": 4, "daemon": 4,
	"sleeper": 3, "array": 4, "dependent": 8, "gpu": 6, "long": 4,
}

// TestNemesis_Embedded does faults to turno up, on a small disk of its own.
func TestNemesis_Embedded(t *testing.T) {
	t.Parallel()
	setup{stack: embedded}.start(t).many(t)
}

// TestNemesis_Apart does them to each role, to RabbitMQ and PostgreSQL, and to
// the connections between them.
func TestNemesis_Apart(t *testing.T) {
	t.Parallel()
	setup{stack: apart}.start(t).many(t)
}

// many tries seed after seed on the same turno.
func (b *bench) many(t *testing.T) {
	t.Helper()
	seeds, until := fixed, time.Time{}
	if text := os.Getenv(seedVariable); text != "" {
		seeds = []uint64{number(t, text)}
	}
	if text := os.Getenv(minutesVariable); text != "" {
		minutes, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Fatal(err)
		}
		until = time.Now().Add(time.Duration(minutes * float64(time.Minute)))
	}
	tried, began := 0, time.Now()
	for len(seeds) > 0 && !t.Failed() {
		b.try(t, seeds[0])
		tried++
		if seeds = seeds[1:]; len(seeds) == 0 && time.Now().Before(until) {
			seeds = []uint64{rand.Uint64N(1 << 32)}
		}
	}
	b.end(t)
	faults := 0
	for _, what := range slices.Sorted(maps.Keys(b.done)) {
		t.Logf("%s: %4d times %s", b.stack, b.done[what], what)
		faults += b.done[what]
	}
	t.Logf("totals on %s: %d seeds, %d faults of %d kinds, %d jobs, %s", b.stack, tried, faults, len(b.done), len(b.load.Accepted), time.Since(began).Round(time.Second))
}

func number(t *testing.T, text string) uint64 {
	t.Helper()
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// ackWait is after how long NATS delivers once more what a scheduler had that
// was killed, and some time to take it: 10 s by internal/broker/nats.
const ackWait = 12 * time.Second

// end stops all, and looks at what is left of it.
func (b *bench) end(t *testing.T) {
	t.Helper()
	b.d.For(t)
	if b.queues == nil { // nobody can ask it while it runs
		wait(t.Context(), time.Now().Add(ackWait))
	}
	b.d.Stop()
	b.d.CheckNothingLeft()
	if b.queues == nil {
		b.queues = b.d.EmbeddedQueues()
	}
	b.d.CheckQueues(b.queues)
}

// fault is one of a plan.
type fault struct {
	at, until time.Duration
	kind      int    // index
	seed      uint64 // of what else it draws
}

// step is the begin or the end of a fault.
type step struct {
	at   time.Duration
	text string
	do   func()
}

// try does one seed's faults to a mixed load, heals, waits for quiet, checks.
func (b *bench) try(t *testing.T, seed uint64) {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(t.Context(), 2*time.Minute, fmt.Errorf("seed %d: not quiet within 2 minutes", seed))
	defer cancel()
	b.d.For(t)
	began := time.Now()
	var timeline []string
	note := func(text string) {
		timeline = append(timeline, fmt.Sprintf("%7s %s", time.Since(began).Round(time.Millisecond), text))
	}
	defer func() {
		if t.Failed() {
			t.Logf("%s=%d repeats the faults of this timeline:\n%s", seedVariable, seed, strings.Join(timeline, "\n"))
		}
	}()
	h, stop := b.witness(ctx)
	defer stop()
	submitted := make(chan error, 1)
	go func() { submitted <- b.submit(ctx, t, seed) }() // ends with ctx, and is waited for below
	faults := plan(seed, b.pace, b.kinds)
	for _, s := range b.steps(faults) {
		wait(ctx, began.Add(s.at))
		note(s.text)
		s.do()
	}
	note("healed")
	if err := <-submitted; err != nil {
		t.Fatal(err)
	}
	note("submitted")
	b.load.CancelSleepers(ctx, t, b.c)
	b.ends.Wait(ctx, t, len(b.load.Accepted))
	note("quiet")
	stop()
	b.check(ctx, t, h)
	t.Logf("seed %d: %d faults, %s", seed, len(faults), time.Since(began).Round(time.Millisecond))
}

// witness begins a history of what clients see; stop ends it.
func (b *bench) witness(ctx context.Context) (h *history, stop func()) {
	h = &history{}
	b.load.Heard = func(id string, number int64, asked, answered time.Time) {
		h.submitted(id, number, asked, answered)
		if b.heard != nil {
			b.heard(id, number)
		}
	}
	reading, cancel := context.WithCancel(ctx)
	var reader sync.WaitGroup
	reader.Go(func() { h.read(reading, b.c) })
	return h, func() { cancel(); reader.Wait() }
}

// check looks at all that became of a seed, from outside.
func (b *bench) check(ctx context.Context, t *testing.T, h *history) {
	t.Helper()
	b.load.Check(ctx, t, b.c, b.ends, b.lenient...)
	b.load.CheckFree(ctx, t, b.c)
	b.d.CheckIdle()
	b.d.CheckFolders(b.dirs...)
	if b.queues != nil {
		b.d.CheckQueues(b.queues)
	}
	h.check(ctx, t, b.c, b.load)
	if b.also != nil {
		b.also(t, b)
	}
}

// steps are the begins and ends of faults, in order.
func (b *bench) steps(faults []fault) []step {
	var steps []step
	for _, f := range faults {
		k := b.kinds[f.kind]
		heal := func() {}
		steps = append(steps,
			step{f.at, k.String(), func() {
				b.done[k.String()]++
				heal = k.hit(rand.New(rand.NewPCG(f.seed, 2)))
			}},
			step{f.until, k.on + " well again", func() { heal() }})
	}
	slices.SortStableFunc(steps, func(a, b step) int { return int(a.at - b.at) })
	return steps
}

// submit hands the load in while faults begin, some of it twice.
func (b *bench) submit(ctx context.Context, t *testing.T, seed uint64) error {
	r := rand.New(rand.NewPCG(seed, 1))
	list := b.load.Jobs(t, b.jobs)
	parts := slices.Collect(slices.Chunk(list, 5))
	pause := time.NewTicker(b.pace.load / time.Duration(len(parts)))
	defer pause.Stop()
	for i, part := range parts {
		if err := b.load.TrySubmit(ctx, b.hand, part); err != nil {
			return fmt.Errorf("submit: %w", err)
		}
		if again := r.IntN(i + 1); r.IntN(4) == 0 {
			if err := b.load.TrySubmit(ctx, b.hand, parts[again]); err != nil {
				return fmt.Errorf("submit again: %w", err)
			}
		}
		select {
		case <-pause.C:
		case <-ctx.Done():
		}
	}
	return nil
}

func wait(ctx context.Context, at time.Time) {
	timer := time.NewTimer(time.Until(at))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
