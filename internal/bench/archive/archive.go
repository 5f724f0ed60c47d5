// Package archive is where a server's runs of turno bench run are: it takes them
// in, whole and again and again while they go on, gives them back byte for byte,
// says what they show, and measures by itself when it is asked to.
//
//	client's run ──▶ Put ──▶ store.Benchmarks ──▶ List, File, Findings, Compare, Report
//	Start ──▶ bench.Run as whoever asked ──┘ every few seconds
//
// The store holds all there is to know, so that every API server says the same
// of a run, whichever measures it. What is said of a run is derived from its
// file each time; nothing derived is stored but what lists show. A file comes
// from a stranger: record.Read bounds it before anything is made of it. Run owns
// the goroutines of the runs that are measured here.
package archive

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"

	"turno"
	"turno/internal/access"
	"turno/internal/bench"
	"turno/internal/bench/record"
	"turno/internal/bench/report"
	"turno/internal/store"
)

const (
	// MaxBytes of a run's file: the suite full on a large machine has three.
	MaxBytes = 8 << 20
	// maxRuns and maxAll bound what is kept, some 100 MB as it is stored. What is
	// measured is not forgotten by itself: more is refused.
	maxRuns = 500
	maxAll  = 1 << 30
	// quietFor is how long a run may be silent before it is said to be: a block of
	// long jobs takes minutes.
	quietFor = 10 * time.Minute
)

// Options of an Archive. All are required but Log.
type Options struct {
	Store store.Benchmarks
	// Service is what runs are measured on, as whoever asked for them.
	Service turno.Service
	Version string
	Log     *slog.Logger
}

// Archive is safe for concurrent use.
type Archive struct {
	// Constant after New.
	o     Options
	log   *slog.Logger
	draws chan struct{} // 1: charts take a core for seconds

	runs runs
}

// New makes an Archive.
func New(o Options) *Archive {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Archive{o: o, log: o.Log.With("part", "benchmarks"), draws: make(chan struct{}, 1), runs: runs{stop: map[string]context.CancelCauseFunc{}, claimed: map[string]bool{}}}
}

// List gives the runs that whoever asks may see, newest first.
func (a *Archive) List(ctx context.Context) ([]turno.Benchmark, error) {
	q := store.BenchmarkQuery{}
	if w := access.Of(ctx); w != nil && !w.SeesAll() {
		q.User = w.User()
	}
	list, err := a.o.Store.Benchmarks(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("list benchmarks: %w", err)
	}
	now := time.Now()
	for i := range list {
		settle(&list[i], now)
	}
	return list, nil
}

// settle says of a run that goes on whether anybody has heard of it lately.
func settle(b *turno.Benchmark, now time.Time) {
	if b.State != turno.BenchmarkRunning {
		b.Stopping = false
	} else if now.Sub(b.UpdatedAt) > quietFor {
		b.State, b.Progress = turno.BenchmarkSilent, nil
	}
}

// Get is one run.
func (a *Archive) Get(ctx context.Context, id string) (turno.Benchmark, error) {
	list, err := a.o.Store.Benchmarks(ctx, store.BenchmarkQuery{ID: id})
	if err != nil {
		return turno.Benchmark{}, fmt.Errorf("read a benchmark: %w", err)
	}
	if w := access.Of(ctx); len(list) == 0 || w != nil && !w.SeesAll() && (list[0].User != w.User() || w.User() == "") {
		if len(list) > 0 {
			access.Deny(ctx, fmt.Sprintf("benchmark %s is %s's", id, list[0].User))
		}
		return turno.Benchmark{}, noRun(id)
	}
	settle(&list[0], time.Now())
	return list[0], nil
}

// userOf is whose a run is that is handed in or started.
func userOf(ctx context.Context) string {
	if w := access.Of(ctx); w != nil {
		return w.User()
	}
	return ""
}

func noRun(id string) error {
	return turno.Errorf(turno.CodeNotFound, "there is no benchmark %.40q", id).WithHint("turno bench ls lists them")
}

// own is a run that whoever asks may change.
func (a *Archive) own(ctx context.Context, id string) (turno.Benchmark, error) {
	b, err := a.Get(ctx, id)
	if w := access.Of(ctx); err == nil && w != nil && !w.May(access.Operate) && (b.User != w.User() || w.User() == "") {
		access.Deny(ctx, fmt.Sprintf("benchmark %s is %s's", id, b.User))
		return b, turno.Errorf(turno.CodeForbidden, "benchmark %s is %s's", id, b.User).WithHint("an operator may do that")
	}
	return b, err
}

