package report

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"image/png"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"turno"
	"turno/internal/bench/analysis"
	"turno/internal/bench/record"
	"turno/internal/stats"
)

// results is a file as turno bench run writes it, of three types, with what
// makes trouble: a name with every special character, samples that were left
// out, and a case that ended badly.
func results(t *testing.T, device turno.Device, simulated bool) []byte {
	t.Helper()
	random := rand.New(rand.NewPCG(11, 12))
	fast := record.Side{Name: "cpu-8", Device: turno.DeviceCPU, Threads: 8, Engine: turno.EngineNative}
	if device == turno.DeviceGPU {
		fast = record.Side{Name: "gpu", Device: turno.DeviceGPU, Engine: turno.EngineNative, Simulated: simulated}
	}
	sides := []record.Side{{Name: "cpu-1", Device: turno.DeviceCPU, Threads: 1, Engine: turno.EngineNative}, fast}
	r := &record.Results{SchemaVersion: 1, ID: "0", Suite: "every_100%", Worker: "lab_1", Simulated: simulated, Settings: record.Settings{
		Seed: 42, Min: 6, Start: 12, Most: 40, Precision: 0.025, Budget: 150, WarmUps: 3, WarmUp: 1},
		Cases: []record.Case{{Name: "matmul 256", Type: "matmul", Size: 256, SizeOf: "n", Sides: sides}, {Name: "matmul 512", Type: "matmul", Size: 512, SizeOf: "n", Sides: sides},
			{Name: `image a_b=50% & {#}^~\ñ`, Type: "image", Sides: sides}, {Name: "noop", Type: "noop", Sides: sides[:1]}},
		Left: []string{"train: the worker does not offer it on a gpu"},
		Sessions: []record.Session{{At: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), Seconds: 140, Command: []string{"turno", "bench", "run", "--on", "it's"}, Version: "v1_x", Go: "go1.26",
			Server: "private", LoadBefore: "7.5", LoadAfter: "6", End: "interrupted", Local: true, Machine: turno.Machine{CPUs: 8 * turno.CPU},
			Environment: []record.Fact{{Name: "cpu_model", Value: "A & B 50% #1_x"}, {Name: "cpu_governor", Value: record.Unknown}, {Name: "hypervisor", Value: "kvm"}}}},
	}
	for i, c := range r.Cases {
		for b := range 12 {
			for j, s := range c.Sides {
				v := 0.01 * float64(i+1) / float64(1+3*j) * (1 + 0.1*random.ExpFloat64())
				x := record.Sample{Case: c.Name, Side: s.Name, Block: b, Place: j, Kernel: v, Device: v, EndToEnd: v + 0.02, Queue: 0.004 + 0.001*random.ExpFloat64(), Checked: c.Type != "noop", Simulated: s.Simulated}
				if c.Type == "noop" {
					x.Kernel, x.Device = 0, 0
				}
				if b == 3 && j == 0 {
					x.Excluded, x.Detail = record.Contended, "a `b`"
				}
				r.Samples = append(r.Samples, x)
			}
		}
		r.Stops = append(r.Stops, record.Stop{Case: c.Name, Reason: []string{record.StopPrecise, record.StopBudget, record.StopFailed, record.StopMost}[i], Blocks: 11, Width: 0.05})
	}
	var b bytes.Buffer
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func find(t *testing.T, files []File, name string) []byte {
	t.Helper()
	for _, f := range files {
		if f.Name == name {
			return f.Data
		}
	}
	t.Fatalf("there is no %s", name)
	return nil
}

