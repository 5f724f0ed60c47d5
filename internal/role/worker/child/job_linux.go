package child

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"turno/internal/failpoint"
)

// opPresence is the keeper's own: an agent has come or gone.
const opPresence op = "presence"

// retryExit is how often an exit is written again that a full disk refused.
const retryExit = 5 * time.Second

// order is what a job is told.
type order struct {
	op     op
	signal unix.Signal
	grace  time.Duration // or lease, or silence
	do     func()        // of opEnter
}

// job is one command from its launch to its exit, in the keeper.
type job struct {
	// constant
	keeper *keeper
	id     string
	grace  time.Duration
	place  place
	orders chan order
	deaf   chan struct{} // closed when orders are not taken any more

	// guarded by keeper.mu
	wires map[*wire]bool // of agents that hold it
	main  int            // written by run only; 0 before the start
	desk  *desk          // its own terminal or input; nil: none
	stuck string         // what of it KILL does not end

	// owned by run
	spec                  Spec
	tree                  tree
	group                 *tree2   // the tree, if it is one
	log                   *logPipe // nil in a guard
	forker                *forker
	inside                visitors
	exit                  Exit
	killAt                time.Time // when killing is set
	limit, lease, killing *time.Timer
	late                  *time.Timer // until what was killed is stuck
}

func newJob(k *keeper, l *launchRequest, w *wire) *job {
	return &job{
		keeper: k, id: l.Spec.ID, grace: l.Spec.Grace, spec: l.Spec, place: l.Place,
		orders: make(chan order), deaf: make(chan struct{}),
		wires: map[*wire]bool{w: true},
		limit: stopped(), lease: stopped(), killing: stopped(), late: stopped(),
	}
}

// stopped is a timer that has not been set.
func stopped() *time.Timer {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
}

// tell hands over an order. What comes when the job has ended is dropped.
func (j *job) tell(o order) {
	select {
	case j.orders <- o:
	case <-j.deaf:
	}
}

func (j *job) run() {
	end, err := j.start()
	if err != nil {
		j.fail(err)
		return
	}
	_ = failpoint.Hit(failpoint.ChildForked)
	j.send(event{ID: j.id, Started: j.main})
	if j.spec.TimeLimit > 0 {
		j.limit.Reset(j.spec.TimeLimit)
	}
	j.watchLease(0)
	e := j.hold(end)
	j.finish(e)
}

// start makes the place and starts the command in it.
func (j *job) start() (<-chan ended, error) {
	path, err := lookup(&j.spec)
	if err != nil {
		return nil, err
	}
	if n := j.spec.Limits.OpenFiles; n > 0 {
		if err := limitFiles(uint64(n)); err != nil {
			return nil, err
		}
	}
	if err := j.settleIn(); err != nil {
		return nil, err
	}
	env := j.spec.Env
	if j.place.Mark != "" {
		env = append(env[:len(env):len(env)], markName+"="+j.place.Mark)
	}
	l := launch{
		path: path, spec: &j.spec, env: env, place: j.place, tree: j.tree,
		score: j.keeper.score,
	}
	if j.keeper.mode != cmdKeeper {
		j.forker = newForker(j.spec.NoNewPrivileges)
		l.forker = j.forker
	}
	closeFiles, err := j.files(&l)
	if err != nil {
		return nil, err
	}
	j.exit.StartedAt = time.Now()
	pid, end, err := j.keeper.reaper.fork(l.start)
	closeFiles()
	if err != nil {
		return nil, err
	}
	j.keeper.mu.Lock()
	j.main = pid
	j.keeper.mu.Unlock()
	return end, nil
}

// settleIn makes the place, or is given one, and the tree in it.
func (j *job) settleIn() (err error) {
	if j.place.Lane {
		j.group, err = j.keeper.lane(j.place.Group)
		j.tree = j.group
		return err
	}
	if err := j.place.make(j.spec.Limits); err != nil {
		return err
	}
	switch j.place.Rung {
	case rungV2:
		j.group, err = openTree2(j.place.Group)
		j.tree = j.group
	case rungV1:
		j.tree = tree1{j.place.Group}
	default:
		j.tree = sweep{j.keeper.reaper}
	}
	return err
}

