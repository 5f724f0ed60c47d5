package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"turno"
	"turno/internal/bench/record"
)

const (
	benchListShort = "list the runs that the server keeps"
	benchListLong  = `A server keeps the runs that were measured on it: turno bench run hands them in
while they go on, and the dashboard starts and shows them. A submitter sees its
own, others all.`
	benchShowShort = "show a run that the server keeps, or take its file"
	benchAddShort  = "hand in a run that was measured elsewhere"
	benchRmShort   = "have the server forget runs; one that goes on ends"
	benchStopShort = "end a run that goes on; what was measured is kept"

	// handInEvery is between two times that a run is handed in. It is done between
	// two samples, so that it disturbs none.
	handInEvery = 15 * time.Second
	// handInTime bounds each; the last one has more patience.
	handInTime = 10 * time.Second
	handInLast = time.Minute
	// leastID characters name a run: an empty variable must not.
	leastID = 4
)

// What ends a run as Ctrl-C does.
var (
	errStopped = errors.New("somebody stopped it at the server")
	errRemoved = errors.New("somebody removed it at the server")
)

// handIn sends a run to the server that it measures, while it goes on. Trouble
// with that never ends the run.
type handIn struct {
	s    *session
	to   turno.Benchmarks
	stop context.CancelCauseFunc

	last time.Time
	sent bool // it is there
	off  bool // it is not wanted there
	told bool // that it does not work
}

// newHandIn is nil where there is nowhere to hand in.
func newHandIn(s *session, svc turno.Service, stop context.CancelCauseFunc) *handIn {
	to, ok := svc.(turno.Benchmarks)
	if !ok {
		return nil
	}
	return &handIn{s: s, to: to, stop: stop}
}

