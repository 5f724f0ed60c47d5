package python

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"turno/internal/gpu/cuda/driver/drivertest"
	"turno/internal/testenv"
)

// gpuCheck is what scripts/gpu-check leaves.
type gpuCheck struct {
	Rehearsal, Simulated bool
	Date                 string
	Machine              struct{ CPUs int }
	Failed               []struct{ What, Why string }
	NotDone              []string `json:"not_done"`
	Parts                map[string]struct {
		Ended           string
		Budget, Seconds float64
		Out             map[string]json.RawMessage
	}
	Judged []struct{ What, Verdict, Why string }
}

// checker runs the script as a user would.
type checker struct {
	*testing.T
	python, turno string
}

func (c checker) of(t *testing.T) checker { c.T = t; return c }

func (c checker) command(path string, arguments ...string) *exec.Cmd {
	return exec.CommandContext(c.Context(), c.python, append([]string{"../../scripts/gpu-check", "--turno", c.turno, "--out", path}, arguments...)...)
}

func (c checker) read(path string) (r gpuCheck) {
	c.Helper()
	data, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(data, &r)
	}
	if err != nil {
		c.Fatal(err)
	}
	return r
}

// TestGPUCheck goes through scripts/gpu-check where no GPU is: the check itself
// with a SIMULATED device, whole and interrupted; the rehearsal on the CPU; and
// without either, which it must say calmly.
func TestGPUCheck(t *testing.T) {
	t.Parallel()
	c := checker{T: t, python: testenv.Python(t), turno: filepath.Join(t.TempDir(), "turno")}
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", c.turno, "turno/cmd/turno").CombinedOutput(); err != nil {
		t.Fatalf("build turno: %v\n%s", err, out)
	}
	libraries := "TURNO_CUDA_LIBS=" + drivertest.Libraries(t)
	t.Run("Simulated", func(t *testing.T) { c.of(t).simulated(libraries) })
	t.Run("Interrupted", func(t *testing.T) { c.of(t).interrupted(libraries) })
	t.Run("Rehearsal", func(t *testing.T) { c.of(t).rehearsal() })
	t.Run("Judge", func(t *testing.T) { c.of(t).judge() })
	if _, err := os.Stat("/dev/nvidiactl"); err == nil {
		return // the rest is for a machine without one
	}
	path := filepath.Join(t.TempDir(), "none.json")
	said, err := c.command(path).CombinedOutput()
	if r := c.read(path); err == nil || len(r.Failed) != 1 || r.Failed[0].What != "a GPU" || r.Failed[0].Why == "" || len(r.Parts) > 0 {
		t.Errorf("%v\n%s", err, said)
	}
}

func (c checker) simulated(libraries string) {
	path := filepath.Join(c.TempDir(), "check.json")
	cmd := c.command(path, "--small")
	cmd.Env = append(os.Environ(), libraries)
	said, err := cmd.CombinedOutput()
	r := c.read(path)
	if err != nil || !r.Simulated || r.Rehearsal || len(r.Failed)+len(r.NotDone) > 0 || len(r.Parts) != 11 || len(r.Judged) != 20 {
		c.Errorf("%v\n%s\n%+v %v", err, said, r.Failed, r.NotDone)
	}
	budget := 0.0
	for name, p := range r.Parts {
		budget += p.Budget
		if p.Ended != "done" || len(p.Out) == 0 {
			c.Errorf("%s: %+v", name, p)
		}
	}
	if budget > 480-15-10 { // less what the start and the end take
		c.Errorf("the parts may take %.0f s together", budget)
	}
	for _, line := range r.Judged {
		if line.Verdict != "not judged" || line.Why == "" {
			c.Errorf("a figure of a SIMULATED device is judged: %+v", line)
		}
	}
	for line := range strings.Lines(string(said)) {
		if strings.Contains(line, "own kernel") && strings.Contains(line, "/s") && !strings.Contains(line, "SIMULATED") {
			c.Errorf("not marked: %s", line)
		}
	}
}

// interrupted is Ctrl-C after the first figure.
func (c checker) interrupted(libraries string) {
	path := filepath.Join(c.TempDir(), "check.json")
	cmd := c.command(path, "--small")
	cmd.Env = append(os.Environ(), libraries)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		c.Fatal(err)
	}
	last := ""
	for lines := bufio.NewScanner(out); lines.Scan(); {
		last = lines.Text()
		if strings.HasPrefix(last, "   matmul") {
			if err := cmd.Process.Signal(os.Interrupt); err != nil {
				c.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != 1 {
		c.Errorf("it ended with %v", err)
	}
	r := c.read(path)
	if p := r.Parts["workloads"]; p.Ended != "stopped" || len(p.Out) == 0 || !slices.Contains(r.NotDone, "stopped by hand") || len(r.Judged) == 0 || !strings.Contains(last, "written to "+path) {
		c.Errorf("%+v\n%s", r, last)
	}
}

func (c checker) rehearsal() {
	path := filepath.Join(c.TempDir(), "check.json")
	said, err := c.command(path, "--rehearse").CombinedOutput()
	r := c.read(path)
	if err != nil || !r.Rehearsal || len(r.Failed)+len(r.NotDone) > 0 || r.Date == "" || r.Machine.CPUs == 0 || len(r.Parts) != 5 || !strings.Contains(string(said), "REHEARSAL on the CPU") {
		c.Errorf("%v\n%s\n%+v", err, said, r.Failed)
	}
}

// judge looks at figures that are made up: above, below, and not there.
func (c checker) judge() {
	path := filepath.Join(c.TempDir(), "made-up.json")
	err := os.WriteFile(path, []byte(`{"parts": {
		"workloads": {"out": {
			"matmul 8192 bfloat16 auto": {"engine": "cuda sm_90 cuBLASLt 130100", "gflops_median": 99},
			"matmul 8192 bfloat16 own": {"engine": "cuda sm_90 own kernel", "gflops_median": 40},
			"matmul 8192 tf32 auto": {"engine": "cuda sm_90 own kernel", "gflops_median": 99}, "train mlp 64": {"rate": 15}}},
		"torch": {"out": {"matmul_bfloat16_gflops": 100, "matmul_tf32_gflops": 100, "train_mlp_64_steps": 10}},
		"warm": {"out": {"p50_ms": 2.5}}}}`), 0o600)
	if err != nil {
		c.Fatal(err)
	}
	said, err := exec.CommandContext(c.Context(), c.python, "../../scripts/gpu-check", "--judge", path).Output()
	if err == nil {
		c.Error("a figure is too low, and it exits 0")
	}
	verdict := map[string]string{}
	for line := range strings.Lines(string(said)) {
		if len(line) > 67 {
			verdict[strings.TrimSpace(line[12:67])] = strings.TrimSpace(line[:12])
		}
	}
	for what, want := range map[string]string{
		"matmul 8192 bfloat16, cuBLASLt, of PyTorch's": "PASS", "matmul 8192 bfloat16, own kernel, of PyTorch's": "FAIL",
		"matmul 8192 tf32, cuBLASLt, of PyTorch's": "not judged", "train mlp, batch 64, of eager PyTorch's steps/s": "PASS",
		"a warm 256 by 256 product within the worker, ms": "PASS", "vecadd, of a copy's bandwidth": "not judged",
	} {
		if verdict[what] != want {
			c.Errorf("%s: %q, want %q in\n%s", what, verdict[what], want, said)
		}
	}
}
