package child

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// The hidden commands, each with one argument, the directory of its socket.
const (
	cmdShim   = "__shim"   // one job
	cmdKeeper = "__keeper" // many
	cmdGuard  = "__guard"  // one, with the agent's pipes, that ends with the agent
)

// Main serves the hidden commands, for the program's first lines: if ok, args
// (without the program's name) were one of them, it has run to its end, and
// the program has to exit with code.
func Main(args []string) (code int, ok bool) {
	if code, is := asFirst(args); is {
		return code, true
	}
	if len(args) != 2 {
		return 0, false
	}
	switch args[0] {
	case cmdShim, cmdKeeper, cmdGuard:
		if os.Getenv("GOGC") == "" {
			debug.SetGCPercent(400) // of a heap of a megabyte
		}
		if err := serve(args[0], args[1]); err != nil {
			slog.Error("keeping jobs failed", "err", err)
			return 1, true
		}
		return 0, true
	}
	return 0, false
}

// keeper holds jobs and the connections to agents. It is the whole of its
// process: its goroutines end with that.
type keeper struct {
	mode    string
	reaper  *reaper
	null    *os.File
	stdio   [3]*os.File // a guard's: the runner's
	journal *journal    // a shared keeper's
	score   *score

	idle chan struct{} // closed when there is nothing left to do

	mu     sync.Mutex // guards what follows
	lanes  []*tree2   // groups that are free
	made   int        // lanes
	base   place      // where they are; none before opBase
	jobs   map[string]*job
	closed map[string]bool // ids that must not be started any more
	wires  int
}

func serve(mode, dir string) error {
	closeInherited(mode)
	unix.Umask(0o077)
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("become subreaper: %w", err)
	}
	none := unix.Rlimit{}
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &none); err != nil {
		return fmt.Errorf("forbid core files: %w", err)
	}
	if err := boundProcesses(); err != nil {
		return err
	}
	k, err := newKeeper(mode, dir)
	if err != nil {
		return err
	}
	agent, err := fileWire(os.NewFile(3, "lifeline"))
	if err != nil {
		return fmt.Errorf("take lifeline: %w", err)
	}
	go k.stopOnSignal()
	if mode != cmdGuard {
		listener, err := listen(dir)
		if err != nil {
			return err
		}
		go k.accept(listener)
	}
	go k.talk(agent)
	<-k.idle
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.base.remove()
}

// maxUserProcesses bounds the processes and threads of one user together, where
// jobs have users of their own: it costs nothing, and holds also for jobs that
// have no group with such a limit. For root's own it means nothing.
const maxUserProcesses = 16384

func boundProcesses() error {
	var now unix.Rlimit
	if os.Geteuid() != 0 || unix.Getrlimit(unix.RLIMIT_NPROC, &now) != nil || now.Max <= maxUserProcesses {
		return nil
	}
	if err := unix.Setrlimit(unix.RLIMIT_NPROC, &unix.Rlimit{Cur: maxUserProcesses, Max: maxUserProcesses}); err != nil {
		return fmt.Errorf("bound the processes of a user: %w", err)
	}
	return nil
}

func newKeeper(mode, dir string) (*keeper, error) {
	k := &keeper{
		mode: mode, reaper: newReaper(), idle: make(chan struct{}),
		jobs: map[string]*job{}, closed: map[string]bool{}, wires: 1,
	}
	var err error
	if k.null, err = os.OpenFile(os.DevNull, os.O_RDWR, 0); err != nil {
		return nil, err
	}
	if k.score, err = openScore(); err != nil {
		return nil, err
	}
	switch mode {
	case cmdKeeper:
		k.journal, err = openJournal(dir)
	case cmdGuard:
		for i := range k.stdio {
			k.stdio[i] = os.NewFile(uintptr(4+i), "stdio")
		}
	}
	return k, err
}

// acceptPause lies between tries when an agent could not be let in: no
// descriptor may have been free.
const acceptPause = time.Second

func (k *keeper) accept(listener *net.UnixListener) {
	for {
		conn, err := listener.AcceptUnix()
		if err != nil {
			slog.Error("letting an agent in failed", "err", err)
			<-time.After(acceptPause)
			continue
		}
		k.mu.Lock()
		k.wires++
		k.mu.Unlock()
		go k.talk(newWire(conn))
	}
}

// closeInherited closes what the agent was started with and did not mean for
// this process: it has survived an exec, and nothing here has yet opened such.
func closeInherited(mode string) {
	meant := map[int]bool{0: true, 1: true, 2: true, 3: true}
	if mode == cmdGuard {
		meant[4], meant[5], meant[6] = true, true, true
	}
	names, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		slog.Warn("listing descriptors failed", "err", err)
	}
	for _, name := range names {
		fd, _ := strconv.Atoi(name.Name())
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		switch {
		case err != nil || flags&unix.FD_CLOEXEC != 0 || fd <= 2:
		case meant[fd]:
			unix.CloseOnExec(fd)
		default:
			_ = unix.Close(fd)
		}
	}
}

