package scheduler

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"turno"
	"turno/internal/wire"
)

// envelope is a Desired and the version of its message.
type envelope struct {
	desired turno.Desired
	version int
}

// listen notes what workers say that they speak. A Machine is told by each
// incarnation anew, before it is told anything.
func (t *term) listen(workers []turno.Worker, gone []string) {
	for i := range workers {
		t.speaks[workers[i].Name] = workers[i].Machine.Messages
	}
	for _, name := range gone {
		delete(t.speaks, name)
	}
}

// envelopes chooses versions. Where there is no common one, there was no Report
// that could be read either; what an earlier turno has left of such a worker
// gets a message that it, or its successor, may be able to read.
func (t *term) envelopes(desired []turno.Desired) []envelope {
	out := make([]envelope, len(desired))
	for i := range desired {
		version, ok := wire.Common(t.speaks[desired[i].Worker])
		if !ok {
			version = wire.Speaks.Oldest
		}
		out[i] = envelope{desired[i], version}
	}
	return out
}

// refuse notes a worker whose Reports cannot be read, and tells it once.
func (t *term) refuse(s stranger) {
	if t.strangers[s.worker].why == nil || *t.strangers[s.worker].why != *s.why {
		t.log.Warn("refuses a worker: "+advice(s), "worker", s.worker, "err", s.why)
	}
	t.strangers[s.worker] = s
}

// advice is what to do about a stranger.
func advice(s stranger) string {
	if s.why.Version < wire.Speaks.Oldest {
		return "upgrade it"
	}
	return "upgrade this scheduler first"
}

// withStrangers marks the workers that are refused, and adds those that were
// never known. One that has been silent for a lease is none any more.
func (t *term) withStrangers(now time.Time, workers []turno.Worker) []turno.Worker {
	for _, name := range slices.Sorted(maps.Keys(t.strangers)) {
		s := t.strangers[name]
		if now.Sub(s.at) > t.o.Lease {
			delete(t.strangers, name)
			continue
		}
		i, known := slices.BinarySearchFunc(workers, name, func(w turno.Worker, name string) int { return strings.Compare(w.Name, name) })
		if !known {
			workers = slices.Insert(workers, i, turno.Worker{Name: name, State: turno.WorkerUnreachable, Since: s.at})
		}
		workers[i].SeenAt = s.at
		workers[i].Refused = fmt.Sprintf("refused: %v; %s", s.why, advice(s))
	}
	return workers
}
