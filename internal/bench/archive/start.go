package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"turno"
	"turno/internal/access"
	"turno/internal/bench"
	"turno/internal/bench/record"
)

// Why a run that is measured here ends early.
var (
	errStopped = errors.New("somebody stopped it")
	errRemoved = errors.New("somebody removed it")
	errClosing = errors.New("the server ends")
	errToken   = errors.New("the token that started it is accepted no more")
)

const (
	// inside is where a run says that it was submitted: its end-to-end times hold
	// no HTTP.
	inside = "within the server"
	// oneWrite bounds a write; lastWrites is how long the end of a run is tried to
	// be stored, and as much of it as a server's end has time for.
	oneWrite   = 5 * time.Second
	lastWrites = time.Minute
	closing    = 4 * time.Second
	between    = time.Second
	maxSeed    = 1<<53 - 1 // so that every reader of JSON keeps it
)

// Run lets runs be measured until ctx is done, and waits for them: each keeps
// what it has.
func (a *Archive) Run(ctx context.Context) {
	<-ctx.Done()
	a.runs.close()
}

// Start begins to measure, as whoever asks: jobs are theirs, and it ends with
// their token.
func (a *Archive) Start(ctx context.Context, o turno.BenchmarkOrder) (turno.Benchmark, error) {
	suite, err := suiteOf(&o)
	if err != nil {
		return turno.Benchmark{}, err
	}
	workers, err := a.o.Service.Workers(ctx)
	if err != nil {
		return turno.Benchmark{}, fmt.Errorf("start a benchmark: %w", err)
	}
	w, err := bench.Choose(workers, o.Worker)
	if err != nil {
		return turno.Benchmark{}, &turno.Error{Code: turno.CodeConflict, Field: "worker", Message: err.Error()}
	}
	release, err := a.claim(ctx, w.Name)
	if err != nil {
		return turno.Benchmark{}, err
	}
	out, err := a.begin(ctx, suite, w, &o, release)
	if err != nil {
		release()
	}
	return out, err
}

// begin stores a run and launches it, which releases the worker at its end.
func (a *Archive) begin(ctx context.Context, suite *bench.Suite, w *turno.Worker, o *turno.BenchmarkOrder, release func()) (turno.Benchmark, error) {
	results, err := bench.Prepare(suite, w, o.Seed)
	if err != nil {
		return turno.Benchmark{}, turno.Invalid("suite", "%v", err)
	}
	host, _ := os.Hostname() // unknown stays empty
	session := bench.Start(results, w, a.o.Version, inside, host, command(o, w.Name))
	data, err := encode(results)
	if err != nil {
		return turno.Benchmark{}, err
	}
	m := &measurement{a: a, user: userOf(ctx), results: results, release: release}
	m.run = &bench.Run{Service: a.o.Service, Results: results, Sensors: bench.SensorsOf(w, session), Save: m.save}
	out, err := a.keep(ctx, m.head(data), data, true)
	if err != nil {
		return out, err
	}
	who := access.Of(ctx)
	a.launch(access.With(context.WithoutCancel(ctx), who), who, m)
	return out, nil
}

// suiteOf is what an order asks for, with all its blanks filled.
func suiteOf(o *turno.BenchmarkOrder) (*bench.Suite, error) {
	if o.Suite == "" {
		o.Suite = bench.BuiltIn[0]
	}
	if !slices.Contains(bench.BuiltIn, o.Suite) { // never a file of the server's
		return nil, turno.Invalid("suite", "%.40q is not a suite here: use %s", o.Suite, strings.Join(bench.BuiltIn, " or ")).
			WithHint("turno bench run --suite FILE measures any other")
	}
	suite, err := bench.Load(o.Suite)
	if err != nil {
		return nil, fmt.Errorf("start a benchmark: %w", err)
	}
	if err := suite.Only(o.Types); err != nil {
		return nil, turno.Invalid("types", "%v", err)
	}
	switch {
	case o.Fixed < 0 || o.Fixed == 1 || o.Fixed > 1000:
		return nil, turno.Invalid("fixed", "%d: use 2 to 1000, or leave it out", o.Fixed)
	case o.Precision < 0 || o.Precision >= 1 || o.Precision > 0 && o.Precision < 0.001:
		return nil, turno.Invalid("precision", "%g: use a part such as 0.025", o.Precision)
	case o.Budget < 0 || o.Budget > turno.Duration(24*time.Hour) || o.Budget > 0 && o.Budget < turno.Duration(time.Second):
		return nil, turno.Invalid("budget_seconds", "%s: use 1 second to 24 hours", time.Duration(o.Budget))
	case o.Seed > maxSeed:
		return nil, turno.Invalid("seed", "%d: use a number below 2^53", o.Seed)
	}
	if o.Fixed > 0 {
		suite.Samples.Fixed = o.Fixed
	}
	if o.Precision > 0 {
		suite.Samples.Precision = o.Precision
	}
	if o.Budget > 0 {
		suite.Budget = time.Duration(o.Budget).String()
	}
	for o.Seed == 0 {
		o.Seed = rand.Uint64() & maxSeed
	}
	return suite, nil
}

