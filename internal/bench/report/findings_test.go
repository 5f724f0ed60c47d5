package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"turno"
	"turno/internal/bench/record"
)

// TestFind_ListsAreLists: of a run that has only begun too a page can go through
// each list.
func TestFind_ListsAreLists(t *testing.T) {
	t.Parallel()
	r := &record.Results{SchemaVersion: 1, ID: "0", Suite: "s", Worker: "w", Settings: record.Settings{Seed: 1, Min: 6, Start: 8, Most: 40, Precision: 0.025},
		Cases:    []record.Case{{Name: "noop", Type: "noop", Sides: []record.Side{{Name: "gpu", Device: turno.DeviceGPU}}}},
		Sessions: []record.Session{{At: time.Unix(0, 0), Local: true, Machine: turno.Machine{CPUs: turno.CPU}, Environment: []record.Fact{{Name: "cpu_governor", Value: "performance"}, {Name: "cpu_turbo", Value: "off"}}}}}
	var file bytes.Buffer
	if err := r.Write(&file); err != nil {
		t.Fatal(err)
	}
	found, err := Find(file.Bytes(), "en")
	if err != nil {
		t.Fatal(err)
	}
	verdict, err := Compare(file.Bytes(), file.Bytes(), "en")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{found, verdict} {
		text, err := json.Marshal(v)
		if err != nil || strings.Contains(string(text), "null") {
			t.Errorf("%v %s", err, text)
		}
	}
}
