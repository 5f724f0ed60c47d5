package figures_test

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"
	"time"

	"turno"
	"turno/internal/figures"
)

var t0 = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// ran is a job that waited, ran, and said how long its kernel took.
func ran(device turno.Device, kernel float64, change func(*turno.Job)) turno.Job {
	output := fmt.Sprintf(`{"device":%q,"engine":"e-%s","verified":true,"phases":[{"name":"setup","seconds":9},{"name":"kernel","seconds":%g}]}`, device, device, kernel)
	j := turno.Job{
		Spec: &turno.Spec{Type: "matmul", Params: json.RawMessage(`{}`)}, State: turno.Succeeded,
		SubmittedAt: t0, StartedAt: t0.Add(time.Second), EndedAt: t0.Add(3 * time.Second),
		Attempts: []turno.Attempt{{Number: 1, Device: device}},
		Result:   &turno.Result{State: turno.Succeeded, Output: json.RawMessage(output)},
	}
	if change != nil {
		change(&j)
	}
	return j
}

func size(string, json.RawMessage) (float64, string) { return 64, "side" }

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-3*math.Max(1, math.Abs(want)) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestOf_ComparesDevicesAtTheSameSize(t *testing.T) {
	t.Parallel()
	s := figures.Of([]turno.Job{
		ran(turno.DeviceCPU, 1, nil), ran(turno.DeviceCPU, 1.2, nil), ran(turno.DeviceCPU, 0.8, nil),
		ran(turno.DeviceGPU, 0.1, nil), ran(turno.DeviceGPU, 0.1, nil),
	}, size)
	if len(s.Groups) != 2 || len(s.SpeedUps) != 1 || s.Jobs != 5 {
		t.Fatalf("%+v", s)
	}
	if cpu := s.Groups[0].Kernel; cpu != (figures.Estimate{N: 3, Median: 1, Low: 0.8, High: 1.2, Confidence: 0.75}) {
		t.Errorf("%+v", cpu)
	}
	near(t, "ratio", s.SpeedUps[0].Ratio, 10)
	// Two of ten orders of three and two runs lie at the ends.
	if up := s.SpeedUps[0]; up.CPURuns != 3 || up.GPURuns != 2 || up.Confidence != 0.8 {
		t.Errorf("%+v", up)
	}
	near(t, "low", s.SpeedUps[0].Low, 8)
	near(t, "high", s.SpeedUps[0].High, 12)
	near(t, "wait", s.Wait.P50, 1)
	near(t, "run", s.Run.Mean, 2)
	if s.Types[0] != (figures.Count{Type: "matmul", Jobs: 5, GPU: 2}) {
		t.Errorf("%+v", s.Types)
	}
}

func TestOf_WhatIsNoMeasureDoesNotCount(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*turno.Job){
		"simulated":    func(j *turno.Job) { j.Result.Simulated = true },
		"failed":       func(j *turno.Job) { j.State = turno.Failed },
		"not verified": func(j *turno.Job) { j.Result.Output = json.RawMessage(`{"phases":[{"name":"kernel","seconds":1}]}`) },
		"no kernel":    func(j *turno.Job) { j.Result.Output = json.RawMessage(`{"verified":true}`) },
		"no JSON":      func(j *turno.Job) { j.Result.Output = json.RawMessage(`no`) },
		"an array":     func(j *turno.Job) { j.Tasks = &turno.TaskCount{Total: 3} },
		"runs":         func(j *turno.Job) { j.State = turno.Running },
		"never began":  func(j *turno.Job) { j.State, j.StartedAt = turno.Cancelled, time.Time{} },
	} {
		s := figures.Of([]turno.Job{ran(turno.DeviceGPU, 1, change)}, size)
		if len(s.Groups) != 0 || len(s.SpeedUps) != 0 {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

func TestOf_Nothing(t *testing.T) {
	t.Parallel()
	s := figures.Of(nil, nil)
	text, err := json.Marshal(s)
	if err != nil || s.Jobs != 0 || s.Types == nil || s.Groups == nil || s.SpeedUps == nil {
		t.Errorf("%s %v", text, err)
	}
}

func TestOf_OneRunHasNoInterval(t *testing.T) {
	t.Parallel()
	s := figures.Of([]turno.Job{ran(turno.DeviceCPU, 2, nil)}, nil)
	if e := s.Groups[0].Kernel; e.N != 1 || e.Low != 2 || e.High != 2 || e.Median != 2 {
		t.Errorf("%+v", e)
	}
}
