package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"turno/internal/testenv"
)

// What is measured of each contestant.
const (
	bulkRate    = "bulk"
	submitRate  = "submit"
	singleRate  = "single"
	commandRate = "commands"
	latencyP50  = "p50"
	latencyP99  = "p99"
)

// options of a run.
type options struct {
	turno, python, out                       string
	only                                     string
	rounds, jobs, singles, commands, samples int
	pause                                    time.Duration
}

func parse(args []string) (options, error) {
	o := options{}
	f := flag.NewFlagSet("peers", flag.ContinueOnError)
	f.StringVar(&o.turno, "turno", "bin/turno", "the binary to measure")
	f.StringVar(&o.python, "python", "bench/peers/python", "the folder of the Python side")
	f.StringVar(&o.out, "o", "peers.json", "where all samples go")
	f.StringVar(&o.only, "only", "", "contestants whose names contain one of these words, with commas between")
	f.IntVar(&o.rounds, "rounds", 5, "times that each is measured")
	f.IntVar(&o.jobs, "jobs", 20000, "no-op jobs in bulk; slow contestants get a share of them")
	f.IntVar(&o.singles, "singles", 500, "no-op jobs handed in one by one")
	f.IntVar(&o.commands, "commands", 1000, "commands in bulk")
	f.IntVar(&o.samples, "samples", 60, "jobs for the idle latency, each after a rest of up to 0.1 s")
	f.DurationVar(&o.pause, "pause", 2*time.Second, "rest between contestants")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("%q: peers takes no arguments", f.Arg(0))
	}
	if min(o.rounds, o.jobs, o.singles, o.commands, o.samples) < 1 {
		return o, errors.New("counts must be at least 1")
	}
	var err error
	if o.turno, err = filepath.Abs(o.turno); err == nil {
		o.python, err = filepath.Abs(o.python)
	}
	for _, needed := range []string{o.turno, filepath.Join(o.python, "driver.py")} { // now, not after minutes
		if _, statErr := os.Stat(needed); err == nil && statErr != nil {
			err = fmt.Errorf("%w; run it in the repository's folder, or see -turno and -python", statErr)
		}
	}
	return o, err
}

// record is the JSON of a run.
type record struct {
	SchemaVersion int        `json:"schema_version"`
	Conditions    conditions `json:"conditions"`
	Contestants   []*result  `json:"contestants"`
}

// result is one contestant's: of each quantity a value a round, in the order
// of the rounds.
type result struct {
	Name     string               `json:"name"`
	Durable  bool                 `json:"durable"`
	Settings string               `json:"settings"`
	Jobs     int                  `json:"jobs"` // of bulk
	Values   map[string][]float64 `json:"values"`
	Latency  [][]float64          `json:"latency_seconds"`
}

func measure(ctx context.Context, args []string) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	all := chosen(contestants(o.turno), o.only)
	if len(all) == 0 {
		return fmt.Errorf("-only %s: no contestant is called so", o.only)
	}
	r := record{SchemaVersion: 1, Conditions: conditionsNow(ctx, o)}
	for _, c := range all {
		r.Contestants = append(r.Contestants, &result{
			Name: c.name, Durable: c.durable, Settings: c.settings, Jobs: max(1, int(c.share*float64(o.jobs))), Values: map[string][]float64{},
		})
	}
	for round := range o.rounds {
		order := indexes(len(all))
		if round%2 == 1 { // there and back again: what drifts weighs the same on all
			slices.Reverse(order)
		}
		for _, i := range order {
			fmt.Fprintf(os.Stderr, "round %d of %d: %s, load %s\n", round+1, o.rounds, all[i].name, loadAverage())
			if err := block(ctx, o, all[i], r.Contestants[i]); err != nil {
				return fmt.Errorf("measure %s: %w", all[i].name, err)
			}
			if err := writeJSON(o.out, r); err != nil { // what was measured stays, whatever comes
				return err
			}
			if err := rest(ctx, o.pause); err != nil {
				return err
			}
		}
	}
	r.Conditions.LoadAfter = loadAverage()
	return errors.Join(writeJSON(o.out, r), writeTable(os.Stdout, r))
}

