// Package workloadtest is what every workload promises, as a suite. workload/all
// runs it over its whole list, so a new workload is tested by its line there.
package workloadtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"regexp"
	"slices"
	"testing"
	"time"

	"turno"
	"turno/internal/workload"
)

// Suite is what to test, and how.
type Suite struct {
	// Check is that of the catalog: schema first, then the workload's own.
	Check func(*turno.Spec) *turno.Error
	// Long are parameters, by the workload's name, of a run that would take
	// minutes, for the test of its cancel. Every warm workload needs them.
	Long map[string]json.RawMessage
}

// Run tests each workload of the list. The sentences' numbers are stable.
func Run(t *testing.T, list []workload.Workload, s Suite) {
	for _, w := range list {
		t.Run(w.Name, func(t *testing.T) {
			t.Parallel()
			s.described(t, w)
			if w.Warm && slices.Contains(w.Devices, turno.DeviceCPU) {
				s.warm(t, w)
			}
			onGPU(t, w)
		})
	}
}

var plainName = regexp.MustCompile(`^[a-z][a-z0-9]*$`)

// described are the sentences that need no run.
func (s Suite) described(t *testing.T, w workload.Workload) {
	t.Run("W1_NameSummaryAndDevices", func(t *testing.T) {
		if !plainName.MatchString(w.Name) || w.Summary == "" || len(w.Devices) == 0 || w.Warm != (w.Run != nil) || w.Light && !w.Warm {
			t.Errorf("%q, %q, %v, warm %t, light %t", w.Name, w.Summary, w.Devices, w.Warm, w.Light)
		}
	})
	t.Run("W2_SchemaIsClosedAndExplained", func(t *testing.T) { checkSchema(t, w.Schema) })
	t.Run("W3_ExamplePasses", func(t *testing.T) {
		if err := s.Check(&turno.Spec{Type: w.Name, Params: w.Example}); err != nil {
			t.Error(err)
		}
	})
	t.Run("W4_NonsenseIsRefused", func(t *testing.T) { s.nonsense(t, w) })
}

// warm are the sentences about runs.
func (s Suite) warm(t *testing.T, w workload.Workload) {
	t.Run("W5_ExampleRunsAndVerifies", func(t *testing.T) {
		o := outcome(t, w, newEnv(t, 1), w.Example)
		if !o.Verified || !(o.Error <= o.Tolerance) || o.Method == "" || o.Device != turno.DeviceCPU || o.Engine == "" || len(o.Phases) == 0 {
			t.Errorf("%+v", o)
		}
		if (o.RateUnit == "") != (o.Rate == 0) || o.Rate < 0 {
			t.Errorf("rate %g %q", o.Rate, o.RateUnit)
		}
		for _, p := range o.Phases {
			if p.Name == "" || p.Seconds < 0 || p.Seconds > 600 {
				t.Errorf("phase %+v", p)
			}
		}
	})
	t.Run("W6_SeedDecidesTheAnswer", func(t *testing.T) { seeds(t, w) })
	t.Run("W7_ThreadsDoNotMatter", func(t *testing.T) {
		one, two := outcome(t, w, newEnv(t, 1), w.Example), outcome(t, w, newEnv(t, 2), w.Example)
		if one.Checksum != two.Checksum {
			t.Errorf("checksum %s with one thread, %s with two", one.Checksum, two.Checksum)
		}
	})
	t.Run("W8_SpoiltAnswerIsCaught", func(t *testing.T) { spoil(t, w) })
	t.Run("W9_CancelEndsIt", func(t *testing.T) { s.cancel(t, w) })
	t.Run("W10_BadParametersDoNotPanic", func(t *testing.T) {
		for _, params := range []string{`{`, `[]`, `{"nonsense": 1}`, `{"seed": "x"}`} {
			_, err := w.Run(t.Context(), newEnv(t, 1), json.RawMessage(params))
			if f, ok := errors.AsType[*workload.Failure](err); !ok || f.Reason != turno.ReasonSetupFailed || f.Poisoned {
				t.Errorf("%s: %v", params, err)
			}
		}
	})
}