// stopOnSignal stops all jobs, with their grace, when the machine shuts down.
func (k *keeper) stopOnSignal() {
	signals := make(chan os.Signal, 1)
	// Taken, not ignored: what is ignored stays so in the jobs.
	signal.Notify(signals, unix.SIGTERM, unix.SIGINT, unix.SIGHUP, unix.SIGPIPE)
	for s := range signals {
		if s == unix.SIGHUP || s == unix.SIGPIPE {
			continue
		}
		k.mu.Lock()
		for _, j := range k.jobs {
			go j.tell(order{op: opStop, grace: j.grace})
		}
		k.mu.Unlock()
	}
}

// talk serves one agent until it goes. Its jobs have their lease from then on.
func (k *keeper) talk(w *wire) {
	attached := map[*job]bool{}
	err := w.send(event{})
	for err == nil {
		var r request
		err = w.decoder.Decode(&r)
		if err == nil && r.Op == opBeat {
			w.beat.Store(int64(time.Since(epoch)))
			continue
		}
		if err == nil && r.Op == opOpen {
			k.converse(w, r)
			err = io.EOF
		}
		if err == nil {
			if j := k.obey(w, r); j != nil {
				attached[j] = true
			}
		}
	}
	if !errors.Is(err, io.EOF) {
		slog.Warn("agent's connection broke", "err", err)
	}
	_ = w.conn.Close()
	k.mu.Lock()
	for j := range attached {
		delete(j.wires, w)
	}
	k.wires--
	k.rest()
	k.mu.Unlock()
	silence := w.silence()
	for j := range attached {
		j.tell(order{op: opPresence, grace: silence})
	}
}

// obey does what an agent asks; it returns the job that the agent now holds.
func (k *keeper) obey(w *wire, r request) *job {
	switch {
	case r.Op == opStart && r.Launch != nil:
		j := k.launch(w, r.Launch)
		if j == nil {
			_ = w.send(event{ID: r.ID, Error: "the attempt was started before, or given up"})
			return nil
		}
		go j.run()
		return j
	case r.Op == opBase && r.Launch != nil:
		k.mu.Lock()
		defer k.mu.Unlock()
		k.base = r.Launch.Place
		return nil
	case r.Op == opAttach:
		j, main := k.attach(w, r.ID)
		if j == nil {
			_ = w.send(event{ID: r.ID, Unknown: true})
			return nil
		}
		_ = w.send(event{ID: r.ID, Attached: true, Started: main})
		k.mu.Lock()
		stuck := j.stuck
		k.mu.Unlock()
		if stuck != "" {
			_ = w.send(event{ID: r.ID, Stuck: stuck})
		}
		j.tell(order{op: opPresence})
		return j
	}
	if r.Op == opForget && k.journal != nil {
		if err := k.journal.forget(r.IDs); err != nil {
			slog.Warn("forgetting exits failed", "err", err)
		}
		return nil
	}
	k.mu.Lock()
	j := k.jobs[r.ID]
	k.mu.Unlock()
	if j != nil { // else it has ended: whoever asks is told or has been
		j.tell(order{op: r.Op, signal: unix.Signal(r.Signal), grace: r.Duration})
	}
	return nil
}

func (k *keeper) launch(w *wire, l *launchRequest) *job {
	k.mu.Lock()
	defer k.mu.Unlock()
	id := l.Spec.ID
	if k.jobs[id] != nil || k.closed[id] || k.mode != cmdKeeper && len(k.closed) > 0 {
		return nil
	}
	j := newJob(k, l, w)
	k.jobs[id] = j
	if k.mode != cmdKeeper {
		k.closed[id] = true
	}
	return j
}

func (k *keeper) attach(w *wire, id string) (j *job, main int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	j = k.jobs[id]
	if j == nil {
		k.closed[id] = true // its start may still be on another connection
		return nil, 0
	}
	j.wires[w] = true
	return j, j.main
}

// ended forgets a job whose exit is written and tells the exit. Who attaches
// after that finds the file.
func (k *keeper) ended(j *job) {
	k.mu.Lock()
	delete(k.jobs, j.id)
	wires := slices.Collect(maps.Keys(j.wires))
	k.mu.Unlock()
	for _, w := range wires {
		_ = w.send(event{ID: j.id, Exit: &j.exit})
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.rest()
}

// rest ends the keeper if nothing is left to do: no job, and either no agent
// or no job to come. Callers hold mu.
func (k *keeper) rest() {
	done := len(k.jobs) == 0 && (k.wires == 0 || k.mode != cmdKeeper && len(k.closed) > 0)
	select {
	case <-k.idle:
	default:
		if done {
			close(k.idle)
		}
	}
}

// lane returns a free group below base: making one costs more than a short job.
func (k *keeper) lane(base string) (*tree2, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if n := len(k.lanes); n > 0 {
		lane := k.lanes[n-1]
		k.lanes = k.lanes[:n-1]
		return lane, nil
	}
	k.made++
	dir := fmt.Sprintf("%s/turno-lane-%d", base, k.made)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make cgroup: %w", err)
	}
	return openTree2(dir)
}

// free takes a lane back; it is empty. One that was killed in is spent.
func (k *keeper) free(lane *tree2) {
	if lane.killed {
		lane.close()
		if err := os.Remove(lane.dir); err != nil {
			slog.Warn("removing a group failed", "group", lane.dir, "err", err)
		}
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.lanes = append(k.lanes, lane)
}
