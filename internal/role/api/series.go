package api

import (
	"context"
	"sync"
	"time"

	"turno"
)

const (
	// sampleEvery is how often the queue's figures are noted. Each costs the
	// store a count and the scheduler one answer.
	sampleEvery = 5 * time.Second
	// samplesKept are a day of them: 17,280 of 64 bytes.
	samplesKept = int(24 * time.Hour / sampleEvery)
	// maxPoints of one answer; a screen has no more columns.
	maxPoints = 1000
)

// sample is how the queue was at one time.
type sample struct {
	at                time.Time
	waiting, active   float64
	cpusUsed, cpus    float64
	gpusUsed, gpus    float64
	succeeded, failed float64
}

// series keeps samples for as long as this server runs: figures for a look, not
// for a record. A monitoring system that scrapes keeps them for good.
type series struct {
	mu     sync.Mutex // guards all below
	ring   []sample
	oldest int
}

func (s *series) add(p sample) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.ring) < samplesKept {
		s.ring = append(s.ring, p)
		return
	}
	s.ring[s.oldest] = p
	s.oldest = (s.oldest + 1) % len(s.ring)
}

// since gives the samples after a time, oldest first.
func (s *series) since(from time.Time) []sample {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []sample
	for i := range s.ring {
		if p := s.ring[(s.oldest+i)%len(s.ring)]; !p.at.Before(from) {
			out = append(out, p)
		}
	}
	return out
}

// timeseries is the answer: columns of equal length.
type timeseries struct {
	Step     turno.Duration `json:"step_seconds"`
	At       []int64        `json:"at" doc:"seconds since 1970, the end of each step"`
	Waiting  []float64      `json:"waiting"`
	Active   []float64      `json:"active"`
	CPUsUsed []float64      `json:"cpus_used"`
	CPUs     []float64      `json:"cpus"`
	GPUsUsed []float64      `json:"gpus_used"`
	GPUs     []float64      `json:"gpus"`
	EndedPer []float64      `json:"ended_per_second"`
}

// columns thins samples: each step is the mean of its own, and holds the rate
// of ends within it.
func columns(samples []sample, step time.Duration) timeseries {
	out := timeseries{
		Step: turno.Duration(step), At: []int64{}, Waiting: []float64{}, Active: []float64{}, CPUsUsed: []float64{}, CPUs: []float64{},
		GPUsUsed: []float64{}, GPUs: []float64{}, EndedPer: []float64{},
	}
	for i := 0; i < len(samples); {
		slot := samples[i].at.UnixNano() / int64(step)
		end := i
		for end < len(samples) && samples[end].at.UnixNano()/int64(step) == slot {
			end++
		}
		part := samples[i:end]
		mean := func(of func(sample) float64) float64 {
			sum := 0.0
			for _, p := range part {
				sum += of(p)
			}
			return sum / float64(len(part))
		}
		out.At = append(out.At, part[len(part)-1].at.Unix())
		out.Waiting = append(out.Waiting, mean(func(p sample) float64 { return p.waiting }))
		out.Active = append(out.Active, mean(func(p sample) float64 { return p.active }))
		out.CPUsUsed = append(out.CPUsUsed, mean(func(p sample) float64 { return p.cpusUsed }))
		out.CPUs = append(out.CPUs, mean(func(p sample) float64 { return p.cpus }))
		out.GPUsUsed = append(out.GPUsUsed, mean(func(p sample) float64 { return p.gpusUsed }))
		out.GPUs = append(out.GPUs, mean(func(p sample) float64 { return p.gpus }))
		out.EndedPer = append(out.EndedPer, rate(samples, i, end))
		i = end
	}
	return out
}

// rate is of ends between the sample before a step and the step's last one.
func rate(samples []sample, first, end int) float64 {
	from, to := samples[max(0, first-1)], samples[end-1]
	seconds := to.at.Sub(from.at).Seconds()
	if seconds <= 0 {
		return 0
	}
	return max(0, to.succeeded+to.failed-from.succeeded-from.failed) / seconds
}

// note takes samples until ctx is done.
func (a *Role) note(ctx context.Context) {
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	for {
		if p, err := a.look(ctx); err == nil {
			a.series.add(p)
		} else if ctx.Err() == nil {
			a.log.Debug("noted no sample", "err", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (a *Role) look(ctx context.Context) (sample, error) {
	sum, err := a.o.Service.Summary(ctx)
	if err != nil {
		return sample{}, err
	}
	p := sample{at: time.Now()}
	for state, n := range sum.States {
		switch x := float64(n); {
		case state.Active():
			p.active += x
		case !state.Ended():
			p.waiting += x
		case state == turno.Succeeded:
			p.succeeded += x
		default:
			p.failed += x
		}
	}
	workers, err := a.o.Service.Workers(ctx)
	if err != nil {
		return sample{}, err
	}
	for i := range workers {
		w := &workers[i]
		if w.State == turno.WorkerGone {
			continue
		}
		p.cpus += float64(w.Machine.CPUs) / float64(turno.CPU)
		p.cpusUsed += float64(w.CPUsUsed) / float64(turno.CPU)
		p.gpus += float64(len(w.Machine.GPUs))
		p.gpusUsed += float64(len(w.GPUsUsed))
	}
	return p, nil
}

type seriesIn struct {
	Range float64 `query:"range_seconds" minimum:"1" maximum:"86400" default:"900" doc:"how far back"`
	Step  float64 `query:"step_seconds" minimum:"0" maximum:"86400" doc:"between two points; 0: as suits the range"`
}

func (a *Role) timeseries(_ context.Context, in *seriesIn) (timeseries, error) {
	span := time.Duration(in.Range * float64(time.Second))
	step := max(time.Duration(in.Step*float64(time.Second)), sampleEvery, (span / maxPoints).Round(time.Second))
	return columns(a.series.since(time.Now().Add(-span)), step), nil
}
