package all

import (
	"encoding/json"
	"strings"
	"testing"

	"turno"
)

// TestAnnounced checks specs against the types that workers tell of.
func TestAnnounced(t *testing.T) {
	t.Parallel()
	a := NewAnnounced()
	cpu := []turno.Device{turno.DeviceCPU}
	offer := func(typ, engine, schema string) turno.Offer {
		return turno.Offer{Type: typ, Engine: engine, Devices: cpu, Schema: json.RawMessage(schema)}
	}
	a.Update([]turno.Worker{
		{Name: "w1", Machine: turno.Machine{Offers: []turno.Offer{
			{Type: "noop", Devices: cpu},
			offer("classify", "mine", `{"type":"object","additionalProperties":false,"properties":{"text":{"type":"string"}},"required":["text"]}`),
			offer("matmul", "torch", `{"type":"object","properties":{"n":{"type":"integer","maximum":100}}}`),
			offer("broken", "mine", `{"type":7}`),
		}}},
		{Name: "w2", Machine: turno.Machine{Runners: []turno.Runner{{Engine: "slow", State: turno.RunnerStarting}}}},
	}, nil)
	for _, c := range []struct {
		typ, engine, params, bad string
		device                   turno.Device
	}{
		{typ: "classify", params: `{"text":"x"}`},
		{typ: "classify", engine: "mine", params: `{"text":"x"}`},
		{typ: "classify", params: `{}`, bad: "params.text: must be given"},
		{typ: "classify", params: `{"text":1}`, bad: "params.text"},
		{typ: "classify", params: `{"text":"x"}`, device: turno.DeviceGPU, bad: "cpu only with the engine mine"},
		{typ: "classify", engine: "native", params: `{"text":"x"}`, bad: "engine: is native, but classify is offered with mine only"},
		{typ: "matmul", params: `{"n":200}`},
		{typ: "matmul", engine: "torch", params: `{"n":200}`, bad: "params.n"},
		{typ: "matmul", engine: "torch", params: `{"n":50}`},
		{typ: "matmul", engine: "nobody", params: `{"n":200}`}, // waits, and why says so
		{typ: "matmul", engine: "torch", params: `{"nn":50}`, bad: "params"},
		{typ: "exec", engine: "torch", params: `{"command":["true"]}`, bad: "has no engine"},
		{typ: "exec", engine: "native", params: `{"command":["true"]}`},
		{typ: "broken", bad: "no workload is called"},
		{typ: "classfy", bad: "did you mean classify? Known are exec,"},
		{typ: "xyz", bad: "these runners are starting and may offer more, try again: slow on w2"},
	} {
		err := a.Check(&turno.Spec{Type: c.typ, Engine: c.engine, Device: c.device, Params: json.RawMessage(c.params)})
		switch {
		case c.bad == "" && err != nil:
			t.Errorf("%s %s %s: %v (%s)", c.typ, c.engine, c.params, err, err.Hint)
		case c.bad != "" && (err == nil || !strings.Contains(err.Field+": "+err.Message+" "+err.Hint, c.bad)):
			t.Errorf("%s %s %s: %v, want %q", c.typ, c.engine, c.params, err, c.bad)
		}
	}
	a.Update(nil, []string{"w1"})
	if err := a.Check(&turno.Spec{Type: "classify", Params: json.RawMessage(`{"text":"x"}`)}); err == nil {
		t.Error("the type of a worker that is gone passed")
	}
}
