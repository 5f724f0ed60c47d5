package trace_test

import (
	"fmt"
	"testing"

	"turno"
	"turno/internal/trace"
)

const (
	job    = "01a20849-6dd3-712c-b73f-8bf930d6779a"
	parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	unkept = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
)

func TestOf_ATraceOfItsOwnOrTheSubmitters(t *testing.T) {
	t.Parallel()
	all := &trace.Sampler{Ratio: 1}
	own := all.Of(job, nil)
	if got := fmt.Sprintf("%x", own.Trace); got != "01a208496dd3712cb73f8bf930d6779a" || !own.Sampled {
		t.Errorf("a job's own trace is %s, kept: %v", got, own.Sampled)
	}
	if linked := all.Of(job, &turno.Trace{Parent: parent}); linked != own {
		t.Errorf("linked, it is %v, not %v", linked, own)
	}
	joined := all.Of(job, &turno.Trace{Parent: parent, Join: true})
	if got := fmt.Sprintf("%x", joined.Trace); got != parent[3:35] || !joined.Sampled || joined.Span != own.Span {
		t.Errorf("joined, it is %v", joined)
	}
	if all.Of(job, &turno.Trace{Parent: unkept, Join: true}).Sampled {
		t.Error("a trace is kept that its submitter does not keep")
	}
	if (&trace.Sampler{}).Of(job, &turno.Trace{Parent: parent}).Sampled {
		t.Error("with a ratio of 0 one is kept")
	}
}

// TestOf_TasksAreSampledEachByItself: their ids differ in a few last digits.
func TestOf_TasksAreSampledEachByItself(t *testing.T) {
	t.Parallel()
	s, kept, seen := &trace.Sampler{Ratio: 0.1}, 0, map[[16]byte]bool{}
	const tasks = 10_000
	for i := range tasks {
		c := s.Of(fmt.Sprintf("%s_%d", job, i), nil)
		if seen[c.Trace] = true; c.Sampled {
			kept++
		}
	}
	if len(seen) != tasks || kept < tasks/10-200 || kept > tasks/10+200 { // seven times the deviation
		t.Errorf("%d traces, of which %d are kept", len(seen), kept)
	}
}

func TestWithin_WhereNobodyTracesItIsTheSubmitters(t *testing.T) {
	t.Parallel()
	var off *trace.Sampler
	if got := off.Within(job, nil, 1); got != "" {
		t.Errorf("%q for nobody", got)
	}
	if got := off.Within(job, &turno.Trace{Parent: parent}, 1); got != parent {
		t.Errorf("%q, not %q", got, parent)
	}
	on := &trace.Sampler{Ratio: 1}
	first, second := on.Within(job, nil, 1), on.Within(job, nil, 2)
	c, ok := turno.ParseTraceparent(first)
	if !ok || c.Span != trace.SpanID(job, trace.Run, 1) || c.Trace != on.Of(job, nil).Trace || !c.Sampled || first == second {
		t.Errorf("%q, and then %q", first, second)
	}
}
