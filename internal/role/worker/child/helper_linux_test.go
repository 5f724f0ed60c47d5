package child

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"turno/internal/testenv"
)

// The test binary plays every part: the hidden commands, and the helpers
// below, which jobs and agents in tests are made of.
func TestMain(m *testing.M) {
	if code, ok := Main(os.Args[1:]); ok {
		os.Exit(code)
	}
	if len(os.Args) > 1 {
		if helper, ok := helpers[os.Args[1]]; ok {
			helper(os.Args[2:])
			os.Exit(0)
		}
	}
	os.Exit(m.Run())
}

// patience is a bound for what is certain to come, on a loaded machine.
const patience = 60 * time.Second

func patient(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func self(t testing.TB) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// shell is a spec of a shell script.
func shell(t testing.TB, script string) Spec {
	t.Helper()
	return Spec{
		ID: "test", Dir: filepath.Join(t.TempDir(), "attempt"),
		Command: []string{"/bin/sh", "-c", script}, WorkDir: t.TempDir(),
		Env:   []string{"PATH=/usr/local/bin:/usr/bin:/bin"},
		Lease: patience, Grace: time.Second,
	}
}

// termer is a spec of helper "term".
func termer(t testing.TB, f *fifo, code string) Spec {
	s := shell(t, "")
	s.Command = []string{self(t), "term", f.path, code}
	return s
}

func wait(t testing.TB, p *Process) Exit {
	t.Helper()
	e, err := p.Wait(patient(t))
	if err != nil {
		t.Fatalf("wait: %v", err)
	}
	return e
}

func logOf(t testing.TB, s Spec) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(s.Dir, LogFile))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return string(data)
}

// begin starts a spec on what Probe finds.
func begin(t testing.TB, s Spec) *Process { return beginOn(t, s, Probe()) }

func beginOn(t testing.TB, s Spec, c Capability) *Process {
	t.Helper()
	p, err := start(patient(t), s, c)
	if err != nil {
		t.Fatalf("start: %v", err)
	}
	t.Cleanup(func() {
		_ = p.Stop(0)
		<-p.Done()
	})
	return p
}

// eachRung runs a test on each rung of the ladder that this machine has.
func eachRung(t *testing.T, test func(*testing.T, Capability)) {
	c := Probe()
	try := func(name string, has bool, change func(*Capability)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !has {
				testenv.Need(t, testenv.CgroupNeed)
				t.Fatal("there is a writable v2 cgroup, but Probe found none")
			}
			c := c
			change(&c)
			test(t, c)
		})
	}
	v2 := c.roots.v2 != ""
	try("v2", v2, func(c *Capability) { c.Rung = rungV2 })
	try("v2 without clone3", v2, func(c *Capability) { c.Rung = rungV2; c.roots.clone = false })
	if c.roots.freezer != "" { // a machine with v2 alone has no such rung
		try("v1", true, func(c *Capability) { c.Rung = rungV1 })
	}
	try("sweep", true, func(c *Capability) { c.Rung = rungSweep; c.roots.limits = nil })
}

// fifo is where processes of a job tell the test something, a line each.
type fifo struct {
	path  string
	lines *bufio.Scanner
	t     testing.TB
}

func newFifo(t testing.TB) *fifo {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(path, 0o622); err != nil {
		t.Fatal(err)
	}
	// Open for both: it neither waits for a writer nor ends with the last.
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	if err := file.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return &fifo{path, bufio.NewScanner(file), t}
}

func (f *fifo) line() string {
	f.t.Helper()
	if !f.lines.Scan() {
		f.t.Fatalf("read fifo: %v", f.lines.Err())
	}
	return f.lines.Text()
}

// process reads a line with a process id and holds on to that process.
func (f *fifo) process() *witness {
	f.t.Helper()
	pid, err := strconv.Atoi(f.line())
	if err != nil {
		f.t.Fatal(err)
	}
	return watch(f.t, pid)
}

// witness is a pidfd: it cannot be mistaken for another process.
type witness struct {
	pid  int
	file *os.File
	t    testing.TB
}

func watch(t testing.TB, pid int) *witness {
	t.Helper()
	id, err := identify(pid)
	if err != nil {
		t.Fatalf("identify %d: %v", pid, err)
	}
	file, err := id.open()
	if err != nil {
		t.Fatalf("open %d: %v", pid, err)
	}
	t.Cleanup(func() { file.Close() })
	return &witness{pid, file, t}
}

func (w *witness) gone() bool {
	conn, err := w.file.SyscallConn()
	if err != nil {
		w.t.Fatal(err)
	}
	gone := false
	_ = conn.Control(func(fd uintptr) { gone = readable(int(fd), 0) })
	return gone
}

