package isolate

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"turno"
	"turno/client"
	"turno/internal/testenv"
	"turno/test/lab"
)

func TestMain(m *testing.M) { lab.Main(m) }

// patience is a bound for what is certain to come, on a loaded machine.
const patience = 2 * time.Minute

// rig is a turno up as root gets it, in a folder that others can pass through.
type rig struct {
	t  *testing.T
	d  *lab.Deployment
	up *lab.Role
	c  *client.Client
	// dir is open to everybody, as a project on a shared disk is.
	dir string
}

func newRig(t *testing.T, env ...string) *rig {
	t.Helper()
	testenv.Need(t, testenv.RootNeed)
	dir, err := os.MkdirTemp("", "turno-isolate-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	r := &rig{t: t, d: lab.New(t, lab.Binary(t, lab.Build{})), dir: filepath.Join(dir, "project")}
	r.d.Data = filepath.Join(dir, "data")
	r.d.Env = append([]string{"TURNO_ALLOW_ROOT=false"}, env...)
	for path, mode := range map[string]os.FileMode{dir: 0o755, r.dir: 0o777} {
		if err := os.MkdirAll(path, mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	r.up = r.d.Up()
	r.c = r.d.Client()
	return r
}

// submit hands in a shell script of a user's.
func (r *rig) submit(user, script string, change ...func(*turno.Spec)) string {
	r.t.Helper()
	spec := lab.Command(script)
	spec.User = user
	for _, c := range change {
		c(spec)
	}
	id := lab.NewID(r.t)
	lab.Await(r.bound(), r.t, func() error {
		done, err := r.c.Submit(r.t.Context(), []turno.NewJob{{ID: id, Spec: spec}})
		if err == nil && done[0].Error != nil {
			err = done[0].Error
		}
		return err
	})
	return id
}

func (r *rig) bound() context.Context {
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	r.t.Cleanup(cancel)
	return ctx
}

// end waits for a job's end.
func (r *rig) end(id string) turno.Job {
	r.t.Helper()
	return r.await(id, func(j turno.Job) bool { return j.State.Ended() })
}

func (r *rig) await(id string, is func(turno.Job) bool) (j turno.Job) {
	r.t.Helper()
	lab.Await(r.bound(), r.t, func() (err error) {
		if j, err = r.c.Job(r.t.Context(), id); err == nil && !is(j) {
			err = turno.Errorf(turno.CodeUnavailable, "job %s is %s (%s): %s", j.Display(), j.State, j.Reason, j.Detail)
		}
		return err
	})
	return j
}

// output is what a job's last attempt printed.
func (r *rig) output(id string) string {
	r.t.Helper()
	var text strings.Builder
	for q := (turno.LogQuery{Job: id, Wait: 5 * time.Second}); ; {
		l, err := r.c.Log(r.bound(), q)
		if err != nil {
			r.t.Fatal(err)
		}
		text.Write(l.Data)
		if q.Offset += int64(len(l.Data)); l.Done {
			return text.String()
		}
	}
}

// run is a job from its submission to its end, which is a success, and what it
// printed.
func (r *rig) run(user, script string, change ...func(*turno.Spec)) string {
	r.t.Helper()
	id := r.submit(user, script, change...)
	j := r.end(id)
	text := r.output(id)
	if j.State != turno.Succeeded {
		r.t.Fatalf("%q ended as %s (%s): %s; it printed %q", script, j.State, j.Reason, j.Detail, text)
	}
	return text
}

// TestPool_EachSubmitterHasAUser: a worker that is root runs jobs as users that
// nobody else has, the same ones each time.
func TestPool_EachSubmitterHasAUser(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	who := `echo $(id -u):$(id -g):$(id -G):$(id -u) $(grep NoNewPrivs /proc/self/status) $(grep CapEff /proc/self/status)`
	ana, bea := r.run("ana", who), r.run("bea", who)
	if ana == bea || strings.HasPrefix(ana, "0:") || strings.Contains(ana, " 0 ") {
		t.Errorf("ana is %q, bea is %q", ana, bea)
	}
	if !strings.Contains(ana, "NoNewPrivs: 1 CapEff: 0000000000000000") {
		t.Errorf("ana may do %q", ana)
	}
	r.up.Restart()
	if again := r.run("ana", who); again != ana {
		t.Errorf("ana was %q and is %q", ana, again)
	}
}

// TestPool_FoldersChangeHands: each job can write what it is given and nothing
// that is another's, whoever had the folder before.
func TestPool_FoldersChangeHands(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	own := `for d in "$TURNO_TASK_DIR" "$TURNO_OUTPUT_DIR" "$TURNO_CKPT_DIR" "$TMPDIR" "$HOME"; do
	test -z "$(ls $d)" || { echo "$d is not empty"; exit 1; }
	test "$(stat -c %u:%a "$d")" = "$(id -u):700" || { ls -lad "$d"; exit 1; }
	done`
	for i := range 6 {
		user := []string{"ana", "bea"}[i%2]
		r.run(user, own)
		r.run(user, own+`; for d in "$TURNO_TASK_DIR" "$TURNO_OUTPUT_DIR" "$TURNO_CKPT_DIR" "$TMPDIR"; do echo secret > $d/x; done`)
	}
	left := r.submit("ana", `echo result > $TURNO_OUTPUT_DIR/r.txt; echo why > $TURNO_ERROR_FILE; ln -s /etc/shadow $TURNO_OUTPUT_DIR/s; exit 3`)
	j := r.end(left)
	if j.Result == nil || j.Result.Artifacts == nil || len(j.Result.Artifacts.List) != 1 || !strings.Contains(j.Result.Message, "why") ||
		!strings.Contains(j.Result.Artifacts.Problem, `"s" is a link`) {
		t.Errorf("left %+v", j.Result)
	}
	retried := r.submit("ana", `echo $TURNO_ATTEMPT >> $TURNO_CKPT_DIR/n; test $(wc -l < $TURNO_CKPT_DIR/n) = 2`, func(s *turno.Spec) { s.Retries = 1 })
	if j := r.end(retried); j.State != turno.Succeeded {
		t.Errorf("its second attempt does not find what the first left: %s %s", j.State, j.Detail)
	}
}

// TestPool_KeepsToItself: what is turno's, root's or another job's cannot be
// read, and a folder that cannot be entered is left for one's own.
func TestPool_KeepsToItself(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	hold := filepath.Join(r.dir, "go")
	other := r.submit("bea", `echo mine > $TURNO_TASK_DIR/f; echo $TURNO_TASK_DIR > `+r.dir+`/bea; until test -e `+hold+`; do sleep 0.1; done`)
	r.await(other, func(j turno.Job) bool { return j.State == turno.Running })
	got := r.run("ana", fmt.Sprintf(`until test -s %[2]s/bea; do sleep 0.1; done
	for f in %[1]s/token %[1]s/turno.db %[1]s/worker/journal %[1]s/worker/users $(cat %[2]s/bea)/f /etc/shadow /root/.bashrc /proc/1/environ /proc/$PPID/environ; do
	cat $f && echo "read $f"
	done 2>/dev/null
	ls %[1]s %[1]s/worker/attempts $(cat %[2]s/bea) 2>/dev/null && echo listed
	echo x > %[1]s/worker/attempts/x; touch $TURNO_TASK_DIR/../log || true; touch $TURNO_TASK_DIR/../exit 2>/dev/null && echo forged
	kill $PPID 2>/dev/null && echo killed
	echo done`, r.d.Data, r.dir))
	if !strings.HasSuffix(got, "done\n") || strings.Contains(got, "read /") || strings.Contains(got, "listed") || strings.Contains(got, "forged") || strings.Contains(got, "killed") {
		t.Errorf("got at %q", got)
	}
	if err := os.WriteFile(hold, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r.end(other)
	if got := r.run("ana", "pwd", func(s *turno.Spec) { s.Dir = "/root" }); !strings.Contains(got, "may not enter /root") || !strings.HasSuffix(got, "/work\n") {
		t.Errorf("printed %q", got)
	}
	if got := r.run("ana", "touch here; pwd", func(s *turno.Spec) { s.Dir = r.dir }); got != r.dir+"\n" {
		t.Errorf("printed %q", got)
	}
}

// TestPool_OutlivesTheAgent: a command of another user goes on while the agent
// is killed, and is taken up again.
func TestPool_OutlivesTheAgent(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	hold := filepath.Join(r.dir, "go")
	id := r.submit("ana", `until test -e `+hold+`; do sleep 0.1; done; echo $(id -u) > $TURNO_OUTPUT_DIR/u; echo over`)
	r.await(id, func(j turno.Job) bool { return j.State == turno.Running })
	r.up.Restart()
	if err := os.WriteFile(hold, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	j := r.end(id)
	if j.State != turno.Succeeded || len(j.Attempts) != 1 || j.Result.Artifacts == nil || r.output(id) != "over\n" {
		t.Errorf("ended as %s after %d attempts, printed %q", j.State, len(j.Attempts), r.output(id))
	}
}

// TestPool_RunnersAreNotRoot: what runs inside a warm runner is no more root's
// than a command.
func TestPool_RunnersAreNotRoot(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, typ := range []string{"noop", "vecadd"} {
		id := lab.NewID(t)
		spec := &turno.Spec{Type: typ}
		if typ == "vecadd" {
			spec.Params = []byte(`{"n":1000}`)
		}
		lab.Await(r.bound(), t, func() error {
			done, err := r.c.Submit(t.Context(), []turno.NewJob{{ID: id, Spec: spec}})
			if err == nil && done[0].Error != nil {
				err = done[0].Error
			}
			return err
		})
		if j := r.end(id); j.State != turno.Succeeded {
			t.Errorf("%s ended as %s: %s", typ, j.State, j.Detail)
		}
	}
	found := 0
	for _, p := range r.d.Processes() {
		if !strings.Contains(p.Cmdline, "\x00runner\x00") {
			continue
		}
		found++
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.PID))
		if err != nil || strings.Contains(string(status), "Uid:\t0") {
			t.Errorf("%q is root's: %v", p.Cmdline, err)
		}
	}
	if found == 0 {
		t.Error("found no runner")
	}
}