func chosen(all []contestant, only string) []contestant {
	if only == "" {
		return all
	}
	words := strings.Split(strings.ToLower(only), ",")
	return slices.DeleteFunc(all, func(c contestant) bool {
		return !slices.ContainsFunc(words, func(w string) bool { return strings.Contains(strings.ToLower(c.name), strings.TrimSpace(w)) })
	})
}

func indexes(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

func rest(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// block starts a contestant on new servers, warms it up, measures everything
// once, and ends it.
func block(ctx context.Context, o options, c contestant, r *result) (err error) {
	s := &stage{python: o.python, urls: map[testenv.Part]string{}}
	if s.self, err = os.Executable(); err != nil {
		return err
	}
	if s.dir, err = os.MkdirTemp("", "turno-peers-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.clear()) }()
	if err := os.Chmod(s.dir, 0o711); err != nil { // turno's jobs are other users'
		return err
	}
	if err := s.serve(c.servers); err != nil {
		return err
	}
	argv, env, err := c.start(s)
	if err != nil {
		return err
	}
	d, err := startDriver(argv, env)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.stop()) }()
	return orders(ctx, o, d, r)
}

// warmTries: what has just started on a busy machine may not answer at once;
// while it is measured it must.
const warmTries = 5

func orders(ctx context.Context, o options, d *driver, r *result) error {
	// Connections stand and processes are forked by then; and turno asks its
	// store about each id for the first two seconds of a scheduler.
	warm := []order{
		{Do: doBulk, Kind: kindNoop, N: min(200, o.jobs)}, {Do: doBulk, Kind: kindCommand, N: min(20, o.commands)},
		{Do: doLatency, Kind: kindNoop, Pauses: pauses(20, 1)}, {Do: doLatency, Kind: kindNoop, Pauses: []float64{1, 0.5}},
	}
	for _, w := range warm {
		_, err := d.order(ctx, w)
		for try := 1; err != nil && try < warmTries && ctx.Err() == nil; try++ {
			fmt.Fprintf(os.Stderr, "warming up again: %v\n", err)
			_, err = d.order(ctx, w)
		}
		if err != nil {
			return fmt.Errorf("warm up: %w", err)
		}
	}
	lat, err := d.order(ctx, order{Do: doLatency, Kind: kindNoop, Pauses: pauses(o.samples, uint64(len(r.Latency)))})
	if err != nil {
		return err
	}
	r.Latency = append(r.Latency, lat.Samples)
	r.add(latencyP50, quantile(lat.Samples, 0.5)*1e3)
	r.add(latencyP99, quantile(lat.Samples, 0.99)*1e3)
	for _, m := range []struct {
		order
		name string
	}{
		{order{Do: doBulk, Kind: kindNoop, N: r.Jobs}, bulkRate},
		{order{Do: doSingle, Kind: kindNoop, N: o.singles}, singleRate},
		{order{Do: doBulk, Kind: kindCommand, N: o.commands}, commandRate},
	} {
		a, err := d.order(ctx, m.order)
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		r.add(m.name, float64(m.N)/a.Known)
		if m.name == bulkRate {
			r.add(submitRate, float64(m.N)/a.Submitted)
		}
	}
	return nil
}

// pauses keep the jobs of a latency measurement from falling in step with
// whoever looks at fixed intervals: between 0 and 0.1 s, the same for all.
func pauses(n int, seed uint64) []float64 {
	random := rand.New(rand.NewPCG(seed, 7))
	list := make([]float64, n)
	for i := range list {
		list[i] = 0.1 * random.Float64()
	}
	return list
}

func (r *result) add(name string, v float64) { r.Values[name] = append(r.Values[name], v) }

func quantile(samples []float64, q float64) float64 {
	if len(samples) == 0 {
		return 0
	}
	sorted := slices.SortedFunc(slices.Values(samples), cmp.Compare[float64])
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}
