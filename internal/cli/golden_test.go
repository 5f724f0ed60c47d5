package cli_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"turno"
)

var update = flag.Bool("update", false, "write the golden files")

// lab is a rig with a server on which much goes on.
func lab(t *testing.T) *rig {
	r := newRig(t, atNoon)
	ago := func(d time.Duration) time.Time { return noon.Add(-d) }
	spec := func(name string, s turno.Spec) *turno.Spec {
		s.Name, s.User, s.Type = name, "eva", "exec"
		if s.Params == nil {
			s.Params = json.RawMessage(`{"command":["python","train.py","--name","a b"]}`)
		}
		s.Normalize()
		return &s
	}
	attempt := func(n int, start, end time.Duration, res *turno.Result) turno.Attempt {
		a := turno.Attempt{Number: n, Worker: "lab-1", Device: turno.DeviceGPU, GPUs: []string{"GPU-1"}, AssignedAt: ago(start), StartedAt: ago(start), Result: res}
		if res != nil {
			a.EndedAt = ago(end)
		}
		return a
	}
	crash := &turno.Result{State: turno.Failed, Reason: turno.ReasonExitCode, ExitCode: 3, Message: "ended with exit code 3", Device: turno.DeviceGPU,
		UserTime: turno.Duration(2 * time.Second), MaxMemory: 3 << 30}
	good := &turno.Result{State: turno.Succeeded, Reason: turno.ReasonCompleted, Device: turno.DeviceGPU,
		GPUs: []turno.GPUUse{{UUID: "GPU-1", Model: "A100", Simulated: true, Looks: 60, Seconds: 59, Utilisation: 81.4, UtilisationPeak: 100,
			Memory: 20 << 30, MemoryPeak: 31 << 30, Watts: 210, WattsPeak: 390, Joules: 12390, CelsiusPeak: 71, Throttled: []string{"power cap"}}},
		Output: json.RawMessage(`{"device":"gpu","engine":"cublas","phases":[{"name":"kernel","seconds":0.0123}],"method":"random vectors","verified":true,"error":1.5e-7,"tolerance":1e-5,"rate":1234.5,"rate_unit":"GFLOP/s","m":1024,"file":"out\u001b[31m.png"}`)}
	r.svc.jobs = []*turno.Job{
		{ID: "id-1", Number: 1, Spec: spec("long", turno.Spec{GPUs: 2, GPUModel: "A100", TimeLimit: turno.Duration(48 * time.Hour)}), State: turno.Running, Reason: turno.ReasonRunning,
			Since: ago(26 * time.Hour), SubmittedAt: ago(27 * time.Hour), StartedAt: ago(26 * time.Hour), Attempt: 1, Attempts: []turno.Attempt{attempt(1, 26*time.Hour, 0, nil)}},
		{ID: "id-2", Number: 2, Spec: spec("wants-more", turno.Spec{GPUs: 8, Memory: 64 << 30, Queue: "night"}), State: turno.Queued, Reason: turno.ReasonResources,
			Detail: "needs 8 GPUs, 2 are free on lab-1", Since: ago(time.Minute), SubmittedAt: ago(time.Hour)},
		{ID: "id-3", Number: 3, Spec: spec("sweep", turno.Spec{Array: &turno.Array{Tasks: turno.Ranges{{First: 0, Last: 99, Step: 1}}, Limit: 10}}), State: turno.Running, Reason: turno.ReasonTasks,
			Since: ago(time.Minute), SubmittedAt: ago(time.Hour), StartedAt: ago(30 * time.Minute),
			Tasks: &turno.TaskCount{Total: 100, Waiting: turno.Ranges{{First: 7, Last: 99, Step: 1}}, Active: 1, Ended: map[turno.State]int{turno.Succeeded: 5, turno.Failed: 1}}},
		{ID: "id-3_6", Number: 4, Parent: 3, Task: 6, Spec: spec("sweep", turno.Spec{}), State: turno.Stopping, Reason: turno.ReasonCancelling,
			Since: ago(time.Second), SubmittedAt: ago(time.Hour), StartedAt: ago(90 * time.Second), Attempt: 1, Attempts: []turno.Attempt{attempt(1, 90*time.Second, 0, nil)}},
		{ID: "id-5", Number: 5, Spec: spec("broken", turno.Spec{Retries: 1, Labels: map[string]string{"run": "7"}, Env: map[string]string{"KEY": "secret"}}), State: turno.Failed, Reason: turno.ReasonExitCode,
			Detail: "ended with exit code 3", Since: ago(time.Minute), SubmittedAt: ago(time.Hour), StartedAt: ago(2 * time.Minute), EndedAt: ago(time.Minute), Attempt: 2, Failures: 2,
			Attempts: []turno.Attempt{attempt(1, 5*time.Minute, 4*time.Minute, crash), attempt(2, 2*time.Minute, time.Minute, crash)}, Result: crash},
		{ID: "id-6", Number: 6, Spec: spec("product", turno.Spec{GPUs: 1}), State: turno.Succeeded, Reason: turno.ReasonCompleted, Since: ago(time.Minute), SubmittedAt: ago(time.Hour),
			StartedAt: ago(2 * time.Minute), EndedAt: ago(time.Minute), Attempt: 1, Attempts: []turno.Attempt{attempt(1, 2*time.Minute, time.Minute, good)}, Result: good},
		{ID: "id-7", Number: 7, Spec: spec("evil\x1b]0;x\x07", turno.Spec{Hold: true}), State: turno.Held, Reason: turno.ReasonHeld, Since: ago(time.Minute), SubmittedAt: ago(time.Minute)},
	}
	r.svc.workers = []turno.Worker{
		{Name: "lab-1", State: turno.WorkerReady, Since: ago(time.Hour), SeenAt: ago(time.Second), CPUsUsed: 2500, MemoryUsed: 12 << 30, GPUsUsed: []string{"a"}, JobCount: 2,
			Machine: turno.Machine{CPUs: 16 * turno.CPU, Memory: 64 << 30, Isolation: "cgroup v2 kill + v2 limits (memory, pids, cpu)", OS: "linux", Arch: "amd64", Version: "v1",
				GPUs:   []turno.GPU{{Index: 0, UUID: "a", Model: "NVIDIA A100"}, {Index: 1, UUID: "b", Model: "NVIDIA A100", Quarantine: "memory of a dead process"}},
				Offers: []turno.Offer{{Type: "exec"}, {Type: "matmul"}}}},
		{Name: "toy", State: turno.WorkerDrained, Drain: "new disk", Since: ago(time.Hour), SeenAt: ago(time.Second),
			Machine: turno.Machine{CPUs: 2 * turno.CPU, Memory: 4 << 30, Isolation: "sweep, no limits", Simulated: true, GPUs: []turno.GPU{{UUID: "s", Model: "GPU", Simulated: true}}}},
	}
	r.svc.why["2"] = turno.Explanation{Job: "2", State: turno.Queued, Reason: turno.ReasonResources, Summary: "needs 8 GPUs; the most that is free is 2, on lab-1", Position: 1, InLine: 3, Workers: 2,
		Blocks: []turno.Block{
			{Reason: turno.ReasonResources, Detail: "GPUs are in use", Workers: 1, Asked: "8 GPUs", Free: "2", Limit: "8", Holder: []string{"1", "3_6"}},
			{Reason: turno.ReasonDrained, Detail: "new disk", Workers: 1},
		},
		Unblock: []string{"the end of job 1, no later than tomorrow 10:00", "turno undrain toy"}, ReservedWorker: "lab-1", ReservedAt: noon.Add(22 * time.Hour)}
	r.svc.types = []turno.Type{
		{Name: "matmul", Summary: "multiplies two matrices", Devices: []turno.Device{turno.DeviceCPU, turno.DeviceGPU}, Example: json.RawMessage(`{"m":64}`),
			Schema: json.RawMessage(`{"required":["m"],"properties":{"m":{"type":"integer","minimum":1,"maximum":65536,"description":"rows"},"dtype":{"enum":["float32","float64"],"default":"float32","description":"numbers"}}}`)},
		{Name: "noop", Summary: "does nothing", Devices: []turno.Device{turno.DeviceCPU}},
	}
	r.svc.letters = []turno.DeadLetter{
		{Number: 12, Queue: "turno.jobs", Reason: turno.DeadMalformed, Detail: "the message is not a submission: unexpected \x1b[31mend", FirstAt: ago(30 * time.Hour), LastAt: ago(time.Minute),
			Times: 3, From: "lab billing\x1b]0;x\x07", MessageID: "m-1", ReplyTo: "billing", ContentType: "application/x-python-pickle", Digest: "80ab", Size: 9, Body: []byte("\x80\x04\x95abc\x00\x1b[")},
		{Number: 7, Queue: "turno.jobs", Reason: turno.DeadRefused, Detail: "job 1 of 1 was refused, and there is no reply_to: type: there is no type \"torch\"", FirstAt: ago(time.Hour), LastAt: ago(time.Hour),
			Times: 1, Digest: "00ff", Size: 28, Body: []byte(`{"version":1,"jobs":["a"]}` + "\x1b\n")},
	}
	return r
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for name, lines := range map[string][]string{
		"ps": {"ps", "ps -a", "ps -o wide", "ps -o name", "ps -q night", "ps --state failed", "ps --state R,CG", "ps --state nope", "ps 3", "ps -n 2 --no-header", "ps -a -u nobody",
			"ps 2 -o jsonpath=.items[0].spec.gpus", "ps -o jsonpath={.items[*].number}", "ps 2 -o yaml", "ps -o xml"},
		"show":  {"show 5", "show 6", "show 3", "show 3_6", "show 7", "show 99", "show nope", "show broken -o jsonpath=.number"},
		"why":   {"why 2", "why 2 -o jsonpath=.blocks[*].reason", "why 99"},
		"nodes": {"nodes", "nodes -o wide", "nodes toy -o name", "nodes none", "drain lab-1 --reason disk", "undrain toy"},
		"types": {"types", "types matmul", "types -o name", "types none"},
		"act": {"cancel", "cancel 1 99", "cancel 1-2,5", "hold 2 -o json", "release 7", "cancel all", "cancel all --yes", "cancel --state queued --yes", "cancel 1 --state queued",
			"requeue 1 --grace soon", "retry 1", "retry 5 --quiet", "retry --failed --yes", "retry"},
		"deadletters": {"dead-letters", "dead-letters list -o wide", "dead-letters -o name", "dead-letters show 12", "dead-letters show 7", "dead-letters show 7 --raw",
			"dead-letters show 7 -o jsonpath=.reason", "dead-letters show 8", "dead-letters show x", "dead-letters redrive 7", "dead-letters redrive 7-8 12 -o json",
			"dead-letters redrive", "dead-letters redrive --all", "dead-letters drop --all", "dead-letters drop --all --yes", "dead-letters drop 9-8", "dead-letters list 7"},
		"errors": {"nonsense", "subm", "ps --wach", "ps -Z", "logs", "logs 1 2", "logs 3_[1-2]", "wait", "cancel 1-99999999", "show 0", "show 1-0", "version --x", "config --lisen x"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := lab(t)
			var b strings.Builder
			for _, line := range lines {
				code := r.run(strings.Fields(line)...)
				fmt.Fprintf(&b, "$ turno %s\n%s", line, &r.out)
				if r.errs.Len() > 0 {
					fmt.Fprintf(&b, "--- stderr\n%s", &r.errs)
				}
				fmt.Fprintf(&b, "--- exit %d\n\n", code)
			}
			golden(t, filepath.Join("testdata", name+".golden"), b.String())
		})
	}
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs; if that is meant, run with -update and read the diff (-want +got):\n%s", path, diff)
	}
}