func TestFull_TheSameBytesAgain(t *testing.T) {
	t.Parallel()
	data := results(t, turno.DeviceCPU, false)
	for lang := range languages {
		a, err := Full(data, lang)
		if err != nil {
			t.Fatal(err)
		}
		b, err := Full(data, lang)
		if err != nil {
			t.Fatal(err)
		}
		for i := range a {
			if a[i].Name != b[i].Name || !bytes.Equal(a[i].Data, b[i].Data) {
				t.Errorf("%s: %s differs", lang, a[i].Name)
			}
		}
		for _, chart := range []string{"speedup", "times", "distribution-matmul", "size-matmul", "samples-image", "scaling", "queue"} {
			for _, format := range []string{"png", "svg", "pdf"} {
				find(t, a, "charts/"+chart+"."+format)
			}
		}
	}
}

func TestFull_PNGHas300DPI(t *testing.T) {
	t.Parallel()
	files, err := Full(results(t, turno.DeviceCPU, false), "en")
	if err != nil {
		t.Fatal(err)
	}
	data := find(t, files, "charts/speedup.png")
	if !bytes.Contains(data[:64], append([]byte("pHYs"), 0, 0, 0x2e, 0x23, 0, 0, 0x2e, 0x23, 1)) { // 11811 a metre
		t.Errorf("%q", data[:64])
	}
	c, err := png.DecodeConfig(bytes.NewReader(data))
	if err != nil || c.Width != 1050 { // 3.5 in
		t.Errorf("%d wide: %v", c.Width, err)
	}
}

func TestCSV_OneLineARow(t *testing.T) {
	t.Parallel()
	files, err := Full(results(t, turno.DeviceCPU, false), "en")
	if err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(bytes.NewReader(find(t, files, "performance_comparison.csv"))).ReadAll()
	if err != nil || len(lines) != 1+3*2*3+1 {
		t.Fatalf("%d lines: %v", len(lines), err)
	}
	got := strings.Join(lines[2], ",")
	if !strings.HasPrefix(got, "matmul,matmul 256,256,cpu-8,kernel,12,0.00") || !strings.Contains(got, ",cpu-1,true,") {
		t.Error(got)
	}
	if last := strings.Join(lines[len(lines)-1], ","); !strings.HasPrefix(last, "noop,noop,,cpu-1,end_to_end,11,") || !strings.HasSuffix(last, ",,,,,,false,excluded=1;unverified") &&
		!strings.HasSuffix(last, ";unverified") {
		t.Error(last)
	}
}

// TestSentence_SaysNoMoreThanTheData are the words of every kind of outcome.
func TestSentence_SaysNoMoreThanTheData(t *testing.T) {
	t.Parallel()
	cpu := &record.Side{Name: "cpu-8", Device: turno.DeviceCPU, Threads: 8, Engine: turno.EngineNative}
	gpu := &record.Side{Name: "gpu", Device: turno.DeviceGPU, Engine: turno.EngineNative}
	ratio := func(v, lo, hi float64, n int) stats.Ratio {
		return stats.Ratio{Interval: stats.Interval{N: n, Value: v, Lo: lo, Hi: hi, Confidence: .95}, P: 0.001}
	}
	for _, tt := range []struct {
		c      analysis.Comparison
		en, es string
	}{
		{analysis.Comparison{Ratio: ratio(21.7, 20.9, 24, 20), Verified: true}, "GPU 21.7× faster than 8 threads (95 % CI 20.9–24.0, n = 20, kernel + copies, verified)",
			"GPU 21.7× más rápido que 8 hilos (IC 95 % 20.9–24.0, n = 20, núcleo de cálculo + copias, verificado)"},
		{analysis.Comparison{Ratio: ratio(0.5, 0.4, 0.8, 20), Verified: true}, "GPU 2.00× slower than 8 threads (95 % CI 1.25–2.50, n = 20, kernel + copies, verified)",
			"GPU 2.00× más lento que 8 hilos (IC 95 % 1.25–2.50, n = 20, núcleo de cálculo + copias, verificado)"},
		{analysis.Comparison{Ratio: ratio(1.1, 0.9, 1.3, 20), Verified: true}, "GPU against 8 threads: no difference shown (ratio 1.10, 95 % CI 0.900–1.30, n = 20, kernel + copies, verified)",
			"GPU frente a 8 hilos: sin diferencia demostrada (razón 1.10, IC 95 % 0.900–1.30, n = 20, núcleo de cálculo + copias, verificado)"},
		{analysis.Comparison{Ratio: ratio(3, 2, 4, 5), Verified: true}, "GPU against 8 threads: only 5 valid blocks, too few for a statement", "GPU frente a 8 hilos: solo 5 bloques válidos, demasiado pocos para afirmar algo"},
		{analysis.Comparison{Ratio: ratio(3, 2, 4, 20)}, "GPU against 8 threads: the answers were not verified, so no speed-up is given", "GPU frente a 8 hilos: las respuestas no se verificaron, por lo que no se da aceleración"},
		{analysis.Comparison{Ratio: ratio(3, 2, 4, 20), Verified: true, Simulated: true}, "GPU against 8 threads: SIMULATED, so no speed-up is given", "GPU frente a 8 hilos: SIMULATED (simulado), por lo que no se da aceleración"},
	} {
		tt.c.Side, tt.c.Base, tt.c.Phase = gpu, cpu, record.Device
		for lang, want := range map[string]string{"en": tt.en, "es": tt.es} {
			p := &report{lang: languages[lang]}
			if got := p.sentence(&tt.c); got != want {
				t.Errorf("%s:\n got %s\nwant %s", lang, got, want)
			}
		}
	}
}

