package worker

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"strings"
	"sync"
	"time"

	"turno"
	"turno/internal/role/worker/child"
)

// RunAs says whom jobs run as. The zero value is: as the worker itself. All
// else needs a worker that runs as root.
type RunAs struct {
	How     RunHow
	Account string            // of RunAccount
	Names   map[string]string // submitters' accounts, where they have other names; of RunSubmitter
	// First to Last are the user ids of RunPool, which are also group ids. No
	// account of the machine has one of them.
	First, Last uint32
	AllowRoot   bool // user id 0 is as good as another
}

// RunHow is a way to choose the user of a job.
type RunHow int

// What RunHow can be.
const (
	RunSelf      RunHow = iota // the worker's own
	RunPool                    // one for each submitter, who cannot choose it
	RunSubmitter               // the machine's account with the submitter's name
	RunAccount                 // one for all
)

// String is for people, after how a worker holds processes.
func (r RunAs) String() string {
	switch r.How {
	case RunPool:
		return fmt.Sprintf(", jobs as pool users %d-%d", r.First, r.Last)
	case RunSubmitter:
		return ", jobs as their submitters"
	case RunAccount:
		return ", jobs as " + r.Account
	}
	if os.Geteuid() == 0 {
		return ", jobs as root"
	}
	return ", jobs as the worker's own user"
}

// firstAccount is the least user id of people's accounts. Those below belong to
// services, and a submitter's name is as good as who gave it: only Names lead
// there.
const firstAccount = 1000

// owner is whom an attempt runs as, and whom its folders belong to. None: the
// worker's own user.
type owner struct {
	credential child.Credential
	name       string
	home       string // empty: it has none
	shell      string
}

func (o *owner) String() string {
	return fmt.Sprintf("the job's user %s (%d)", o.name, o.credential.UID)
}

// script writes a script for the owner to run, who cannot change it.
func (o *owner) script(path, text string) error {
	if o == nil {
		return os.WriteFile(path, []byte(text), 0o700)
	}
	err := os.WriteFile(path, []byte(text), 0o750)
	if err == nil {
		err = os.Chown(path, -1, int(o.credential.GID))
	}
	if err == nil {
		err = os.Chmod(path, 0o750) // whatever the umask
	}
	return err
}

// uid is the owner's; that of none is no one's.
func (o *owner) uid() int64 {
	if o == nil {
		return -1
	}
	return int64(o.credential.UID)
}

// own gives what was made for an attempt to its owner.
func (o *owner) own(path string) error {
	if o == nil {
		return nil
	}
	return os.Lchown(path, int(o.credential.UID), int(o.credential.GID))
}

// accounts finds owners. Safe for concurrent use.
type accounts struct {
	worker string
	how    RunAs
	path   string // keeps the pool's users

	mu    sync.Mutex // guards what follows
	pool  map[string]*poolUser
	taken map[uint32]string
	known map[string]knownAccount
}

type poolUser struct {
	owner owner
	used  time.Time
}

type knownAccount struct {
	owner *owner
	until time.Time
}

// accountTime is how long an account is not looked up again: people are given
// groups while the worker runs.
const accountTime = time.Minute

func openAccounts(worker, path string, how RunAs) (*accounts, error) {
	a := &accounts{worker: worker, how: how, path: path, pool: map[string]*poolUser{}, taken: map[uint32]string{}, known: map[string]knownAccount{}}
	if how.How == RunSelf {
		return a, nil
	}
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return a, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read who has which user: %w", err)
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); { // the last line of a name or a number counts
		number, name, ok := strings.Cut(lines.Text(), " ")
		uid, err := strconv.ParseUint(number, 10, 32)
		if ok && err == nil && uint32(uid) >= how.First && uint32(uid) <= how.Last {
			a.enter(name, uint32(uid))
		}
	}
	return a, nil
}

// others tells whether jobs run as other users than the worker.
func (a *accounts) others() bool { return a.how.How != RunSelf }

// of is the owner of a user's jobs.
func (a *accounts) of(user string) (*owner, error) {
	switch a.how.How {
	case RunPool:
		return a.pooled(user)
	case RunSubmitter:
		name, named := a.how.Names[user]
		if !named {
			name = user
		}
		return a.account(name, named)
	case RunAccount:
		return a.account(a.how.Account, true)
	}
	return nil, nil
}

// ofRunner is the owner of a runner's children and of the attempts in them. A
// runner serves many users, so it is none of theirs.
func (a *accounts) ofRunner(class string) (*owner, error) {
	switch a.how.How {
	case RunSelf:
		return nil, nil
	case RunAccount:
		return a.account(a.how.Account, true)
	}
	return a.pooled("runner " + class) // no user's name has a blank
}

// pooled gives each name a user of its own, and remembers it: files that a
// user's jobs left elsewhere are theirs tomorrow too.
func (a *accounts) pooled(name string) (*owner, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	if p := a.pool[name]; p != nil {
		p.used = now
		return &p.owner, nil
	}
	uid, ok := a.vacant(now)
	if !ok {
		return nil, &child.SetupFailed{Code: 126, Message: fmt.Sprintf(
			"worker %s has no user left to run it as: all of %d to %d were given to others in the last %d days (its setting pool_users)",
			a.worker, a.how.First, a.how.Last, int(keepOutputs.Hours()/24))}
	}
	if err := a.note(name, uid); err != nil {
		return nil, fmt.Errorf("note whom jobs run as: %w", err)
	}
	a.enter(name, uid)
	return &a.pool[name].owner, nil
}

