package coretest

import (
	"cmp"
	"container/heap"
	"fmt"
	"slices"
	"time"

	"turno"
	"turno/internal/core/hold"
	"turno/internal/core/sched"
)

// monthly are the times of a season: near those of a real turno, but for
// heartbeats that are rarer, so that a month of them can be walked through.
var monthly = Times{
	Lease: 10 * time.Minute, Margin: 61 * time.Second, Silence: 200 * time.Second, Heartbeat: time.Minute,
	Ahead: 50 * time.Millisecond, Dying: 10 * time.Second,
}

// Season is a world in which time passes by itself: messages travel, processes
// run, people and machines do what a plan says. All chance comes from the seed,
// by what it is about and not by turns, so that a shorter plan leaves what is
// left of it as it was.
type Season struct {
	*World
	seed   uint64
	plan   []Event
	agenda agenda
	added  uint64 // to the agenda
	fair   bool   // no more faults

	queue   []*submission // of the broker: handed in and not acknowledged
	crash   step          // where the scheduler dies at its next commit
	downFor time.Duration // and for how long
	zombie  *zombie
	storm   time.Time // until when the network is bad
	led     time.Time // since when this scheduler leads
	jobs    map[string]behaviour

	Totals Totals
}

// submission is a message with new jobs, until it is acknowledged.
type submission struct {
	jobs  []turno.NewJob
	open  bool // a scheduler has it
	taken bool
}

// zombie is a scheduler that does not know yet that it leads no more: it hears
// Reports and answers them, until it has something to commit and is refused.
type zombie struct {
	core  *sched.Sched
	until time.Time
}

// item of the agenda.
type item struct {
	at time.Time
	n  uint64
	do func()
}

type agenda []item

func (h agenda) Len() int { return len(h) }
func (h agenda) Less(a, b int) bool {
	return cmp.Or(h[a].at.Compare(h[b].at), cmp.Compare(h[a].n, h[b].n)) < 0
}
func (h agenda) Swap(a, b int) { h[a], h[b] = h[b], h[a] }
func (h *agenda) Push(x any)   { *h = append(*h, x.(item)) }
func (h *agenda) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = item{}
	*h = old[:len(old)-1]
	return last
}

// after puts something on the agenda.
func (s *Season) after(d time.Duration, do func()) { s.at(s.now.Add(d), do) }

func (s *Season) at(t time.Time, do func()) {
	s.added++
	heap.Push(&s.agenda, item{t, s.added, do})
}

// roll is a number that the seed and what it is about give.
func (s *Season) roll(about ...uint64) uint64 {
	h := s.seed + 0x9e3779b97f4a7c15
	for _, x := range about {
		h = (h ^ x) * 0xbf58476d1ce4e5b9
		h = (h ^ h>>29) * 0x94d049bb133111eb
		h ^= h >> 32
	}
	return h
}

// between is a duration from low to high.
func between(roll uint64, low, high time.Duration) time.Duration {
	return low + time.Duration(roll%uint64(high-low+1))
}

// RunSeason lives through a plan and brings the world to rest. It starts shortly
// before the first event. A panic of a core is a failure like any other.
func RunSeason(seed uint64, plan []Event) (s *Season, err error) {
	s = newSeason(seed, plan)
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%s: panic: %v", s.day(), p)
		}
	}()
	last := s.now
	for _, ev := range plan {
		last = epoch.Add(ev.At)
		s.at(last, func() { s.happen(ev) })
	}
	for s.now.Before(last) {
		if err := s.until(earlier(last, s.now.Add(5*time.Minute)), nil); err != nil {
			return s, err
		}
		if err := s.checkHeard(); err != nil {
			return s, err
		}
	}
	return s, s.rest()
}

func newSeason(seed uint64, plan []Event) *Season {
	s := &Season{World: newWorld(monthly), seed: seed, plan: plan, jobs: map[string]behaviour{}}
	s.nature = s
	if len(plan) > 0 {
		s.now = epoch.Add(plan[0].At - 10*time.Minute)
	}
	s.Totals.began, s.led = s.now, s.now
	s.workers = lab()
	for i, a := range s.workers {
		s.setClock(a, uint64(i))
		a.drift = between(s.roll('r', uint64(i)), -million/100, million/100)
	}
	s.startScheduler("fair")
	for _, a := range s.workers {
		s.startAgent(a)
	}
	return s
}

