package isolate

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"turno"
	"turno/test/lab"
)

// devices is a rig with two SIMULATED devices and the file that says what is
// wrong with them.
type devices struct {
	*rig
	file string
}

func newDevices(t *testing.T) *devices {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "trouble")
	return &devices{newRig(t, "TURNO_FAKE_GPUS=2", "TURNO_HEARTBEAT=500ms", "TURNO_FAKE_GPU_TROUBLE="+file), file}
}

// trouble says what is wrong from now on, in one step.
func (d *devices) trouble(lines string) {
	d.t.Helper()
	err := os.WriteFile(d.file+".new", []byte(lines), 0o600)
	if err == nil {
		err = os.Rename(d.file+".new", d.file)
	}
	if err != nil {
		d.t.Fatal(err)
	}
}

// quarantine waits until the devices are in quarantine for a text each, or, for
// an empty one, are not.
func (d *devices) quarantine(want ...string) turno.Worker {
	d.t.Helper()
	var w turno.Worker
	lab.Await(d.bound(), d.t, func() error {
		workers, err := d.c.Workers(d.t.Context())
		if err != nil {
			return err
		}
		w = workers[0]
		for i, text := range want {
			if got := w.Machine.GPUs[i].Quarantine; (got == "") != (text == "") || !strings.Contains(got, text) {
				return turno.Errorf(turno.CodeUnavailable, "GPU %d is in quarantine for %q, not %q", i, got, text)
			}
		}
		return nil
	})
	return w
}

func onGPU(s *turno.Spec) { s.GPUs = 1 }

// until is a script that waits for a file and says on which device.
func (d *devices) until(name string) (script string, goOn func()) {
	path := filepath.Join(d.dir, name)
	return fmt.Sprintf("echo on $TURNO_GPU_IDS; until test -e %s; do sleep 0.1; done", path), func() {
		d.t.Helper()
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			d.t.Fatal(err)
		}
	}
}

func running(j turno.Job) bool { return j.State == turno.Running }

// TestDevice_FallsOffTheBus: row 34. The job on it is lost, not failed, and its
// retries are not touched; the others run; the device takes no job until it is
// well.
func TestDevice_FallsOffTheBus(t *testing.T) {
	t.Parallel()
	d := newDevices(t)
	script, goOn := d.until("go")
	first := d.submit("ana", script, onGPU)
	d.await(first, running)
	second := d.submit("ana", script, onGPU)
	d.await(second, running)
	d.trouble("0 fault Xid 79: the GPU has fallen off the bus\n")
	d.quarantine("fallen off the bus", "")
	j := d.await(first, func(j turno.Job) bool {
		return j.Attempt == 1 && len(j.Attempts) == 1 && !j.Attempts[0].EndedAt.IsZero()
	})
	if a := j.Attempts[0]; a.Result.State != turno.Lost || a.Result.Reason != turno.ReasonGPUFault || !strings.Contains(a.Result.Message, "GPU 0") {
		t.Errorf("its attempt ended as %+v", a.Result)
	}
	two := d.submit("bea", "true", func(s *turno.Spec) { s.GPUs = 2 })
	d.await(two, func(j turno.Job) bool { return strings.Contains(j.Detail, "GPU 0 in quarantine (SIMULATED: Xid 79") })
	why, err := d.c.Explain(d.bound(), two)
	if err != nil || why.Impossible || !strings.Contains(fmt.Sprint(why.Blocks), "fallen off the bus") {
		t.Errorf("why says %+v, %v", why, err)
	}
	if j, err := d.c.Job(t.Context(), second); err != nil || j.State != turno.Running || len(j.Attempts) != 1 {
		t.Errorf("its neighbour is %s, %v", j.State, err)
	}
	goOn()
	for _, id := range []string{first, second} {
		if j := d.end(id); j.State != turno.Succeeded || j.Failures != 0 {
			t.Errorf("%s: %s, %d failures", j.Display(), j.State, j.Failures)
		}
	}
	if got := d.output(first); got != "on 1\n" {
		t.Errorf("its second attempt ran %q", got)
	}
	d.trouble("")
	d.quarantine("", "")
	if j := d.end(two); j.State != turno.Succeeded {
		t.Errorf("who waited for both ended as %s: %s", j.State, j.Detail)
	}
}

