package nn

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"turno/internal/testenv"
)

// rounds of each side in turn; medians of them are compared.
const rounds = 11

// BenchmarkBesideTorch trains the default nets with batches of 64 and Adam, on
// one thread, in turn with PyTorch: see testdata/beside.py. It reports steps per
// second of processor time, which neighbours on the machine disturb least, and
// the ratio of the two: make bench-train.
func BenchmarkBesideTorch(b *testing.B) {
	testenv.Need(b, testenv.TorchNeed)
	runtime.GOMAXPROCS(1)
	for _, c := range []struct {
		name  string
		shape Config
		steps int
	}{
		{"mlp", Config{Height: 28, Width: 28, Hidden: []int{256}, Classes: 10}, 150},
		{"conv", Config{Height: 28, Width: 28, Channels: []int{16, 32}, Hidden: []int{128}, Classes: 10}, 20},
	} {
		b.Run(c.name, func(b *testing.B) {
			other := startTorch(b)
			step := stepper(c.shape)
			ours, theirs := make([]float64, rounds), make([]float64, rounds)
			for range c.steps {
				step()
			}
			other.run(b, c.name, c.steps)
			for i := range rounds {
				theirs[i] = float64(c.steps) / other.run(b, c.name, c.steps)
				began := processorTime(b)
				for range c.steps {
					step()
				}
				ours[i] = float64(c.steps) / (processorTime(b) - began).Seconds()
			}
			b.Logf("PyTorch %s: %.0f steps/s (%.0f to %.0f), turno %.0f (%.0f to %.0f)", other.version,
				median(theirs), slices.Min(theirs), slices.Max(theirs), median(ours), slices.Min(ours), slices.Max(ours))
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(median(ours), "steps/s")
			b.ReportMetric(median(theirs), "torch-steps/s")
			b.ReportMetric(median(ours)/median(theirs), "ratio")
		})
	}
}

func median(values []float64) float64 {
	return slices.Sorted(slices.Values(values))[len(values)/2]
}

func stepper(c Config) func() {
	n := New(c, 64, 1)
	s := random(n, 1, 64)
	o := Optimiser{Method: Adam}
	o.Prepare(n)
	return func() {
		n.Gradients(s.x, s.labels)
		o.Step(0.001)
	}
}

func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// torch is a process that trains when it is told.
type torch struct {
	version string
	in      io.Writer
	out     *bufio.Reader
}

func startTorch(b *testing.B) *torch {
	cmd := exec.CommandContext(b.Context(), "/usr/bin/python3", "testdata/beside.py")
	cmd.Env = append(os.Environ(), "OMP_NUM_THREADS=1", "OPENBLAS_NUM_THREADS=1")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		in.Close()
		_ = cmd.Wait() // it was told to end
	})
	t := &torch{in: in, out: bufio.NewReader(out)}
	t.version = strings.TrimSpace(t.line(b))
	return t
}

func (t *torch) line(b *testing.B) string {
	line, err := t.out.ReadString('\n')
	if err != nil {
		b.Fatalf("PyTorch's side: %v", err)
	}
	return line
}

// run returns the processor's seconds.
func (t *torch) run(b *testing.B, name string, steps int) float64 {
	if _, err := fmt.Fprintf(t.in, "%s %d\n", name, steps); err != nil {
		b.Fatal(err)
	}
	var wall, processor float64
	if _, err := fmt.Sscan(t.line(b), &wall, &processor); err != nil {
		b.Fatal(err)
	}
	return processor
}
