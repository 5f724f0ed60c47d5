package python

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"turno"
	"turno/internal/runner"
	"turno/internal/testenv"
	"turno/internal/workload"
	"turno/internal/workload/all"
	"turno/internal/workload/model"
	"turno/internal/workload/nn"
)

// torch is a runner of torch_workloads.py, at its agent's end.
type torch struct {
	t    *testing.T
	conn *runner.Conn
	done chan runner.Done // one run at a time
	runs int
}

func startTorch(t *testing.T) *torch {
	t.Helper()
	python := testenv.Python(t, testenv.TorchNeed)
	binary := filepath.Join(t.TempDir(), "turno")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "turno/cmd/turno").CombinedOutput(); err != nil {
		t.Fatalf("build turno: %v\n%s", err, out)
	}
	cmd := exec.Command(python, "-B", "../../runners/python/torch_workloads.py")
	cmd.Env = append(os.Environ(), "TURNO_BINARY="+binary)
	cmd.Stderr = t.Output()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	x := &torch{t: t, done: make(chan runner.Done, 1)}
	x.conn, err = runner.Dial(t.Context(), out, in, runner.DialOptions{OnEvents: func(events []runner.Event) {
		for _, e := range events {
			if e.Done != nil {
				x.done <- *e.Done
			}
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.conn.Close(); <-x.conn.Done(); cmd.Wait() })
	return x
}

// run is one job on PyTorch; its output is decoded into out.
func (x *torch) run(typ, params, dir string, out any) {
	x.t.Helper()
	x.runs++
	key := fmt.Sprintf("%d.1", x.runs)
	log := filepath.Join(x.t.TempDir(), "log")
	if err := x.conn.Run(runner.Run{Key: key, Type: typ, Params: json.RawMessage(params), Device: turno.DeviceCPU, Threads: 2, Dir: dir, Log: log}); err != nil {
		x.t.Fatal(err)
	}
	done := <-x.done
	if done.Error != nil {
		text, _ := os.ReadFile(log)
		x.t.Fatalf("%s %s: %s: %s\n%s", typ, params, done.Error.Reason, done.Error.Message, text)
	}
	if err := json.Unmarshal(done.Output, out); err != nil {
		x.t.Fatal(err)
	}
}

// native is the same job on turno's own code.
func native(t *testing.T, typ, params, dir string, out any) {
	t.Helper()
	w, ok := all.Find(typ)
	if !ok {
		t.Fatalf("no workload %s", typ)
	}
	env := &workload.Env{Device: turno.DeviceCPU, Threads: 2, Dir: dir, Log: io.Discard, Progress: func(turno.Progress) {}}
	value, err := w.Run(t.Context(), env, json.RawMessage(params))
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, out); err != nil {
		t.Fatal(err)
	}
}

// trained is what is compared of train's output.
type trained struct {
	workload.Outcome
	TestAccuracy float64 `json:"test_accuracy"`
	History      []struct{ Loss, Accuracy float64 }
	Steps        int
	Resumed      int `json:"resumed_from_epoch"`
}

// TestTorch runs turno's workloads on PyTorch and holds them against turno's
// own code.
func TestTorch(t *testing.T) {
	t.Parallel()
	x := startTorch(t)
	t.Run("examples", func(t *testing.T) { examples(t, x) })
	t.Run("trains alike", func(t *testing.T) { trainsAlike(t, x) })
}

func examples(t *testing.T, x *torch) {
	x.t = t
	for _, w := range all.List() {
		i := slices.IndexFunc(x.conn.Hello().Types, func(h runner.HelloType) bool { return h.Name == w.Name })
		if i < 0 {
			continue
		}
		sameParameters(t, w.Name, w.Schema, x.conn.Hello().Types[i].Schema)
		var here, there struct {
			workload.Outcome
			Width, Height, Count, Repeat int
		}
		dir := t.TempDir()
		native(t, w.Name, string(w.Example), dir, &there)
		x.run(w.Name, string(w.Example), dir, &here)
		if !here.Verified || here.Width != there.Width || here.Count != there.Count || here.Repeat != there.Repeat || here.RateUnit != there.RateUnit {
			t.Errorf("%s: %+v, native %+v", w.Name, here, there)
		}
		if w.Name == "vecadd" && here.Checksum != there.Checksum { // one rounding each: the same bits
			t.Errorf("vecadd: checksum %s, native %s", here.Checksum, there.Checksum)
		}
		t.Logf("%s: error %.3g, native %.3g, tolerance %.3g", w.Name, here.Error, there.Error, here.Tolerance)
	}
}

