package isolate

import (
	"strings"
	"testing"
	"time"

	"turno"
)

// floods are jobs that take all there is of something, and how each must end.
var floods = []struct {
	name, script string
	change       func(*turno.Spec)
	reason       turno.Reason
	message      string
}{
	{"processes", `bomb() { bomb | bomb & }; bomb; sleep 60`, limited(4*time.Second, 256<<20), turno.ReasonTimeout, "time limit"},
	{"processes to the limit", `i=0; while test $i -lt 5000; do sleep 60 & i=$((i+1)); done`, limited(3*time.Minute, 2<<30), turno.ReasonExitCode, "as many processes as a job may have"},
	{"descriptors", `exec bash -c 'while exec {fd}</dev/null; do :; done; exit 7'`, limited(60*time.Second, 256<<20), turno.ReasonExitCode, "exit code"},
	{"memory", `exec tail /dev/zero`, limited(60*time.Second, 64<<20), turno.ReasonHostOOM, "more memory than its limit"},
	{"disk", `exec dd if=/dev/zero of=$TMPDIR/x bs=1M status=none`, limited(60*time.Second, 64<<20), turno.ReasonSignal, "a job may have 134 MB"},
	{"log", `exec yes floods floods floods floods floods floods floods floods floods floods floods`, limited(4*time.Second, 0), turno.ReasonTimeout, "of output over the limit were dropped"},
}

// limited bounds a job's time and memory; with 0 of memory its output has the
// CPU that it takes to be a flood.
func limited(d time.Duration, memory int64) func(*turno.Spec) {
	return func(s *turno.Spec) {
		s.TimeLimit, s.Memory, s.Grace = turno.Duration(d), memory, turno.Duration(100*time.Millisecond)
		s.CPUs = 300
		if memory == 0 || memory > 1<<30 {
			s.CPUs = turno.CPU
		}
	}
}

// TestFlood_NeighboursAndAgentGoOn: rows 31 and 32. While a job takes all that
// it can get, another user's ends in its time, the agent reports, and the flood
// ends for a reason that says what it was.
func TestFlood_NeighboursAndAgentGoOn(t *testing.T) {
	t.Parallel()
	r := newRig(t, "TURNO_HEARTBEAT=500ms", "TURNO_SCRATCH_BYTES=128M", "TURNO_LOG_BYTES=1M")
	const nap = "for i in 1 2 3; do date +%s%N; sleep 1; done"
	alone := r.time("bea", nap)
	for _, f := range floods {
		id := r.submit("ana", f.script, f.change)
		r.await(id, func(j turno.Job) bool { return j.State == turno.Running || j.State.Ended() })
		took := r.time("bea", nap)
		workers, err := r.c.Workers(r.bound())
		if err != nil || workers[0].State != turno.WorkerReady {
			t.Errorf("%s: the worker is %v, %v", f.name, workers, err)
		}
		silent := time.Since(workers[0].SeenAt)
		j := r.end(id)
		t.Logf("%-22s neighbour %s (alone %s), worker seen %s ago; %s: %s", f.name, took.Round(time.Millisecond), alone.Round(time.Millisecond), silent.Round(time.Millisecond), j.Reason, j.Detail)
		// A machine that does ten other things is late by itself.
		if took > alone+5*time.Second || silent > 5*time.Second {
			t.Errorf("%s: its neighbour took %s, alone %s; the worker was seen %s ago", f.name, took, alone, silent)
		}
		// Processes take memory too, and may reach that limit first.
		memory := strings.HasPrefix(f.name, "processes") && j.Reason == turno.ReasonHostOOM
		if j.State != turno.Failed || !memory && (j.Reason != f.reason || !strings.Contains(j.Detail, f.message)) {
			t.Errorf("%s ended as %s (%s): %s", f.name, j.State, j.Reason, j.Detail)
		}
	}
	r.d.CheckIdle()
}

// time is how long a job runs, by its attempt.
func (r *rig) time(user, script string) time.Duration {
	r.t.Helper()
	j := r.end(r.submit(user, script))
	if j.State != turno.Succeeded {
		r.t.Fatalf("%q ended as %s: %s", script, j.State, j.Detail)
	}
	return j.EndedAt.Sub(j.StartedAt)
}
