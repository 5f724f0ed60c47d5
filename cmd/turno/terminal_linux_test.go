package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// patience is for what takes milliseconds on a machine that does nothing else.
const patience = time.Minute

// rig is a turno up of its own.
type rig struct {
	t    *testing.T
	home string
	env  []string
	up   *exec.Cmd
}

// freePort is an address that a turno up can have again after it was killed.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func newRig(t *testing.T) *rig {
	t.Helper()
	home := t.TempDir()
	r := &rig{t: t, env: []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TURNO_ALLOW_ROOT=true", "TURNO_DATA=" + filepath.Join(home, "data"),
		"TURNO_LISTEN=" + freePort(t), "TURNO_LOG_LEVEL=warn", "TURNO_END_JOBS=true", "TERM=xterm", "LANG=C.UTF-8",
	}}
	r.home = home
	r.start()
	return r
}

// start starts turno up, and ends it with the test; one that was killed before
// is no trouble.
func (r *rig) start() {
	t := r.t
	t.Helper()
	up := exec.Command("turno", "up")
	r.up = up
	up.Dir, up.Env, up.Stderr = r.home, r.env, os.Stderr
	out, err := up.StdoutPipe()
	if err == nil {
		err = up.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "Try in another terminal") {
	}
	rest := make(chan struct{})
	go func() {
		defer close(rest)
		_, _ = io.Copy(io.Discard, out)
	}()
	t.Cleanup(func() {
		_ = up.Process.Signal(os.Interrupt)
		<-rest
		if err := up.Wait(); err != nil && !strings.Contains(err.Error(), "killed") {
			t.Errorf("turno up: %v", err)
		}
	})
}

func (r *rig) command(args ...string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	r.t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, "turno", args...)
	cmd.Dir, cmd.Env = r.up.Dir, r.env
	return cmd
}

// turno runs a command that has to succeed, and returns what it prints.
func (r *rig) turno(args ...string) string {
	r.t.Helper()
	cmd := r.command(args...)
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		r.t.Fatalf("turno %s: %v\n%s%s", strings.Join(args, " "), err, out, &errs)
	}
	return string(out)
}

// screen is a person at a terminal in which a command runs.
type screen struct {
	t      *testing.T
	master *os.File
	tty    *os.File
	modes  unix.Termios
	cmd    *exec.Cmd
	done   chan error

	mu    sync.Mutex
	seen  strings.Builder
	asked int           // of seen, what expect has gone past
	more  chan struct{} // capacity 1
}

func (r *rig) screen(args ...string) *screen {
	r.t.Helper()
	t := r.t
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	s := &screen{t: t, master: os.NewFile(uintptr(fd), "ptmx"), done: make(chan error, 1), more: make(chan struct{}, 1)}
	t.Cleanup(func() { _ = s.master.Close() })
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		s.tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.tty.Close() })
	s.resize(33, 111)
	s.modes = s.termios()
	s.cmd = r.command(args...)
	s.cmd.Stdin, s.cmd.Stdout, s.cmd.Stderr = s.tty, s.tty, s.tty
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go s.watch()
	go func() { s.done <- s.cmd.Wait() }()
	return s
}