// files gives the launch its standard streams. The returned function closes
// what only the child needs.
func (j *job) files(l *launch) (func(), error) {
	if j.keeper.mode == cmdGuard {
		for i, file := range j.keeper.stdio {
			l.files[i] = file.Fd()
		}
		return func() {
			for _, file := range j.keeper.stdio {
				_ = file.Close()
			}
		}, nil
	}
	if j.spec.Terminal != nil {
		return j.openTerminal(l)
	}
	log, err := openLog(j.spec.Dir, j.spec.Limits.LogBytes)
	if err != nil {
		return nil, err
	}
	j.log = log
	log.begin(j.spec.Note)
	go log.copy()
	l.files = [3]uintptr{j.keeper.null.Fd(), log.write.Fd(), log.write.Fd()}
	if j.spec.Stdin {
		return j.openInput(l)
	}
	return func() { _ = log.write.Close() }, nil
}

// limitFiles sets this process's own limit, which the job inherits.
func limitFiles(n uint64) error {
	var now unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &now); err != nil {
		return fmt.Errorf("get limit of open files: %w", err)
	}
	n = min(n, now.Max)
	if err := syscall.Setrlimit(unix.RLIMIT_NOFILE, &syscall.Rlimit{Cur: n, Max: n}); err != nil {
		return fmt.Errorf("set limit of open files: %w", err)
	}
	return nil
}

// hold obeys orders and clocks until the main process has ended.
func (j *job) hold(end <-chan ended) ended {
	defer close(j.deaf)
	for {
		select {
		case e := <-end:
			return e
		case o := <-j.orders:
			j.obey(o)
		case <-j.limit.C:
			j.exit.TimedOut = true
			j.stop(j.spec.Grace)
		case <-j.lease.C:
			if left := j.leaseLeft(); left > 0 {
				j.lease.Reset(left)
				continue
			}
			j.exit.LeaseExpired = true
			j.stop(j.spec.Grace)
		case <-j.killing.C:
			if err := j.tree.kill(); err != nil {
				slog.Error("killing a tree failed", "attempt", j.id, "err", err)
			}
			j.late.Reset(killPatience)
		case <-j.late.C:
			j.sayStuck()
		}
	}
}

func (j *job) obey(o order) {
	switch o.op {
	case opPresence: // news may come in any order: look
		j.watchLease(o.grace)
	case opLease:
		j.spec.Lease = o.grace
		j.watchLease(0)
	case opStop:
		j.exit.Stopped = true
		j.stop(o.grace)
	case opSignal:
		// Not reaped yet, so the group's id is not another's.
		_ = unix.Kill(-j.main, o.signal)
	case opHangup:
		j.hangUp()
	case opEnter:
		o.do()
	}
}

// watchLease sets the clock for when an agent is gone, or is silent. One that
// had been silent for long before it went has used up that much of the lease.
func (j *job) watchLease(silence time.Duration) {
	switch present := len(j.holders()) > 0; {
	case present && j.spec.Lease > 0:
		j.lease.Reset(j.spec.Lease)
	case present:
		j.lease.Stop()
	case silence > j.spec.Lease/2:
		j.lease.Reset(max(j.spec.Lease-silence, 0))
	default:
		j.lease.Reset(j.spec.Lease)
	}
}

// leaseLeft is what an agent that is there has left, by its last beat.
func (j *job) leaseLeft() time.Duration {
	var left time.Duration
	for _, w := range j.holders() {
		left = max(left, j.spec.Lease-w.silence())
	}
	return left
}

// stop asks every process to end and sets the time to kill them; a later call
// can only bring that forward.
func (j *job) stop(grace time.Duration) {
	at := time.Now().Add(grace)
	if first := j.killAt.IsZero(); first || at.Before(j.killAt) {
		j.killAt = at
		j.killing.Reset(max(0, grace))
	}
	if grace <= 0 {
		return
	}
	pids, err := j.tree.members()
	if err != nil {
		slog.Error("listing a tree failed", "attempt", j.id, "err", err)
	}
	for _, pid := range pids {
		_ = unix.Kill(pid, unix.SIGTERM)
		_ = unix.Kill(pid, unix.SIGCONT) // one that is stopped could not take it
	}
}