// wait waits for its end.
func (w *witness) wait() {
	w.t.Helper()
	timer := time.AfterFunc(patience, func() { w.file.Close() })
	defer timer.Stop()
	if err := waitGone(w.file); err != nil {
		w.t.Fatalf("process %d did not end: %v", w.pid, err)
	}
}

func (w *witness) kill() {
	w.t.Helper()
	conn, err := w.file.SyscallConn()
	if err != nil {
		w.t.Fatal(err)
	}
	_ = conn.Control(func(fd uintptr) { err = unix.PidfdSendSignal(int(fd), unix.SIGKILL, nil, 0) })
	if err != nil {
		w.t.Fatal(err)
	}
}

// wantGone fails unless the processes have ended already.
func wantGone(t testing.TB, all ...*witness) {
	t.Helper()
	for _, w := range all {
		if !w.gone() {
			t.Errorf("process %d is still there", w.pid)
		}
	}
}

// wantNoGroup fails if a group of this attempt is left.
func wantNoGroup(t testing.TB, p *Process) {
	t.Helper()
	for _, dir := range p.place.groups() {
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("group %s is left", dir)
		}
	}
}

// agent is a process that plays the agent: it starts what it is told with
// helper "agent" and then does nothing, until it is killed.
type agent struct {
	*witness
	shim *witness
}

func newAgent(t testing.TB, how string, s Spec, c Capability) *agent {
	t.Helper()
	input, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	c2 := agentCapability{c.Rung, c.roots.v2, c.roots.freezer, c.roots.clone}
	rung, err2 := json.Marshal(c2)
	if err2 != nil {
		t.Fatal(err2)
	}
	cmd := exec.Command(self(t), "agent", how, string(input), string(rung))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	a := &agent{witness: watch(t, cmd.Process.Pid)}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("agent: %q: %v", line, err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatalf("agent: %q", line)
	}
	a.shim = watch(t, pid)
	return a
}

type agentCapability struct {
	Rung, V2, Freezer string
	Clone             bool
}

func helpAgent(args []string) {
	var s Spec
	var a agentCapability
	if err := errors.Join(json.Unmarshal([]byte(args[1]), &s), json.Unmarshal([]byte(args[2]), &a)); err != nil {
		panic(err)
	}
	c := Capability{Rung: a.Rung, roots: roots{v2: a.V2, freezer: a.Freezer, clone: a.Clone}}
	ctx := context.Background()
	var l *link
	switch args[0] {
	case "shim":
		p, err := start(ctx, s, c)
		if err != nil {
			panic(err)
		}
		l = p.link
	case "spawner":
		spawner, err := OpenSpawner(ctx, SpawnerSpec{Dir: filepath.Dir(s.Dir), AllowNewPrivileges: true})
		if err != nil {
			panic(err)
		}
		s.Dir = filepath.Join(filepath.Dir(s.Dir), s.ID)
		if _, err := spawner.Start(ctx, s); err != nil {
			panic(err)
		}
		l = spawner.link
	case "runner":
		r, err := StartRunner(ctx, RunnerSpec{Command: s.Command, Env: s.Env, WorkDir: s.WorkDir, Dir: s.WorkDir})
		if err != nil {
			panic(err)
		}
		l = r.proc.link
	}
	fmt.Println(l.keeper.PID)
	select {}
}

var helpers = map[string]func([]string){
	"up":    agentScript, // run again by the first process of a container
	"agent": helpAgent,
	"environment": func([]string) {
		dir, _ := os.Getwd()
		fmt.Printf("%s\n%q\n", dir, os.Environ())
	},
	// On each TERM it says so, and ends if it has a code for that.
	"term": func(args []string) {
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, unix.SIGTERM)
		tell := func(what string) {
			if err := os.WriteFile(args[0], []byte(what+"\n"), 0); err != nil {
				panic(err)
			}
		}
		tell("ready")
		for range signals {
			tell("term")
			if code, err := strconv.Atoi(args[1]); err == nil {
				os.Exit(code)
			}
		}
	},
	"eat": func([]string) { // as much as there is
		for all := [][]byte{}; ; {
			all = append(all, bytes.Repeat([]byte{1}, 1<<20))
			runtime.KeepAlive(all[0])
		}
	},
	"flood": func(args []string) { // so many bytes, in lines of 64
		n, _ := strconv.Atoi(args[0])
		block := bytes.Repeat([]byte(strings.Repeat("x", 63)+"\n"), 1024)
		for ; n > 0; n -= len(block) {
			os.Stdout.Write(block[:min(n, len(block))])
		}
	},
}
