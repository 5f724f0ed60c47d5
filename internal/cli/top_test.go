package cli

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mattn/go-runewidth"

	"turno"
)

// crowd is a fleet with more of everything than a small screen has room for,
// and texts of strangers.
func crowd() *fleet {
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.Local)
	f := &fleet{at: at, summary: turno.Summary{
		States: map[turno.State]int64{turno.Running: 3, turno.Queued: 40, turno.Failed: 2, turno.Succeeded: 1000},
		Queues: map[string]map[turno.State]int64{"default": {turno.Running: 3, turno.Queued: 30, turno.Failed: 2}, "night": {turno.Queued: 10}},
	}}
	for i := range 3 {
		w := turno.Worker{Name: fmt.Sprintf("lab-%d", i), State: turno.WorkerReady, CPUsUsed: 1500, JobCount: 1,
			Machine: turno.Machine{CPUs: 16 * turno.CPU, Memory: 64 << 30}, GPUsUsed: []string{fmt.Sprintf("gpu-%d-0", i)}}
		for k := range 4 {
			g := turno.GPU{Index: k, UUID: fmt.Sprintf("gpu-%d-%d", i, k), Model: "A100 \x1b[31mred", Memory: 40 << 30}
			if i == 1 {
				g.Model, g.Simulated = "SIMULATED GPU", true
			} else {
				g.Status = &turno.GPUStatus{At: at, Utilisation: 30*k + 5, MemoryUsed: 3 << 30, Watts: 250, WattsLimit: 400, Celsius: 60 + k}
			}
			w.Machine.GPUs = append(w.Machine.GPUs, g)
		}
		f.workers = append(f.workers, w)
		f.active = append(f.active, turno.Job{Number: int64(i + 1), State: turno.Running, Reason: turno.ReasonRunning, Since: at.Add(-90 * time.Minute),
			Spec: &turno.Spec{Name: "traîn ñandú", User: "ana", Queue: "default"}, Attempts: []turno.Attempt{{Worker: w.Name, GPUs: w.GPUsUsed}}})
	}
	for i := range 40 {
		queue := "default"
		if i >= 30 {
			queue = "night"
		}
		f.waiting = append(f.waiting, turno.Job{Number: int64(i + 10), State: turno.Queued, Reason: turno.ReasonResources, Detail: "needs 4 GPUs, 3 are free on lab-0\x07", Since: at.Add(-time.Minute),
			Spec: &turno.Spec{Type: "exec", User: "eva", Queue: queue}})
	}
	return f
}

func TestTop_Frames(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, v := range []view{{rows: 24, cols: 80}, {rows: 50, cols: 140}, {rows: 24, cols: 80, part: 2, scroll: 3}, {rows: 8, cols: 20}, {rows: 24, cols: 80, part: 4, scroll: 1000}} {
		fmt.Fprintf(&b, "--- %d by %d, part %d\n", v.cols, v.rows, v.part)
		lines := v.frame(crowd())
		if len(lines) > max(v.rows, 12) {
			t.Errorf("%d lines on %d", len(lines), v.rows)
		}
		for _, line := range lines {
			if w := runewidth.StringWidth(line); w > v.cols || strings.ContainsAny(line, "\x1b\x07") {
				t.Errorf("%d columns on %d: %q", w, v.cols, line)
			}
			b.WriteString(strings.TrimRight(line, " ") + "\n")
		}
	}
	empty := view{rows: 24, cols: 80}
	b.WriteString("--- nothing there, and the server is away\n" + strings.Join(empty.frame(&fleet{err: errors.New("connection refused")}), "\n") + "\n")
	const path = "testdata/top.golden"
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("if that is meant, run with -update and read the diff (-want +got):\n%s", diff)
	}
}

// TestTop_GivesTheScreenBack on each way out.
func TestTop_GivesTheScreenBack(t *testing.T) {
	t.Parallel()
	gone := errors.New("stopped")
	for name, c := range map[string]struct {
		keys string
		want error
	}{"q": {"q", nil}, "Ctrl-C": {"\x03", nil}, "among others": {"j\t\x1b[Bq", nil}, "signal": {"", gone}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			fleets, keys := make(chan fleet), make(chan string)
			var out bytes.Buffer
			p := &player{out: &out, size: func() (int, int) { return 24, 80 }}
			ended := make(chan error, 1)
			go func() { ended <- p.run(ctx, fleets, keys, nil) }()
			fleets <- *crowd()
			if c.keys != "" {
				keys <- c.keys
			} else {
				cancel(gone)
			}
			if err := <-ended; !errors.Is(err, c.want) {
				t.Errorf("%v", err)
			}
			if text := out.String(); !strings.HasPrefix(text, screenOn) || !strings.HasSuffix(text, screenOff) || c.keys != "" && !strings.Contains(text, "lab-1") {
				t.Errorf("%q", text)
			}
		})
	}
}

func TestWithin(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		line string
		cols int
		want string
	}{
		{"abc", 5, "abc"}, {"abc", 2, "ab"}, {"日本語", 5, "日本"}, {"\x1b[31mabc\x1b[0m", 2, "\x1b[31mab\x1b[0m"}, {"\x1b[1ma\x1b[0mbc", 2, "\x1b[1ma\x1b[0mb"}, {"abc", 0, "abc"}, {"a\xff", 9, "a\ufffd"},
	} {
		if got := within(c.line, c.cols); got != c.want {
			t.Errorf("%q in %d columns: %q, not %q", c.line, c.cols, got, c.want)
		}
	}
}
