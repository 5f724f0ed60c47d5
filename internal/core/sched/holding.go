package sched

import (
	"slices"

	"turno"
)

// Holding is a GPU that a job has.
type Holding struct {
	Hostname string
	GPU      turno.GPU
	Job      string // displayed number
	Spec     *turno.Spec
}

// Use is what the jobs of a queue have.
type Use struct {
	CPUs turno.MilliCPU
	GPUs int
}

// Holdings are all GPUs that jobs have.
func (s *Sched) Holdings() (out []Holding) {
	for _, name := range s.names {
		w := s.workers[name]
		for i := range w.Machine.GPUs {
			if j := w.holders[w.Machine.GPUs[i].UUID]; j != nil {
				out = append(out, Holding{w.Machine.Hostname, w.Machine.GPUs[i], j.Display(), j.Spec})
			}
		}
	}
	return out
}

// InUse is what jobs have, by queue. It takes time by the job that is on a
// worker.
func (s *Sched) InUse() map[string]Use {
	out := map[string]Use{}
	for _, name := range s.names {
		for _, j := range s.workers[name].attempts {
			if slices.Contains(s.workers[name].ahead, j) {
				continue // it waits there
			}
			u := out[j.Spec.Queue]
			u.CPUs += j.need.cpus
			u.GPUs += j.need.gpus
			out[j.Spec.Queue] = u
		}
	}
	return out
}
