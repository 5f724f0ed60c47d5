package child

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"turno/internal/testenv"
)

func spawner(t testing.TB) *Spawner {
	t.Helper()
	s, err := OpenSpawner(patient(t), SpawnerSpec{Dir: t.TempDir(), AllowNewPrivileges: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestSpawner_200AtOnce(t *testing.T) {
	t.Parallel()
	const jobs = 200
	s, ctx, work := spawner(t), patient(t), t.TempDir()
	var wg sync.WaitGroup
	for i := range jobs {
		wg.Go(func() {
			id := strconv.Itoa(i)
			p, err := s.Start(ctx, Spec{
				ID: id, Dir: filepath.Join(s.dir, id), WorkDir: work, Lease: patience,
				Command: []string{"/bin/sh", "-c", fmt.Sprintf("echo %d; exit %d", i, i%100)},
			})
			if err != nil {
				t.Error(err)
				return
			}
			e, err := p.Wait(ctx)
			log, _ := os.ReadFile(filepath.Join(s.dir, id, LogFile))
			if err != nil || e.Code != i%100 || string(log) != id+"\n" {
				t.Errorf("job %d: %+v, %v, log %q", i, e, err, log)
			}
		})
	}
	wg.Wait()
}

func TestSpawner_NoNewPrivileges(t *testing.T) {
	t.Parallel()
	s, err := OpenSpawner(patient(t), SpawnerSpec{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, on := range []bool{true, false} {
		spec := shell(t, "grep NoNewPrivs /proc/self/status")
		spec.ID = fmt.Sprint(on)
		spec.Dir, spec.NoNewPrivileges = filepath.Join(s.dir, spec.ID), on
		p, err := s.Start(patient(t), spec)
		if err != nil {
			t.Fatal(err)
		}
		want := map[bool]string{true: "NoNewPrivs:\t1\n", false: "NoNewPrivs:\t0\n"}[on]
		if wait(t, p); os.Getuid() == 0 && logOf(t, spec) != want {
			t.Errorf("%v: %q", on, logOf(t, spec))
		}
		if quick := p.journal != ""; quick != (on && s.quick()) {
			t.Errorf("%v: in the keeper is %v", on, quick)
		}
	}
}

func TestSpawner_SetupFailed(t *testing.T) {
	t.Parallel()
	s := spawner(t)
	spec := shell(t, "")
	spec.Command, spec.Dir = []string{"/no/such/file"}, filepath.Join(s.dir, spec.ID)
	_, err := s.Start(patient(t), spec)
	if _, ok := err.(*SetupFailed); !ok {
		t.Errorf("error is %v", err)
	}
}

// The keeper is killed: all its jobs are lost, none is left. The next one gets
// a fresh keeper.
func TestSpawner_KeeperKilled(t *testing.T) {
	t.Parallel()
	s := spawner(t)
	f := newFifo(t)
	var all []*witness
	var procs []*Process
	for i := range 3 {
		spec := shell(t, daemon(f, "exec sleep 1000")+"echo $$ >"+f.path+"; exec sleep 1000")
		spec.ID = strconv.Itoa(i)
		spec.Dir = filepath.Join(s.dir, spec.ID)
		p, err := s.Start(patient(t), spec)
		if err != nil {
			t.Fatal(err)
		}
		procs = append(procs, p)
		all = append(all, f.process(), f.process())
	}
	for _, p := range procs {
		if w := p.link.keeper.PID; w == s.link.keeper.PID {
			continue
		}
		watch(t, p.link.keeper.PID).kill() // a shim of its own
	}
	watch(t, s.link.keeper.PID).kill()
	for _, p := range procs {
		if e := wait(t, p); !e.Lost {
			t.Errorf("exit: %+v", e)
		}
	}
	wantGone(t, all...)
	spec := shell(t, "exit 0")
	spec.Dir = filepath.Join(s.dir, spec.ID)
	p, err := s.Start(patient(t), spec)
	if err != nil {
		t.Fatalf("after the keeper was killed: %v", err)
	}
	if e := wait(t, p); e.Code != 0 || e.Lost {
		t.Errorf("exit: %+v", e)
	}
}

func TestSpawner_Forget(t *testing.T) {
	t.Parallel()
	s := spawner(t)
	spec := shell(t, "exit 3")
	spec.Dir = filepath.Join(s.dir, spec.ID)
	p, err := s.Start(patient(t), spec)
	if err != nil {
		t.Fatal(err)
	}
	if e := wait(t, p); e.Code != 3 {
		t.Errorf("exit: %+v", e)
	}
	if e := wait(t, attach(t, spec)); e.Code != 3 || e.Lost {
		t.Errorf("attached: %+v", e)
	}
	if err := Forget(p); err != nil {
		t.Error(err)
	}
}

// An attempt is looked for with each keeper that there was.
func TestSpawner_AnotherKeeper(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open := func() *Spawner {
		s, err := OpenSpawner(patient(t), SpawnerSpec{Dir: dir, AllowNewPrivileges: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	}
	first := open()
	if !first.quick() {
		testenv.Need(t, testenv.CgroupNeed)
	}
	spec := shell(t, "exit 4")
	spec.Dir = filepath.Join(dir, spec.ID)
	p, err := first.Start(patient(t), spec)
	if err != nil {
		t.Fatal(err)
	}
	wait(t, p)
	old := watch(t, first.link.keeper.PID)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	old.wait()
	second := open()
	if e := wait(t, attach(t, spec)); e.Code != 4 || e.Lost {
		t.Errorf("exit: %+v", e)
	}
	// Agents that were killed, or had no disk left, before they had written a state.
	for name, text := range map[string]string{"none": "", "half": `{"id":`} {
		begun := filepath.Join(dir, keeperPrefix+name)
		if err := os.Mkdir(begun, 0o700); err != nil {
			t.Fatal(err)
		}
		if text == "" {
			continue
		}
		if err := os.WriteFile(filepath.Join(begun, stateFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := second.Prune(patient(t)); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, keeperPrefix+"*")); len(left) != 1 || left[0] != second.own {
		t.Errorf("keepers' directories after prune: %v", left)
	}
	if e := wait(t, attach(t, spec)); !e.Lost {
		t.Errorf("exit after prune: %+v", e)
	}
	spec.ID = "next"
	spec.Dir = filepath.Join(dir, spec.ID)
	if p, err = second.Start(patient(t), spec); err != nil {
		t.Fatal(err)
	}
	if e := wait(t, p); e.Code != 4 {
		t.Errorf("exit: %+v", e)
	}
}

// A keeper that ends a moment after its agent leaves nothing behind either, and
// the one that runs stays.
func TestSpawner_PruneWaitsForAKeeperThatEnds(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var last *Spawner
	for range 2 {
		s, err := OpenSpawner(patient(t), SpawnerSpec{Dir: dir, AllowNewPrivileges: true})
		if err != nil {
			t.Fatal(err)
		}
		if !s.quick() {
			testenv.Need(t, testenv.CgroupNeed)
		}
		if last != nil {
			if err := last.Close(); err != nil {
				t.Fatal(err)
			}
		}
		last = s
	}
	defer last.Close()
	if err := last.Prune(patient(t)); err != nil {
		t.Fatal(err)
	}
	if left := slices.Collect(keepers(dir)); len(left) != 1 || left[0] != last.own {
		t.Errorf("%v are left, want %s", left, last.own)
	}
}

func TestJournal_WrittenAnew(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	j, err := openJournal(dir)
	if err != nil {
		t.Fatal(err)
	}
	long := Exit{Setup: strings.Repeat("x", 1<<20)}
	for i := range 6 {
		if err := j.add(strconv.Itoa(i), long); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 5 {
		if err := j.forget([]string{strconv.Itoa(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.add("last", Exit{Code: 9}); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(j.path)
	if err != nil || info.Size() > 3<<20 {
		t.Errorf("journal: %d bytes, %v", info.Size(), err)
	}
	for id, want := range map[string]bool{"0": false, "5": true, "last": true} {
		if _, ok, err := readJournal(dir, id); ok != want || err != nil {
			t.Errorf("%s: %v, %v", id, ok, err)
		}
	}
}

// BenchmarkSpawn starts /bin/true and waits for it, some at a time.
func BenchmarkSpawn(b *testing.B) {
	work, ctx := b.TempDir(), b.Context()
	var serial atomic.Int64
	spec := func(dir string) Spec {
		id := strconv.FormatInt(serial.Add(1), 10)
		return Spec{
			ID: id, Dir: filepath.Join(dir, id), Command: []string{"/bin/true"},
			Env: []string{"PATH=/usr/bin:/bin"}, WorkDir: work, Lease: patience,
		}
	}
	each := func(b *testing.B, one func() error) {
		for _, goroutines := range []int{2, 16} {
			b.Run(strconv.Itoa(goroutines), func(b *testing.B) {
				b.SetParallelism(max(1, goroutines/runtime.GOMAXPROCS(0)))
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						if err := one(); err != nil {
							b.Error(err)
						}
					}
				})
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "spawns/s")
			})
		}
	}
	run := func(start func() (*Process, error)) func() error {
		return func() error {
			p, err := start()
			if err != nil {
				return err
			}
			_, err = p.Wait(ctx)
			return err
		}
	}
	b.Run("bare", func(b *testing.B) {
		each(b, func() error {
			cmd := exec.Command("/bin/true")
			cmd.Dir, cmd.SysProcAttr = work, &syscall.SysProcAttr{Setpgid: true}
			_, err := cmd.CombinedOutput()
			return err
		})
	})
	b.Run("spawner", func(b *testing.B) {
		s := spawner(b)
		each(b, run(func() (*Process, error) { return s.Start(ctx, spec(s.dir)) }))
	})
	b.Run("shim", func(b *testing.B) {
		dir := b.TempDir()
		each(b, run(func() (*Process, error) { return Start(ctx, spec(dir)) }))
	})
}

// A group in which something was killed must not hold another job: Linux 6.18
// kills whatever is cloned into it.
func TestSpawner_JobAfterAKill(t *testing.T) {
	t.Parallel()
	s := spawner(t)
	for i, script := range []string{"setsid sleep 600 & exit 0", "exit 0", "exit 0"} {
		spec := shell(t, script)
		spec.ID = "job-" + strconv.Itoa(i)
		spec.Dir = filepath.Join(s.dir, spec.ID)
		p, err := s.Start(patient(t), spec)
		if err != nil {
			t.Fatal(err)
		}
		if e := wait(t, p); e.Code != 0 {
			t.Errorf("%q: exit %+v", script, e)
		}
	}
}