// vacant is a user of the pool that nobody has, or nobody has used for so long
// that nothing is kept of it any more. Under mu.
func (a *accounts) vacant(now time.Time) (uint32, bool) {
	var oldest *poolUser
	for uid := a.how.First; uid <= a.how.Last; uid++ {
		name, taken := a.taken[uid]
		if !taken {
			return uid, true
		}
		if p := a.pool[name]; now.Sub(p.used) > 2*keepOutputs && (oldest == nil || p.used.Before(oldest.used)) {
			oldest = p
		}
	}
	if oldest == nil {
		return 0, false
	}
	return oldest.owner.credential.UID, true
}

// enter takes a name into the pool. Under mu.
func (a *accounts) enter(name string, uid uint32) {
	if old := a.pool[name]; old != nil {
		delete(a.taken, old.owner.credential.UID)
	}
	delete(a.pool, a.taken[uid])
	a.taken[uid] = name
	word := name
	if strings.ContainsAny(name, " ") || name == "" {
		word = "turno"
	}
	a.pool[name] = &poolUser{used: time.Now(), owner: owner{
		credential: child.Credential{UID: uid, GID: uid}, name: word, shell: "/bin/sh",
	}}
}

// note appends a line, for good: were it lost, another name could be given the
// user and what belongs to it.
func (a *accounts) note(name string, uid uint32) error {
	file, err := os.OpenFile(a.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(file, "%d %s\n", uid, name)
	return errors.Join(err, file.Sync(), file.Close())
}

// account is one of the machine's. Only a named one may be a service's.
func (a *accounts) account(name string, named bool) (*owner, error) {
	a.mu.Lock()
	k, ok := a.known[name]
	a.mu.Unlock()
	if !ok || time.Now().After(k.until) {
		o, err := lookUp(name)
		if err != nil {
			return nil, &child.SetupFailed{Code: 126, Message: fmt.Sprintf("worker %s runs jobs as accounts of its machine: %v", a.worker, err)}
		}
		k = knownAccount{o, time.Now().Add(accountTime)}
		a.mu.Lock()
		a.known[name] = k
		a.mu.Unlock()
	}
	switch uid := k.owner.credential.UID; {
	case uid == 0 && !a.how.AllowRoot:
		return nil, &child.SetupFailed{Code: 126, Message: "worker " + a.worker + " runs no job as root (its setting allow_root)"}
	case uid < firstAccount && uid != 0 && !named:
		return nil, &child.SetupFailed{Code: 126, Message: fmt.Sprintf(
			"worker %s runs no job as %s, an account of the system with the user id %d, unless its setting user_map names it", a.worker, name, uid)}
	}
	return k.owner, nil
}

// lookUp asks the machine's list of accounts, and then its name service, which
// knows those of a directory.
func lookUp(name string) (*owner, error) {
	line := ""
	if name == "" || strings.ContainsAny(name, ":\n") || name[0] == '-' {
		return nil, fmt.Errorf("%q is no account's name", name)
	}
	if out, err := exec.Command("getent", "passwd", name).Output(); err == nil {
		line = strings.TrimSpace(string(out))
	}
	f := strings.Split(line, ":")
	if len(f) < 7 {
		u, err := user.Lookup(name)
		if err != nil {
			return nil, fmt.Errorf("there is no account %q", name)
		}
		f = []string{u.Username, "", u.Uid, u.Gid, "", u.HomeDir, "/bin/sh"}
	}
	uid, err := strconv.ParseUint(f[2], 10, 32)
	gid, err2 := strconv.ParseUint(f[3], 10, 32)
	if err := errors.Join(err, err2); err != nil {
		return nil, fmt.Errorf("the account %q: %w", name, err)
	}
	o := &owner{name: f[0], home: f[5], shell: f[6], credential: child.Credential{UID: uint32(uid), GID: uint32(gid)}}
	out, err := exec.Command("id", "-G", name).Output()
	if err != nil {
		return nil, fmt.Errorf("find the groups of %s: %w", name, err)
	}
	for word := range strings.FieldsSeq(string(out)) {
		if g, err := strconv.ParseUint(word, 10, 32); err == nil {
			o.credential.Groups = append(o.credential.Groups, uint32(g))
		}
	}
	return o, nil
}

// owner is whom an attempt runs as.
func (r *Role) owner(t *turno.Task) (*owner, error) {
	if class, _ := r.classOf(t); class != "" {
		return r.accounts.ofRunner(class)
	}
	return r.accounts.of(t.Spec.User)
}

// open lets other users through the worker's own folders, and into none.
func (a *accounts) open(dirs ...string) error {
	for _, dir := range dirs {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("make the worker's folder: %w", err)
		}
		if !a.others() {
			continue
		}
		if err := os.Chmod(dir, 0o711); err != nil {
			return fmt.Errorf("let jobs through the worker's folder: %w", err)
		}
	}
	return nil
}