// File is a run's file as it was handed in.
func (a *Archive) File(ctx context.Context, id string) ([]byte, error) {
	if _, err := a.Get(ctx, id); err != nil {
		return nil, err
	}
	packed, err := a.o.Store.BenchmarkFile(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, noRun(id) // removed just now
	}
	if err != nil {
		return nil, fmt.Errorf("read a benchmark: %w", err)
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("unpack a benchmark: %w", err)
	}
	data, err := io.ReadAll(io.LimitReader(z, MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("unpack a benchmark: %w", err)
	}
	return data, nil
}

// Put takes in a run as it now is. Unless it is fresh, it must be there.
func (a *Archive) Put(ctx context.Context, id string, data []byte, fresh bool) (turno.Benchmark, error) {
	if len(data) > MaxBytes {
		return turno.Benchmark{}, turno.Errorf(turno.CodeTooLarge, "the run has %d bytes; at most %d are kept", len(data), MaxBytes)
	}
	r, err := record.Read(data)
	if err != nil {
		return turno.Benchmark{}, turno.Invalid("", "%v", err)
	}
	switch {
	case r.ID != id:
		return turno.Benchmark{}, turno.Invalid("id", "the file is of the run %.40q", r.ID)
	case uuid.Validate(id) != nil || id != strings.ToLower(id):
		return turno.Benchmark{}, turno.Invalid("id", "%.40q is not a UUID", id)
	}
	h := head(r, data)
	h.User = userOf(ctx)
	return a.keep(ctx, h, data, fresh)
}

// keep writes a run, and says how it stands.
func (a *Archive) keep(ctx context.Context, h turno.Benchmark, data []byte, fresh bool) (turno.Benchmark, error) {
	if fresh {
		if err := a.room(ctx, h.ID, int64(len(data))); err != nil {
			return h, err
		}
	}
	var packed bytes.Buffer
	z, _ := gzip.NewWriterLevel(&packed, gzip.BestSpeed) // the level is valid
	_, _ = z.Write(data)                                 // to memory
	_ = z.Close()
	rec := store.BenchmarkRecord{Benchmark: h, File: packed.Bytes(), Order: int64(h.Samples + h.Excluded), Fresh: fresh}
	err := a.o.Store.WriteBenchmarks(ctx, store.BenchmarkBatch{Put: []store.BenchmarkRecord{rec}})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return h, noRun(h.ID)
	case errors.Is(err, store.ErrTaken):
		return h, turno.Errorf(turno.CodeConflict, "benchmark %s is another user's, or more of it is here already", h.ID)
	case err != nil:
		return h, fmt.Errorf("keep a benchmark: %w", err)
	}
	list, err := a.o.Store.Benchmarks(ctx, store.BenchmarkQuery{ID: h.ID})
	if err != nil || len(list) == 0 {
		return h, errors.Join(err, noRun(h.ID))
	}
	settle(&list[0], time.Now())
	return list[0], nil
}

// room tells whether one more can be kept.
func (a *Archive) room(ctx context.Context, id string, size int64) error {
	list, err := a.o.Store.Benchmarks(ctx, store.BenchmarkQuery{})
	if err != nil {
		return fmt.Errorf("list benchmarks: %w", err)
	}
	n := 0
	for _, b := range list {
		if b.ID != id {
			n, size = n+1, size+b.Bytes
		}
	}
	if n >= maxRuns || size > maxAll {
		return turno.Errorf(turno.CodeQuota, "%d benchmarks of %d MB are kept here, which is all there can be", n, size>>20).
			WithHint("turno bench ls lists them, turno bench rm removes some")
	}
	return nil
}

