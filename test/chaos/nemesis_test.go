package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"turno/client"
	"turno/internal/testenv"
	"turno/test/lab"
)

// Variables of a run of its own: a seed to repeat, or for how long new seeds
// are tried.
const (
	seedVariable    = "TURNO_CHAOS_SEED"
	minutesVariable = "TURNO_CHAOS_MINUTES"
)

// fixed are the seeds that every run tries.
var fixed = []uint64{1, 2}

// kind of fault. Faults on the same thing do not overlap.
type kind struct {
	on, name string
	hit      func() (heal func())
}

// fault is one of a plan.
type fault struct {
	at, until time.Duration
	kind      int // index
}

const (
	faultsFor  = 6 * time.Second // in which they begin
	longestFor = 8 * time.Second // of one: above the lease
)

// plan is all that a seed decides about faults.
func plan(seed uint64, kinds []kind) []fault {
	r := rand.New(rand.NewPCG(seed, 0))
	var faults []fault
	free := map[string]time.Duration{}
	for range 3 + r.IntN(5) {
		k := r.IntN(len(kinds))
		at := max(time.Duration(r.Int64N(int64(faultsFor))), free[kinds[k].on])
		until := at + time.Duration(r.Int64N(int64(longestFor)))
		free[kinds[k].on] = until + 500*time.Millisecond
		faults = append(faults, fault{at, until, k})
	}
	return faults
}

// bench is a turno that faults can be done to.
type bench struct {
	d     *lab.Deployment
	c     *client.Client
	load  *lab.Load
	ends  *lab.Ends
	kinds []kind
}

// blend is the jobs of one seed.
var blend = map[string]int{
	"noop": 30, "sleep": 12, "command": 20, "failing": 4, "retried": 4, "daemon": 4,
	"sleeper": 3, "array": 4, "dependent": 8, "gpu": 6, "long": 4,
}

// settings make leases short.
var settings = []string{"TURNO_FAKE_GPUS=2", "TURNO_LEASE=4s", "TURNO_HEARTBEAT=300ms"}

// TestNemesis_Embedded does faults to turno up, on a small disk of its own.
func TestNemesis_Embedded(t *testing.T) {
	t.Parallel()
	d := lab.New(t, lab.Binary(t, lab.Build{}))
	d.Supervised = true
	d.Env = settings
	if err := d.Mount(d.Data, "64m"); err != nil {
		t.Fatal(err)
	}
	up := d.Up()
	b := &bench{d: d}
	b.add("up", "killed", func() func() { up.Kill(); return up.Revive })
	b.add("up", "frozen", func() func() { up.Freeze(); return up.Thaw })
	b.processes()
	b.add("disk", "full", func() func() { return d.Fill(d.Data) })
	b.run(t)
}

// TestNemesis_Apart does them to each role, to RabbitMQ and PostgreSQL, and to
// the connections between them.
func TestNemesis_Apart(t *testing.T) {
	t.Parallel()
	rabbit, postgres := testenv.RabbitMQ(t), testenv.Postgres(t)
	d := lab.New(t, lab.Binary(t, lab.Build{}))
	d.Supervised = true
	d.Env = settings
	b := &bench{d: d}
	start := func(name string, own []string, args ...string) *lab.Role {
		broker, store := lab.NewProxy(t, rabbit.URL()), lab.NewProxy(t, postgres.URL())
		r := d.StartAs(own, append(args, "--broker", broker.URL, "--store", store.URL)...)
		b.add(name, "killed", func() func() { r.Kill(); return r.Revive })
		b.add(name, "frozen", func() func() { r.Freeze(); return r.Thaw })
		for _, mode := range []lab.Wire{lab.Cut, lab.HalfOpen, lab.Slow} {
			b.add(name+"-broker", string(mode), func() func() { broker.Set(mode); return func() { broker.Set(lab.Whole) } })
			if args[0] != "worker" {
				b.add(name+"-store", string(mode), func() func() { store.Set(mode); return func() { store.Set(lab.Whole) } })
			}
		}
		return r
	}
	start("scheduler 1", nil, "scheduler")
	start("api", nil, "api", "--listen", fmt.Sprintf("127.0.0.1:%d", d.Port))
	start("worker 1", nil, "worker")
	second := filepath.Join(d.Data, "second")
	if err := d.Mount(second, "24m"); err != nil {
		t.Fatal(err)
	}
	b.d.Client() // the API has made what the others share
	start("worker 2", []string{"TURNO_DATA=" + second, "TURNO_WORKER=w2"}, "worker")
	start("scheduler 2", nil, "scheduler")
	b.processes()
	b.add("disk of worker 2", "full", func() func() { return d.Fill(second) })
	b.add("RabbitMQ", "killed", func() func() { rabbit.Kill(); return rabbit.Start })
	b.add("PostgreSQL", "killed", func() func() { postgres.Kill(); return postgres.Start })
	b.run(t)
}