func (s *screen) watch() {
	buf := make([]byte, 4096)
	for {
		n, err := s.master.Read(buf)
		s.mu.Lock()
		s.seen.Write(buf[:n])
		s.mu.Unlock()
		select {
		case s.more <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

func (s *screen) termios() unix.Termios {
	s.t.Helper()
	m, err := unix.IoctlGetTermios(int(s.tty.Fd()), unix.TCGETS)
	if err != nil {
		s.t.Fatal(err)
	}
	return *m
}

func (s *screen) resize(rows, cols uint16) {
	s.t.Helper()
	conn, err := s.master.SyscallConn()
	if err == nil {
		err = conn.Control(func(fd uintptr) {
			_ = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, &unix.Winsize{Row: rows, Col: cols})
		})
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *screen) press(keys string) {
	s.t.Helper()
	if _, err := s.master.WriteString(keys); err != nil {
		s.t.Fatal(err)
	}
}

// expect waits for a text after the one that was expected before.
func (s *screen) expect(text string) {
	s.t.Helper()
	late := time.After(patience)
	for {
		s.mu.Lock()
		all := s.seen.String()
		at := strings.Index(all[s.asked:], text)
		if at >= 0 {
			s.asked += at + len(text)
		}
		s.mu.Unlock()
		if at >= 0 {
			return
		}
		select {
		case <-s.more:
		case <-late:
			s.t.Fatalf("the screen does not show %q, but:\n%s", text, all)
		}
	}
}

// ends wants an exit code, and the terminal as it was before.
func (s *screen) ends(code int) {
	s.t.Helper()
	got := 0
	if err := <-s.done; err != nil {
		end, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			s.t.Fatal(err)
		}
		got = end.ExitCode()
	}
	if got != code {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.t.Errorf("exit code %d, want %d; the screen shows:\n%s", got, code, s.seen.String())
	}
	if diff := cmp.Diff(s.modes, s.termios()); diff != "" {
		s.t.Errorf("the terminal is not as it was: %s", diff)
	}
}

func TestTerminal_RunOfAShell(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.screen("run", "-it", "--env", "PS1=ready> ", "--", "sh")
	s.expect("ready> ")
	s.press("echo sum $((40+2)) in $TERM\r")
	s.expect("sum 42 in xterm")
	s.press("stty size\r")
	s.expect("33 111")
	s.resize(44, 99)
	s.press("until stty size | grep '^44'; do :; done\r")
	s.expect("44 99")
	// Ctrl-C is the job's.
	s.press("echo sle''eps; sleep 600\r")
	s.expect("sleeps")
	s.press("\x03")
	s.expect("ready> ")
	s.press("echo still $((1+1))\r")
	s.expect("still 2")
	s.press("exit 7\r")
	s.ends(7)
	if log := r.turno("logs", "--raw", "1"); !strings.Contains(log, "still 2") {
		t.Errorf("the log is %q", log)
	}
}

func TestTerminal_DetachAttachExec(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.screen("run", "--tty", "--env", "WHO=job", "--env", "PS1=ready> ", "--", "sh")
	s.expect("ready> ")
	s.press("\x10\x11") // Ctrl-P Ctrl-Q
	s.expect("turno attach 1")
	s.ends(0)

	// Another command inside it, at a terminal of its own.
	e := r.screen("exec", "-it", "1", "--", "sh", "-c", "echo $WHO; stty size; read x; exit $x")
	e.expect("job")
	e.expect("33 111")
	e.press("5\r")
	e.ends(5)

	s = r.screen("attach", "1")
	s.press("echo ba''ck\r")
	s.expect("back")
	s.press("\x10x\x15") // Ctrl-P alone is the job's, and is taken back there
	s.press("\x04")      // as is the end of input
	s.ends(0)
}

// TestTerminal_ServerGone: the person is told, and can leave.
func TestTerminal_ServerGone(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.screen("run", "-it", "--env", "PS1=ready> ", "--", "sh")
	s.expect("ready> ")
	if err := r.up.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	s.expect("[the connection broke; trying again. Ctrl-P Ctrl-Q leaves]")
	s.press("\x10\x11")
	s.expect("Detached")
	s.ends(0)
	r.start() // takes over the job that the killed one left
	s = r.screen("attach", "1")
	s.press("echo ali''ve\r")
	s.expect("alive")
	s.press("exit\r")
	s.ends(0)
}

// TestTerminal_ClosedMeansCancelled: who closes the window ends the job.
func TestTerminal_ClosedMeansCancelled(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.screen("run", "-it", "--", "sh", "-c", "echo up and away; sleep 600")
	s.expect("up and away")
	if err := s.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	s.ends(129)
	out, err := r.command("wait", "1").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "cancelled") {
		t.Errorf("%v %s", err, out)
	}
	// One that is killed cannot say anything: the session's silence ends the job.
	s = r.screen("run", "-it", "--", "sh", "-c", "echo up again; sleep 600")
	s.expect("up again")
	if err := s.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-s.done
	out, err = r.command("wait", "2").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "Signal") {
		t.Errorf("%v %s", err, out)
	}
}

// TestExec_ManyInARow: those that have ended do not count.
func TestExec_ManyInARow(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.turno("submit", "--", "sleep", "600")
	r.turno("run", "--", "true") // the first one runs by now
	for i := range 40 {
		if out := r.turno("exec", "1", "--", "echo", "turn", strconv.Itoa(i)); out != fmt.Sprintf("turn %d\n", i) {
			t.Fatalf("exec %d: %q", i, out)
		}
	}
}

// TestTerminal_FloodWithASlowReader: what nobody reads piles up nowhere.
func TestTerminal_FloodWithASlowReader(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.turno("submit", "--", "sleep", "600")
	r.turno("run", "--", "true") // the first one runs by now
	cmd := r.command("exec", "1", "--", "yes", "a flood of text that nobody wants to read")
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	read := func(n int64) {
		t.Helper()
		if _, err := io.CopyN(io.Discard, out, n); err != nil {
			t.Fatal(err)
		}
	}
	read(8 << 20)
	before := resident(t, r.up.Process.Pid)
	<-time.After(3 * time.Second) // of a flood; a signal would have to say that nothing happens
	if after := resident(t, r.up.Process.Pid); after > before+64<<20 {
		t.Errorf("the server has grown from %d to %d MiB", before>>20, after>>20)
	}
	read(8 << 20)
	r.turno("cancel", "--force", "1")
	_, _ = io.Copy(io.Discard, out)
	if err := cmd.Wait(); err == nil {
		t.Error("it outlived its job")
	}
}

func resident(t *testing.T, pid int) int64 {
	t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		t.Fatal(err)
	}
	var size, pages int64
	if _, err := fmt.Sscan(string(data), &size, &pages); err != nil {
		t.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}
