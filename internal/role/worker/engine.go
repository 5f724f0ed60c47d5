package worker

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"turno"
	"turno/internal/runner"
)

// Engine is a runner of the user's own: a program that speaks the runner
// protocol and offers types of jobs.
type Engine struct {
	Name    string // turno.Spec.Engine
	Command []string
	Mode    string // warm, zygote or cold: told to the program, and cold is one job a child
	Jobs    int    // after so many a child is replaced; 0: never for that
	Growth  int64  // bytes by which a child's memory may grow after its first job; 0: any
}

const modeCold = "cold"

// Between two tries to start an engine that failed: soon, because somebody may
// be mending it, and then rarely.
const (
	engineRetry    = 15 * time.Second
	engineRetryMax = 10 * time.Minute
	// maxSchema bounds what one type adds to the worker's description.
	maxSchema = 64 << 10
	maxTypes  = 200
)

// engineNews is what became of starting an engine.
type engineNews struct {
	name  string
	hello runner.Hello
	err   error
}

// engine finds the settings of one; nil: the class is turno's own.
func (r *Role) engine(class string) *Engine {
	i := slices.IndexFunc(r.o.Engines, func(e Engine) bool { return e.Name == class })
	if i < 0 {
		return nil
	}
	return &r.o.Engines[i]
}

// classOf is the class of runner that serves a task: "" is a command, an
// engine's name is that engine. It is false for a task that this worker cannot
// run. What it says of a running task does not change: turno's own offers do
// not, and engines are alike in everything that asks for it.
func (r *Role) classOf(t *turno.Task) (string, bool) {
	class, own := r.classes[t.Spec.Type]
	device := cmp.Or(t.Device, turno.DeviceCPU)
	if own && (t.Spec.Engine == "" || t.Spec.Engine == turno.EngineNative) {
		for i := range r.o.Offers {
			if o := &r.o.Offers[i]; o.Type == t.Spec.Type && slices.Contains(o.Devices, device) {
				return class, true
			}
		}
	}
	for i := range r.machine.Offers {
		if o := &r.machine.Offers[i]; o.Engine != "" && o.Serves(t.Spec.Type, t.Spec.Engine, device) {
			return o.Engine, true
		}
	}
	return "", false
}

// isCommand tells whether a task runs as a process of its own.
func (r *Role) isCommand(t *turno.Task) bool {
	class, own := r.classes[t.Spec.Type]
	return own && class == ""
}

// cannot says why a task that came here does not run here.
func (r *Role) cannot(t *turno.Task) string {
	with := ""
	if t.Spec.Engine != "" {
		with = " with the engine " + t.Spec.Engine
	}
	return fmt.Sprintf("worker %s does not run jobs of type %q%s", r.o.Name, t.Spec.Type, with)
}

// learned takes what became of starting an engine into this worker's
// description. Machines that were reported are never written to.
func (r *Role) learned(n *engineNews) error {
	at := slices.IndexFunc(r.machine.Runners, func(x turno.Runner) bool { return x.Engine == n.name })
	now := r.machine.Runners[at]
	now.State, now.Reason, now.Name = turno.RunnerReady, "", n.hello.Name
	if n.err != nil {
		now.State, now.Reason, now.Name = turno.RunnerFailed, firstLine(n.err.Error()), ""
	}
	m := r.machine
	m.Runners = slices.Clone(m.Runners)
	m.Runners[at] = now
	m.Offers = slices.DeleteFunc(slices.Clone(m.Offers), func(o turno.Offer) bool { return o.Engine == n.name })
	for _, t := range n.hello.Types {
		m.Offers = append(m.Offers, turno.Offer{Type: t.Name, Engine: n.name, Devices: t.Devices, Summary: t.Summary, Schema: t.Schema})
	}
	// Turno's own first, then in the order of the settings, whoever was first
	// to say hello: a job that names no engine gets the first that serves it.
	place := func(o turno.Offer) int {
		return slices.IndexFunc(m.Runners, func(x turno.Runner) bool { return x.Engine == o.Engine })
	}
	slices.SortStableFunc(m.Offers, func(a, b turno.Offer) int { return place(a) - place(b) })
	if slices.Equal(m.Runners, r.machine.Runners) && slices.EqualFunc(m.Offers, r.machine.Offers, sameOffer) {
		return nil
	}
	if n.err != nil {
		r.log.Warn("does without a runner; tries again", "engine", n.name, "err", n.err)
	} else {
		r.log.Info("runner is ready", "engine", n.name, "name", n.hello.Name, "types", len(n.hello.Types))
	}
	r.machine = m
	if err := r.encoder.SetMachine(m); err != nil {
		return fmt.Errorf("describe this machine: %w", err)
	}
	r.core.Machine(m)
	return nil
}

