package cli_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"turno"
	"turno/internal/config"
)

// want is what is left of a spec's JSON without the defaults that every job of
// these tests has.
func trim(t *testing.T, spec string, dir string) string {
	t.Helper()
	m := map[string]json.RawMessage{}
	if err := json.Unmarshal([]byte(spec), &m); err != nil {
		t.Fatal(err)
	}
	for k, v := range map[string]string{"user": `"eva"`, "queue": `"default"`, "grace_seconds": "30", "device": `"cpu"`, "cpus": "1", "type": `"exec"`, "dir": `"` + dir + `"`} {
		if string(m[k]) == v {
			delete(m, k)
		}
	}
	if _, elsewhere := m["dir"]; elsewhere && string(m["submit_dir"]) == `"`+dir+`"` {
		delete(m, "submit_dir")
	}
	out, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func writeFile(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestSubmit_FlagsBecomeASpec(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ line, want string }{
		{"-- echo a", `{"name":"echo","params":{"command":["echo","a"]}}`},
		{"-J n -p night -t 1:30:00 -- x", `{"name":"n","params":{"command":["x"]},"queue":"night","time_limit_seconds":5400}`},
		{"-G a100:2 --vram 12G -c 4 --mem 32G -- x", `{"cpus":4,"device":"gpu","gpu_memory_bytes":12884901888,"gpu_model":"a100","gpus":2,"memory_bytes":34359738368,"name":"x","params":{"command":["x"]}}`},
		{"--gres=gpu:2 --mem 512 -- x", `{"device":"gpu","gpus":2,"memory_bytes":536870912,"name":"x","params":{"command":["x"]}}`},
		{"-a 0-9%2 -d afterok:3:4,afterany:5 -- x", `{"after":[{"job":"3","when":"afterok"},{"job":"4","when":"afterok"},{"job":"5","when":"afterany"}],"array":"0-9%2","name":"x","params":{"command":["x"]}}`},
		{"--begin now+1hour --deadline 2026-05-05T06:00 --no-requeue -- x", `{"begin_at":"2026-05-04T13:00:00Z","deadline_at":"2026-05-05T06:00:00Z","name":"x","no_requeue":true,"params":{"command":["x"]}}`},
		{"--priority 10 --nice=3 -w a,b -x c --after any:7 -- x", `{"after":[{"job":"7","when":"afterany"}],"exclude":["c"],"name":"x","params":{"command":["x"]},"priority":7,"workers":["a","b"]}`},
		{"--env-file job.env --env Q=over -- x", `{"env":{"A":"1=2","B":"from here","E":"","Q":"over","S":"a # b"},"name":"x","params":{"command":["x"]}}`},
		{"--compat slurm -- x", `{"compat":"slurm","name":"x","params":{"command":["x"]},"submit_host":"desk"}`},
		{"--env A=1 --env B --export C=3,B --label k=v -A lab --qos low --comment hi -- x", `{"env":{"A":"1","B":"from here","C":"3"},"labels":{"account":"lab","comment":"hi","k":"v","qos":"low"},"name":"x","params":{"command":["x"]}}`},
		{"-H --retries 3 --backoff 10s --grace 1m -D /data -- x", `{"backoff_seconds":10,"dir":"/data","grace_seconds":60,"hold":true,"name":"x","params":{"command":["x"]},"retries":3}`},
		{"--type matmul --param m=512 --param dtype=float32", `{"params":{"dtype":"float32","m":512},"type":"matmul"}`},
		{`--type matmul --params {"m":1} --param k=2`, `{"params":{"k":2,"m":1},"type":"matmul"}`},
		{"--type train --param model=7", `{"params":{"model":"7"},"type":"train"}`},
		{"--job-name=x --cpus-per-task=2 --partition=q --chdir /d --nodelist n -N 1 -n1 -- y", `{"cpus":2,"dir":"/d","name":"x","params":{"command":["y"]},"queue":"q","workers":["n"]}`},
	} {
		r := newRig(t, atNoon)
		r.env["B"] = "from here"
		writeFile(t, r.sys.Dir, "job.env", "# a comment\n\nA=1=2\nB\nNOT_SET_HERE\nE=\n  Q='one two'\nexport S=a # b\n")
		r.svc.types = []turno.Type{{Name: "train", Schema: json.RawMessage(`{"properties":{"model":{"type":"string"}}}`)}}
		r.must(append([]string{"submit"}, strings.Fields(tt.line)...)...)
		if got := trim(t, r.spec(1), r.sys.Dir); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.line, got, tt.want)
		}
	}
}

