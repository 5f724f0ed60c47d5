package drivertest

import (
	"time"

	"turno/internal/gpu/cuda/driver"
)

// work is one thing that a stream does.
type work func() driver.Result

type stream struct {
	queue     []work
	capturing bool
	spoilt    bool // the capture was invalidated
	captured  []work
}

type event struct {
	recorded *stream
	at       time.Time
	fired    bool
}

func (f *Fake) contexts(c *driver.CUDA) {
	c.StreamCreate = func(s *driver.Stream, _ uint32) driver.Result {
		defer f.mu.Unlock()
		r := f.within("StreamCreate")
		if r == driver.Success {
			*s = driver.Stream(f.handle())
			f.streams[*s] = &stream{}
		}
		return r
	}
	c.StreamDestroy = func(s driver.Stream) driver.Result {
		defer f.mu.Unlock()
		r := f.within("StreamDestroy")
		if r == driver.Success {
			r = f.run(s)
			delete(f.streams, s)
		}
		return r
	}
	c.StreamSynchronize = func(s driver.Stream) driver.Result {
		defer f.mu.Unlock()
		if r := f.within("StreamSynchronize"); r != driver.Success {
			return r
		}
		return f.run(s)
	}
	c.StreamQuery = c.StreamSynchronize
	c.CtxSynchronize = func() driver.Result {
		defer f.mu.Unlock()
		if r := f.within("CtxSynchronize"); r != driver.Success {
			return r
		}
		return f.runAll()
	}
	f.timing(c)
}

func (f *Fake) timing(c *driver.CUDA) {
	c.EventCreate = func(e *driver.Event, _ uint32) driver.Result {
		defer f.mu.Unlock()
		r := f.within("EventCreate")
		if r == driver.Success {
			*e = driver.Event(f.handle())
			f.events[*e] = &event{}
		}
		return r
	}
	c.EventDestroy = func(e driver.Event) driver.Result {
		defer f.mu.Unlock()
		r := f.within("EventDestroy")
		if r == driver.Success && f.events[e] == nil {
			return 400
		}
		delete(f.events, e)
		return r
	}
	c.EventRecord = func(e driver.Event, s driver.Stream) driver.Result {
		f.mu.Lock()
		ev := f.events[e]
		f.mu.Unlock()
		return f.submit("EventRecord", s, func() driver.Result {
			ev.at, ev.fired = time.Now(), true
			return driver.Success
		}, func() { ev.fired, ev.recorded = false, f.streams[s] })
	}
	c.EventSynchronize = func(e driver.Event) driver.Result {
		defer f.mu.Unlock()
		if r := f.within("EventSynchronize"); r != driver.Success {
			return r
		}
		ev := f.events[e]
		for ev.recorded != nil && !ev.fired && len(ev.recorded.queue) > 0 {
			if r := f.step(ev.recorded); r != driver.Success {
				return r
			}
		}
		return driver.Success
	}
	c.EventElapsedTime = func(ms *float32, a, b driver.Event) driver.Result {
		defer f.mu.Unlock()
		r := f.within("EventElapsedTime")
		if r == driver.Success {
			if !f.events[a].fired || !f.events[b].fired {
				return driver.NotReady
			}
			*ms = float32(f.events[b].at.Sub(f.events[a].at).Seconds() * 1e3)
		}
		return r
	}
}

// submit queues work, or records it for a graph. first, if any, is done at once.
func (f *Fake) submit(call string, s driver.Stream, do work, first ...func()) driver.Result {
	defer f.mu.Unlock()
	if r := f.within(call); r != driver.Success {
		return r
	}
	st := f.streams[s]
	if st == nil {
		return 400
	}
	for _, x := range first {
		x()
	}
	if st.capturing {
		st.captured = append(st.captured, do)
		return driver.Success
	}
	st.queue = append(st.queue, do)
	return driver.Success
}

func (f *Fake) step(s *stream) driver.Result {
	do := s.queue[0]
	s.queue = s.queue[1:]
	return f.result(do())
}

func (f *Fake) run(s driver.Stream) driver.Result {
	st := f.streams[s]
	if st == nil {
		return 400
	}
	if st.capturing {
		st.spoilt = true
		return 900 // CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED
	}
	for len(st.queue) > 0 {
		if r := f.step(st); r != driver.Success {
			return r
		}
	}
	return driver.Success
}

func (f *Fake) runAll() driver.Result {
	for s := range f.streams {
		if r := f.run(s); r != driver.Success {
			return r
		}
	}
	return driver.Success
}

func (f *Fake) captures(c *driver.CUDA) {
	c.StreamBeginCapture = func(s driver.Stream, _ int32) driver.Result {
		defer f.mu.Unlock()
		r := f.within("StreamBeginCapture")
		if r == driver.Success {
			f.streams[s].capturing, f.streams[s].spoilt, f.streams[s].captured = true, false, nil
		}
		return r
	}
	c.StreamEndCapture = func(s driver.Stream, g *driver.Graph) driver.Result {
		defer f.mu.Unlock()
		r := f.within("StreamEndCapture")
		st := f.streams[s]
		st.capturing = false
		switch {
		case r != driver.Success:
			return r
		case st.spoilt:
			return 901 // CUDA_ERROR_STREAM_CAPTURE_INVALIDATED
		}
		*g = driver.Graph(f.handle())
		f.graphs[*g] = st.captured
		return r
	}
	c.GraphInstantiate = func(e *driver.GraphExec, g driver.Graph, _ uint64) driver.Result {
		defer f.mu.Unlock()
		r := f.within("GraphInstantiate")
		if r == driver.Success {
			*e = driver.GraphExec(f.handle())
			f.execs[*e] = f.graphs[g]
		}
		return r
	}
	c.GraphDestroy = func(g driver.Graph) driver.Result {
		defer f.mu.Unlock()
		r := f.within("GraphDestroy")
		delete(f.graphs, g)
		return r
	}
	c.GraphExecDestroy = func(e driver.GraphExec) driver.Result {
		defer f.mu.Unlock()
		r := f.within("GraphExecDestroy")
		delete(f.execs, e)
		return r
	}
	c.GraphLaunch = func(e driver.GraphExec, s driver.Stream) driver.Result {
		return f.submit("GraphLaunch", s, func() driver.Result {
			for _, do := range f.execs[e] {
				if r := do(); r != driver.Success {
					return r
				}
			}
			return driver.Success
		})
	}
}