func sameOffer(a, b turno.Offer) bool {
	return a.Type == b.Type && a.Engine == b.Engine && a.Summary == b.Summary &&
		slices.Equal(a.Devices, b.Devices) && bytes.Equal(a.Schema, b.Schema)
}

// firstLine bounds what goes into a worker's description.
func firstLine(text string) string {
	text, _, _ = strings.Cut(text, "\n")
	if len(text) > 500 {
		text = text[:500] + "…"
	}
	return text
}

// notStarted is the end of a run whose child could not be started. For an
// engine it is no fault of the job: it is lost, and goes again where the engine
// is, or waits for it.
func (p *pool) notStarted(g *group, err error) *turno.Result {
	err = fmt.Errorf("start a %s runner: %w", g.key.class, err)
	if p.role.engine(g.key.class) == nil {
		return setupFailure(err)
	}
	return &turno.Result{State: turno.Lost, Reason: turno.ReasonWorkerLost, Message: err.Error()}
}

// unserved is the end of a task that came here and cannot run here: a runner
// that offered its type has gone meanwhile, or the scheduler errs.
func (r *Role) unserved(t *turno.Task) *turno.Result {
	if _, own := r.classes[t.Spec.Type]; len(r.o.Engines) > 0 && (!own || t.Spec.Engine != "") {
		return &turno.Result{State: turno.Lost, Reason: turno.ReasonWorkerLost, Message: r.cannot(t)}
	}
	return &turno.Result{State: turno.Failed, Reason: turno.ReasonSetupFailed, Message: r.cannot(t)}
}

// vet looks at what an engine offers, and drops what this machine cannot give.
func (r *Role) vet(h *runner.Hello) error {
	if len(h.Types) > maxTypes {
		return fmt.Errorf("it offers %d types; at most %d are taken", len(h.Types), maxTypes)
	}
	simulated := slices.ContainsFunc(r.gpus, func(g turno.GPU) bool { return g.Simulated })
	kept := h.Types[:0]
	for _, t := range h.Types {
		spec := turno.Spec{Type: t.Name}
		spec.Normalize()
		switch err := spec.Validate(); {
		case err != nil:
			return fmt.Errorf("it offers the type %q: %s", t.Name, err.Message)
		case len(t.Schema) > maxSchema:
			return fmt.Errorf("the schema of its type %s has %d bytes; at most %d are taken", t.Name, len(t.Schema), maxSchema)
		case len(t.Schema) == 0:
			t.Schema = []byte(`{"type":"object"}`)
		}
		if class, own := r.classes[t.Name]; own && class == "" {
			return fmt.Errorf("it offers the type %s, which is turno's own and has no engines", t.Name)
		}
		if r.o.CheckSchema != nil {
			if err := r.o.CheckSchema(t.Name, t.Schema); err != nil {
				return fmt.Errorf("its hello: %w", err)
			}
		}
		if simulated { // nothing can compute on a device that is not there
			t.Devices = slices.DeleteFunc(slices.Clone(t.Devices), func(d turno.Device) bool { return d == turno.DeviceGPU })
		}
		if len(t.Devices) > 0 {
			kept = append(kept, t)
		}
	}
	h.Types = kept
	return nil
}

// learn starts an engine after a pause, beside everything else, to hear what it
// offers; again until it succeeds. The child stays for the first job, unless
// this machine has GPUs: then it has seen all of them, and a job's child sees
// its own.
func (p *pool) learn(e *Engine, pause time.Duration) {
	p.state.mu.Lock()
	busy := p.state.learning[e.Name]
	p.state.learning[e.Name] = true
	p.state.mu.Unlock()
	if busy {
		return
	}
	for p.pause(pause) {
		err := p.try(p.group(groupKey{class: e.Name}))
		if err == nil || p.ctx.Err() != nil {
			break
		}
		p.role.inbox.put(event{engine: &engineNews{name: e.Name, err: err}})
		pause = min(max(2*pause, engineRetry), engineRetryMax)
	}
	p.state.mu.Lock()
	delete(p.state.learning, e.Name)
	p.state.mu.Unlock()
}

// pause is false when the pool has closed.
func (p *pool) pause(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-p.ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

func (p *pool) try(g *group) error {
	var uuids []string
	for _, d := range p.role.gpus {
		if !d.Simulated {
			uuids = append(uuids, d.UUID)
		}
	}
	c, err := p.spawn(g, strings.Join(uuids, ","))
	if err != nil {
		return err
	}
	p.state.mu.Lock()
	g.children = append(g.children, c)
	switch {
	case p.state.closed:
		_ = c.process.Kill()
		p.state.mu.Unlock()
		p.bury(c)
		return nil
	case len(uuids) > 0:
		p.retire(c)
	}
	p.begun.Go(func() { <-c.conn.Done(); p.bury(c) })
	p.serve(g)
	p.state.mu.Unlock()
	return nil
}