func TestSubmit_Refusals(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		line string
		code int
		want string
	}{
		{"python train.py --epochs 3", 2, "hint: turno submit -- python train.py --epochs 3\n"},
		{"-G 1 python a b", 2, "hint: turno submit -G 1 -- python a b\n"},
		{"", 2, "there is nothing to run"},
		{"-N 2 -- x", 2, "several nodes"},
		{"-n 4 -- x", 2, "several tasks"},
		{"-t soon -- x", 2, "--time: \"soon\" is not a time"},
		{"-G 1.5 -- x", 2, "--gpus: \"1.5\""},
		{"--gres fpga:1 -- x", 2, "GPUs only"},
		{"-d after:3 -- x", 2, "use afterok, afterany or afternotok"},
		{"-d afterok:3?afterok:4 -- x", 2, "any of"},
		{"--mem lots -- x", 2, "--mem"},
		{"--env NOTHERE -- x", 2, "NOTHERE is not set here"},
		{"--requeue --no-requeue -- x", 2, "contradict"},
		{"--env LD_PRELOAD=x -- x", 2, "reserved"},
		{"--env-file bad.env -- x", 2, `bad.env:3: "two words=1" is not NAME=VALUE`},
		{"--env-file reserved.env -- x", 2, "reserved.env:1: "},
		{"--export TURNO_JOB_ID=7 -- x", 2, "is reserved"},
		{"--compat pbs -- x", 2, "use slurm or none"},
		{"--gpu 1 -- x", 2, "did you mean --gpus?"},
		{"--type matmul x", 2, "takes no command"},
		{"--params [1] --type matmul", 2, "not a JSON object"},
		{"-f none.yaml", 2, "no such file"},
	} {
		r := newRig(t, atNoon)
		writeFile(t, r.sys.Dir, "bad.env", "# first\nA=1\ntwo words=1\n")
		writeFile(t, r.sys.Dir, "reserved.env", "CUDA_VISIBLE_DEVICES=0\n")
		code := r.run(append([]string{"submit"}, strings.Fields(tt.line)...)...)
		if code != tt.code || !strings.Contains(r.errs.String(), tt.want) {
			t.Errorf("%s: exit %d, want %d and %q:\n%s", tt.line, code, tt.code, tt.want, &r.errs)
		}
		if n := len(r.svc.jobs); n != 0 {
			t.Errorf("%s: %d jobs were submitted", tt.line, n)
		}
	}
}

