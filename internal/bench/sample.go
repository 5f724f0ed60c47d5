package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"turno"
	"turno/internal/bench/record"
)

// sample runs one job and notes it. Only what ends the whole run is an error.
func (r *Run) sample(ctx context.Context, c *record.Case, side *record.Side, s record.Sample) error {
	before := r.Sensors.Read(side.Device)
	s.Load = before.Load
	r.watch.begin()
	s.At = time.Now().UTC()
	began := time.Now()
	number, err := r.submit(ctx, r.spec(c, side))
	if err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		r.took(c, s, record.Failed, err.Error())
		return nil
	}
	s.Job = number
	ended, err := r.watch.end(ctx, number)
	if err != nil {
		r.cancel(ctx, number)
		return err
	}
	j, err := r.Service.Job(ctx, strconv.FormatInt(number, 10))
	if err != nil {
		return fmt.Errorf("read job %d: %w", number, err)
	}
	if !ended.IsZero() {
		s.EndToEnd = ended.Sub(began).Seconds()
	}
	after := r.Sensors.Read(side.Device)
	s.Clock, s.Celsius = after.Clock, after.Celsius
	reason, detail := fill(&s, &j)
	switch {
	case reason != "":
	case j.Attempt > 1:
		reason, detail = record.Preempted, fmt.Sprintf("it took %d attempts", j.Attempt)
	case ended.IsZero():
		reason = record.Unheard
	case r.watch.contended():
		reason = record.Contended
	case before.throttled(after):
		reason, detail = record.Throttled, after.Throttle
	}
	r.took(c, s, reason, detail)
	return nil
}

// took notes a sample.
func (r *Run) took(c *record.Case, s record.Sample, excluded, detail string) {
	s.Excluded, s.Detail = excluded, detail
	r.Results.Samples = append(r.Results.Samples, s)
	if excluded == record.Failed || excluded == record.Unverified {
		r.failing[c.Name]++
	} else {
		r.failing[c.Name] = 0
	}
}

// output is what is read of a workload's answer; commands have none.
type output struct {
	Engine string
	Repeat int
	Phases []struct {
		Name    string
		Seconds float64
	}
	Method    string
	Verified  bool
	Error     float64
	Tolerance float64
	Rate      float64
	RateUnit  string `json:"rate_unit"`
	Checksum  string
}

// fill takes from a job what it measured itself, and tells why the sample does
// not count, if so.
func fill(s *record.Sample, j *turno.Job) (excluded, detail string) {
	if a := j.Current(); a != nil && !a.StartedAt.IsZero() && s.EndToEnd > 0 {
		// the worker's own clock on both ends, so clocks need not agree
		s.Queue = max(0, s.EndToEnd-a.EndedAt.Sub(a.StartedAt).Seconds())
	}
	if j.Result == nil || j.State != turno.Succeeded {
		if j.Reason == turno.ReasonWrongResult {
			return record.Unverified, j.Detail
		}
		return record.Failed, fmt.Sprintf("%s (%s): %s", j.State, j.Reason, j.Detail)
	}
	s.Simulated = j.Result.Simulated
	var o output
	if len(j.Result.Output) == 0 || json.Unmarshal(j.Result.Output, &o) != nil {
		return "", "" // a command: only its whole time is known
	}
	s.Engine, s.Repeat, s.Rate, s.RateUnit, s.Checksum = o.Engine, o.Repeat, o.Rate, o.RateUnit, o.Checksum
	s.Checked, s.Error, s.Tolerance = o.Method != "" && o.Verified, o.Error, o.Tolerance
	copies := 0.0
	for _, p := range o.Phases {
		switch p.Name {
		case "kernel":
			s.Kernel += p.Seconds / float64(max(1, o.Repeat))
		case "h2d", "d2h":
			copies += p.Seconds
		}
	}
	if s.Kernel > 0 {
		s.Device = s.Kernel + copies
	}
	if o.Method != "" && !o.Verified {
		return record.Unverified, fmt.Sprintf("error %.3g, tolerance %.3g", o.Error, o.Tolerance)
	}
	return "", ""
}