// until lets time pass, from one event to the next, until a time or until done
// says so.
func (s *Season) until(end time.Time, done func() bool) error {
	still := 0
	for {
		at := s.next()
		if at.After(end) {
			s.now = end
			return nil
		}
		if at.After(s.now) {
			s.now, still = at, 0
		} else if still++; still > maxStill {
			return fmt.Errorf("%s: time stands still", s.day())
		}
		s.step()
		if err := s.Check(); err != nil {
			return fmt.Errorf("%s: %w", s.day(), err)
		}
		if done != nil && done() {
			return nil
		}
	}
}

// maxStill bounds the events of one instant: a core that asks to be woken at
// once, for ever, is as wrong as one that sleeps.
const maxStill = 10_000

// next is when something happens next.
func (s *Season) next() time.Time {
	next := s.now.Add(time.Hour)
	earlier := func(at time.Time) {
		if !at.IsZero() && at.Before(next) {
			next = at
		}
	}
	if len(s.agenda) > 0 {
		earlier(s.agenda[0].at)
	}
	if s.core != nil {
		earlier(s.core.Next())
	}
	for _, a := range s.workers {
		if a.core != nil {
			earlier(a.when(a.core.Next()))
		}
	}
	if next.Before(s.now) {
		return s.now
	}
	return next
}

// step does what is due: one item of the agenda, or what the cores have asked
// to be woken for.
func (s *Season) step() {
	s.Events++
	if len(s.agenda) > 0 && !s.agenda[0].at.After(s.now) {
		heap.Pop(&s.agenda).(item).do()
		s.commitAndSend()
		return
	}
	for _, a := range s.workers {
		if a.core != nil && !a.when(a.core.Next()).After(s.now) {
			a.core.Tick(a.local(s.now))
			s.run(a)
			return
		}
	}
	if s.core != nil {
		s.scheduler().Tick(s.now)
		s.commitAndSend()
	}
}

// commitAndSend is a turn of the scheduler's loop, to its end or to where a
// fault has it die.
func (s *Season) commitAndSend() {
	if s.core == nil || !s.asked {
		return
	}
	s.flush(s.crash)
	if s.core == nil {
		s.Totals.fault("scheduler dies " + stepNames[s.crash])
		s.schedulerDown(s.downFor)
	}
}

var stepNames = [steps]string{"", "before a commit", "after a commit", "after its answers", "after its results", "amid its Desireds", "before it acknowledges"}

func (s *Season) schedulerDown(d time.Duration) {
	s.core, s.crash = nil, nowhere
	for _, q := range s.queue {
		q.open = false
	}
	s.after(d, s.schedulerUp)
}

func (s *Season) schedulerUp() {
	if s.core != nil {
		return
	}
	s.startScheduler("fair")
	s.led = s.now
	s.Totals.terms++
	s.receive()
}

// submit is what a client does: it sends, and sends the same again until it is
// told.
func (s *Season) submit(jobs []turno.NewJob) {
	if s.answered[jobs[0].ID] {
		return
	}
	s.queue = append(s.queue, &submission{jobs: jobs})
	s.after(5*time.Millisecond, s.receive)
	again := between(s.roll('c', uint64(s.now.UnixNano())), 2*time.Second, 2*time.Minute)
	s.after(again, func() { s.submit(jobs) })
}

// receive hands what waits in the queue to the scheduler.
func (s *Season) receive() {
	if s.core == nil {
		return
	}
	s.queue = slices.DeleteFunc(s.queue, func(q *submission) bool { return q.taken })
	var took []*submission
	for _, q := range s.queue {
		if q.open {
			continue
		}
		q.open = true
		took = append(took, q)
		s.handIn(q.jobs)
	}
	if len(took) == 0 {
		return
	}
	before := s.post.taken
	s.post.taken = func() {
		if before != nil {
			before()
		}
		for _, q := range took {
			q.taken = true
		}
	}
}

