package bench

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"turno"
	"turno/internal/bench/record"
)

func TestBlockOrder_MirrorsInTwos(t *testing.T) {
	t.Parallel()
	first := map[int]int{}
	for block := 0; block < 400; block += 2 {
		a, b := blockOrder(3, 1, block, 2), blockOrder(3, 1, block+1, 2)
		slices.Reverse(b)
		if !slices.Equal(a, b) || !slices.Equal(a, blockOrder(3, 1, block, 2)) {
			t.Fatalf("block %d: %v, then %v in reverse", block, a, b)
		}
		first[a[0]]++
	}
	if first[0] < 70 || first[1] < 70 {
		t.Errorf("who comes first is not random: %v", first)
	}
}

func TestEnough(t *testing.T) {
	t.Parallel()
	adaptive := record.Settings{Min: 6, Start: 20, Most: 200, Precision: 0.025}
	fixed := adaptive
	fixed.Fixed = 10
	for _, tt := range []struct {
		set    record.Settings
		blocks int
		width  float64
		want   string
		expect int
	}{
		{adaptive, 0, 1, "", 20},
		{adaptive, 19, 0.01, "", 20},
		{adaptive, 20, 0.02, record.StopPrecise, 20},
		{adaptive, 20, 0.05, "", 80},
		{adaptive, 200, 0.05, record.StopMost, 200},
		{fixed, 9, 0.01, "", 10},
		{fixed, 10, 0.5, record.StopFixed, 10},
	} {
		reason, done := enough(&tt.set, tt.blocks, tt.width)
		if !done {
			reason = ""
		}
		if got := expected(&tt.set, tt.blocks, tt.width); reason != tt.want || got != tt.expect {
			t.Errorf("%+v: %q, %d expected", tt, reason, got)
		}
	}
}

func TestLoad_SuitesOfItsOwn(t *testing.T) {
	t.Parallel()
	m := &turno.Machine{CPUs: 4 * turno.CPU, GPUs: []turno.GPU{{UUID: "g"}}}
	for _, w := range []string{"matmul", "vecadd", "image", "train", "infer", "noop"} {
		m.Offers = append(m.Offers, turno.Offer{Type: w, Devices: []turno.Device{turno.DeviceCPU, turno.DeviceGPU}})
	}
	for _, name := range BuiltIn {
		s, err := Load(name)
		if err != nil {
			t.Fatal(err)
		}
		cases, left, err := s.Expand(m)
		if err != nil {
			t.Fatal(err)
		}
		names := map[string]bool{}
		for _, c := range cases {
			names[c.Name] = true
			if want := 3; c.Type != "noop" && len(c.Sides) != want {
				t.Errorf("%s: %s has the sides %v", name, c.Name, c.Sides)
			}
		}
		if len(names) != len(cases) || len(cases) < 8 {
			t.Errorf("%s: %d cases, %d names; left out %v", name, len(cases), len(names), left)
		}
	}
}

func TestExpand_DevicesThreadsEngines(t *testing.T) {
	t.Parallel()
	m := &turno.Machine{CPUs: 4 * turno.CPU, Offers: []turno.Offer{
		{Type: "matmul", Devices: []turno.Device{turno.DeviceCPU}}, {Type: "matmul", Engine: "torch", Devices: []turno.Device{turno.DeviceCPU}}}}
	s := &Suite{Name: "x", Workloads: []Workload{{Type: "matmul", Engines: []string{"native", "torch"}, Devices: []turno.Device{"cpu", "gpu"},
		Threads: []any{1, 2, 4, "all", 8}, Each: []map[string]any{{"m": 2}}}, {Type: "none"}}}
	cases, left, err := s.Expand(m)
	if err != nil {
		t.Fatal(err)
	}
	var sides []string
	for _, side := range cases[0].Sides {
		sides = append(sides, side.Name)
	}
	if got := strings.Join(sides, " "); got != "cpu-1 cpu-2 cpu-4 cpu-1-torch cpu-2-torch cpu-4-torch" || cases[0].Name != "matmul m=2" {
		t.Errorf("%s: %s", cases[0].Name, got)
	}
	if len(left) != 5 {
		t.Errorf("left out: %q", left)
	}
}

func TestLoad_Refusals(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                            "EOF",
		"name: x":                     "name at least one",
		"workloads: [{tipe: matmul}]": "tipe",
		"workloads: [{size: n}]":      "type is missing",
		"workloads: [{type: matmul, devices: [tpu]}]":            "use cpu or gpu",
		"workloads: [{type: matmul, threads: [0]}]":              "use numbers from 1",
		"budget: soon\nworkloads: [{type: matmul}]":              "use a time",
		"samples: {min: 1}\nworkloads: [{type: matmul}]":         "2 <= min",
		"samples: {fixed: 1}\nworkloads: [{type: matmul}]":       "2 or more",
		"samples: {precision: 2.5}\nworkloads: [{type: matmul}]": "a part such as",
	} {
		path := filepath.Join(t.TempDir(), "s.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	if _, err := Load("nosuch"); err == nil || !strings.Contains(err.Error(), "quick") {
		t.Errorf("err %v", err)
	}
}

func TestHere_CountsThrottling(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	dir := filepath.Join(root, "sys/devices/system/cpu/cpu0/thermal_throttle")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	answer := "0x0000000000000001, 1980, 41"
	h := &Here{Root: root, Query: func(string) (string, error) { return answer, nil }}
	for i, tt := range []struct {
		count, answer string
		device        turno.Device
		slow          bool
	}{{"3", answer, turno.DeviceCPU, false}, {"4", answer, turno.DeviceCPU, true}, {"4", answer, turno.DeviceGPU, false}, {"4", "0x0000000000000004, 1200, 80", turno.DeviceGPU, true}, {"4", "[N/A]", turno.DeviceGPU, true}} {
		before := h.Read(tt.device)
		if i == 0 {
			before.Count = 3
		}
		if err := os.WriteFile(filepath.Join(dir, "core_throttle_count"), []byte(tt.count+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		answer = tt.answer
		if got := before.throttled(h.Read(tt.device)); got != tt.slow {
			t.Errorf("%+v: throttled %v", tt, got)
		}
	}
}
