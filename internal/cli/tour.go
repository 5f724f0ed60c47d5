package cli

import (
	"strings"
	"time"

	"turno"
)

// What turno demo --tour says, before each step.
const (
	tourStart = `1. A turno of its own. A scheduler, a worker and an API start in this process, with a broker and a database in
   a folder that goes away afterwards. turno up does the same, and keeps it.`
	tourMachine = `2. What there is to run on. The worker has looked at this machine and told the scheduler what it found; turno nodes and
   turno gpus show it.`
	tourSubmit = `3. All jobs are handed in at once, in one request. Each has an id before it is sent, so that none can come twice; once the
   scheduler has accepted them, a crash cannot lose them. One is an array, some wait for another one to end well, one uses the
   file that another one leaves, and some are meant to fail, be retried or take too long.`
	tourWatch = `4. They run. The scheduler sends each to where it fits, in an order that lets short jobs pass; the worker reports what it
   holds. A job's end is written to the database before anybody hears of it. Here they come, as they end:`
	tourTable = `5. What came of it. A workload checks its own answer and reports the error beside the time; what failed as it
   should counts as good. On a turno of yours: turno show JOB, turno logs JOB, turno why JOB.`
)

// tourStep says a step of the tour.
func (s *session) tourStep(o *demoOptions, text string) {
	if o.tour {
		s.notef("\n%s\n\n", s.errLook.bold(text))
	}
}

// tourMachines names what the tour runs on.
func (s *session) tourMachines(o *demoOptions, workers []turno.Worker) {
	s.tourStep(o, tourMachine)
	for i := range workers {
		if m := &workers[i].Machine; o.tour {
			s.notef("   %s: %s CPUs, GPUs %s, jobs are held by %s\n", workers[i].Name, m.CPUs, gpuLine(m.GPUs, "this machine has none"), orDash(m.Isolation))
		}
	}
}

// tourEnd tells of a job that has ended.
func (s *session) tourEnd(j *turno.Job) {
	took := "did not start"
	if j.Spec.Array != nil && j.Parent == 0 {
		took = "all its tasks"
	} else if a := j.Current(); a != nil && !a.StartedAt.IsZero() {
		took = short(a.EndedAt.Sub(a.StartedAt).Round(time.Millisecond)) + " on " + string(a.Device)
	}
	s.notef("   %-36s %s (%s), %s\n", strings.TrimPrefix(j.Spec.Name, "demo "), j.State, orDash(string(j.Reason)), took)
}
