package analysis

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"turno"
	"turno/internal/bench/record"
	"turno/internal/stats"
)

var (
	one = record.Side{Name: "cpu-1", Device: turno.DeviceCPU, Threads: 1, Engine: turno.EngineNative}
	two = record.Side{Name: "cpu-2", Device: turno.DeviceCPU, Threads: 2, Engine: turno.EngineNative}
	pt  = record.Side{Name: "cpu-2-torch", Device: turno.DeviceCPU, Threads: 2, Engine: "torch"}
	gpu = record.Side{Name: "gpu", Device: turno.DeviceGPU, Engine: turno.EngineNative}
	gpt = record.Side{Name: "gpu-torch", Device: turno.DeviceGPU, Engine: "torch"}
)

// made is a file with n blocks of each case, whose times are made by a test.
func made(cases []record.Case, n int, time func(c int, side *record.Side, block int) float64) *record.Results {
	r := &record.Results{SchemaVersion: record.SchemaVersion, Cases: cases, Sessions: []record.Session{{Version: "v1"}}, Settings: record.Settings{Seed: 5}}
	for i := range cases {
		c := &cases[i]
		for b := range n {
			for j := range c.Sides {
				t := time(i, &c.Sides[j], b)
				r.Samples = append(r.Samples, record.Sample{Case: c.Name, Side: c.Sides[j].Name, Block: b, Place: j,
					Kernel: t, Device: t * 1.1, EndToEnd: t + 0.01, Queue: 0.005, Checked: true})
			}
		}
	}
	return r
}

func TestBase_WhatIsHeldAgainstWhat(t *testing.T) {
	t.Parallel()
	c := &record.Case{Sides: []record.Side{one, two, pt, gpu, gpt}}
	for side, want := range map[string]string{"cpu-1": "", "cpu-2": "cpu-1", "cpu-2-torch": "cpu-2", "gpu": "cpu-2", "gpu-torch": "cpu-2-torch"} {
		got := ""
		if b := Base(c, c.Side(side)); b != nil {
			got = b.Name
		}
		if got != want {
			t.Errorf("%s is held against %q, want %q", side, got, want)
		}
	}
}

func TestOf_PairsTakeDriftOut(t *testing.T) {
	t.Parallel()
	cases := []record.Case{{Name: "a", Type: "matmul", Sides: []record.Side{one, two}}, {Name: "b", Type: "matmul", Sides: []record.Side{one, two}}}
	r := made(cases, 20, func(c int, s *record.Side, block int) float64 {
		return float64(2+6*c) / float64(s.Threads*(1+3*c)) * (1 + float64(block)) // the machine gets slower and slower
	})
	a := Of(r)
	for _, c := range a.Comparisons {
		want := map[string]float64{"a": 2, "b": 2}[c.Case.Name]
		if c.Phase == record.EndToEnd {
			continue
		}
		if !c.Paired || math.Abs(c.Ratio.Value-want) > 1e-9 || c.Ratio.Hi-c.Ratio.Lo > 1e-9 || !c.Shown() {
			t.Errorf("%s, %s: %+v", c.Case.Name, c.Phase, c.Ratio)
		}
	}
	if len(a.Overall) != 3 || a.Overall[0].Cases != 2 || math.Abs(a.Overall[0].Ratio.Value-2) > 1e-9 {
		t.Errorf("overall: %+v", a.Overall)
	}
	if row := a.Row("a", "cpu-1", record.Kernel); row.Summary.N != 20 || row.Summary.Median != 21 {
		t.Errorf("row: %+v", row.Summary)
	}
}

func TestOf_WhatDoesNotCount(t *testing.T) {
	t.Parallel()
	cases := []record.Case{{Name: "a", Type: "matmul", Sides: []record.Side{one, two}}}
	r := made(cases, 10, func(_ int, s *record.Side, block int) float64 { return 1 + 0.01*float64(block) })
	r.Samples[0].Excluded, r.Samples[0].Detail = record.Throttled, "hot"
	r.Samples[4].Excluded = record.Throttled
	r.Samples[7].Excluded = record.Contended
	r.Samples = append(r.Samples, record.Sample{Case: "a", Side: "cpu-1", Block: -1, WarmUp: true, Cold: true, Kernel: 9})
	a := Of(r)
	if fmt.Sprint(a.Exclusions) != "[{a cpu-1 throttled 2 hot} {a cpu-2 contended 1 }]" {
		t.Errorf("exclusions: %v", a.Exclusions)
	}
	row := a.Row("a", "cpu-1", record.Kernel)
	if row.Summary.N != 8 || row.Excluded != 2 || row.Cold != 9 || row.Summary.Max > 2 {
		t.Errorf("row: %+v", row)
	}
	if c := a.Comparisons[0]; c.Ratio.N != 7 || !c.Paired || c.Shown() {
		t.Errorf("comparison of 7 whole blocks: %+v", c)
	}
}

