package child

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestStart_ExitCode(t *testing.T) {
	t.Parallel()
	eachRung(t, func(t *testing.T, c Capability) {
		s := shell(t, "echo out; echo err >&2; exit 7")
		p := beginOn(t, s, c)
		e := wait(t, p)
		if e.Code != 7 || e.Signal != "" || e.Orphans != 0 || e.LogBytes != 8 || e.Lost || e.OOMKilled {
			t.Errorf("exit: %+v", e)
		}
		if got := logOf(t, s); got != "out\nerr\n" {
			t.Errorf("log: %q", got)
		}
		if e.StartedAt.IsZero() || e.EndedAt.Before(e.StartedAt) || e.MaxRSSBytes != 0 {
			t.Errorf("exit: %+v", e)
		}
		wantNoGroup(t, p)
	})
}

func TestStart_Signalled(t *testing.T) {
	t.Parallel()
	e := wait(t, begin(t, shell(t, "kill -SEGV $$")))
	if e.Code != 128+11 || e.Signal != "SEGV" {
		t.Errorf("exit: %+v", e)
	}
}

func TestStart_SetupFailed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	plain := file("plain", "echo no", 0o644)
	noInterpreter := file("orphan", "#!/no/such/shell\n", 0o755)
	noFormat := file("text", "echo no", 0o755)
	for _, test := range []struct {
		name, command, workDir, want string
		code                         int
	}{
		{"no such file", "/no/such/file", "", "/no/such/file does not exist", 127},
		{"not in PATH", "no-such-command", "", "no-such-command: command not found in PATH=/usr/local/bin:/usr/bin:/bin", 127},
		{"not executable", plain, "", plain + " is not executable", 126},
		{"a directory", dir, "", dir + " is a directory, not a program", 126},
		{"no interpreter", noInterpreter, "", "cannot start " + noInterpreter + ": the interpreter that its first line names", 127},
		{"no format", noFormat, "", "cannot start " + noFormat + ": not a program", 126},
		{"no such directory", "/bin/true", "/no/such/dir", "the working directory /no/such/dir does not exist", 127},
		{"no directory", "/bin/true", plain, "the working directory " + plain + " is not a directory", 126},
		{"empty", "", "", "the command is empty", 127},
		{"NUL", "/bin/\x00", "", "the command or its environment holds a NUL byte", 126},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := shell(t, "")
			s.Command = []string{test.command}
			if test.workDir != "" {
				s.WorkDir = test.workDir
			}
			_, err := Start(patient(t), s)
			failed, ok := errors.AsType[*SetupFailed](err)
			if !ok {
				t.Fatalf("error is %v", err)
			}
			if !strings.HasPrefix(failed.Message, test.want) || failed.Code != test.code {
				t.Errorf("got %d %q, want %d %q", failed.Code, failed.Message, test.code, test.want)
			}
			if _, err := os.Stat(s.Dir); err != nil {
				return // refused before anything was made
			}
			p, err := Attach(s.Dir)
			if err != nil {
				t.Fatal(err)
			}
			if e := wait(t, p); e.Setup != failed.Message || e.Code != test.code {
				t.Errorf("attached: %+v", e)
			}
		})
	}
}

func TestStart_Used(t *testing.T) {
	t.Parallel()
	s := shell(t, "exit 0")
	wait(t, begin(t, s))
	if _, err := Start(patient(t), s); !errors.Is(err, ErrUsed) {
		t.Errorf("error is %v", err)
	}
}

func TestStart_BadID(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"", "..", "a/b", "a b", strings.Repeat("x", maxID+1)} {
		s := shell(t, "exit 0")
		s.ID = id
		if _, err := Start(patient(t), s); err == nil {
			t.Errorf("%q was taken", id)
		}
	}
}

func TestStart_Cancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	cancel(why)
	if _, err := Start(ctx, shell(t, "exit 0")); !errors.Is(err, why) {
		t.Errorf("error is %v", err)
	}
}

// The job gets exactly the environment, directory, streams and descriptors
// that it is meant to.
func TestStart_Surroundings(t *testing.T) {
	t.Parallel()
	eachRung(t, func(t *testing.T, c Capability) {
		s := shell(t, "")
		s.Command = []string{self(t), "environment"}
		s.Env = []string{"B=2", "A=1 x", "EMPTY="}
		p := beginOn(t, s, c)
		wait(t, p)
		env := s.Env
		if p.place.Mark != "" {
			env = append(env, markName+"="+p.place.Mark)
		}
		if got, want := logOf(t, s), fmt.Sprintf("%s\n%q\n", s.WorkDir, env); got != want {
			t.Errorf("got %s want %s", got, want)
		}
	})
}

func TestStart_Bounds(t *testing.T) {
	t.Parallel()
	s := shell(t, `umask; ulimit -c; ulimit -n; grep NoNewPrivs /proc/self/status
		readlink /proc/self/fd/0; echo $(ls /proc/self/fd); cat /proc/self/oom_score_adj; kill -0 -$$ && echo leads
		grep -E 'SigIgn|SigBlk' /proc/self/status`)
	s.NoNewPrivileges, s.Limits.OpenFiles = true, 123
	wait(t, begin(t, s))
	want := "0077\n0\n123\nNoNewPrivs:\t1\n/dev/null\n0 1 2 3\n500\nleads\n" +
		"SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n"
	// Signal 32 is the C library's own: no program can take it, and who runs the
	// tests may have left it ignored.
	got := strings.Replace(logOf(t, s), "SigIgn:\t0000000080000000", "SigIgn:\t0000000000000000", 1)
	if got != want {
		t.Errorf("got %q want %q", got, want)
	}
	s = shell(t, "grep NoNewPrivs /proc/self/status")
	wait(t, begin(t, s))
	if got := logOf(t, s); os.Getuid() == 0 && got != "NoNewPrivs:\t0\n" {
		t.Errorf("got %q", got)
	}
}