// finish ends what is left of the tree and tells the exit.
func (j *job) finish(e ended) {
	j.exit.EndedAt = time.Now()
	j.exit.Code = e.status.ExitStatus()
	if e.status.Signaled() {
		j.exit.Code = 128 + int(e.status.Signal())
		j.exit.Signal = signalName(e.status.Signal())
	}
	late := time.AfterFunc(killPatience, j.sayStuck)
	orphans, err := j.tree.end()
	late.Stop()
	if err != nil {
		slog.Error("ending a tree failed", "attempt", j.id, "err", err)
	}
	use := e.usage
	if j.keeper.mode != cmdKeeper {
		// All descendants are this job's, also those that left its group.
		n, err := sweep{j.keeper.reaper}.end()
		if err != nil {
			slog.Error("sweeping failed", "attempt", j.id, "err", err)
		}
		orphans = max(orphans, n)
		use.add(j.keeper.reaper.orphaned())
	}
	if use.maxRSS <= ownPeak() { // a child has this process's own until its exec
		use.maxRSS = 0
	}
	j.exit.Orphans = orphans
	j.exit.MaxRSSBytes, j.exit.UserTime, j.exit.SystemTime = use.maxRSS, use.user, use.system
	j.exit.OOMKilled, j.exit.ProcessesRefused = j.place.oomKills() > 0, j.place.refused()
	j.leave()
	j.inside.wait()
	if j.log != nil {
		j.desk.release()
		j.log.finish()
		j.exit.LogBytes, j.exit.LogDropped = j.log.kept, j.log.dropped
		j.desk.close()
	}
	j.report()
}

// killPatience is what the kernel may take to end what was killed: a process
// frees its memory first, and a hundred gigabytes take seconds.
const killPatience = 10 * time.Second

// sayStuck tells what is still there long after it was killed.
func (j *job) sayStuck() {
	pids, _ := j.tree.members()
	var all []string
	for _, pid := range pids[:min(len(pids), 5)] {
		name, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/comm")
		if s, err := readStat(pid); err == nil {
			all = append(all, fmt.Sprintf("process %d (%s, state %c)", pid, strings.TrimSpace(string(name)), s.state))
		}
	}
	text := fmt.Sprintf("%s did not end within %s of KILL", strings.Join(all, ", "), killPatience)
	if more := len(pids) - len(all); more > 0 {
		text = fmt.Sprintf("%d more and ", more) + text
	}
	j.keeper.mu.Lock()
	j.stuck = text
	j.keeper.mu.Unlock()
	j.send(event{ID: j.id, Stuck: text})
}

// ownPeak is the most memory that this process has had, in bytes.
func ownPeak() int64 {
	var own unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &own) != nil {
		return 0
	}
	return own.Maxrss << 10
}

// leave gives up the place, which is empty.
func (j *job) leave() {
	if j.place.Lane {
		if j.group != nil {
			j.keeper.free(j.group)
		}
		return
	}
	if j.group != nil {
		j.group.close()
	}
	if err := j.place.remove(); err != nil {
		slog.Warn("removing a group failed", "attempt", j.id, "err", err)
	}
}

// fail ends a job that was never started.
func (j *job) fail(err error) {
	j.leave()
	if j.log != nil {
		j.log.finish()
	}
	close(j.deaf)
	if failed, ok := errors.AsType[*SetupFailed](err); ok {
		j.exit.Code, j.exit.Setup = failed.Code, failed.Message
	} else {
		j.exit.Lost, j.exit.Code, j.exit.Setup = true, 126, "the worker could not start it: "+err.Error()
	}
	j.exit.EndedAt = time.Now()
	j.report()
}

// report makes the exit durable, then tells it. A disk that refuses is asked
// again while no agent is there to be told.
func (j *job) report() {
	for {
		err := j.record()
		if err == nil {
			break
		}
		slog.Error("writing an exit failed", "attempt", j.id, "err", err)
		if len(j.holders()) > 0 || errors.Is(err, os.ErrNotExist) {
			break // an agent is told, or has removed the directory
		}
		<-time.After(retryExit)
	}
	_ = failpoint.Hit(failpoint.ChildWritten)
	j.keeper.ended(j)
}

func (j *job) record() error {
	if err := failpoint.Hit(failpoint.ChildEnded); err != nil {
		return err
	}
	switch j.keeper.mode {
	case cmdShim:
		return writeExit(j.spec.Dir, j.exit)
	case cmdKeeper:
		return j.keeper.journal.add(j.id, j.exit)
	}
	return nil // a runner's exit is of use to its agent only
}

// holders are the connections of agents that hold the job now.
func (j *job) holders() []*wire {
	j.keeper.mu.Lock()
	defer j.keeper.mu.Unlock()
	return slices.Collect(maps.Keys(j.wires))
}

func (j *job) send(e event) {
	for _, w := range j.holders() {
		_ = w.send(e)
	}
}

func signalName(s syscall.Signal) string {
	if name := unix.SignalName(s); name != "" {
		return strings.TrimPrefix(name, "SIG")
	}
	return strconv.Itoa(int(s))
}
