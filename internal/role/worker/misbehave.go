package worker

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"turno"
	"turno/internal/role/worker/child"
)

// What a runner child may do, and what is done about one that does more: its
// own job fails and says for what, a fresh child takes the next.

const (
	// endTime is what a child that is used no more has to end by itself; it is
	// longer than runner.DefaultDrain.
	endTime = 8 * time.Second
	// settleTime is what a child has between closing its output and its end.
	settleTime = time.Second
	// guardEvery is how long a job may flood its log's disk unseen.
	guardEvery = time.Second
	// wordsKept of a child's standard error are for the reason of its end.
	wordsKept = 2 << 10
	// wordsLogged of one child go to the worker's log; the rest is counted.
	wordsLogged = 64 << 10
)

// lateEnd is the end of a run in a child that must go first: only then its
// devices and its memory are free, and how it ended is known.
type lateEnd struct {
	run    *run
	result *turno.Result
}

// retire gives a child no further run, and ends it once it has none. Under mu.
func (p *pool) retire(c *warm) {
	c.retired = true
	if len(c.runs) > 0 || c.ending != nil || c.conn == nil {
		return
	}
	c.conn.Close()
	process := c.process
	if !errors.Is(c.conn.Err(), io.EOF) && (len(c.late) > 0 || c.conn.Err() != nil) {
		_ = process.Kill() // it may have ended; one that closes its output does so by itself, see settle
	}
	c.ending = time.AfterFunc(endTime, func() { _ = process.Kill() })
}

// tidy retires a child that must not be used again: it broke or was poisoned,
// has done its share, has grown, or is one idle child too many. Under mu.
func (p *pool) tidy(c *warm) {
	if c.conn == nil {
		return
	}
	idle := 0
	for _, x := range c.group.children {
		if len(x.runs) == 0 && !x.retired {
			idle++
		}
	}
	if c.conn.Spent() != nil || (len(c.runs) == 0 && idle > keepIdle) || (!c.retired && p.spent(c)) || c.retired {
		p.retire(c)
	}
}

// spent tells whether an engine's child has had its last run.
// Under mu.
func (p *pool) spent(c *warm) bool {
	e := p.role.engine(c.group.key.class)
	if e == nil || len(c.runs) > 0 || c.served == 0 {
		return false
	}
	if e.Mode == modeCold || (e.Jobs > 0 && c.served >= e.Jobs) {
		return true
	}
	if e.Growth == 0 {
		return false
	}
	now := residentMemory(c.process.PID())
	if c.memory == 0 {
		c.memory = now
	}
	if now-c.memory <= e.Growth {
		return false
	}
	p.role.log.Warn("replaces a runner that has grown", "engine", e.Name, "before", c.memory, "now", now)
	return true
}

// residentMemory of a process in bytes; 0: not known.
func residentMemory(pid int) int64 {
	data, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "statm"))
	if fields := strings.Fields(string(data)); err == nil && len(fields) > 1 {
		pages, _ := strconv.ParseInt(fields[1], 10, 64)
		return pages * int64(os.Getpagesize())
	}
	return 0
}

// kill ends a run's child for a reason, which becomes the run's. Runs beside it
// in the same child are lost, not failed: they go again.
func (p *pool) kill(r *run, fault string) {
	p.state.mu.Lock()
	defer p.state.mu.Unlock()
	if r.child.runs[r.a.key.String()] != r {
		return // has ended
	}
	r.fault = fault
	for _, other := range r.child.runs {
		if other != r {
			other.beside = fault
		}
	}
	_ = r.child.process.Kill() // it may have ended by itself
}

// guard looks now and then how much a run has written to its log: the program
// writes there itself, and only turno's own keep the bound. Under mu.
func (p *pool) guard(r *run) {
	path := filepath.Join(r.a.dir, child.LogFile)
	r.guard = time.AfterFunc(guardEvery, func() {
		size := fileSize(path)
		if most := p.role.o.LogBytes; size > most+most/4 {
			p.kill(r, fmt.Sprintf("it flooded its log: %d bytes, of which at most %d are kept", size, most))
			return
		}
		p.state.mu.Lock()
		defer p.state.mu.Unlock()
		if r.child.runs[r.a.key.String()] == r {
			p.guard(r)
		}
	})
}

// trim cuts what a run has written beyond what is kept.
func (p *pool) trim(r *run) {
	path := filepath.Join(r.a.dir, child.LogFile)
	if r.guard == nil || fileSize(path) <= p.role.o.LogBytes {
		return
	}
	if err := os.Truncate(path, p.role.o.LogBytes); err != nil {
		p.role.log.Warn("did not cut a log", "attempt", r.a.key.String(), "err", err)
	}
}

func fileSize(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// settle lets a child that has closed its output end by itself, so that its own
// exit status is known.
func (c *warm) settle() {
	if !errors.Is(c.conn.Err(), io.EOF) {
		return
	}
	timer := time.NewTimer(settleTime)
	defer timer.Stop()
	select {
	case <-c.process.Done():
	case <-timer.C:
	}
}

// last is the result of a run whose child is gone.
func (c *warm) last(l lateEnd, exit child.Exit) *turno.Result {
	if err := c.conn.Err(); l.run.why == "" && l.run.fault == "" && errors.Is(err, io.EOF) && l.result.Reason == turno.ReasonRunnerFailed {
		l.result.Message = c.explain(errors.New("its runner ended under it"), exit).Error()
	}
	if exit.OOMKilled && l.run.why == "" {
		l.result.Reason = turno.ReasonHostOOM
	}
	return l.result
}

// explain adds to an error how a child ended and what it said last.
func (c *warm) explain(err error, exit child.Exit) error {
	how := fmt.Sprintf("exit status %d", exit.Code)
	switch {
	case exit.Setup != "":
		how = exit.Setup
	case exit.OOMKilled:
		how = "killed for its memory"
	case exit.Stopped:
		how = "" // by its agent, after the error
	case exit.Signal != "":
		how = "signal " + exit.Signal
	}
	if how != "" {
		err = fmt.Errorf("%w (%s)", err, how)
	}
	if said := c.words.last(); said != "" {
		err = fmt.Errorf("%w; it said: %s", err, said)
	}
	return err
}

// lastWords takes what a runner says of its own trouble: some of it goes to the
// worker's log, and its last line to the reason of its end.
type lastWords struct {
	log   *slog.Logger
	class string

	heard
}

type heard struct {
	mu     sync.Mutex
	tail   []byte
	logged int
}

func (l *lastWords) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tail = append(l.tail, text[max(0, len(text)-wordsKept):]...)
	l.tail = l.tail[max(0, len(l.tail)-wordsKept):]
	if l.logged < wordsLogged {
		l.log.Warn("runner said", "class", l.class, "text", strings.TrimSpace(string(text)))
	} else if l.logged < wordsLogged+len(text) {
		l.log.Warn("runner says too much; the rest is left out", "class", l.class)
	}
	l.logged += len(text)
	return len(text), nil
}

// last is the last line that says something.
func (l *lastWords) last() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	lines := strings.Split(strings.TrimSpace(string(l.tail)), "\n")
	return firstLine(strings.TrimSpace(lines[len(lines)-1]))
}