func (b *bench) add(on, name string, hit func() func()) {
	b.kinds = append(b.kinds, kind{on, name, hit})
}

// processes are faults of what workers start.
func (b *bench) processes() {
	for _, argument := range []string{"__keeper", "__shim", "runner"} {
		b.add(argument, "killed", func() func() { b.d.KillOne(argument); return func() {} })
	}
}

// run tries seed after seed on the same turno.
func (b *bench) run(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
	defer cancel()
	b.c, b.load = b.d.Client(), b.d.NewLoad()
	b.ends = lab.Watch(ctx, t, b.c)
	h := &history{}
	b.load.Heard = h.submitted
	reading, stop := context.WithCancel(ctx)
	var reader sync.WaitGroup
	reader.Go(func() { h.read(reading, b.c) })
	defer reader.Wait()
	defer stop()
	seeds, until := fixed, time.Time{}
	if text := os.Getenv(seedVariable); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		seeds = []uint64{seed}
	}
	if text := os.Getenv(minutesVariable); text != "" {
		minutes, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Fatal(err)
		}
		until = time.Now().Add(time.Duration(minutes * float64(time.Minute)))
	}
	faults, tried := 0, 0
	for len(seeds) > 0 && !t.Failed() {
		n := b.try(ctx, t, seeds[0])
		faults, tried = faults+n, tried+1
		if seeds = seeds[1:]; len(seeds) == 0 && time.Now().Before(until) {
			seeds = []uint64{rand.Uint64N(1 << 32)}
		}
	}
	stop()
	reader.Wait()
	h.check(ctx, t, b.c, b.load)
	b.d.Stop()
	b.d.CheckNothingLeft()
	t.Logf("totals: %d seeds, %d faults, %d jobs", tried, faults, len(b.load.Accepted))
}

// step is the begin or the end of a fault.
type step struct {
	at   time.Duration
	text string
	do   func()
}

// try does one seed's faults to a mixed load, heals, waits for quiet, checks.
func (b *bench) try(ctx context.Context, t *testing.T, seed uint64) int {
	ctx, cancel := context.WithTimeoutCause(ctx, 2*time.Minute, fmt.Errorf("seed %d: not quiet within 2 minutes", seed))
	defer cancel()
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
	submitted := make(chan error, 1)
	go func() { submitted <- b.submit(ctx, t, seed) }() // ends with ctx, and is waited for below
	faults := plan(seed, b.kinds)
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
	b.load.Check(ctx, t, b.c, b.ends)
	b.load.CheckFree(ctx, t, b.c)
	b.d.CheckIdle()
	t.Logf("seed %d: %d faults, %s", seed, len(faults), time.Since(began).Round(time.Millisecond))
	return len(faults)
}

// steps are the begins and ends of faults, in order.
func (b *bench) steps(faults []fault) []step {
	var steps []step
	for _, f := range faults {
		k := b.kinds[f.kind]
		heal := func() {}
		steps = append(steps,
			step{f.at, k.on + " " + k.name, func() { heal = k.hit() }},
			step{f.until, k.on + " well again", func() { heal() }})
	}
	slices.SortStableFunc(steps, func(a, b step) int { return int(a.at - b.at) })
	return steps
}

// submit hands the load in while faults begin, some of it twice.
func (b *bench) submit(ctx context.Context, t *testing.T, seed uint64) error {
	r := rand.New(rand.NewPCG(seed, 1))
	list := b.load.Jobs(t, blend)
	parts := slices.Collect(slices.Chunk(list, 5))
	pause := time.NewTicker(faultsFor / time.Duration(len(parts)))
	defer pause.Stop()
	for i, part := range parts {
		if err := b.load.TrySubmit(ctx, b.c, part); err != nil {
			return fmt.Errorf("submit: %w", err)
		}
		if again := r.IntN(i + 1); r.IntN(4) == 0 {
			if err := b.load.TrySubmit(ctx, b.c, parts[again]); err != nil {
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
