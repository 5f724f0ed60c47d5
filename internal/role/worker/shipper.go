package worker

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"

	"turno"
	"turno/internal/broker"
	"turno/internal/role/worker/child"
)

const (
	// logWindow is how much of one attempt's output may be under way: with a
	// round trip of 10 ms it lets 25 MB/s through, and bounds what a queue holds.
	logWindow = 256 << 10
	logChunk  = 64 << 10
	// logBatch bounds one message.
	logBatch = 512 << 10
	// watchAfter spares short jobs the cost of a watch: their output goes when
	// they end.
	watchAfter = 150 * time.Millisecond
	// gather lets writes of a moment go as one message.
	gather = 40 * time.Millisecond
	// resendAfter the store has said nothing.
	resendAfter = 2 * time.Second
)

// shipper sends attempts' output to the store, piece by piece from where the
// store is, and keeps it until all of it is there. The log file is the spool.
// One goroutine, run, owns the tails; the methods hand it orders.
type shipper struct {
	broker broker.Broker
	stream string
	log    *slog.Logger
	files  *fsnotify.Watcher

	orders *orders
	wake   chan struct{} // 1: holds that there are orders

	// Owned by run.
	tails map[turno.AttemptKey]*tail
	dirs  map[string]*tail
	later []pendingWatch
	dirty map[turno.AttemptKey]*tail
}

type orders struct {
	mu   sync.Mutex
	list []func(*shipper)
}

type tail struct {
	key          turno.AttemptKey
	dir          string
	sent, stored int64
	final        bool
	watched      bool
	sentAt       time.Time
}

type pendingWatch struct {
	at time.Time
	t  *tail
}

func newShipper(b broker.Broker, stream string, log *slog.Logger) (*shipper, error) {
	files, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	return &shipper{
		broker: b, stream: stream, log: log, files: files,
		orders: &orders{}, wake: make(chan struct{}, 1),
		tails: map[turno.AttemptKey]*tail{}, dirs: map[string]*tail{}, dirty: map[turno.AttemptKey]*tail{},
	}, nil
}

func (s *shipper) do(f func(*shipper)) {
	s.orders.mu.Lock()
	s.orders.list = append(s.orders.list, f)
	s.orders.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// follow sends an attempt's output while it runs.
func (s *shipper) follow(k turno.AttemptKey, dir string) {
	s.do(func(s *shipper) {
		if s.tails[k] == nil {
			t := &tail{key: k, dir: dir}
			s.tails[k] = t
			s.later = append(s.later, pendingWatch{time.Now().Add(watchAfter), t})
		}
	})
}

// final tells that the output is complete.
func (s *shipper) final(k turno.AttemptKey, dir string) {
	s.do(func(s *shipper) {
		t := s.tails[k]
		if t == nil {
			t = &tail{key: k, dir: dir}
			s.tails[k] = t
		}
		t.final = true
		s.dirty[k] = t
	})
}

// stored tells how much the store has.
func (s *shipper) stored(k turno.AttemptKey, bytes int64) {
	s.do(func(s *shipper) {
		if t := s.tails[k]; t != nil && bytes > t.stored {
			t.stored = bytes
			t.sent = max(t.sent, bytes)
			s.dirty[k] = t
		}
	})
}

// drop forgets attempts.
func (s *shipper) drop(keys []turno.AttemptKey) {
	s.do(func(s *shipper) {
		for _, k := range keys {
			if t := s.tails[k]; t != nil {
				s.unwatch(t)
				delete(s.tails, k)
				delete(s.dirty, k)
			}
		}
	})
}

func (s *shipper) unwatch(t *tail) {
	if t.watched {
		t.watched = false
		delete(s.dirs, t.dir)
		_ = s.files.Remove(t.dir) // gone with the folder, at the latest
	}
}

// run owns the tails until ctx is done.
func (s *shipper) run(ctx context.Context) {
	defer s.files.Close()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		s.arm(timer)
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
		case e, ok := <-s.files.Events:
			if !ok {
				return
			}
			s.noticed(e)
			if !s.settle(ctx) {
				return
			}
		case err := <-s.files.Errors:
			s.log.Warn("missed changes of log files", "err", err)
			maps.Copy(s.dirty, s.tails)
		case <-timer.C:
		}
		s.obey()
		s.expire(time.Now())
		s.pump(ctx)
	}
}

