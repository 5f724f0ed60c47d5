package bench

import (
	"context"
	"strconv"
	"sync"
	"time"

	"turno"
)

const (
	// reopen is between two attempts to hear of changes again.
	reopen = time.Second
	// doubt is when a job's end is looked for all the same: the stream may have
	// lost it. Its time is then not known, and the sample does not count.
	doubt = 15 * time.Second
	// settle is the same for the first job.
	settle = time.Second
)

// watch hears of all jobs: when ours end, and whether others run on our worker.
// One goroutine, run, writes; the measuring one reads.
type watch struct {
	svc           turno.Service
	queue, worker string
	heard         chan struct{} // 1: something of ours has ended, or the stream broke
	stood         bool          // owned by the measuring goroutine: a job was waited for

	mu struct {
		sync.Mutex
		ended   map[int64]time.Time // ours, by number
		others  map[int64]bool      // those that are active on the worker
		touched bool                // some were since begin
		look    bool                // events may have been lost: read the job
	}
}

func newWatch(svc turno.Service, queue, worker string) *watch {
	w := &watch{svc: svc, queue: queue, worker: worker, heard: make(chan struct{}, 1)}
	w.mu.ended, w.mu.others = map[int64]time.Time{}, map[int64]bool{}
	return w
}

// run follows the stream until ctx is done.
func (w *watch) run(ctx context.Context) {
	for ctx.Err() == nil {
		w.miss(ctx)
		for e, err := range w.svc.Events(ctx, turno.EventQuery{}) {
			if err != nil {
				break
			}
			if e.Reset {
				w.miss(ctx)
				continue
			}
			w.event(e, time.Now())
		}
		select {
		case <-time.After(reopen):
		case <-ctx.Done():
		}
	}
}

// event takes one in. It was heard of now.
func (w *watch) event(e turno.Event, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if e.Queue == w.queue {
		if e.State.Ended() {
			w.mu.ended[e.Number] = now
			w.signal()
		}
		return
	}
	if e.Number == 0 || e.Worker != w.worker {
		return
	}
	if e.State.Active() {
		w.mu.others[e.Number] = true
		w.mu.touched = true
	} else {
		delete(w.mu.others, e.Number)
	}
}

// miss says that events may have been lost, and learns anew which other jobs
// are active.
func (w *watch) miss(ctx context.Context) {
	others := map[int64]bool{}
	page, err := w.svc.Jobs(ctx, turno.JobQuery{States: []turno.State{turno.Starting, turno.Running, turno.Stopping}, Limit: 1000})
	for i := range page.Items {
		if j := &page.Items[i]; j.Spec.Queue != w.queue && j.Worker() == w.worker {
			others[j.Number] = true
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err == nil {
		w.mu.others = others
	}
	w.mu.look = true
	w.mu.touched = true // nobody knows
	w.signal()
}

func (w *watch) signal() {
	select {
	case w.heard <- struct{}{}:
	default: // it is to look already
	}
}

// begin starts a sample.
func (w *watch) begin() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.mu.touched, w.mu.look = len(w.mu.others) > 0, false
	clear(w.mu.ended)
}

// end waits until a job has ended. The time is zero if its end was not heard of
// when it came.
func (w *watch) end(ctx context.Context, number int64) (time.Time, error) {
	patience := doubt
	if !w.stood { // the stream may not have stood when the first job ended
		patience, w.stood = settle, true
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		at, ended, missed := w.news(number)
		if ended {
			return at, nil
		}
		if missed {
			j, err := w.svc.Job(ctx, strconv.FormatInt(number, 10))
			if err == nil && j.State.Ended() {
				return time.Time{}, nil
			}
		}
		select {
		case <-w.heard:
		case <-timer.C:
			w.doubt()
			timer.Reset(doubt)
		case <-ctx.Done():
			return time.Time{}, context.Cause(ctx)
		}
	}
}

// news tells whether a job has ended, and whether events were missed: that it
// tells once.
func (w *watch) news(number int64) (at time.Time, ended, missed bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	at, ended = w.mu.ended[number]
	missed, w.mu.look = w.mu.look, false
	return at, ended, missed
}

func (w *watch) doubt() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.mu.look = true
}

// contended tells whether other jobs ran on the worker since begin, or may have.
func (w *watch) contended() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.mu.touched
}
