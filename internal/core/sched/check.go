package sched

import (
	"fmt"
	"slices"

	"turno"
)

// Check looks for a broken invariant. It is for tests and walks everything.
func (s *Sched) Check() error {
	for _, name := range s.names {
		if err := s.workers[name].check(); err != nil {
			return err
		}
	}
	if err := s.checkJobs(); err != nil {
		return err
	}
	for _, sh := range s.line.shapes {
		for i, j := range sh.jobs {
			if j.place != i || s.jobs[j.Number] != j {
				return fmt.Errorf("job %s stands in line and is not there", j)
			}
		}
		if err := s.checkIdle(sh); err != nil {
			return err
		}
	}
	return nil
}

// checkJobs tells of the first job with which something is wrong.
func (s *Sched) checkJobs() error {
	var first *job
	// order-free: the lowest number wins
	for n, j := range s.jobs {
		if s.checkJob(j) != nil && (first == nil || n < first.Number) {
			first = j
		}
	}
	if first == nil {
		return nil
	}
	return s.checkJob(first)
}

// checkIdle finds a job that was left waiting although it could start.
func (s *Sched) checkIdle(sh *shape) error {
	if s.mustPlace || (!s.cfg.Order.Backfill && s.reserved[sh.pool()] != nil) {
		return nil
	}
	for _, n := range sh.needs {
		if w := s.choose(sh, n); w != nil {
			return fmt.Errorf("job %s waits, and there is room on %s", sh.jobs[0], w.Name)
		}
	}
	return nil
}

// check compares what a worker's attempts hold with what is booked.
func (w *worker) check() error {
	var cpus turno.MilliCPU
	var memory int64
	gpus := 0
	for i, j := range w.attempts {
		if j.worker != w || j.workerPos != i || !j.State.Active() {
			return fmt.Errorf("worker %s holds %s, which is not active there", w.Name, j)
		}
		if j.ahead {
			if !slices.Contains(w.ahead, j) || !j.Current().Ahead {
				return fmt.Errorf("worker %s: %s is ahead and not on the list", w.Name, j)
			}
			continue
		}
		cpus += j.need.cpus
		memory += j.need.memory
		for _, g := range j.Current().GPUs {
			if w.holders[g] != j {
				return fmt.Errorf("GPU %s of %s is not booked for %s", g, w.Name, j)
			}
			gpus++
		}
	}
	if w.reported && (cpus > w.Machine.CPUs || memory > w.Machine.Memory) {
		return fmt.Errorf("worker %s: booked %s CPUs and %d bytes, it has %s and %d", w.Name, cpus, memory, w.Machine.CPUs, w.Machine.Memory)
	}
	if cpus != w.cpus || memory != w.memory || gpus != len(w.holders) {
		return fmt.Errorf("worker %s: held %s CPUs, %d bytes, %d GPUs; booked %s, %d, %d",
			w.Name, cpus, memory, gpus, w.cpus, w.memory, len(w.holders))
	}
	return nil
}

func (s *Sched) checkJob(j *job) error {
	switch {
	case j.State == "" || j.Reason == "":
		return fmt.Errorf("job %s has no state or no reason", j)
	case j.Tasks == nil && j.State.Active() != (j.worker != nil):
		return fmt.Errorf("job %s is active on no worker, or not active on one", j)
	case j.place >= 0 && j.State != turno.Queued && j.Tasks == nil:
		return fmt.Errorf("job %s stands in line", j)
	}
	if j.Tasks == nil {
		return nil
	}
	sum := j.Tasks.Waiting.Len() + j.Tasks.Active
	for _, st := range turno.States {
		sum += j.Tasks.Ended[st]
	}
	if sum != j.Tasks.Total || j.Tasks.Active != len(j.tasks) {
		return fmt.Errorf("array %s: %d tasks, but %d wait, %d active (%d known), ended %v",
			j, j.Tasks.Total, j.Tasks.Waiting.Len(), j.Tasks.Active, len(j.tasks), j.Tasks.Ended)
	}
	return nil
}
