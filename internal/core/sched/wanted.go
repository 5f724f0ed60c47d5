package sched

import "turno"

// wantedJobs of one shape are looked at for arrays, which count by their tasks;
// further ones count once. It bounds the time that Wanted takes, and is far
// more than anybody scales a cluster by.
const wantedJobs = 1000

// Wanted is what jobs have, and what those in line ask for: with so many CPUs
// and GPUs, on the right machines, nothing would wait for resources. A job that
// may have either counts by its CPUs.
type Wanted struct {
	CPUs turno.MilliCPU
	GPUs int
}

// Wanted adds up what there would have to be.
func (s *Sched) Wanted() Wanted {
	var sum Wanted
	for _, name := range s.names {
		w := s.workers[name]
		sum.CPUs += w.cpus
		sum.GPUs += len(w.holders)
		for _, j := range w.ahead {
			sum.add(j.need, 1)
		}
	}
	for _, sh := range s.line.shapes {
		sum.add(sh.needs[len(sh.needs)-1], sh.tasks())
	}
	return sum
}

func (w *Wanted) add(n need, times int) {
	w.CPUs += n.cpus * turno.MilliCPU(times)
	w.GPUs += n.gpus * times
}

// tasks is how many attempts of the shape could start at once.
func (sh *shape) tasks() int {
	sum := len(sh.jobs)
	for _, j := range sh.jobs[:min(sum, wantedJobs)] {
		if j.Tasks == nil {
			continue
		}
		n := j.Tasks.Waiting.Len()
		if limit := j.Spec.Array.Limit; limit > 0 {
			n = min(n, limit-j.Tasks.Active)
		}
		sum += n - 1
	}
	return sum
}