// Shrunk takes events away while the plan still fails, for at most so many
// events of the world as a multiple of the failing run's.
func Shrunk(seed uint64, plan []Event, most int) []Event {
	s, err := RunSeason(seed, plan)
	if err == nil {
		return plan
	}
	budget := most * s.Events
	fails := func(p []Event) bool {
		if budget <= 0 {
			return false
		}
		s, err := RunSeason(seed, p)
		budget -= s.Events
		return err != nil
	}
	// What came long before or after the failure is seldom its cause.
	end := s.now.Sub(epoch)
	plan = slices.DeleteFunc(slices.Clone(plan), func(e Event) bool { return e.At > end })
	plan = append(plan, Event{At: end + time.Second, Kind: "nothing"}) // so that it does not rest before
	for _, span := range []time.Duration{time.Hour, 6 * time.Hour, 24 * time.Hour, 4 * 24 * time.Hour} {
		late := slices.DeleteFunc(slices.Clone(plan), func(e Event) bool { return e.At < end-span })
		if len(late) > 0 && len(late) < len(plan) && fails(late) {
			plan = late
			break
		}
	}
	return shrink(plan, fails)
}

// carry sends a message; what becomes of it is chance.
func (s *Season) carry(m message) {
	a, toScheduler := m.to, uint64(0)
	if a == nil {
		a, toScheduler = m.from, 1
	}
	link := s.roll('m', uint64(s.now.UnixNano()), a.number, toScheduler)
	if m.report != nil && len(a.output) > 0 {
		s.carryOnce(a, message{from: a, output: slices.Clone(a.output)}, s.roll(link, 1))
	}
	if s.carryOnce(a, m, link); !s.fair && link>>40%200 == 0 {
		s.Totals.fault("message repeated")
		s.carryOnce(a, m, s.roll(link, 2))
	}
}

func (s *Season) carryOnce(a *agent, m message, chance uint64) {
	bad := s.now.Before(s.storm)
	delay := between(chance>>8, 500*time.Microsecond, 20*time.Millisecond)
	switch n := chance % 1000; {
	case s.fair:
	case n < 10, bad && n < 250:
		s.Totals.fault("message dropped")
		return
	case n < 20, bad && n < 500:
		s.Totals.fault("message delayed")
		delay = between(chance>>8, 50*time.Millisecond, 30*time.Second)
	}
	if s.now.Before(a.cutUntil) {
		s.Totals.fault("message cut off")
		return
	}
	s.after(delay, func() {
		if z := s.zombie; z != nil && m.report != nil {
			s.undead(z, m.report)
		}
		s.deliver(m)
	})
}

// undead lets a zombie answer.
func (s *Season) undead(z *zombie, r *turno.Report) {
	z.core.Report(s.now, r)
	ready := z.core.Ready()
	if ready.Commits() || s.now.After(z.until) {
		s.zombie = nil
		return
	}
	for i := range ready.Desired {
		s.Totals.fault("Desired of a scheduler that was replaced")
		s.carry(message{to: s.agent(ready.Desired[i].Worker), desired: &ready.Desired[i]})
	}
}

// born lets a process begin, and end by itself if nothing ends it before.
func (s *Season) born(a *agent, p *proc) {
	b := s.jobs[p.task.ID[:36]]
	chance := s.roll('p', b.seed, uint64(p.task.Index), uint64(p.key.Attempt))
	s.Totals.attempts++
	s.after(min(between(chance, 0, 2*time.Second), b.length/2), func() {
		if a.core != nil && !p.gone && !p.started {
			p.started = true
			a.core.Started(a.local(s.now), p.key)
			s.run(a)
		}
	})
	length, r := b.run(chance)
	if limit := time.Duration(p.task.Spec.TimeLimit); limit > 0 && length > limit {
		length = limit
		r = turno.Result{State: turno.Failed, Reason: turno.ReasonTimeout, Retryable: true}
	}
	s.after(length, func() { s.exit(a, p, r) })
}

// exit ends a process, if it has not ended.
func (s *Season) exit(a *agent, p *proc, r turno.Result) {
	if p.gone {
		return
	}
	s.Totals.ran(p, s.now, r.State == turno.Succeeded)
	s.die(a, p, r)
}

// doomed ends a process within its grace; most hear the first signal.
func (s *Season) doomed(a *agent, p *proc, o hold.Order) {
	chance := s.roll('d', uint64(p.key.Job), uint64(p.key.Attempt))
	wait := between(chance>>4, 0, s.times.Dying)
	if chance%4 == 0 {
		wait += o.Grace
	}
	at := s.now.Add(wait)
	if !p.dies.IsZero() && !at.Before(p.dies) {
		return
	}
	p.dies = at
	s.at(at, func() {
		if p.dies.Equal(at) { // it may have been put off: an agent came back
			s.exit(a, p, ended)
		}
	})
}
