package coretest

import (
	"fmt"
	"time"

	"turno"
)

// lab is the machines of a season.
func lab() []*agent {
	type kind struct {
		cpus, gpus int
		model      string
		memory     int64 // of a GPU
	}
	kinds := []kind{{16, 0, "", 0}, {32, 4, "A5000", 24 << 30}, {32, 4, "A5000", 24 << 30}, {24, 2, "H100", 80 << 30}, {8, 1, "T4", 16 << 30}}
	var out []*agent
	for i, k := range kinds {
		m := turno.Machine{
			Hostname: fmt.Sprintf("node%d", i), CPUs: turno.MilliCPU(k.cpus) * turno.CPU, Memory: int64(k.cpus) * 4 << 30,
			Offers: []turno.Offer{
				{Type: "exec", Devices: []turno.Device{turno.DeviceCPU, turno.DeviceGPU}},
				{Type: "warm", Devices: []turno.Device{turno.DeviceCPU, turno.DeviceGPU}},
			},
		}
		if k.gpus > 0 {
			m.Offers = append(m.Offers, turno.Offer{Type: "warm", Engine: "torch", Devices: []turno.Device{turno.DeviceCPU, turno.DeviceGPU}})
		}
		for g := range k.gpus {
			m.GPUs = append(m.GPUs, turno.GPU{Index: g, UUID: fmt.Sprintf("%s-gpu%d", m.Hostname, g), Model: k.model, Memory: k.memory})
		}
		out = append(out, newAgent(uint64(i), m.Hostname, m))
	}
	return out
}

// behaviour is what a job is like when it runs.
type behaviour struct {
	seed   uint64
	length time.Duration // of a run, about
	// Of a thousand runs, so many fail, and so many of these for good.
	fails, broken uint64
	quiet         bool // leaves no output
}

// run is how long one attempt runs and what it comes to.
func (b behaviour) run(chance uint64) (time.Duration, turno.Result) {
	length := b.length/2 + time.Duration(float64(b.length)*float64(chance>>20%1000)/1000)
	r := turno.Result{State: turno.Succeeded, Reason: turno.ReasonCompleted}
	if chance%1000 < b.fails {
		r = turno.Result{State: turno.Failed, Reason: turno.ReasonExitCode, ExitCode: 1, Retryable: chance>>10%1000 >= b.broken}
		length /= 3
	}
	if !b.quiet {
		r.LogBytes = 1 + int64(chance>>30%100_000)
	}
	return length, r
}

// jobKinds are the events that hand in jobs.
var jobKinds = []string{"script", "infer", "train", "sweep", "pipeline", "nightly", "deadline", "burst", "wide", "nonsense", "held"}

// draft is a job that is about to be handed in.
type draft struct {
	spec *turno.Spec
	behaviour
}

// dice gives the numbers of one event, one after the other.
type dice struct {
	s      *Season
	a, b   uint64
	thrown uint64
}

func (d *dice) n(most uint64) uint64 {
	d.thrown++
	return d.s.roll('j', d.a, d.b, d.thrown) % most
}

func (d *dice) between(low, high time.Duration) time.Duration {
	return low + time.Duration(d.n(uint64(high-low)+1))
}

// skewed is a duration of which most are near low.
func (d *dice) skewed(low, high time.Duration) time.Duration {
	x := float64(d.n(1000)) / 1000
	return low + time.Duration(x*x*x*float64(high-low))
}

func (d *dice) draft(typ string, low, high time.Duration) draft {
	s := &turno.Spec{
		Type: typ, User: fmt.Sprintf("user%d", d.n(8)), CPUs: turno.MilliCPU(1+d.n(8)) * turno.CPU, Memory: int64(1+d.n(16)) << 30,
		Priority: int(d.n(10) / 9), Retries: int(d.n(3)), Backoff: turno.Duration(d.between(time.Second, 5*time.Minute)), NoRequeue: d.n(25) == 0,
	}
	b := behaviour{seed: d.s.roll('b', d.a, d.b, d.thrown), length: d.skewed(low, high), fails: 40, broken: 400, quiet: d.n(3) == 0}
	if d.n(3) > 0 { // a limit as people state them: round, and much too long
		s.TimeLimit = turno.Duration(max(2*b.length, 30*time.Second).Round(30 * time.Second))
	}
	return draft{s, b}
}

func (d draft) onGPUs(n uint64, model string) draft {
	d.spec.Device, d.spec.GPUs, d.spec.GPUModel = turno.DeviceGPU, int(n), model
	return d
}

