package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"turno"
)

// newBenchRig has one worker of two CPUs whose products take 0.2 s, half that
// with two threads.
func newBenchRig(t *testing.T) *rig {
	r := newRig(t, time.Now)
	r.svc.workers = []turno.Worker{{Name: "lab-1", State: turno.WorkerReady, Machine: turno.Machine{Hostname: "h", CPUs: 2 * turno.CPU,
		Offers: []turno.Offer{{Type: "matmul", Devices: []turno.Device{turno.DeviceCPU}}}}}}
	r.svc.began = func(f *fake, j *turno.Job) {
		f.start(j)
		output := `{"engine":"go","phases":[{"name":"kernel","seconds":0.1}],"method":"m","verified":true}`
		took := 200 * time.Millisecond / time.Duration(j.Spec.CPUs.Whole())
		time.AfterFunc(took, func() {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.end(j, turno.Result{State: turno.Succeeded, Reason: turno.ReasonCompleted, Output: json.RawMessage(output)}, "os=Test\n")
		})
	}
	writeFile(t, r.sys.Dir, "s.yaml", "samples: {min: 2, start: 6, most: 6}\nworkloads: [{type: matmul, size: n, each: [{n: 64}]}]\n")
	return r
}

func TestBenchRun_MeasuresReportsAndCompares(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newBenchRig(t)
		out := r.must("bench", "run", "--suite", "s.yaml", "--seed", "5")
		if !strings.Contains(out, "2.00x") || !strings.Contains(out, "12 samples that count in job_results.json") {
			t.Errorf("%s", out)
		}
		if text := r.errs.String(); !strings.Contains(text, "No GPU: this measures how the CPU scales") || !strings.Contains(text, "turno bench report makes") {
			t.Errorf("%s", text)
		}
		if code := r.run("bench", "run", "--suite", "s.yaml"); code != 2 || !strings.Contains(r.errs.String(), "--resume goes on") {
			t.Errorf("exit code %d: %s", code, r.errs.String())
		}
		r.must("bench", "run", "--resume")
		r.must("bench", "report", "--lang", "es")
		r.must("bench", "report", "--format", "ieee")
		for _, name := range []string{"benchmark-report/BENCHMARK_REPORT.es.md", "benchmark-report/charts/speedup.pdf", "paper/report.tex", "paper/data/job_results.json"} {
			if _, err := os.Stat(filepath.Join(r.sys.Dir, name)); err != nil {
				t.Error(err)
			}
		}
		if out := r.must("bench", "compare", "job_results.json", "job_results.json"); !strings.Contains(out, "0 of 4 differences are real") {
			t.Errorf("%s", out)
		}
	})
}

func TestBenchRun_CtrlCKeepsWhatWasMeasured(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newBenchRig(t)
		time.AfterFunc(3*time.Second, func() { r.signals <- os.Interrupt })
		if code := r.run("bench", "run", "--suite", "s.yaml", "-o", "x.json"); code != 130 || !strings.Contains(r.errs.String(), "turno bench run --resume -o x.json goes on") {
			t.Errorf("exit code %d: %s", code, r.errs.String())
		}
		if out := r.must("bench", "run", "--resume", "-o", "x.json"); !strings.Contains(out, "fixed") && !strings.Contains(out, "precise") && !strings.Contains(out, "most") {
			t.Errorf("%s", out)
		}
	})
}

func TestBench_Refusals(t *testing.T) {
	t.Parallel()
	r := newBenchRig(t)
	writeFile(t, r.sys.Dir, "not.json", "{}")
	for line, want := range map[string]string{
		"bench run --suite nosuch":             "turno's own are quick and full",
		"bench run --suite s.yaml --on nobody": "there is no worker nobody; there are: lab-1",
		"bench run --suite s.yaml --fixed-n 1": "--fixed-n must be 2 or more",
		"bench run --resume -o none.json":      "to go on with",
		"bench run --resume -o not.json":       "is it a file of turno bench run?",
		"bench run --resume --force":           "none of the others can be",
		"bench report none.json":               "there is no none.json",
		"bench report not.json":                "schema_version is 0",
		"bench report not.json --format word":  "use full or ieee",
		"bench report not.json --lang de":      "use en or es",
		"bench compare not.json":               "accepts 2 arg",
		"bench compare not.json none.json":     "not.json",
	} {
		if code := r.run(strings.Fields(line)...); code == 0 || !strings.Contains(r.errs.String(), want) {
			t.Errorf("%s: exit code %d, %s", line, code, r.errs.String())
		}
	}
}