// head is what a file says of its run.
func head(r *record.Results, data []byte) turno.Benchmark {
	first, last := &r.Sessions[0], &r.Sessions[len(r.Sessions)-1]
	sum := sha256.Sum256(data)
	b := turno.Benchmark{
		ID: r.ID, Suite: clip(r.Suite), Worker: clip(r.Worker), Turno: clip(last.Version), Host: clip(last.Machine.Hostname), CPUs: int(last.Machine.CPUs / turno.CPU),
		Simulated: r.Simulated, At: first.At.UTC(), UpdatedAt: time.Now().UTC().Truncate(time.Microsecond), Cases: len(r.Cases),
		Bytes: int64(len(data)), Hash: hex.EncodeToString(sum[:]), State: stateOf(last.End),
	}
	if v := last.Fact("cpu_model"); v != record.Unknown {
		b.CPU = clip(v)
	}
	if r.HasGPU() && len(last.Machine.GPUs) > 0 {
		b.GPU = clip(last.Machine.GPUs[0].Model)
	}
	for i := range r.Sessions {
		b.Seconds += r.Sessions[i].Seconds
	}
	for i := range r.Samples {
		switch s := &r.Samples[i]; {
		case s.Counts():
			b.Samples++
		case !s.WarmUp:
			b.Excluded++
		}
	}
	if b.State == turno.BenchmarkRunning {
		p := bench.ProgressOf(r)
		b.Progress = &turno.BenchmarkProgress{Case: p.Case, Blocks: p.Blocks, Width: p.Width, Done: p.Done, Total: p.Total, Left: p.Left.Seconds()}
	}
	return b
}

// clip bounds what a list shows of a stranger's text.
func clip(text string) string { return access.Clip(text) }

func stateOf(end string) turno.BenchmarkState {
	switch end {
	case "":
		return turno.BenchmarkRunning
	case "finished":
		return turno.BenchmarkFinished
	case "failed":
		return turno.BenchmarkFailed
	}
	return turno.BenchmarkInterrupted
}

// Stop asks whoever measures a run to end it.
func (a *Archive) Stop(ctx context.Context, id string) (turno.Benchmark, error) {
	b, err := a.own(ctx, id)
	switch {
	case err != nil:
		return b, err
	case b.State != turno.BenchmarkRunning:
		return b, turno.Errorf(turno.CodeConflict, "benchmark %s does not run: it is %s", id, b.State)
	}
	if err := a.o.Store.WriteBenchmarks(ctx, store.BenchmarkBatch{Stop: []string{id}}); err != nil {
		return b, fmt.Errorf("stop a benchmark: %w", err)
	}
	a.runs.end(id, errStopped)
	return a.Get(ctx, id)
}

// Remove forgets a run; one that goes on here ends.
func (a *Archive) Remove(ctx context.Context, id string) error {
	if _, err := a.own(ctx, id); err != nil {
		return err
	}
	err := a.o.Store.WriteBenchmarks(ctx, store.BenchmarkBatch{Gone: []string{id}})
	if errors.Is(err, store.ErrNotFound) {
		return noRun(id)
	}
	if err != nil {
		return fmt.Errorf("remove a benchmark: %w", err)
	}
	a.runs.end(id, errRemoved)
	return nil
}

// Findings are what a run shows.
func (a *Archive) Findings(ctx context.Context, id, lang string) (*report.Findings, error) {
	data, err := a.File(ctx, id)
	if err != nil {
		return nil, err
	}
	return inTurn(ctx, a, func() (*report.Findings, error) { return report.Find(data, lang) })
}

// Compare holds two runs against each other.
func (a *Archive) Compare(ctx context.Context, first, second, lang string) (*report.Verdict, error) {
	x, err := a.File(ctx, first)
	if err != nil {
		return nil, err
	}
	y, err := a.File(ctx, second)
	if err != nil {
		return nil, err
	}
	return inTurn(ctx, a, func() (*report.Verdict, error) { return report.Compare(x, y, lang) })
}

// Report is a file of a run's report, by its name.
func (a *Archive) Report(ctx context.Context, id, lang, name string) ([]byte, error) {
	data, err := a.File(ctx, id)
	if err != nil {
		return nil, err
	}
	return inTurn(ctx, a, func() ([]byte, error) {
		file, err := report.One(data, lang, name)
		if errors.Is(err, report.ErrNoFile) {
			return nil, turno.Errorf(turno.CodeNotFound, "%v", err)
		}
		return file, err
	})
}

// inTurn computes one thing at a time: it takes a core, and those who measure
// on this machine need the others.
func inTurn[T any](ctx context.Context, a *Archive, f func() (T, error)) (T, error) {
	select {
	case a.draws <- struct{}{}:
		defer func() { <-a.draws }()
		return f()
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}
