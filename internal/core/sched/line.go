package sched

import (
	"container/heap"
	"slices"
	"strings"

	"turno"
)

// need is what one attempt takes from a worker.
type need struct {
	device turno.Device // cpu or gpu
	gpus   int
	cpus   turno.MilliCPU
	memory int64
}

// shapeKey is all of a spec that decides where it fits and how long it may
// run: jobs that agree in it are interchangeable to placement, so when one does
// not fit none does, and the whole shape is passed over.
type shapeKey struct {
	typ      string
	engine   string
	device   turno.Device
	gpus     int
	model    string
	gpuMem   int64
	cpus     turno.MilliCPU
	memory   int64
	limit    turno.Duration
	only     string
	excluded string
}

func keyOf(s *turno.Spec) shapeKey {
	return shapeKey{
		typ: s.Type, engine: s.Engine, device: s.Device, gpus: s.GPUs, model: strings.ToLower(s.GPUModel), gpuMem: s.GPUMemory,
		cpus: s.CPUs, memory: s.Memory, limit: s.TimeLimit,
		only: strings.Join(s.Workers, ","), excluded: strings.Join(s.Exclude, ","),
	}
}

// ofWhich says what the GPUs are to be, for texts.
func (k *shapeKey) ofWhich() string {
	text := ""
	if k.model != "" {
		text = " of the model " + k.model
	}
	if k.gpuMem > 0 {
		text += " with " + amount("memory", k.gpuMem)
	}
	return text
}

// needs lists the ways to run a shape, the preferred one first.
func (k *shapeKey) needs() []need {
	onCPU := need{device: turno.DeviceCPU, cpus: k.cpus, memory: k.memory}
	onGPU := need{device: turno.DeviceGPU, gpus: k.gpus, cpus: k.cpus, memory: k.memory}
	switch k.device {
	case turno.DeviceGPU:
		return []need{onGPU}
	case turno.DeviceAny:
		return []need{onGPU, onCPU}
	}
	return []need{onCPU}
}

// shape is the jobs of one shapeKey that are in line.
type shape struct {
	key   shapeKey
	needs []need
	spec  *turno.Spec // of any of its jobs: for names of workers
	jobs  jobHeap
	pos   int // index in line.shapes
	// verdict of the latest look at all workers, for the reason of new jobs.
	verdict verdict
}

// line is everything that waits for resources, by shape.
type line struct {
	byKey  map[shapeKey]*shape
	shapes []*shape // those with jobs
}

func newLine() line { return line{byKey: map[shapeKey]*shape{}} }

// shapeOf finds or makes the shape of a spec.
func (l *line) shapeOf(spec *turno.Spec) *shape {
	k := keyOf(spec)
	sh := l.byKey[k]
	if sh == nil {
		sh = &shape{key: k, spec: spec, pos: -1}
		sh.needs = sh.key.needs()
		l.byKey[k] = sh
	}
	return sh
}

// add puts a job in line.
func (l *line) add(j *job) {
	sh := j.shape
	if sh.pos < 0 {
		sh.pos = len(l.shapes)
		l.shapes = append(l.shapes, sh)
	}
	heap.Push(&sh.jobs, j)
}

// remove takes a job out of line, if it is in it.
func (l *line) remove(j *job) {
	if j.place < 0 {
		return
	}
	sh := j.shape
	heap.Remove(&sh.jobs, j.place)
	if len(sh.jobs) > 0 {
		return
	}
	last := len(l.shapes) - 1
	l.shapes[sh.pos] = l.shapes[last]
	l.shapes[sh.pos].pos = sh.pos
	l.shapes = l.shapes[:last]
	sh.pos = -1
	delete(l.byKey, sh.key)
}

// before tells who stands first.
func before(a, b *job) bool {
	if a.Spec.Priority != b.Spec.Priority {
		return a.Spec.Priority > b.Spec.Priority
	}
	if a.key != b.key {
		return a.key < b.key
	}
	return a.Number < b.Number
}

// sorted lists the shapes by their first job. It is a copy.
func (l *line) sorted() []*shape {
	out := slices.Clone(l.shapes)
	slices.SortFunc(out, func(a, b *shape) int {
		if before(a.jobs[0], b.jobs[0]) {
			return -1
		}
		return 1
	})
	return out
}

type jobHeap []*job

func (h jobHeap) Len() int           { return len(h) }
func (h jobHeap) Less(a, b int) bool { return before(h[a], h[b]) }
func (h jobHeap) Swap(a, b int) {
	h[a], h[b] = h[b], h[a]
	h[a].place, h[b].place = a, b
}
func (h *jobHeap) Push(x any) {
	j := x.(*job)
	j.place = len(*h)
	*h = append(*h, j)
}
func (h *jobHeap) Pop() any {
	old := *h
	j := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	j.place = -1
	return j
}