func newEnv(t *testing.T, threads int) *workload.Env {
	return &workload.Env{Device: turno.DeviceCPU, Threads: threads, Dir: t.TempDir(), Log: new(bytes.Buffer),
		Progress: func(p turno.Progress) {
			if math.IsNaN(p.Fraction) || p.Fraction > 1 {
				t.Errorf("progress %+v", p)
			}
		}}
}

// outcome of a run that must end well.
func outcome(t *testing.T, w workload.Workload, env *workload.Env, params json.RawMessage) workload.Outcome {
	t.Helper()
	output, err := w.Run(t.Context(), env, params)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(output)
	if err != nil {
		t.Fatal(err)
	}
	var o workload.Outcome
	if err := json.Unmarshal(text, &o); err != nil {
		t.Fatal(err)
	}
	return o
}

// seeds tests workloads that have one: the same gives the same answer, another
// one another.
func seeds(t *testing.T, w workload.Workload) {
	if parameters(t, w.Schema)["seed"] == nil {
		if !w.Light {
			t.Error("a workload that computes needs a seed")
		}
		return
	}
	sums := map[int]string{}
	for _, seed := range []int{1, 2, 1} {
		sum := outcome(t, w, newEnv(t, 1), with(t, w.Example, "seed", seed)).Checksum
		if sum == "" || sums[seed] != "" && sums[seed] != sum {
			t.Errorf("seed %d: checksum %q, and %q before", seed, sum, sums[seed])
		}
		sums[seed] = sum
	}
	if sums[1] == sums[2] {
		t.Errorf("the seeds 1 and 2 give the same answer %s", sums[1])
	}
}

// spoil changes one number of the answer at a time, at its ends and within.
func spoil(t *testing.T, w workload.Workload) {
	for _, place := range []float64{0, 0.37, 0.999999} {
		touched := false
		env := newEnv(t, 2)
		change := tamper(t, place)
		env.Tamper = func(answer any) { touched = true; change(answer) }
		_, err := w.Run(t.Context(), env, w.Example)
		if f, ok := errors.AsType[*workload.Failure](err); !touched || !ok || f.Reason != turno.ReasonWrongResult {
			t.Errorf("a wrong number at %g of the answer: touched %t, %v", place, touched, err)
		}
	}
}

// tamper changes the number at a place, from 0 to 1, of an answer.
func tamper(t *testing.T, place float64) func(answer any) {
	return func(answer any) {
		switch a := answer.(type) {
		case []float32:
			a[int(float64(len(a))*place)] += 1
		case []float64:
			a[int(float64(len(a))*place)] += 1
		case []uint8:
			a[int(float64(len(a))*place)] ^= 0x40
		case *float64:
			*a -= 1
		default:
			t.Fatalf("Tamper got a %T", answer)
		}
	}
}

// cancelBound is how long a run may go on after its cancel. It is wide because
// tests run beside each other and under the race detector; a workload that
// does not look at its context at all takes minutes here.
const cancelBound = 30 * time.Second

func (s Suite) cancel(t *testing.T, w workload.Workload) {
	long := s.Long[w.Name]
	if long == nil {
		t.Fatal("Suite.Long has no parameters for it")
	}
	if err := s.Check(&turno.Spec{Type: w.Name, Params: long}); err != nil {
		t.Fatal(err)
	}
	why := errors.New("a test's cancel")
	ctx, cancel := context.WithCancelCause(t.Context())
	env := newEnv(t, 2)
	env.Progress = func(turno.Progress) { cancel(why) } // in its midst
	returned := make(chan error, 1)
	go func() {
		_, err := w.Run(ctx, env, long)
		returned <- err
	}()
	if w.Light {
		cancel(why) // it waits and tells no progress
	}
	<-ctx.Done()
	select {
	case err := <-returned:
		if !errors.Is(err, why) {
			t.Errorf("it returned %v", err)
		}
	case <-time.After(cancelBound):
		t.Fatalf("it still runs %s after its cancel", cancelBound)
	}
	if _, err := w.Run(ctx, newEnv(t, 1), long); !errors.Is(err, why) {
		t.Errorf("a run that was cancelled before its start returned %v", err)
	}
}

func with(t *testing.T, params json.RawMessage, name string, value any) json.RawMessage {
	t.Helper()
	object := map[string]any{}
	if err := json.Unmarshal(params, &object); err != nil {
		t.Fatal(err)
	}
	object[name] = value
	text, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
