package coretest_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"turno/internal/core/coretest"
)

// fail shrinks a failing run and writes it where the next run replays it.
func fail(t *testing.T, name string, workers int, ops []coretest.Op, err error) {
	t.Helper()
	short := coretest.Shrink(workers, ops)
	_, again := coretest.Run(workers, short)
	t.Logf("%s: %v\nshrunk from %d operations", name, err, len(ops))
	keep(t, name, fmt.Sprintf("# workers %d: %v", workers, again), short)
}

// keep writes a shrunk failure to a file, as a scenario, and ends the test.
func keep[T fmt.Stringer](t *testing.T, name, head string, short []T) {
	t.Helper()
	var b strings.Builder
	fmt.Fprintln(&b, head)
	for _, o := range short {
		fmt.Fprintln(&b, o)
	}
	path := filepath.Join(t.ArtifactDir(), name+".txt")
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		t.Error(err)
	}
	t.Fatalf("shrunk to %d (%s); copy it to testdata to keep it:\n%s", len(short), path, b.String())
}

// TestWalks_InvariantsHold is the random part: at least a million events.
func TestWalks_InvariantsHold(t *testing.T) {
	t.Parallel()
	walks, length := 2600, 400
	if testing.Short() {
		walks = 1200
	}
	events := 0
	seen := map[string]int{}
	for seed := range uint64(walks) {
		workers := 1 + int(seed%4)
		ops := coretest.Walk(seed, length)
		w, err := coretest.Run(workers, ops)
		if err != nil {
			fail(t, fmt.Sprintf("walk-%d", seed), workers, ops, err)
		}
		events += w.Events
		for k, n := range w.Seen {
			seen[k] += n
		}
	}
	if events < 1_000_000 && !testing.Short() {
		t.Errorf("only %d events", events)
	}
	for _, must := range mustSee {
		if seen[must] == 0 {
			t.Errorf("no walk ever saw %q: the test proves nothing about it", must)
		}
	}
	t.Logf("%d events; seen: %v", events, seen)
}

// mustSee guards against walks that never get anywhere.
var mustSee = []string{
	"state held", "state queued", "state starting", "state running", "state stopping",
	"state succeeded", "state failed", "state cancelled", "state lost",
	"reason Priority", "reason Resources", "reason Dependency", "reason BeginTime",
	"reason Backoff", "reason Drained", "reason NoSuchResource", "reason DependencyFailed", "reason Deadline",
	"reason WorkerLost", "reason Requeuing", "reason Cancelling", "reason TaskFailed", "refused", "engine torch",
	"act cancel", "act hold", "act release", "act requeue", "act drain", "act undrain", "act update",
	"ahead sent", "ahead begun", "ahead back in line",
}

// TestScenarios_StayMended replays every failure that was ever found.
func TestScenarios_StayMended(t *testing.T) {
	t.Parallel()
	for name, text := range scenarios(t, "testdata/*.txt") {
		workers := 2
		if _, err := fmt.Sscanf(text, "# workers %d", &workers); err != nil {
			t.Fatalf("%s must begin with: # workers N", name)
		}
		ops, err := coretest.ParseOps(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := coretest.Run(workers, ops); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// scenarios are texts by the names of their files.
func scenarios(t *testing.T, pattern string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios are %s: %v", pattern, err)
	}
	texts := map[string]string{}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		texts[filepath.Base(path)] = string(text)
	}
	return texts
}

// TestSmallWorld_EveryOrder tries every sequence of the operations that
// matter to one job on one worker.
func TestSmallWorld_EveryOrder(t *testing.T) {
	t.Parallel()
	alphabet := []coretest.Op{
		{Kind: coretest.Deliver, B: 1}, {Kind: coretest.Drop, B: 1}, {Kind: coretest.Repeat, B: 1},
		{Kind: coretest.End, B: 4}, {Kind: coretest.Advance, A: 15, B: 8}, {Kind: coretest.Act, A: 0, B: 1},
		{Kind: coretest.CrashScheduler, A: 2}, {Kind: coretest.StartScheduler},
		{Kind: coretest.CrashAgent}, {Kind: coretest.StartAgent},
	}
	// The way to a job that runs, then every way on.
	prefix := []coretest.Op{{Kind: coretest.Deliver, B: 1}, {Kind: coretest.Submit, A: 0, B: 0}, {Kind: coretest.Flush}, {Kind: coretest.Deliver, B: 1}}
	const depth = 4
	runs := 0
	var walk func(ops []coretest.Op)
	walk = func(ops []coretest.Op) {
		if len(ops) == len(prefix)+depth {
			runs++
			if _, err := coretest.Run(1, ops); err != nil {
				fail(t, "small", 1, ops, err)
			}
			return
		}
		for _, o := range alphabet {
			walk(append(ops[:len(ops):len(ops)], o))
		}
	}
	walk(prefix)
	t.Logf("%d sequences", runs)
}

// FuzzWorld is the same world, led by coverage: three bytes an operation.
func FuzzWorld(f *testing.F) {
	f.Add([]byte("\x00\x01\x02\x01\x00\x01\x05\x00\x04"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var ops []coretest.Op
		for ; len(data) >= 3 && len(ops) < 300; data = data[3:] {
			ops = append(ops, coretest.Op{Kind: coretest.Kind(data[0] % 16), A: uint16(data[1]) * 7, B: uint16(data[2])})
		}
		if _, err := coretest.Run(2, ops); err != nil {
			fail(t, "fuzz", 2, ops, err)
		}
	})
}

func TestParseOps_RefusesNonsense(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"explode 1 2", "submit", "submit a b"} {
		if _, err := coretest.ParseOps(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
	if _, err := coretest.ParseOps("# only a comment\n\nsubmit 1 2 # one\n"); err != nil {
		t.Error(errors.Unwrap(err))
	}
}