// settle waits a moment for more writes.
func (s *shipper) settle(ctx context.Context) bool {
	pause := time.NewTimer(gather)
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-pause.C:
			return true
		case <-s.wake:
			s.obey()
		case e, ok := <-s.files.Events:
			if !ok {
				return false
			}
			s.noticed(e)
		}
	}
}

func (s *shipper) noticed(e fsnotify.Event) {
	if t := s.dirs[filepath.Dir(e.Name)]; t != nil && filepath.Base(e.Name) == child.LogFile {
		s.dirty[t.key] = t
	}
}

func (s *shipper) obey() {
	s.orders.mu.Lock()
	list := s.orders.list
	s.orders.list = nil
	s.orders.mu.Unlock()
	for _, f := range list {
		f(s)
	}
}

// arm sets the timer to what is due next; without anything it sleeps.
func (s *shipper) arm(timer *time.Timer) {
	var next time.Time
	if len(s.later) > 0 {
		next = s.later[0].at
	}
	for _, t := range s.tails {
		if t.sent > t.stored {
			if at := t.sentAt.Add(resendAfter); next.IsZero() || at.Before(next) {
				next = at
			}
		}
	}
	if next.IsZero() {
		timer.Stop()
		return
	}
	timer.Reset(max(time.Until(next), 0))
}

// expire begins watches that are due and sends again what was not stored.
func (s *shipper) expire(now time.Time) {
	for len(s.later) > 0 && !s.later[0].at.After(now) {
		t := s.later[0].t
		s.later = s.later[1:]
		if s.tails[t.key] == t && !t.final {
			s.watch(t)
		}
	}
	for k, t := range s.tails {
		if t.sent > t.stored && now.Sub(t.sentAt) >= resendAfter {
			t.sent = t.stored
			s.dirty[k] = t
		}
	}
}

func (s *shipper) watch(t *tail) {
	if err := s.files.Add(t.dir); errors.Is(err, fs.ErrNotExist) {
		return // it has ended and is gone
	} else if err != nil {
		s.log.Warn("cannot follow a log; it is sent when its job ends", "attempt", t.key.String(), "err", err)
		return
	}
	t.watched = true
	s.dirs[t.dir] = t
	s.dirty[t.key] = t // what was written before the watch began
}

// pump sends what the windows allow, several attempts' output in a message.
func (s *shipper) pump(ctx context.Context) {
	var batch []turno.LogChunk
	size := 0
	flush := func() {
		if len(batch) > 0 {
			s.send(ctx, batch)
			batch, size = nil, 0
		}
	}
	for k, t := range s.dirty {
		for t.sent-t.stored < logWindow {
			c, err := t.read()
			if err != nil {
				s.log.Warn("cannot read a log", "attempt", k.String(), "err", err)
			}
			if len(c.Data) == 0 {
				break
			}
			t.sent += int64(len(c.Data))
			t.sentAt = time.Now()
			batch = append(batch, c)
			if size += len(c.Data); size >= logBatch {
				flush()
			}
		}
		delete(s.dirty, k)
	}
	flush()
}

func (s *shipper) send(ctx context.Context, batch []turno.LogChunk) {
	body, err := json.Marshal(batch)
	if err == nil {
		err = s.broker.Send(ctx, s.stream, body)
	}
	if err != nil && ctx.Err() == nil {
		s.log.Warn("did not send logs; they are sent again", "err", err)
	}
}

// read gives the next piece that was not sent.
func (t *tail) read() (turno.LogChunk, error) {
	c := turno.LogChunk{AttemptKey: t.key, Offset: t.sent}
	file, err := os.Open(filepath.Join(t.dir, child.LogFile))
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return c, err
	}
	defer file.Close()
	buf := make([]byte, logChunk)
	n, err := file.ReadAt(buf, t.sent)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	c.Data = buf[:n]
	return c, err
}

// logSize is how much output an attempt has left.
func logSize(dir string) int64 {
	info, err := os.Stat(filepath.Join(dir, child.LogFile))
	if err != nil {
		return 0
	}
	return info.Size()
}