func TestGolden_Colours(t *testing.T) {
	t.Parallel()
	r := lab(t)
	if out := r.must("ps"); strings.Contains(out, "\x1b") {
		t.Errorf("colours without a terminal: %q", out)
	}
	r.env["CLICOLOR_FORCE"] = "1"
	if out := r.must("ps"); !strings.Contains(out, "\x1b[32mR\x1b[0m") || strings.Contains(out, "\x1b]0") {
		t.Errorf("forced: %q", out)
	}
	r.env["NO_COLOR"] = "1"
	if out := r.must("ps"); strings.Contains(out, "\x1b") {
		t.Errorf("NO_COLOR is not obeyed: %q", out)
	}
}

func TestComplete_LiveJobs(t *testing.T) {
	t.Parallel()
	r := lab(t)
	out := r.must("__complete", "cancel", "")
	for _, want := range []string{"last\t", "1\trunning long\n", "3_6\tstopping sweep\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("completions of cancel lack %q:\n%s", want, out)
		}
	}
	if strings.Contains(out, "broken") {
		t.Error("a job that has ended can be cancelled")
	}
	if out := r.must("__complete", "submit", "--type", ""); !strings.Contains(out, "matmul\tmultiplies two matrices") {
		t.Errorf("types: %s", out)
	}
	if out := r.must("completion", "bash"); !strings.Contains(out, "turno") {
		t.Error("no bash completion")
	}
}

