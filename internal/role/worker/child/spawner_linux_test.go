package child

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

func spawner(t testing.TB) *Spawner {
	t.Helper()
	s, err := OpenSpawner(patient(t), SpawnerSpec{Dir: t.TempDir()})
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

// The keeper is killed: all its jobs are lost, none is left.
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
	if _, err := s.Start(patient(t), spec); err == nil && Probe().Rung == rungV2 {
		t.Error("a keeper that was killed has started a job")
	}
}

// BenchmarkSpawn starts /bin/true and waits for it, two at a time.
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
	two := func(b *testing.B, one func() error) {
		b.SetParallelism(1)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if err := one(); err != nil {
					b.Error(err)
				}
			}
		})
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "spawns/s")
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
		two(b, func() error {
			cmd := exec.Command("/bin/true")
			cmd.Dir, cmd.SysProcAttr = work, &syscall.SysProcAttr{Setpgid: true}
			_, err := cmd.CombinedOutput()
			return err
		})
	})
	b.Run("spawner", func(b *testing.B) {
		s := spawner(b)
		two(b, run(func() (*Process, error) { return s.Start(ctx, spec(s.dir)) }))
	})
	b.Run("shim", func(b *testing.B) {
		dir := b.TempDir()
		two(b, run(func() (*Process, error) { return Start(ctx, spec(dir)) }))
	})
}
