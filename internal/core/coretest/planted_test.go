package coretest_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// planted are bugs that a scheduler must not have. Each is put into a copy of
// the source, and the walks must find it: else they prove nothing.
var planted = []struct{ name, file, old, new string }{
	{
		"late result accepted", "sched/report.go",
		"j == nil || j.worker != w || j.Attempt != h.Attempt", "j == nil || j.worker != w",
	},
	{
		"device freed when its job is told to stop", "sched/finish.go",
		"	j.worker.answer = true\n	s.touchWorker(j.worker)\n}\n\n// finish accepts",
		"	j.worker.answer = true\n	s.touchWorker(j.worker)\n	for _, g := range j.Current().GPUs {\n		delete(j.worker.holders, g)\n	}\n	s.mustPlace = true\n}\n\n// finish accepts",
	},
	{
		"worker given up before its lease is out", "sched/worker.go",
		"w.lastReport.Add(c.Lease + c.Margin)", "w.lastReport.Add(c.Silence + c.Lease/4)",
	},
	{
		"worker ignores its lease", "hold/event.go",
		"h.leaseUntil.IsZero() || h.now.Before(h.leaseUntil)", "true",
	},
	{
		"old orders obeyed", "hold/hold.go",
		"d.Term < h.term || (d.Term == h.term && d.Seq <= h.seq)", "d.Term < h.term",
	},
	{
		"old reports believed", "sched/report.go",
		"case r.Seq <= w.reportSeq:", "case false:",
	},
	{
		"lost attempt never noticed", "sched/report.go",
		"if j.confirmed && !held[j] {", "if false {",
	},
	{
		"dependency on an ended job forgotten", "sched/submit.go",
		"		if !met(d.when, d.ended) {", "		if false {",
	},
	{
		"jobs ahead begin without room", "hold/event.go",
		"	return !e.task.Ahead || ", "	return true || ",
	},
	{
		"freed place not looked at", "sched/finish.go",
		"	s.touchWorker(w)\n	s.mustPlace = true\n}", "	s.touchWorker(w)\n}",
	},
}

func TestPlantedBugs_AreFound(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		return // this is the run of a planted bug, or somebody in a hurry
	}
	for _, bug := range planted {
		t.Run(bug.name, func(t *testing.T) {
			t.Parallel()
			out, err := runPlanted(t, bug.file, bug.old, bug.new)
			switch {
			case strings.Contains(out, "build failed"), strings.Contains(out, "setup failed"):
				t.Fatalf("the planted bug does not compile:\n%s", out)
			case err == nil:
				t.Error("no walk found it")
			case !strings.Contains(out, "shrunk from"):
				t.Errorf("the run failed otherwise:\n%s", out)
			}
		})
	}
}

// runPlanted runs the walks with a changed source file, given to the compiler
// in place of the real one.
func runPlanted(t *testing.T, file, old, replacement string) (string, error) {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", file))
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(source), old); n != 1 {
		t.Fatalf("%s holds %q %d times: the planted bug must be planted anew", file, old, n)
	}
	dir := t.TempDir()
	changed := filepath.Join(dir, "changed.go")
	if err := os.WriteFile(changed, []byte(strings.Replace(string(source), old, replacement, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{path: changed}})
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(list, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "go", "test", "-short", "-overlay", list, "-run", "TestWalks|TestSmallWorld", ".")
	out, err := cmd.CombinedOutput()
	return string(out), err
}