func TestHelp_EveryCommandHasSome(t *testing.T) {
	t.Parallel()
	r := lab(t)
	help := r.must("--help")
	for cmd := range strings.FieldsSeq("up scheduler worker api submit run sbatch ps show why logs cancel hold release requeue retry wait nodes drain undrain watch types doctor demo bench config version completion") {
		if !strings.Contains(help, "\n  "+cmd+" ") {
			t.Errorf("turno --help does not know %s", cmd)
		}
		if out := r.must(cmd, "--help"); !strings.Contains(out, "Usage:") {
			t.Errorf("turno %s --help: %s", cmd, out)
		}
	}
	if strings.Contains(help, "runner") {
		t.Error("hidden commands are shown")
	}
}

func TestTop_NeedsATerminal(t *testing.T) {
	t.Parallel()
	r := lab(t)
	if code := r.run("top"); code != 2 || !strings.Contains(r.errs.String(), "turno top --once") {
		t.Errorf("exit %d: %s", code, &r.errs)
	}
	r = lab(t)
	if code := r.run("top", "--once"); code != 0 || !strings.Contains(r.out.String(), "turno top") || !strings.Contains(r.out.String(), "lab-1") {
		t.Errorf("exit %d: %s%s", code, &r.out, &r.errs)
	}
}
