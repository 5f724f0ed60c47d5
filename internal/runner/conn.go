package runner

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"turno"
)

// maxBatch bounds the events of one OnEvents.
const maxBatch = 1024

// read is the reader's goroutine: hello, then events until in ends or holds
// what is not the protocol's.
func (c *Conn) read(greeted chan<- error) {
	defer close(c.done)
	lines := newLines(c.in)
	if err := c.greet(lines); err != nil {
		greeted <- err
		return
	}
	greeted <- nil
	err := c.events(lines)
	c.end(err)
	c.wait.Wait()
}

func (c *Conn) greet(lines *lines) error {
	line, err := lines.next()
	if err == io.EOF {
		return errors.New("it ended before its hello; its standard error says why")
	}
	if err != nil {
		return fmt.Errorf("wait for its hello: %w", err)
	}
	e, err := decodeEvent(line)
	if err != nil {
		return err
	}
	if e.Hello == nil {
		return fmt.Errorf("its first line is no hello: %.80q", line)
	}
	return c.meet(*e.Hello)
}

// meet checks a hello and keeps it.
func (c *Conn) meet(h Hello) error {
	switch {
	case h.Version != Version:
		return fmt.Errorf("it speaks version %d of the protocol, this turno %d: install runner and worker of the same release", h.Version, Version)
	case h.Name == "":
		return errors.New("its hello has no name")
	case h.Concurrent < 1:
		return fmt.Errorf("it says that it runs %d at once; at least 1 is needed", h.Concurrent)
	case len(h.Types) == 0:
		return errors.New("it offers no type of job")
	}
	for _, t := range h.Types {
		switch {
		case t.Name == "" || c.types[t.Name]:
			return fmt.Errorf("it offers the type %q twice or without a name", t.Name)
		case len(t.Devices) == 0:
			return fmt.Errorf("it offers the type %q on no device", t.Name)
		case slices.ContainsFunc(t.Devices, func(d turno.Device) bool { return d != turno.DeviceCPU && d != turno.DeviceGPU }):
			return fmt.Errorf("it offers the type %q on %v; devices are cpu and gpu", t.Name, t.Devices)
		}
		c.types[t.Name] = true
	}
	c.hello = h
	return nil
}

// decodeEvent reads a line of which exactly one field must be set.
func decodeEvent(line []byte) (Event, error) {
	var e Event
	if err := json.Unmarshal(line, &e); err != nil {
		return e, fmt.Errorf("it wrote a line that is not of the protocol: %.80q (%w); a job must print to its log, not to the runner's standard output", line, err)
	}
	set := 0
	for _, is := range []bool{e.Hello != nil, e.Progress != nil, e.Done != nil} {
		if is {
			set++
		}
	}
	if set != 1 {
		return e, fmt.Errorf("it wrote a line with %d of hello, progress and done, not one: %.80q", set, line)
	}
	return e, nil
}

// events reads until something ends it, which it returns.
func (c *Conn) events(lines *lines) error {
	batch := make([]Event, 0, maxBatch)
	defer func() { c.deliver(batch) }()
	for {
		if len(batch) == maxBatch || len(batch) > 0 && !lines.ready() {
			c.deliver(batch)
			clear(batch)
			batch = batch[:0]
		}
		line, err := lines.next()
		if err == io.EOF {
			return fmt.Errorf("it ended, and its output with it: %w", err)
		}
		if err != nil {
			return err
		}
		e, err := decodeEvent(line)
		if err != nil {
			return err
		}
		if err := c.take(e); err != nil {
			return err
		}
		batch = append(batch, e)
	}
}

// take checks an event against the runs that are open.
func (c *Conn) take(e Event) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case e.Hello != nil:
		return errors.New("it said hello twice")
	case e.Progress != nil:
		return c.progress(e.Progress)
	}
	if err := c.known("done", e.Done.Key); err != nil {
		return err
	}
	delete(c.open, e.Done.Key)
	c.ended.add(e.Done.Key)
	fault := e.Done.Error
	if fault == nil {
		if e.Done.Spent != "" {
			c.spend(fmt.Errorf("the runner %s asks to be replaced: %s", c.hello.Name, e.Done.Spent))
		}
		return nil
	}
	if fault.Reason == "" {
		fault.Reason = runnerFailed
	}
	if fault.Poisoned {
		c.spend(fmt.Errorf("the runner %s was poisoned by run %s: %s", c.hello.Name, e.Done.Key, fault.Message))
	}
	return nil
}

// progress refuses what cannot be: who lies about that may lie about its end.
// It is called under mu.
func (c *Conn) progress(p *Progress) error {
	if err := c.known("progress", p.Key); err != nil {
		return err
	}
	switch most := c.open[p.Key]; {
	case p.Fraction > 1:
		return fmt.Errorf("it said progress %g for the run %s: a fraction is 0 to 1, or negative when it is not known", p.Fraction, p.Key)
	case p.Fraction >= 0 && p.Fraction < most:
		return fmt.Errorf("it said progress %g for the run %s after %g: progress does not go back", p.Fraction, p.Key, most)
	}
	c.open[p.Key] = max(c.open[p.Key], p.Fraction)
	return nil
}

// known is called under mu.
func (c *Conn) known(what, key string) error {
	switch {
	case c.has(key):
		return nil
	case c.ended.has(key):
		return fmt.Errorf("it said %s for the run %.40q, which had ended", what, key)
	}
	return fmt.Errorf("it said %s for the run %.40q, which it was never given", what, key)
}