// TestDevice_MemoryStaysHeld: row 36. The one device is kept back, looked at
// again, and given back.
func TestDevice_MemoryStaysHeld(t *testing.T) {
	t.Parallel()
	d := newDevices(t)
	d.trouble("0 left 512 MiB are held by process 4242\n")
	if got := d.run("ana", "echo on $TURNO_GPU_IDS", onGPU); got != "on 0\n" {
		t.Errorf("ran %q", got)
	}
	d.quarantine("512 MiB are held by process 4242", "")
	for range 3 {
		if got := d.run("ana", "echo on $TURNO_GPU_IDS", onGPU); got != "on 1\n" {
			t.Errorf("ran %q", got)
		}
	}
	d.trouble("")
	d.quarantine("", "")
	if got := d.run("ana", "echo on $TURNO_GPU_IDS", onGPU); got != "on 0\n" {
		t.Errorf("ran %q", got)
	}
}

// TestDevice_ProbeHangs: row 37. A driver that does not answer any more keeps
// its devices from jobs, and nothing else from anything.
func TestDevice_ProbeHangs(t *testing.T) {
	t.Parallel()
	d := newDevices(t)
	script, goOn := d.until("go")
	before := d.submit("ana", script, onGPU)
	d.await(before, running)
	d.trouble("hang\n")
	began := time.Now()
	for time.Since(began) < 8*time.Second { // a look may take ten
		if got := d.run("ana", "echo fine"); got != "fine\n" {
			t.Errorf("printed %q", got)
		}
		workers, err := d.c.Workers(t.Context())
		if err != nil || workers[0].State != turno.WorkerReady || time.Since(workers[0].SeenAt) > 5*time.Second {
			t.Fatalf("the worker is %s, was seen %s ago, %v", workers[0].State, time.Since(workers[0].SeenAt), err)
		}
	}
	d.quarantine("did not answer within 10s", "did not answer within 10s")
	goOn()
	if j := d.end(before); j.State != turno.Succeeded {
		t.Errorf("who was on a device before ended as %s: %s", j.State, j.Detail)
	}
	d.trouble("")
	d.quarantine("", "")
	d.run("ana", "true", onGPU)
}

// TestUnkillable_KeepsItsDevice: row 33. A frozen group of cgroup v1 holds its
// processes as the kernel holds one in state D: KILL does nothing.
func TestUnkillable_KeepsItsDevice(t *testing.T) {
	t.Parallel()
	const freezer = "/sys/fs/cgroup/freezer"
	d := newDevices(t)
	group := filepath.Join(freezer, "turno-test-"+filepath.Base(filepath.Dir(d.dir)))
	if err := os.Mkdir(group, 0o700); err != nil {
		t.Fatal(err)
	}
	put := func(file, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(group, file), []byte(text), 0); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { os.Remove(group) })
	t.Cleanup(func() { put("freezer.state", "THAWED") })
	id := d.submit("ana", `echo $$ > `+d.dir+`/pid.new; mv `+d.dir+`/pid.new `+d.dir+`/pid; sleep 600 & wait`, onGPU)
	var pid []byte
	lab.Await(d.bound(), t, func() (err error) {
		pid, err = os.ReadFile(filepath.Join(d.dir, "pid"))
		return err
	})
	put("cgroup.procs", strings.TrimSpace(string(pid)))
	put("freezer.state", "FROZEN")
	if _, err := d.c.Act(d.bound(), turno.Action{Verb: turno.Cancel, Jobs: []string{id}, Force: true}); err != nil {
		t.Fatal(err)
	}
	w := d.quarantine("cannot be killed", "")
	if len(w.Machine.Trouble) != 1 || !strings.Contains(w.Machine.Trouble[0], "did not end within") {
		t.Errorf("the worker says %q", w.Machine.Trouble)
	}
	d.await(id, func(j turno.Job) bool {
		return j.State == turno.Stopping && strings.Contains(j.Detail, "cannot be killed")
	})
	if got := d.run("bea", "echo on $TURNO_GPU_IDS", onGPU); got != "on 1\n" {
		t.Errorf("another ran %q", got)
	}
	d.up.Restart() // the next agent knows it too
	d.quarantine("cannot be killed", "")
	put("freezer.state", "THAWED")
	if j := d.end(id); j.State != turno.Cancelled {
		t.Errorf("ended as %s: %s", j.State, j.Detail)
	}
	if w := d.quarantine("", ""); len(w.Machine.Trouble) != 0 {
		t.Errorf("the worker still says %q", w.Machine.Trouble)
	}
	if got := d.run("bea", "echo on $TURNO_GPU_IDS", onGPU); got != "on 0\n" {
		t.Errorf("another ran %q", got)
	}
}
