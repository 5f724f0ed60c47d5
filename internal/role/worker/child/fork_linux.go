package child

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"turno/internal/failpoint"
)

// forker starts processes from one thread of its own that never ends: what a
// thread hands on (no new privileges, v1 groups) is so given to the child
// alone, and its death signal comes when this process ends, not when some
// thread does. A shared keeper has none: going to another thread and back is
// a good part of a short job, and starts would stand in line.
type forker struct{ calls chan func() }

func newForker(noNewPrivileges bool) *forker {
	f := &forker{calls: make(chan func())}
	go func() {
		runtime.LockOSThread()
		if noNewPrivileges {
			// Cannot fail on a kernel that has it (3.5).
			_ = unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
		}
		for call := range f.calls {
			call()
		}
	}()
	return f
}

// frailty is the oom_score_adj of jobs: the first to go when the machine is
// short of memory. They are born with it; a process may go back, without a
// privilege, to what it was given.
const frailty = "500"

// score changes this process's oom_score_adj while children are born.
type score struct {
	file *os.File
	own  string

	mu     sync.Mutex // guards what follows; held for a write to /proc
	births int
}

func openScore() (*score, error) {
	file, err := os.OpenFile("/proc/self/oom_score_adj", os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	buf := make([]byte, 16)
	n, err := file.Read(buf)
	return &score{file: file, own: strings.TrimSpace(string(buf[:n]))}, err
}

func (s *score) lower() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.births++; s.births == 1 {
		_, _ = s.file.WriteAt([]byte(frailty), 0)
	}
}

func (s *score) restore() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.births--; s.births == 0 {
		_, _ = s.file.WriteAt([]byte(s.own), 0)
	}
}

// launch is one process to be.
type launch struct {
	path   string
	spec   *Spec
	env    []string
	place  place
	tree   tree
	files  [3]uintptr
	forker *forker // nil: any thread will do
	score  *score
	// terminal: files are one, which becomes that of the session.
	terminal bool
}

// start starts it inside its place, as the leader of a session.
func (l *launch) start() (pid int, err error) {
	if l.forker == nil {
		return l.onThread()
	}
	done := make(chan struct{})
	l.forker.calls <- func() {
		defer close(done)
		pid, err = l.onThread()
	}
	<-done
	return pid, err
}

func (l *launch) onThread() (int, error) {
	attr := &syscall.ProcAttr{
		Dir: l.spec.WorkDir, Env: l.env, Files: l.files[:],
		Sys: &syscall.SysProcAttr{Setsid: true, Setctty: l.terminal},
	}
	if l.forker != nil { // whose thread ends with this process
		attr.Sys.Pdeathsig = syscall.SIGKILL
	}
	if c := l.spec.Credential; c != nil {
		attr.Sys.Credential = &syscall.Credential{Uid: c.UID, Gid: c.GID, Groups: c.Groups}
	}
	for _, dir := range l.place.threadGroups() {
		if err := writeFile(dir+"/tasks", "0"); err != nil {
			return 0, fmt.Errorf("join cgroup: %w", err)
		}
		defer func() { _ = writeFile(filepath.Dir(dir)+"/tasks", "0") }()
	}
	if l.place.Rung == rungV2 {
		leave, err := l.enter2(attr.Sys)
		if err != nil {
			return 0, fmt.Errorf("join cgroup: %w", err)
		}
		defer leave()
	}
	if err := failpoint.Hit(failpoint.ChildForking); err != nil {
		return 0, err
	}
	l.score.lower()
	defer l.score.restore()
	pid, err := syscall.ForkExec(l.path, l.spec.Command, attr)
	if err != nil {
		return 0, l.explain(err)
	}
	return pid, nil
}

// enter2 sees to it that the child starts inside the v2 group. Without clone3
// this whole process goes in and out again: v2 takes no single thread.
func (l *launch) enter2(attr *syscall.SysProcAttr) (leave func(), err error) {
	if t, ok := l.tree.(*tree2); ok && l.place.Clone {
		attr.UseCgroupFD, attr.CgroupFD = true, t.group
		return func() {}, nil
	}
	home := ownGroups()[""]
	if err := writeFile(l.place.Group+"/cgroup.procs", "0"); err != nil {
		return nil, err
	}
	return func() { _ = writeFile(home+"/cgroup.procs", "0") }, nil
}

// explain makes a sentence of an error between fork and exec.
func (l *launch) explain(err error) error {
	code, path, why := 126, l.path, err.Error()
	who := ""
	if c := l.spec.Credential; c != nil {
		who = fmt.Sprintf(" as uid %d", c.UID)
	}
	switch {
	case errors.Is(err, syscall.ENOEXEC):
		why = "not a program that this machine can run (a script needs a #! line)"
	case errors.Is(err, syscall.ENOENT):
		code, why = 127, "the interpreter that its first line names, or its loader, does not exist"
	case errors.Is(err, syscall.EACCES):
		why = "permission denied, for it or for the working directory " + l.spec.WorkDir
	case errors.Is(err, syscall.E2BIG):
		why = "its arguments and environment are too long"
	}
	return &SetupFailed{Message: fmt.Sprintf("cannot start %s%s: %s", path, who, why), Code: code}
}

// lookup finds the program as a shell would, with the job's own PATH, and
// checks what can be checked without starting it.
func lookup(spec *Spec) (string, error) {
	if err := checkDir(spec.WorkDir); err != nil {
		return "", err
	}
	name := spec.Command[0]
	if name == ownProgram() && spec.Credential != nil {
		return "/proc/self/exe", nil // others may not be let to where it lies
	}
	if strings.Contains(name, "/") {
		path := name
		if !filepath.IsAbs(path) {
			path = filepath.Join(spec.WorkDir, path)
		}
		return path, checkProgram(path)
	}
	search := ""
	for _, entry := range spec.Env {
		if value, ok := strings.CutPrefix(entry, "PATH="); ok {
			search = value
		}
	}
	var refused error
	for _, dir := range filepath.SplitList(search) {
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(spec.WorkDir, dir)
		}
		path := filepath.Join(dir, name)
		err := checkProgram(path)
		if err == nil {
			return path, nil
		}
		if failed, ok := errors.AsType[*SetupFailed](err); ok && failed.Code == 126 && refused == nil {
			refused = err
		}
	}
	if refused != nil {
		return "", refused
	}
	return "", &SetupFailed{Message: fmt.Sprintf("%s: command not found in PATH=%s", name, search), Code: 127}
}

// ownProgram is the path of this binary.
var ownProgram = sync.OnceValue(func() string {
	path, _ := os.Executable()
	return path
})

func checkDir(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return &SetupFailed{Message: fmt.Sprintf("the working directory %s does not exist", dir), Code: 127}
	case err == nil && !info.IsDir():
		return &SetupFailed{Message: fmt.Sprintf("the working directory %s is not a directory", dir), Code: 126}
	}
	return nil // anything else the child will meet itself
}

func checkProgram(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ENOTDIR):
		return &SetupFailed{Message: fmt.Sprintf("%s does not exist", path), Code: 127}
	case err != nil:
		return nil // as above
	case info.IsDir():
		return &SetupFailed{Message: fmt.Sprintf("%s is a directory, not a program", path), Code: 126}
	case info.Mode()&0o111 == 0:
		return &SetupFailed{Message: fmt.Sprintf("%s is not executable", path), Code: 126}
	}
	return nil
}
