package bench

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"turno"
	"turno/internal/bench/record"
)

// Choose is the worker to measure: the one of that name, else one with GPUs,
// else the one with most CPUs.
func Choose(workers []turno.Worker, name string) (*turno.Worker, error) {
	var best *turno.Worker
	var names []string
	for i := range workers {
		w := &workers[i]
		names = append(names, w.Name)
		if w.State != turno.WorkerReady || name != "" && w.Name != name {
			continue
		}
		if best == nil || len(w.Machine.GPUs) > len(best.Machine.GPUs) ||
			len(w.Machine.GPUs) == len(best.Machine.GPUs) && w.Machine.CPUs > best.Machine.CPUs {
			best = w
		}
	}
	switch {
	case best != nil:
		return best, nil
	case name != "" && slices.Contains(names, name):
		return nil, fmt.Errorf("the worker %s is not ready", name)
	case name != "":
		return nil, fmt.Errorf("there is no worker %s; there are: %s", name, strings.Join(names, ", "))
	}
	return nil, fmt.Errorf("no worker is ready")
}

// Prepare makes the results of a run that is to begin.
func Prepare(s *Suite, w *turno.Worker, seed uint64) (*record.Results, error) {
	cases, left, err := s.Expand(&w.Machine)
	if err != nil {
		return nil, err
	}
	r := &record.Results{SchemaVersion: record.SchemaVersion, ID: uuid.NewString(), Suite: s.Name, Worker: w.Name,
		Settings: s.Settings(seed), Cases: cases, Left: left}
	for _, c := range cases {
		for _, side := range c.Sides {
			r.Simulated = r.Simulated || side.Simulated
		}
	}
	return r, nil
}

// Start adds a session to results.
func Start(r *record.Results, w *turno.Worker, version, server, client string, command []string) *record.Session {
	m := w.Machine
	m.Offers, m.Runners = nil, slices.Clone(m.Runners) // offers carry schemas, which are long and known
	r.Sessions = append(r.Sessions, record.Session{At: time.Now().UTC().Truncate(time.Second), Command: command, Version: version,
		Go: runtime.Version(), Server: server, Client: client, Machine: m})
	return &r.Sessions[len(r.Sessions)-1]
}
