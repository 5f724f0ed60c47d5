package worker

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"turno"
)

// TestUse_OfAnAttemptsDevices: means, peaks, energy by the counter and, where a
// device has none, by its power; a look that was taken already counts once, and
// other devices not at all.
func TestUse_OfAnAttemptsDevices(t *testing.T) {
	t.Parallel()
	began := time.Unix(1_700_000_000, 0)
	status := func(second, percent int, watts, joules float64, throttled ...string) *turno.GPUStatus {
		return &turno.GPUStatus{At: began.Add(time.Duration(second) * time.Second), Utilisation: percent, MemoryUsed: int64(percent) << 20,
			Watts: watts, Joules: joules, Celsius: percent / 2, Throttled: throttled}
	}
	r := &Role{live: map[turno.AttemptKey]*attempt{}}
	a := &attempt{task: &turno.Task{GPUs: []string{"b", "a"}}}
	r.live[turno.AttemptKey{Job: 1, Attempt: 1}] = a
	r.live[turno.AttemptKey{Job: 2, Attempt: 1}] = &attempt{task: &turno.Task{}}
	if a.used() != nil {
		t.Error("use before a look")
	}
	look := func(second, percent int, watts, joules float64, throttled ...string) {
		r.watchUse([]turno.GPU{
			{UUID: "a", Model: "m", Simulated: true, Status: status(second, percent, watts, joules, throttled...)},
			{UUID: "b", Model: "n", Status: status(second, percent, watts, 0)},
			{UUID: "other", Status: status(second, 100, 900, 1)},
			{UUID: "silent"},
		})
	}
	look(0, 10, 100, 1000)
	look(2, 90, 300, 1500, "power cap")
	look(2, 90, 300, 1500, "power cap")
	look(3, 20, 200, 1700, "power cap", "temperature")
	counted := turno.GPUUse{UUID: "a", Model: "m", Simulated: true, Looks: 3, Seconds: 3, Utilisation: 40, UtilisationPeak: 90,
		Memory: 40 << 20, MemoryPeak: 90 << 20, Watts: 200, WattsPeak: 300, Joules: 700, CelsiusPeak: 45, Throttled: []string{"power cap", "temperature"}}
	byPower := counted
	byPower.UUID, byPower.Model, byPower.Simulated, byPower.Throttled = "b", "n", false, nil
	byPower.Joules = 2*200 + 250
	if diff := cmp.Diff([]turno.GPUUse{byPower, counted}, a.used()); diff != "" {
		t.Error(diff)
	}
}
