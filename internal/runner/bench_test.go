package runner_test

import (
	"os"
	"strconv"
	"testing"

	"turno"
	"turno/internal/runner"
	"turno/internal/workload"
	"turno/internal/workload/noop"
)

// BenchmarkServeNoop is the price of one no-op run through a light runner over
// real pipes, both ends in one process: encode, write, read and decode, twice,
// and the run itself.
func BenchmarkServeNoop(b *testing.B) {
	for _, window := range []int{1, 16, 256, 4096} {
		b.Run("open="+strconv.Itoa(window), func(b *testing.B) { serveNoop(b, window) })
	}
}

func serveNoop(b *testing.B, window int) {
	conn, tokens := noopConn(b, window)
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		<-tokens
		run := runner.Run{Key: strconv.Itoa(i+1) + ".1", Type: "noop", Device: turno.DeviceCPU, Threads: 1, Log: "/var/lib/turno/attempts/1.1/log"}
		if err := conn.Run(run); err != nil {
			b.Fatal(err)
		}
	}
	for range window {
		<-tokens
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "runs/s")
}

// noopConn is a light runner and a place for each run that may be open.
func noopConn(b *testing.B, window int) (*runner.Conn, chan struct{}) {
	b.Helper()
	toRunner, fromAgent := pipe(b)
	toAgent, fromRunner := pipe(b)
	o, err := runner.OptionsOf(runner.Light, []workload.Workload{noop.New()})
	if err != nil {
		b.Fatal(err)
	}
	served := make(chan error, 1)
	go func() {
		served <- runner.Serve(b.Context(), toRunner, fromRunner, o)
		fromRunner.Close()
	}()
	tokens := make(chan struct{}, window)
	for range window {
		tokens <- struct{}{}
	}
	conn, err := runner.Dial(b.Context(), toAgent, fromAgent, runner.DialOptions{OnEvents: func(events []runner.Event) {
		for _, e := range events {
			if e.Done.Error != nil {
				b.Error(e.Done.Error.Message)
			}
			tokens <- struct{}{}
		}
	}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { conn.Close(); <-conn.Done(); <-served })
	return conn, tokens
}

func pipe(b *testing.B) (r, w *os.File) {
	b.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { r.Close(); w.Close() })
	return r, w
}
