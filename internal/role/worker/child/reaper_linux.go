package child

import (
	"os"
	"os/signal"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// ended is what the kernel tells of a process that was waited for.
type ended struct {
	status unix.WaitStatus
	usage  usage
}

type usage struct {
	maxRSS       int64 // bytes
	user, system time.Duration
}

func (u *usage) add(other usage) {
	u.maxRSS = max(u.maxRSS, other.maxRSS)
	u.user += other.user
	u.system += other.system
}

// reaper waits for every child of this process: jobs, and orphans that have
// become its children. So nothing else here may wait for a child.
type reaper struct {
	mu sync.Mutex // guards what follows, and lets nothing be reaped meanwhile

	mains   map[int]chan ended
	forks   int           // under way
	early   map[int]ended // reaped meanwhile: a main, an orphan, or what could not exec
	orphans usage
	changed chan struct{} // closed and made anew when something was reaped
}

func newReaper() *reaper {
	r := &reaper{mains: map[int]chan ended{}, early: map[int]ended{}, changed: make(chan struct{})}
	signals := make(chan os.Signal, 1) // one is enough: reap takes all there are
	signal.Notify(signals, unix.SIGCHLD)
	go func() {
		for range signals {
			r.reap()
		}
	}()
	return r
}

// fork calls start, which returns a new child, and returns where its end will
// be told.
func (r *reaper) fork(start func() (int, error)) (int, <-chan ended, error) {
	r.mu.Lock()
	r.forks++
	r.mu.Unlock()
	pid, err := start()
	r.mu.Lock()
	defer r.mu.Unlock()
	end := make(chan ended, 1)
	if err == nil {
		r.mains[pid] = end
		if e, ok := r.early[pid]; ok {
			delete(r.early, pid)
			r.tell(pid, e)
		}
	}
	if r.forks--; r.forks == 0 {
		for pid, e := range r.early {
			delete(r.early, pid)
			r.tell(pid, e)
		}
	}
	return pid, end, err
}

// tell hands on the end of a child. Callers hold mu.
func (r *reaper) tell(pid int, e ended) {
	end, ok := r.mains[pid]
	switch {
	case ok:
		delete(r.mains, pid)
		end <- e
	case r.forks > 0:
		r.early[pid] = e
	default:
		r.orphans.add(e.usage)
	}
}

// next is closed when the next child has been reaped.
func (r *reaper) next() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.changed
}

// reap waits for all children that have ended, and tells whether there is no
// child at all any more.
func (r *reaper) reap() (childless bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	reaped := false
	for {
		var status unix.WaitStatus
		var rusage unix.Rusage
		pid, err := unix.Wait4(-1, &status, unix.WNOHANG, &rusage)
		if err == unix.EINTR {
			continue
		}
		if pid <= 0 {
			if reaped {
				close(r.changed)
				r.changed = make(chan struct{})
			}
			return err == unix.ECHILD
		}
		reaped = true
		u := usage{
			maxRSS: rusage.Maxrss << 10,
			user:   time.Duration(rusage.Utime.Nano()),
			system: time.Duration(rusage.Stime.Nano()),
		}
		r.tell(pid, ended{status, u})
	}
}

// orphaned returns what the orphans reaped so far have used.
func (r *reaper) orphaned() usage {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.orphans
}