func TestStart_Credential(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 { // then it is refused
		s := shell(t, "exit 0")
		s.Credential = &Credential{UID: 1, GID: 1}
		_, err := Start(patient(t), s)
		if _, ok := errors.AsType[*SetupFailed](err); !ok {
			t.Errorf("error is %v", err)
		}
		return
	}
	s := shell(t, "id -u; id -g; id -G; grep CapEff /proc/self/status; cat "+self(t)+" >/dev/null || echo refused")
	s.Credential, s.WorkDir = &Credential{UID: 65532, GID: 65533}, "/"
	wait(t, begin(t, s))
	if got := logOf(t, s); !strings.HasPrefix(got, "65532\n65533\n65533\nCapEff:\t0000000000000000\n") {
		t.Errorf("got %q", got)
	}
	s = shell(t, "exit 0")
	s.Credential, s.WorkDir = &Credential{UID: 65532, GID: 65533}, "/root"
	_, err := Start(patient(t), s)
	if failed, ok := errors.AsType[*SetupFailed](err); !ok || !strings.Contains(failed.Message, "/root") ||
		!strings.Contains(failed.Message, "as uid 65532: permission denied") {
		t.Errorf("error is %v", err)
	}
}

func TestStart_LongPath(t *testing.T) {
	t.Parallel()
	s := shell(t, "exit 3")
	s.Dir = filepath.Join(t.TempDir(), strings.Repeat("long/", 60), "attempt")
	p := begin(t, s)
	q, err := Attach(s.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := wait(t, p), wait(t, q); a.Code != 3 || b.Code != 3 {
		t.Errorf("exits: %+v, %+v", a, b)
	}
}

func TestLog_Cap(t *testing.T) {
	t.Parallel()
	s := shell(t, "")
	s.Command = []string{self(t), "flood", "10000000"}
	s.Limits.LogBytes = 1000
	e := wait(t, begin(t, s))
	text := logOf(t, s)
	kept, line, _ := strings.Cut(text, "\nturno: ")
	if len(kept) != 1000 || line != "9999000 more bytes were dropped: the log is kept up to 1000 bytes\n" {
		t.Errorf("kept %d, then %q", len(kept), line)
	}
	if e.Code != 0 || e.LogDropped != 9_999_000 || e.LogBytes != int64(len(text)) {
		t.Errorf("exit: %+v", e)
	}
}

func TestLog_Whole(t *testing.T) {
	t.Parallel()
	s := shell(t, "")
	s.Command = []string{self(t), "flood", "10000000"}
	e := wait(t, begin(t, s))
	if got := len(logOf(t, s)); e.LogBytes != 10_000_000 || got != 10_000_000 || e.LogDropped != 0 {
		t.Errorf("%d bytes, exit %+v", got, e)
	}
}

func TestLog_NoOutput(t *testing.T) {
	t.Parallel()
	s := shell(t, "exit 0")
	wait(t, begin(t, s))
	if _, err := os.Stat(filepath.Join(s.Dir, LogFile)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("log: %v", err)
	}
}

// A writer outside the tree must not hold up the end.
func TestLog_HeldByStranger(t *testing.T) {
	t.Parallel()
	f := newFifo(t)
	s := shell(t, "echo $$ >"+f.path+"; read x <"+f.path+".go; echo last")
	if err := unix.Mkfifo(f.path+".go", 0o600); err != nil {
		t.Fatal(err)
	}
	p := begin(t, s)
	held, err := os.OpenFile("/proc/"+f.line()+"/fd/1", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	if err := os.WriteFile(f.path+".go", []byte("go\n"), 0); err != nil {
		t.Fatal(err)
	}
	if wait(t, p); logOf(t, s) != "last\n" {
		t.Errorf("log: %q", logOf(t, s))
	}
}

// Nothing is lost of what lay in the pipe when the time to drain it was over.
func TestLog_DrainedLate(t *testing.T) {
	t.Parallel()
	l, err := openLog(t.TempDir(), 0)
	if err != nil {
		t.Fatal(err)
	}
	const line = "written long ago\n"
	if _, err := l.write.WriteString(line); err != nil {
		t.Fatal(err)
	}
	if err := l.read.SetReadDeadline(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	l.copy() // the pipe has a writer still
	data, err := os.ReadFile(l.path)
	if err != nil || string(data) != line {
		t.Errorf("log is %q: %v", data, err)
	}
}

func TestWait_Cancelled(t *testing.T) {
	t.Parallel()
	p := begin(t, shell(t, "exec sleep 1000"))
	ctx, cancel := context.WithTimeoutCause(t.Context(), time.Millisecond, errors.New("enough"))
	defer cancel()
	if _, err := p.Wait(ctx); err == nil || err.Error() != "enough" {
		t.Errorf("error is %v", err)
	}
}