// command does the same from a terminal.
func command(o *turno.BenchmarkOrder, worker string) []string {
	out := []string{"turno", "bench", "run", "--suite", o.Suite, "--on", worker, "--seed", strconv.FormatUint(o.Seed, 10)}
	if len(o.Types) > 0 {
		out = append(out, "--type", strings.Join(o.Types, ","))
	}
	if o.Fixed > 0 {
		out = append(out, "--fixed-n", strconv.Itoa(o.Fixed))
	}
	if o.Precision > 0 {
		out = append(out, "--precision", strconv.FormatFloat(o.Precision, 'g', -1, 64))
	}
	if o.Budget > 0 {
		out = append(out, "--budget", time.Duration(o.Budget).String())
	}
	return out
}

// claim makes sure that nobody measures a worker until release is called: two
// runs at a time would each leave out all samples of the other. Of several API
// servers that are asked in the same moment each knows of its own alone.
func (a *Archive) claim(ctx context.Context, worker string) (release func(), err error) {
	release, err = a.runs.claim(worker)
	if err != nil {
		return nil, err
	}
	list, err := a.List(access.With(ctx, nil)) // those of others too
	for _, b := range list {
		if b.State == turno.BenchmarkRunning && b.Worker == worker {
			err = measured(worker)
		}
	}
	if err != nil {
		release()
		return nil, err
	}
	return release, nil
}

func measured(worker string) error {
	return &turno.Error{Code: turno.CodeConflict, Field: "worker", Message: fmt.Sprintf("the worker %s is being measured", worker),
		Hint: "wait for that run's end, or stop it"}
}

// measurement is one run that is measured here. Its goroutine owns it.
type measurement struct {
	a        *Archive
	user     string
	results  *record.Results
	run      *bench.Run
	cancel   context.CancelCauseFunc
	release  func() // the worker may be measured by others, and the server need not wait
	troubled bool   // the store could not be written to
}

// launch measures in a goroutine of the archive's.
func (a *Archive) launch(ctx context.Context, who *access.Who, m *measurement) {
	own, cancel := context.WithCancelCause(ctx)
	m.cancel = cancel
	id := m.results.ID
	a.runs.begin(id, cancel)
	var ended <-chan struct{} // nil: turno itself asked
	if who != nil {
		ended = who.Ended()
	}
	go func() {
		defer m.release()
		watched := make(chan struct{})
		go func() {
			defer close(watched)
			select {
			case <-ended:
				cancel(errToken)
			case <-own.Done():
			}
		}()
		a.log.Info("measures", "run", id, "worker", m.results.Worker, "user", m.user)
		err := m.run.Do(own)
		cancel(nil)
		<-watched
		a.runs.forget(id)
		m.finish(context.WithoutCancel(ctx), context.Cause(own), err)
	}()
}

func (m *measurement) head(data []byte) turno.Benchmark {
	h := head(m.results, data)
	h.User, h.Hosted = m.user, true
	return h
}

func encode(r *record.Results) ([]byte, error) {
	var b bytes.Buffer
	if err := r.Write(&b); err != nil {
		return nil, fmt.Errorf("encode a benchmark: %w", err)
	}
	return b.Bytes(), nil
}

// save keeps what there is so far. A store that is away does not end a run of
// an hour: the next save brings it all.
func (m *measurement) save(r *record.Results) error {
	if r.Sessions[len(r.Sessions)-1].End != "" {
		return nil // finish writes that
	}
	ctx, cancel := context.WithTimeout(context.Background(), oneWrite)
	defer cancel()
	data, err := encode(r)
	if err != nil {
		return err
	}
	if len(data) > MaxBytes {
		return fmt.Errorf("the run has more than %d bytes", MaxBytes)
	}
	now, err := m.a.keep(ctx, m.head(data), data, false)
	known, ok := errors.AsType[*turno.Error](err)
	switch {
	case ok && known.Code == turno.CodeNotFound:
		m.cancel(errRemoved)
	case err == nil && now.Stopping:
		m.cancel(errStopped) // by way of another API server
	}
	if troubled := err != nil; troubled != m.troubled {
		m.troubled = troubled
		if troubled {
			m.a.log.Warn("did not keep how far a benchmark is", "run", r.ID, "err", err)
		}
	}
	return nil
}

// finish stores the end, with some patience.
func (m *measurement) finish(ctx context.Context, cause, err error) {
	removed := func() { m.a.log.Info("ended a benchmark that was removed", "run", m.results.ID) }
	if errors.Is(cause, errRemoved) {
		removed()
		return
	}
	data, encodeErr := encode(m.results)
	if encodeErr != nil {
		m.a.log.Error("did not keep a benchmark", "run", m.results.ID, "err", encodeErr)
		return
	}
	h := m.head(data)
	if err != nil {
		h.Detail = clip(err.Error())
	}
	patience := lastWrites
	if errors.Is(cause, errClosing) {
		patience = closing
	}
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("the store did not take it within %s", patience))
	defer cancel()
	for {
		_, err = m.a.keep(ctx, h, data, false)
		if err == nil {
			m.a.log.Info("measured", "run", h.ID, "state", h.State, "samples", h.Samples)
			return
		}
		if known, ok := errors.AsType[*turno.Error](err); ok && known.Code == turno.CodeNotFound {
			removed()
			return
		}
		select {
		case <-time.After(between):
		case <-ctx.Done():
			m.a.log.Error("did not keep the end of a benchmark", "run", h.ID, "err", errors.Join(context.Cause(ctx), err))
			return
		}
	}
}
