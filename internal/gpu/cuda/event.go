package cuda

import (
	"fmt"

	"turno/internal/gpu/cuda/driver"
)

// Flags of cuEventCreate (cuda.h, CUevent_flags).
const (
	eventTiming   = 0
	eventNoTiming = 2
)

func (s *Session) newEvent(flags uint32) (driver.Event, error) {
	var e driver.Event
	if err := s.check("cuEventCreate", s.api.EventCreate(&e, flags)); err != nil {
		return 0, err
	}
	s.events = append(s.events, e)
	return e, nil
}

// Mark is a point in the stream's time. It can be set again.
type Mark struct{ event driver.Event }

// Mark sets a point after everything that was asked for.
func (s *Session) Mark() (Mark, error) {
	e, err := s.newEvent(eventTiming)
	if err != nil {
		return Mark{}, err
	}
	return Mark{e}, s.Again(Mark{e})
}

// Again sets an existing mark.
func (s *Session) Again(m Mark) error {
	return s.check("cuEventRecord", s.api.EventRecord(m.event, s.stream))
}

// Wait until the device has come to a mark.
func (s *Session) Wait(m Mark) error {
	return s.check("cuEventSynchronize", s.api.EventSynchronize(m.event))
}

// Seconds between two marks, for which it waits.
func (s *Session) Seconds(from, to Mark) (float64, error) {
	if err := s.check("cuEventSynchronize", s.api.EventSynchronize(to.event)); err != nil {
		return 0, err
	}
	var milliseconds float32
	err := s.check("cuEventElapsedTime", s.api.EventElapsedTime(&milliseconds, from.event, to.event))
	return float64(milliseconds) / 1e3, err
}

// Graph is launches that are repeated as one.
type Graph struct {
	session *Session
	exec    driver.GraphExec
	plain   func() error // where the driver has no graphs
}

// Capture records what do asks of the session, which must be launches, copies
// on the device and Zero alone, and does not do it.
func (s *Session) Capture(do func() error) (*Graph, error) {
	if !s.api.HasGraphs() {
		return &Graph{session: s, plain: do}, nil
	}
	if err := s.check("cuStreamBeginCapture", s.api.StreamBeginCapture(s.stream, driver.CaptureRelaxed)); err != nil {
		return nil, err
	}
	did := do()
	var graph driver.Graph
	err := s.check("cuStreamEndCapture", s.api.StreamEndCapture(s.stream, &graph))
	if did != nil {
		err = did
	}
	g := &Graph{session: s}
	if err == nil {
		err = s.check("cuGraphInstantiate", s.api.GraphInstantiate(&g.exec, graph, 0))
	}
	if graph != 0 {
		if destroyed := s.check("cuGraphDestroy", s.api.GraphDestroy(graph)); err == nil {
			err = destroyed
		}
	}
	if err != nil {
		return nil, fmt.Errorf("capture a graph: %w", err)
	}
	s.graphs = append(s.graphs, g.exec)
	return g, nil
}

// Launch does what was captured.
func (g *Graph) Launch() error {
	if g.plain != nil {
		return g.plain()
	}
	return g.session.check("cuGraphLaunch", g.session.api.GraphLaunch(g.exec, g.session.stream))
}