func TestMarkdown_SaysWhatItIs(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		device    turno.Device
		simulated bool
		lang      string
		want, not string
	}{
		{turno.DeviceCPU, false, "en", "**No GPU was measured.**", "SIMULATED"},
		{turno.DeviceCPU, false, "es", "**No se midió ninguna GPU.**", "SIMULATED"},
		{turno.DeviceGPU, false, "en", "GPU 4", "No GPU was measured"},
		{turno.DeviceGPU, true, "en", "**SIMULATED.**", "× faster"},
	} {
		name := "BENCHMARK_REPORT.md"
		if tt.lang == "es" {
			name = "BENCHMARK_REPORT.es.md"
		}
		p, err := read(results(t, tt.device, tt.simulated), tt.lang)
		if err != nil {
			t.Fatal(err)
		}
		text := string(p.markdown(p.figures()))
		if tt.want == "GPU 4" {
			tt.want = "GPU 3." // about four times as quick
			if !strings.Contains(text, tt.want) {
				tt.want = "GPU 4."
			}
		}
		if !strings.Contains(text, tt.want) || strings.Contains(text, tt.not) || strings.Contains(text, "%!") {
			t.Errorf("%s, %+v:\n%s", name, tt, text)
		}
	}
}

func TestFigures_NoSpeedUpOfSimulatedDevices(t *testing.T) {
	t.Parallel()
	p, err := read(results(t, turno.DeviceGPU, true), "en")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range p.figures() {
		if f.name == "speedup" || !strings.Contains(f.chart.Title, "SIMULATED") {
			t.Errorf("%s: %q", f.name, f.chart.Title)
		}
	}
}

// TestWords_AreThereInBothLanguages and take the same values in the same order.
func TestWords_AreThereInBothLanguages(t *testing.T) {
	t.Parallel()
	verbs := func(s string) (out []string) {
		for i := 0; i < len(s)-1; i++ {
			if s[i] == '%' && strings.IndexByte("sd%", s[i+1]) >= 0 { // else it is a percent sign
				out = append(out, s[i:i+2])
				i++
			}
		}
		return out
	}
	for _, all := range []map[string][2]string{words, methodWords} {
		for key, pair := range all {
			if pair[0] == "" || pair[1] == "" || fmt.Sprint(verbs(pair[0])) != fmt.Sprint(verbs(pair[1])) {
				t.Errorf("%s: %q, %q", key, pair[0], pair[1])
			}
		}
	}
}