// now sends what there is, if it is time.
func (h *handIn) now(ctx context.Context, r *record.Results, file []byte) {
	ended := r.Sessions[len(r.Sessions)-1].End != ""
	if h == nil || h.off || !ended && h.sent && time.Since(h.last) < handInEvery {
		return
	}
	patience := handInTime
	if ended {
		patience = handInLast
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	b, err := h.to.PutBenchmark(ctx, r.ID, file, !h.sent)
	h.last = time.Now()
	if err == nil {
		h.sent = true
		if b.Stopping {
			h.stop(errStopped)
		}
		return
	}
	known, ok := errors.AsType[*turno.Error](err)
	if ok && known.Code == turno.CodeNotFound && h.sent {
		h.off = true
		h.stop(errRemoved)
		return
	}
	if h.off = ok && (known.Code == turno.CodeNotFound || known.Code == turno.CodeForbidden || known.Code == turno.CodeQuota || known.Code == turno.CodeConflict); h.off || !h.told {
		h.told = true
		h.s.warnf("the run was not handed in: %v", err)
	}
}

// tell says where the run is now.
func (h *handIn) tell(r *record.Results, server string) {
	if h != nil && h.sent {
		h.s.notef("It is on the server too: turno bench show %s, or %s/benchmarks/%s\n", benchName(nil, r.ID, false), strings.TrimSuffix(server, "/"), r.ID)
	}
}

// keptBy is the part of a server that keeps runs.
func keptBy(svc turno.Service) (turno.Benchmarks, error) {
	b, ok := svc.(turno.Benchmarks)
	if !ok {
		return nil, errors.New("this server keeps no benchmarks")
	}
	return b, nil
}

func (s *session) benchKeepCommands() []*cobra.Command {
	return []*cobra.Command{s.benchListCommand(), s.benchShowCommand(), s.benchAddCommand(), s.benchRmCommand(), s.benchStopCommand()}
}

func (s *session) benchListCommand() *cobra.Command {
	f := format{wide: true}
	cmd := &cobra.Command{Use: "ls", Aliases: []string{"list"}, Short: benchListShort, Long: benchListLong, Args: cobra.NoArgs}
	f.add(cmd.Flags())
	cmd.RunE = s.service(func(ctx context.Context, svc turno.Service, _ []string) error {
		kept, err := keptBy(svc)
		if err != nil {
			return err
		}
		list, err := kept.Benchmarks(ctx)
		switch {
		case err != nil:
			return err
		case f.data():
			return f.write(s.io.Out, map[string]any{"items": list})
		case f.kind == "name":
			for _, b := range list {
				s.printf("%s\n", b.ID)
			}
			return nil
		}
		t := s.table("RUN", "STATE", "SUITE", "WORKER", "DEVICE", "SAMPLES", "LEFT OUT", "BEGAN", "TOOK", "USER")
		for i := range list {
			b := &list[i]
			t.row(benchName(list, b.ID, f.kind == "wide"), benchState(b), b.Suite, b.Worker, benchDevice(b), fmt.Sprint(b.Samples), fmt.Sprint(b.Excluded),
				s.moment(b.At), short(time.Duration(b.Seconds*float64(time.Second))), orDash(b.User))
		}
		t.align(5, 6, 8)
		t.write(s.io.Out)
		return nil
	})
	return cmd
}

// benchName is as much of an id as names it.
func benchName(list []turno.Benchmark, id string, whole bool) string {
	for n := 8; n < len(id) && !whole; n++ {
		if !slices.ContainsFunc(list, func(b turno.Benchmark) bool { return b.ID != id && strings.HasPrefix(b.ID, id[:n]) }) {
			return id[:n]
		}
	}
	return id
}

func benchState(b *turno.Benchmark) string {
	if p := b.Progress; p != nil && p.Total > 0 {
		return fmt.Sprintf("%s %d %%", b.State, 100*p.Done/p.Total)
	}
	return string(b.State)
}

func benchDevice(b *turno.Benchmark) string {
	name := fmt.Sprintf("%d CPUs", b.CPUs)
	if b.GPU != "" {
		name = b.GPU
	}
	if b.Simulated {
		name += " SIMULATED"
	}
	return name
}

// runNamed finds a run by its id, or by what it begins with.
func runNamed(ctx context.Context, kept turno.Benchmarks, arg string) (turno.Benchmark, error) {
	if len(arg) < leastID {
		return turno.Benchmark{}, usage("%q names no benchmark", arg).hint("give at least the first %d characters of its id", leastID)
	}
	list, err := kept.Benchmarks(ctx)
	if err != nil {
		return turno.Benchmark{}, err
	}
	list = slices.DeleteFunc(list, func(b turno.Benchmark) bool { return !strings.HasPrefix(b.ID, strings.ToLower(arg)) })
	switch len(list) {
	case 1:
		return list[0], nil
	case 0:
		return turno.Benchmark{}, failed(exitNotFound, "there is no benchmark %.40q", arg).hint("turno bench ls lists them")
	}
	return turno.Benchmark{}, usage("%d benchmarks begin with %.40q", len(list), arg).hint("give more of the id")
}

func (s *session) benchShowCommand() *cobra.Command {
	var file string
	var asJSON, force bool
	cmd := &cobra.Command{Use: "show RUN", Short: benchShowShort, Args: cobra.ExactArgs(1),
		Example: "  turno bench show 3f2a\n  turno bench show 3f2a -o before.json    # byte for byte; for bench report, compare and --resume"}
	cmd.Flags().StringVarP(&file, "output", "o", "", "write the run's file to `FILE`")
	cmd.Flags().BoolVar(&force, "force", false, "replace the file")
	cmd.Flags().BoolVar(&asJSON, "json", false, "the file on standard output")
	cmd.RunE = s.service(func(ctx context.Context, svc turno.Service, args []string) error {
		kept, err := keptBy(svc)
		if err != nil {
			return err
		}
		b, err := runNamed(ctx, kept, args[0])
		if err != nil {
			return err
		}
		data, err := kept.BenchmarkFile(ctx, b.ID)
		switch {
		case err != nil:
			return err
		case asJSON:
			_, err = s.io.Out.Write(data)
			return err
		case file != "":
			return s.takeRun(file, data, force)
		}
		return s.showRun(&b, data)
	})
	return cmd
}

func (s *session) takeRun(name string, data []byte, force bool) error {
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if force {
		flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	f, err := os.OpenFile(s.abs(name), flags, 0o644)
	if errors.Is(err, os.ErrExist) {
		return usage("%s is there already", name).hint("--force replaces it")
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	s.printf("%d bytes in %s\n", len(data), name)
	return nil
}

func (s *session) showRun(b *turno.Benchmark, data []byte) error {
	r, err := record.Read(data)
	if err != nil {
		return err
	}
	s.printf("%s: %s\n", b.ID, benchState(b))
	s.printf("suite %s on %s (%s, %s), turno %s, by %s, began %s, took %s\n", b.Suite, b.Worker, orDash(b.CPU), benchDevice(b), b.Turno, orDash(b.User),
		s.moment(b.At), short(time.Duration(b.Seconds*float64(time.Second))))
	if b.Detail != "" {
		s.printf("%s\n", clean(b.Detail, false))
	}
	s.benchFindings(r)
	return nil
}

func (s *session) benchAddCommand() *cobra.Command {
	return &cobra.Command{Use: "add [FILE]", Short: benchAddShort, Args: cobra.MaximumNArgs(1), Example: "  turno bench add job_results.json",
		RunE: s.service(func(ctx context.Context, svc turno.Service, args []string) error {
			kept, err := keptBy(svc)
			if err != nil {
				return err
			}
			path := resultsFile
			if len(args) > 0 {
				path = args[0]
			}
			r, err := s.readResults(path)
			if err != nil {
				return err
			}
			data, err := os.ReadFile(s.abs(path))
			if err != nil {
				return fmt.Errorf("read %s: %w", path, err)
			}
			b, err := kept.PutBenchmark(ctx, r.ID, data, true)
			if err != nil {
				return err
			}
			s.printf("%s: %d samples of the suite %s on %s\n", b.ID, b.Samples, b.Suite, b.Worker)
			return nil
		})}
}

func (s *session) benchRmCommand() *cobra.Command {
	return &cobra.Command{Use: "rm RUN...", Aliases: []string{"remove"}, Short: benchRmShort, Args: cobra.MinimumNArgs(1),
		RunE: s.eachRun(func(ctx context.Context, kept turno.Benchmarks, b turno.Benchmark) error {
			if err := kept.RemoveBenchmark(ctx, b.ID); err != nil {
				return err
			}
			s.printf("%s is removed\n", b.ID)
			return nil
		})}
}

func (s *session) benchStopCommand() *cobra.Command {
	return &cobra.Command{Use: "stop RUN...", Short: benchStopShort, Args: cobra.MinimumNArgs(1),
		RunE: s.eachRun(func(ctx context.Context, kept turno.Benchmarks, b turno.Benchmark) error {
			if _, err := kept.StopBenchmark(ctx, b.ID); err != nil {
				return err
			}
			s.printf("%s ends after its present job\n", b.ID)
			return nil
		})}
}

// eachRun does something with every run that is named, if all are there.
func (s *session) eachRun(do func(context.Context, turno.Benchmarks, turno.Benchmark) error) func(*cobra.Command, []string) error {
	return s.service(func(ctx context.Context, svc turno.Service, args []string) error {
		kept, err := keptBy(svc)
		if err != nil {
			return err
		}
		var runs []turno.Benchmark
		for _, arg := range args {
			b, err := runNamed(ctx, kept, arg)
			if err != nil {
				return err
			}
			runs = append(runs, b)
		}
		for _, b := range runs {
			if err := do(ctx, kept, b); err != nil {
				return err
			}
		}
		return nil
	})
}
