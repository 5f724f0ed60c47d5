package nats

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// A stream of JetStream that was written to while the disk was full confirms
// nothing any more, also when there is room again, until its server is started
// anew (nats-server 2.9 to 2.15). So a server of our own is watched, by what
// becomes of what is published to it: once a stream is silent or refuses several
// times in a row, the server is restarted as soon as its folder takes files
// again.
const (
	// sickAfter publications without a confirm in a row; one may be a disk that
	// was slow for once.
	sickAfter = 2
	// roomBytes must fit into the folder before a restart is tried: what a
	// server writes at its start, and some messages.
	roomBytes = 1 << 20
	// roomEvery is how often room is looked for: a person who made some should
	// not have to wait.
	roomEvery = time.Second
	// restartPause keeps a server that is sick for another reason from being
	// restarted all the time.
	restartPause = 30 * time.Second
)

// health is what became of publications to a server of our own.
type health struct {
	sick chan struct{} // capacity 1: one word is enough

	mu     sync.Mutex
	failed map[string]int // in a row, by stream: one may be broken while others confirm
}

// note takes how a publication ended.
func (h *health) note(ctx context.Context, stream string, err error) {
	if h == nil || errors.Is(err, context.Canceled) || errors.Is(context.Cause(ctx), context.Canceled) {
		return // its caller gave up: nobody's fault
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if err == nil {
		delete(h.failed, stream)
		return
	}
	if h.failed == nil {
		h.failed = map[string]int{}
	}
	if h.failed[stream]++; h.failed[stream] >= sickAfter {
		clear(h.failed)
		select {
		case h.sick <- struct{}{}:
		default:
		}
	}
}

// heal restarts the server when it is sick, until ctx is done.
func (b *Broker) heal(ctx context.Context) {
	var last time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-b.health.sick:
		}
		if wait := time.Until(last.Add(restartPause)); !last.IsZero() && !pause(ctx, wait) {
			return
		}
		b.opts.Logger.Warn("the embedded broker does not confirm; restarts it once its disk has room", "dir", b.embedded.opts.StoreDir)
		for !hasRoom(b.embedded.opts.StoreDir) {
			if !pause(ctx, roomEvery) {
				return
			}
		}
		last = time.Now()
		if err := b.Restart(ctx); err != nil {
			if ctx.Err() == nil {
				b.opts.Logger.Error("the embedded broker could not be restarted; start turno anew", "err", err)
			}
			continue
		}
		b.opts.Logger.Warn("restarted the embedded broker")
	}
}

// hasRoom tries it: quotas and reserves differ from what a disk says of itself.
func hasRoom(dir string) bool {
	probe := filepath.Join(dir, "room.probe")
	defer os.Remove(probe)
	return os.WriteFile(probe, make([]byte, roomBytes), 0o600) == nil
}

// pause waits, unless ctx is done before.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