// sameParameters compares names and defaults.
func sameParameters(t *testing.T, name string, native, torch json.RawMessage) {
	t.Helper()
	type schema struct {
		Properties map[string]struct{ Default any }
	}
	var a, b schema
	if err := json.Unmarshal(native, &a); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(torch, &b); err != nil {
		t.Fatal(err)
	}
	for p, x := range a.Properties {
		y, ok := b.Properties[p]
		if !ok || x.Default != y.Default {
			t.Errorf("%s: parameter %s is %v natively, %v (%v) on torch", name, p, x.Default, y.Default, ok)
		}
	}
	if len(a.Properties) != len(b.Properties) {
		t.Errorf("%s: %d parameters natively, %d on torch", name, len(a.Properties), len(b.Properties))
	}
}

// trainsAlike: both engines train alike, from the same first weights on the
// same digits, and each goes on from the other's checkpoint.
func trainsAlike(t *testing.T, x *torch) {
	x.t = t
	for _, params := range []string{
		`"hidden":[32],"samples":2000,"test_samples":500`,
		`"model":"conv","channels":[4,6],"hidden":[16],"samples":1000,"test_samples":200,"optimiser":"sgd"`,
	} {
		a, b := t.TempDir(), t.TempDir()
		var here, there trained
		first := `{"epochs":2,` + params + `}`
		native(t, "train", first, a, &there)
		x.run("train", first, b, &here)
		alike(t, first, here, there)
		infersAlike(t, x, filepath.Join(a, model.FileName))
		outputsAlike(t, filepath.Join(a, model.FileName), filepath.Join(b, model.FileName))

		from := func(dir string) string {
			return fmt.Sprintf(`{"epochs":3,"schedule":"constant","resume":%q,%s}`, filepath.Join(dir, model.FileName), params)
		}
		native(t, "train", from(b), t.TempDir(), &there)
		x.run("train", from(a), t.TempDir(), &here)
		if here.Resumed != 2 || there.Resumed != 2 || here.Steps != there.Steps {
			t.Errorf("resumed from %d with %d steps, natively from %d with %d", here.Resumed, here.Steps, there.Resumed, there.Steps)
		}
		alike(t, "resumed "+params, here, there)
	}
}

// alike compares losses: the sums are rounded in another order, and training
// lets that grow.
func alike(t *testing.T, name string, a, b trained) {
	t.Helper()
	if len(a.History) != len(b.History) {
		t.Fatalf("%s: %d epochs, natively %d", name, len(a.History), len(b.History))
	}
	for i := range a.History {
		if off := math.Abs(a.History[i].Loss - b.History[i].Loss); off > 1e-3 {
			t.Errorf("%s: epoch %d: loss %g, natively %g", name, i+1, a.History[i].Loss, b.History[i].Loss)
		}
	}
	last := len(a.History) - 1
	t.Logf("%s: loss %.7f, natively %.7f", name, a.History[last].Loss, b.History[last].Loss)
}

// infersAlike: with one file, both engines come to the same predictions.
func infersAlike(t *testing.T, x *torch, path string) {
	t.Helper()
	if _, ok := all.Find("infer"); !ok {
		t.Fatal("there is no workload infer")
	}
	params := fmt.Sprintf(`{"model":%q,"samples":500,"batch":100}`, path)
	var here, there struct {
		Accuracy    float64
		ModelCached bool `json:"model_cached"`
	}
	a, b := t.TempDir(), t.TempDir()
	native(t, "infer", params, a, &there)
	x.run("infer", params, b, &here)
	if here.Accuracy != there.Accuracy || here.Accuracy == 0 {
		t.Errorf("accuracy %g, natively %g", here.Accuracy, there.Accuracy)
	}
	var classes [2][]string
	for i, dir := range []string{a, b} {
		file, err := os.Open(filepath.Join(dir, "predictions.csv"))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		lines, err := csv.NewReader(file).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range lines {
			classes[i] = append(classes[i], line[0]+" is "+line[3])
		}
	}
	if !slices.Equal(classes[0], classes[1]) || len(classes[0]) != 501 {
		t.Errorf("the predictions differ")
	}
	x.run("infer", params, b, &here)
	if !here.ModelCached {
		t.Error("a warm runner loaded the model again")
	}
}

