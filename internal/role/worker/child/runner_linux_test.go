package child

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// text is a writer to read from when its writer has ended.
type text struct {
	mu sync.Mutex
	b  strings.Builder // guarded by mu
}

func (t *text) Write(data []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.Write(data)
}

func (t *text) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.String()
}

func runner(t testing.TB, script string, stderr *text) *Runner {
	t.Helper()
	r, err := StartRunner(patient(t), RunnerSpec{
		Command: []string{"/bin/sh", "-c", script}, Env: []string{"PATH=/usr/bin:/bin"},
		WorkDir: t.TempDir(), Dir: t.TempDir(), Stderr: stderr,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = r.Kill()
		<-r.Done()
	})
	return r
}

func TestRunner_Speaks(t *testing.T) {
	t.Parallel()
	var stderr text
	r := runner(t, `while read line; do echo "got $line"; echo "saw $line" >&2; done; exit 3`, &stderr)
	answers := bufio.NewScanner(r.Stdout)
	for _, line := range []string{"one", "two"} {
		if _, err := r.Stdin.Write([]byte(line + "\n")); err != nil {
			t.Fatal(err)
		}
		if !answers.Scan() || answers.Text() != "got "+line {
			t.Errorf("got %q", answers.Text())
		}
	}
	if err := r.Stdin.Close(); err != nil {
		t.Fatal(err)
	}
	e, err := r.Wait(patient(t))
	if err != nil || e.Code != 3 || stderr.String() != "saw one\nsaw two\n" {
		t.Errorf("exit %+v, %v, stderr %q", e, err, stderr.String())
	}
	if answers.Scan() {
		t.Errorf("and %q", answers.Text())
	}
}

func TestRunner_KilledAsATree(t *testing.T) {
	t.Parallel()
	f := newFifo(t)
	r := runner(t, daemon(f, "exec sleep 1000")+"echo $$ >"+f.path+"; trap : TERM; while :; do sleep 1000; done", &text{})
	one, two := f.process(), f.process()
	if err := r.Kill(); err != nil {
		t.Fatal(err)
	}
	if e, err := r.Wait(patient(t)); err != nil || e.Signal != "KILL" {
		t.Errorf("exit %+v, %v", e, err)
	}
	wantGone(t, one, two)
}

func TestRunner_EndsWithItsAgent(t *testing.T) {
	t.Parallel()
	eachRung(t, func(t *testing.T, c Capability) {
		f := newFifo(t)
		s := shell(t, daemon(f, "exec sleep 1000")+"echo $$ >"+f.path+"; exec sleep 1000")
		a := newAgent(t, "runner", s, c)
		one, two := f.process(), f.process()
		a.kill()
		one.wait()
		two.wait()
		a.shim.wait()
	})
}

func TestRunner_GuardKilled(t *testing.T) {
	t.Parallel()
	f := newFifo(t)
	r := runner(t, daemon(f, "exec sleep 1000")+"echo $$ >"+f.path+"; exec sleep 1000", &text{})
	one, two := f.process(), f.process()
	watch(t, r.proc.link.keeper.PID).kill()
	if e, err := r.Wait(patient(t)); err != nil || !e.Lost {
		t.Errorf("exit %+v, %v", e, err)
	}
	wantGone(t, one, two)
}

func TestRunner_SetupFailed(t *testing.T) {
	t.Parallel()
	_, err := StartRunner(patient(t), RunnerSpec{
		Command: []string{"/no/such/runner"}, WorkDir: "/", Dir: t.TempDir(),
	})
	if _, ok := errors.AsType[*SetupFailed](err); !ok {
		t.Errorf("error is %v", err)
	}
}

// The same tests as nobody, without capabilities or a writable cgroup.
func TestUnprivileged(t *testing.T) {
	if os.Getuid() != 0 {
		return // all the tests have just been that
	}
	const nobody = 65532
	dir, err := os.MkdirTemp("", "turno-child-") // t.TempDir is root's alone
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	data, err := os.ReadFile(self(t))
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(dir, "child.test")
	if err := errors.Join(os.WriteFile(binary, data, 0o755), os.Chmod(dir, 0o755),
		os.Mkdir(dir+"/tmp", 0o700), os.Chown(dir+"/tmp", nobody, nobody)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(patient(t), binary, "-test.v",
		"-test.run=^Test(Start|Exit|Tree|Stop|Log|Lost|Lease|Attach|Runner|Spawner|TimeLimit|Signal)")
	cmd.Env = []string{"TMPDIR=" + dir + "/tmp", "PATH=" + os.Getenv("PATH")}
	cmd.Dir, cmd.WaitDelay = dir, time.Second
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{
		"PASS: TestTree_DaemonsEndWithTheMain/sweep", "PASS: TestTree_ForkChainsEnd/sweep",
		"PASS: TestLost_ShimKilled/sweep", "PASS: TestAttach_AfterAgentWasKilled/shim",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("no %s in\n%s", want, out)
		}
	}
}