func TestOf_NothingIsClaimedOfWhatIsNotVerifiedOrNotReal(t *testing.T) {
	t.Parallel()
	fakeGPU := gpu
	fakeGPU.Simulated = true
	quick := func(_ int, s *record.Side, block int) float64 {
		if s.Device == turno.DeviceGPU || s.Threads == 2 {
			return 0.1 + 0.001*float64(block)
		}
		return 1
	}
	unchecked := made([]record.Case{{Name: "a", Sides: []record.Side{one, two}}}, 10, quick)
	unchecked.Samples[3].Checked = false
	simulated := made([]record.Case{{Name: "a", Sides: []record.Side{one, fakeGPU}}}, 10, quick)
	few := made([]record.Case{{Name: "a", Sides: []record.Side{one, two}}}, 5, quick)
	for name, r := range map[string]*record.Results{"unchecked": unchecked, "simulated": simulated, "few": few} {
		a := Of(r)
		for _, c := range a.Comparisons {
			if c.Shown() || c.Claimable() {
				t.Errorf("%s: %+v is claimed", name, c.Ratio)
			}
		}
		if len(a.Overall) > 0 || a.GPU {
			t.Errorf("%s: overall %+v, GPU %v", name, a.Overall, a.GPU)
		}
	}
}

func TestOf_IsPure(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	r := made([]record.Case{{Name: "a", Sides: []record.Side{one, two, gpu}}, {Name: "b", Sides: []record.Side{one, gpu}}}, 15,
		func(int, *record.Side, int) float64 { return random.Float64() + 0.5 })
	text := func() string {
		out, err := json.Marshal(Of(r))
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	if first := text(); first != text() {
		t.Error("the same file gives other tables")
	}
}

// TestCompare_FalseAlarms runs the whole path, from samples that stop when they
// are precise over the file to the verdicts, on pairs of runs that differ by
// chance alone, and counts the pairs of which anything is called real.
func TestCompare_FalseAlarms(t *testing.T) {
	t.Parallel()
	const trials = 200
	random := rand.New(rand.NewPCG(20261123, 7))
	alarms := 0
	for range trials {
		if len(realOnes(t, random, 1)) > 0 {
			alarms++
		}
	}
	t.Logf("%d false alarms in %d comparisons of two runs, of 6 rows each", alarms, trials)
	if alarms >= trials/20 {
		t.Errorf("%d false alarms in %d: want under 5 %%", alarms, trials)
	}
}

func TestCompare_SeesADifference(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 7))
	seen := 0
	for range 50 {
		for _, d := range realOnes(t, random, 1.3) {
			if d.Side == "cpu-2" && d.Ratio.Value > 1 {
				seen++
			}
		}
	}
	t.Logf("30 %% more was seen %d of 150 times", seen) // 3 phases of 50 runs
	if seen < 75 {
		t.Errorf("30 %% more was seen %d of 150 times", seen)
	}
}

// realOnes compares two runs, the second of which takes so many times as long
// on two threads.
func realOnes(t *testing.T, random *rand.Rand, slower float64) []Difference {
	t.Helper()
	cases := []record.Case{{Name: "a", Type: "matmul", Sides: []record.Side{one, two}}}
	read := func(factor float64) *record.Results {
		var b bytes.Buffer
		if err := simulate(random, cases, factor).Write(&b); err != nil {
			t.Fatal(err)
		}
		r, err := record.Read(b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	var found []Difference
	for _, d := range Compare(read(1), read(slower)).Rows {
		if d.Real() {
			found = append(found, d)
		}
	}
	return found
}

// simulate takes skewed times with a long tail until their interval is narrow
// enough, as a run does.
func simulate(random *rand.Rand, cases []record.Case, factor float64) *record.Results {
	draw := func() float64 {
		t := 0.01 + 0.002*random.ExpFloat64()
		if random.IntN(20) == 0 {
			t *= 3
		}
		return t
	}
	times := map[string][]float64{}
	n := 8
	for ; n < 20; n += 2 {
		wide := 0.0
		for _, side := range []string{"cpu-1", "cpu-2"} {
			f := 1.0
			if side == "cpu-2" {
				f = factor
			}
			for len(times[side]) < n {
				times[side] = append(times[side], f*draw())
			}
			s := stats.Summarize(times[side], record.Confidence)
			wide = max(wide, (s.Hi-s.Lo)/2/s.Median)
		}
		if wide <= 0.05 {
			break
		}
	}
	r := made(cases, len(times["cpu-1"]), func(_ int, s *record.Side, block int) float64 { return times[s.Name][block] })
	for i := range r.Samples {
		r.Samples[i].At = time.Unix(int64(i), 0).UTC()
		r.Samples[i].EndToEnd = r.Samples[i].Kernel + draw()
	}
	return r
}

func TestCompare_SaysWhatElseDiffers(t *testing.T) {
	t.Parallel()
	quick := func(int, *record.Side, int) float64 { return 1 }
	a := made([]record.Case{{Name: "a", Params: json.RawMessage(`{"n":1}`), Sides: []record.Side{one, two}}, {Name: "b", Sides: []record.Side{one}}}, 6, quick)
	b := made([]record.Case{{Name: "a", Params: json.RawMessage(`{"n": 1}`), Sides: []record.Side{one}}, {Name: "b", Params: json.RawMessage(`{"n":2}`), Sides: []record.Side{one}}}, 6, quick)
	a.Sessions[0].Environment = []record.Fact{{Name: "cpu_model", Value: "X"}, {Name: "load_1m", Value: "1"}}
	b.Sessions[0].Environment = []record.Fact{{Name: "cpu_model", Value: "Y"}, {Name: "load_1m", Value: "2"}}
	d := Compare(a, b)
	if len(d.Rows) != 3 || d.Rows[0].Real() || d.Rows[0].Ratio.Value != 1 {
		t.Errorf("rows: %+v", d.Rows)
	}
	if len(d.Missing) != 6 || fmt.Sprint(d.Environment) != "[{cpu_model X Y}]" {
		t.Errorf("missing %v, environment %v", d.Missing, d.Environment)
	}
}