func TestSbatch_ScriptDirectivesAndArguments(t *testing.T) {
	t.Parallel()
	r := newRig(t, atNoon)
	script := "#!/bin/bash\n# a comment\n#SBATCH -J \"my job\" --array=0-3\n#SBATCH -t 30 -G 1  # one GPU\n#TURNO --retries 2\n#SBATCH -o out-%j.txt\n\necho $1\n#SBATCH -p never\n"
	path := filepath.Join(r.sys.Dir, "train.sh")
	if err := os.WriteFile(path, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	r.must("sbatch", "-t", "10", "train.sh")
	if !strings.Contains(r.errs.String(), "turno logs") {
		t.Errorf("nothing is said of -o: %s", &r.errs)
	}
	body, err := json.Marshal(script)
	if err != nil {
		t.Fatal(err)
	}
	rest := `{"array":"0-3","compat":"slurm","device":"gpu","gpus":1,"name":"my job","params":{%},"retries":2,"submit_host":"desk","time_limit_seconds":600}`
	if got, want := trim(t, r.spec(1), r.sys.Dir), strings.Replace(rest, "%", `"script":`+string(body), 1); got != want {
		t.Errorf("script:\n got %s\nwant %s", got, want)
	}
	r.must("sbatch", "--parsable", "-t", "10", "train.sh", "a b", "--flag")
	if got, want := trim(t, r.spec(2), r.sys.Dir), strings.Replace(rest, "%", `"args":["a b","--flag"],"script":`+string(body), 1); got != want {
		t.Errorf("with arguments:\n got %s\nwant %s", got, want)
	}
	if r.out.String() != "2\n" {
		t.Errorf("--parsable prints %q", &r.out)
	}
	r.in = script
	r.must("sbatch", "-t", "10") // from standard input
	r.must("submit", "train.sh") // a script needs no --
	r.must("sbatch", "--wrap", "echo a | wc")
	if got := trim(t, r.spec(5), r.sys.Dir); got != `{"compat":"slurm","name":"wrap","params":{"command":["/bin/sh","-c","echo a | wc"]},"submit_host":"desk"}` {
		t.Errorf("wrap: %s", got)
	}
	if code := r.run("sbatch", "--", "python", "x"); code != 2 || !strings.Contains(r.errs.String(), "turno submit -- python x") {
		t.Errorf("a command for sbatch: %d %s", code, &r.errs)
	}
}

func TestSubmit_FileOfJobs(t *testing.T) {
	t.Parallel()
	r := newRig(t, atNoon)
	r.in = `
name: prep
command: [make, data]
memory: 4G
---
jobs:
  - name: train
    command: python train.py | tee log
    gpus: 1
    time: 4:00:00
    after: prep
    env: {A: "1"}
  - {type: matmul, params: {m: 512}, array: 0-3%2, after: [{job: train, when: afterany}]}
`
	out := r.must("submit", "-f", "-", "-p", "night")
	if !strings.HasPrefix(out, "Submitted job 1 (prep), queue night\nSubmitted job 2 (train)") {
		t.Errorf("printed %q", out)
	}
	want := []string{
		`{"memory_bytes":4294967296,"name":"prep","params":{"command":["make","data"]},"queue":"night"}`,
		`{"after":[{"job":"` + r.job(1).ID + `","when":"afterok"}],"device":"gpu","env":{"A":"1"},"gpus":1,"name":"train","params":{"command":["/bin/sh","-c","python train.py | tee log"]},"queue":"night","time_limit_seconds":14400}`,
		`{"after":[{"job":"` + r.job(2).ID + `","when":"afterany"}],"array":"0-3%2","params":{"m":512},"queue":"night","type":"matmul"}`,
	}
	for i, w := range want {
		if got := trim(t, r.spec(i+1), r.sys.Dir); got != w {
			t.Errorf("job %d:\n got %s\nwant %s", i+1, got, w)
		}
	}
	r.in = "name: x\ncomand: [a]\n"
	if code := r.run("submit", "-f", "-"); code != 2 || !strings.Contains(r.errs.String(), `-:2: a job has no key "comand"; did you mean "command"?`) {
		t.Errorf("a typo: %d %s", code, &r.errs)
	}
}

func TestSubmit_LastAndDependencies(t *testing.T) {
	t.Parallel()
	r := newRig(t, atNoon)
	r.must("submit", "--", "a")
	r.must("submit", "-d", "afterok:last", "--", "b")
	if got := r.job(2).Spec.After[0].Job; got != "1" {
		t.Errorf("last is %s", got)
	}
	if got := r.must("ps", "last", "-o", "name"); got != "2\n" {
		t.Errorf("ps last: %q", got)
	}
	r.env["TURNO_SERVER"] = "http://another:5000"
	if code := r.run("show", "last"); code != 3 {
		t.Errorf("last of another server: %d", code)
	}
}

func TestSubmit_TestOnly(t *testing.T) {
	t.Parallel()
	r := newRig(t, atNoon)
	r.svc.workers = []turno.Worker{{Name: "lab-1", State: turno.WorkerReady, Machine: turno.Machine{CPUs: 8 * turno.CPU, Memory: 1 << 35,
		Offers: []turno.Offer{{Type: "exec", Devices: []turno.Device{turno.DeviceCPU}}}}}}
	if out := r.must("submit", "--test-only", "--", "x"); !strings.Contains(out, "could run on lab-1") {
		t.Errorf("printed %q", out)
	}
	if code := r.run("submit", "--test-only", "-c", "99", "--", "x"); code != 4 || !strings.Contains(r.out.String(), "it has 8 CPUs, 99 are asked for") {
		t.Errorf("too large: %d %s", code, &r.out)
	}
	if len(r.svc.jobs) != 0 {
		t.Error("a job was submitted")
	}
}

// previewing is a server whose scheduler says what would become of a job.
type previewing struct{ *fake }

func (previewing) Preview(_ context.Context, spec *turno.Spec) (turno.Preview, error) {
	return turno.Preview{Spec: spec, Explanation: turno.Explanation{
		Summary: "asks for 99 CPUs; the most is 8", Impossible: spec.CPUs > 8*turno.CPU,
	}}, nil
}

func TestSubmit_TestOnlyAsksTheScheduler(t *testing.T) {
	t.Parallel()
	r := newRig(t, atNoon)
	r.deps.Dial = func(config.Config) (turno.Service, error) { return previewing{r.svc}, nil }
	if code := r.run("submit", "--test-only", "-c", "99", "--", "x"); code != 4 || !strings.Contains(r.out.String(), "asks for 99 CPUs; the most is 8. Nothing was submitted.") {
		t.Errorf("too large: %d %s", code, &r.out)
	}
	r.must("submit", "--test-only", "--", "x")
	if len(r.svc.jobs) != 0 {
		t.Error("a job was submitted")
	}
}
