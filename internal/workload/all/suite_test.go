package all_test

import (
	"encoding/json"
	"testing"

	"turno/internal/workload/all"
	"turno/internal/workload/workloadtest"
)

func TestWorkloads(t *testing.T) {
	t.Parallel()
	workloadtest.Run(t, all.List(), workloadtest.Suite{
		Check: all.Check,
		Long: map[string]json.RawMessage{
			"noop":   json.RawMessage(`{"seconds": 3600}`),
			"matmul": json.RawMessage(`{"m": 2000, "k": 2100, "n": 2000, "repeat": 10000}`),
			"infer":  json.RawMessage(`{"samples": 100, "repeat": 1000000}`),
			"train":  json.RawMessage(`{"samples": 2000, "epochs": 100000}`),
			"vecadd": json.RawMessage(`{"n": 1000000, "repeat": 100000}`),
			"image":  json.RawMessage(`{"operation": "blur", "radius": 2, "synthetic": {"width": 256, "height": 256, "count": 10000}}`),
		},
	})
}