// outputsAlike lets turno's own net compute with both files.
func outputsAlike(t *testing.T, a, b string) {
	t.Helper()
	var logits [2][]float64
	for i, path := range []string{a, b} {
		m, err := model.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		input := make([]float64, m.Config.Inputs())
		for j := range input {
			input[j] = math.Sin(float64(j))
		}
		weights := make([]float64, len(m.Weights))
		for j, w := range m.Weights {
			weights[j] = float64(w)
		}
		logits[i] = nn.Reference(m.Config, weights, input)
	}
	for j := range logits[0] {
		if off := math.Abs(logits[0][j] - logits[1][j]); off > 1e-2 {
			t.Errorf("logit %d: %g and %g", j, logits[0][j], logits[1][j])
		}
	}
}

// TestExample_TorchGoesOn: an attempt that ends after two epochs, the next one
// from its checkpoint, and the same net as at one go.
func TestExample_TorchGoesOn(t *testing.T) {
	t.Parallel()
	bin := testenv.Python(t, testenv.TorchNeed)
	run := func(ckpt, out string, more ...string) (string, error) {
		arguments := append([]string{"-B", "../../examples/torch/train.py", "--epochs", "3", "--samples", "2000"}, more...)
		cmd := exec.CommandContext(t.Context(), bin, arguments...)
		cmd.Env = append(os.Environ(), "TURNO_CKPT_DIR="+ckpt, "TURNO_OUTPUT_DIR="+out)
		text, err := cmd.CombinedOutput()
		return string(text), err
	}
	whole, parts, ckpt := t.TempDir(), t.TempDir(), t.TempDir()
	if text, err := run(t.TempDir(), whole); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if text, err := run(ckpt, parts, "--stop-after", "2"); err == nil || saved(parts) != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	text, err := run(ckpt, parts)
	if err != nil || !strings.Contains(text, "goes on after epoch 2") {
		t.Fatalf("%v\n%s", err, text)
	}
	if a, b := saved(whole), saved(parts); len(a) == 0 || !bytes.Equal(a, b) {
		t.Errorf("models of %d and %d bytes differ", len(a), len(b))
	}
}

// TestExample_TorchTwoProcesses is what torchrun does, on the CPU: both find
// each other, and one of them saves the model. The two flags are for Debian's
// PyTorch, see docs/gpu.md.
func TestExample_TorchTwoProcesses(t *testing.T) {
	t.Parallel()
	bin := testenv.Python(t, testenv.TorchNeed)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := fmt.Sprint(l.Addr().(*net.TCPAddr).Port)
	l.Close()
	out := t.TempDir()
	cmd := exec.CommandContext(t.Context(), bin, "-B", "-m", "torch.distributed.run", "--redirects", "9:1", "--tee", "9:1", "--nproc_per_node", "2",
		"--master_port", port, "../../examples/torch/train.py", "--epochs", "1", "--samples", "500")
	cmd.Env = append(os.Environ(), "TURNO_CKPT_DIR="+t.TempDir(), "TURNO_OUTPUT_DIR="+out)
	text, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(text), "process 0 of 2") || !strings.Contains(string(text), "process 1 of 2") || saved(out) == nil {
		t.Errorf("%v\n%s", err, text)
	}
}

// saved is the model in a folder; nil: none.
func saved(folder string) []byte {
	data, err := os.ReadFile(filepath.Join(folder, "model.pt"))
	if err != nil {
		return nil
	}
	return data
}