// drafts are the jobs of an event, in the order in which they are handed in.
func (s *Season) drafts(ev Event) []draft {
	d := &dice{s: s, a: uint64(ev.A), b: uint64(ev.B)}
	switch ev.Kind {
	case "script":
		return []draft{d.draft("exec", time.Second, 2*time.Hour)}
	case "infer":
		x := d.draft("warm", 200*time.Millisecond, 5*time.Minute)
		x.spec.Device = []turno.Device{turno.DeviceAny, turno.DeviceCPU, turno.DeviceGPU}[d.n(3)]
		if d.n(3) == 0 {
			x.spec.Engine = "torch"
		}
		return []draft{x}
	case "train":
		x := d.draft("exec", 30*time.Minute, 30*time.Hour).onGPUs(1+d.n(2)*d.n(2), []string{"", "", "", "A5000", "A5000", "H100"}[d.n(6)])
		x.spec.Retries = 3
		return []draft{x}
	case "wide":
		return []draft{d.draft("exec", time.Hour, 8*time.Hour).onGPUs(4, "A5000")}
	case "sweep":
		return []draft{d.array(d.draft("exec", time.Minute, 40*time.Minute), 10+d.n(40), d.n(3)*4)}
	case "burst":
		x := d.draft("warm", 10*time.Millisecond, 30*time.Millisecond)
		x.fails, x.quiet, x.spec.CPUs = 0, true, turno.CPU
		return []draft{d.array(x, 60+d.n(100), 0)}
	case "pipeline":
		return d.pipeline()
	case "nightly":
		x := d.draft("exec", 10*time.Minute, 2*time.Hour)
		x.spec.Begin = s.now.Truncate(24 * time.Hour).Add(26 * time.Hour)
		return []draft{x}
	case "deadline":
		x := d.draft("exec", 10*time.Minute, 4*time.Hour)
		x.spec.Deadline = s.now.Add(d.between(time.Minute, 8*time.Hour))
		return []draft{x}
	case "held":
		x := d.draft("exec", time.Minute, time.Hour)
		x.spec.Hold = true
		return []draft{x}
	}
	x := d.draft("exec", time.Minute, time.Hour).onGPUs(8, "B200")
	return []draft{x}
}

func (d *dice) array(x draft, tasks, limit uint64) draft {
	x.spec.Array = &turno.Array{Tasks: turno.Ranges{{First: 0, Last: int(tasks) - 1, Step: 1}}, Limit: int(limit)}
	if d.n(2) == 0 && x.spec.Type == "exec" {
		return x.onGPUs(1, "")
	}
	return x
}

// pipeline prepares, trains some models, compares them, and tidies up or tells
// of a failure. submitJobs fills in the ids that After refers to by place.
func (d *dice) pipeline() []draft {
	prepare := d.draft("exec", time.Minute, 30*time.Minute)
	train := d.array(d.draft("exec", 10*time.Minute, 3*time.Hour), 2+d.n(6), 0)
	compare := d.draft("warm", time.Second, 5*time.Minute)
	one := d.draft("exec", time.Second, time.Minute)
	tidy := d.draft("exec", time.Second, time.Minute)
	alarm := d.draft("exec", time.Second, time.Minute)
	train.spec.After = []turno.Dependency{{Job: "0", When: turno.AfterOK}}
	compare.spec.After = []turno.Dependency{{Job: "1", When: turno.AfterOK}}
	one.spec.After = []turno.Dependency{{Job: "1_1", When: turno.AfterOK}}
	tidy.spec.After = []turno.Dependency{{Job: "2", When: turno.AfterAny}, {Job: "0", When: turno.AfterAny}}
	alarm.spec.After = []turno.Dependency{{Job: "1", When: turno.AfterNotOK}}
	return []draft{prepare, train, compare, one, tidy, alarm}
}

// handInJobs gives an event's jobs their ids and sends them.
func (s *Season) handInJobs(ev Event) {
	drafts := s.drafts(ev)
	ids := make([]string, len(drafts))
	jobs := make([]turno.NewJob, len(drafts))
	for i, d := range drafts {
		ids[i] = s.newID(d.seed)
		for k := range d.spec.After {
			after := &d.spec.After[k]
			var place int
			var task string
			if _, err := fmt.Sscanf(after.Job, "%d%s", &place, &task); err != nil && place < 0 {
				panic(err)
			}
			after.Job = ids[place] + task
		}
		d.spec.Normalize()
		if err := d.spec.Validate(); err != nil {
			panic(fmt.Sprintf("%s: %v", ev, err))
		}
		s.jobs[ids[i]] = d.behaviour
		jobs[i] = turno.NewJob{ID: ids[i], Spec: d.spec}
	}
	s.submit(jobs)
	if s.roll('t', uint64(ev.A), uint64(ev.B))%50 == 0 {
		s.Totals.fault("submission repeated")
		s.submit(jobs)
	}
}

// newID is a UUIDv7 by the client's clock, which is a second off at most.
func (s *Season) newID(seed uint64) string {
	return uuid7(s.now.Add(between(s.roll('u', seed), -time.Second, time.Second)), seed)
}

func uuid7(at time.Time, seed uint64) string {
	made := at.UnixMilli()
	return fmt.Sprintf("%08x-%04x-7%03x-8%03x-%012x", made>>16, made&0xffff, seed>>48&0xfff, seed>>32&0xfff, seed&0xffffffffffff)
}
