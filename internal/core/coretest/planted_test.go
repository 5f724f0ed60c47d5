package coretest_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// planted are bugs that a scheduler must not have. Each is put into a copy of
// the source, and the tests named must each find it: else they prove nothing.
// The season must find the three that every check of turno is tried with, and
// what only wrong clocks show.
var planted = []struct{ name, by, file, old, new string }{
	{
		"answered before the commit", both, "coretest/shell.go",
		"	if crash == beforeCommit {", "	w.answer(p.answers)\n	if crash == beforeCommit {",
	},
	{
		"late result accepted", both, "sched/report.go",
		"j == nil || j.worker != w || j.Attempt != h.Attempt", "j == nil || j.worker != w",
	},
	{
		"device freed when its job is told to stop", both, "sched/finish.go",
		"	j.worker.answer = true\n	s.touchWorker(j.worker)\n}\n\n// finish accepts",
		"	j.worker.answer = true\n	s.touchWorker(j.worker)\n	for _, g := range j.Current().GPUs {\n		delete(j.worker.holders, g)\n	}\n	s.mustPlace = true\n}\n\n// finish accepts",
	},
	{
		"worker given up before its lease is out", walks, "sched/worker.go",
		"w.lastReport.Add(c.Lease + c.Margin)", "w.lastReport.Add(c.Silence + c.Lease/4)",
	},
	{
		"worker ignores its lease", walks, "hold/event.go",
		"h.leaseUntil.IsZero() || h.now.Before(h.leaseUntil)", "true",
	},
	{
		"old orders obeyed", walks, "hold/hold.go",
		"d.Term < h.term || (d.Term == h.term && d.Seq <= h.seq)", "d.Term < h.term",
	},
	{
		"old reports believed", walks, "sched/report.go",
		"case r.Seq <= w.reportSeq:", "case false:",
	},
	{
		"lost attempt never noticed", walks, "sched/report.go",
		"if j.confirmed && !held[j] {", "if false {",
	},
	{
		"dependency on an ended job forgotten", walks, "sched/submit.go",
		"		if !met(d.when, d.ended) {", "		if false {",
	},
	{
		"jobs ahead begin without room", walks, "hold/event.go",
		"	return !e.task.Ahead || ", "	return true || ",
	},
	{
		"freed place not looked at", walks, "sched/finish.go",
		"	s.touchWorker(w)\n	s.mustPlace = true\n}", "	s.touchWorker(w)\n}",
	},
	{
		"device freed by its worker when its job is told to stop", season, "hold/hold.go",
		"	h.ready.Stop = append(h.ready.Stop, Order{", "	h.vacate(e)\n	h.ready.Stop = append(h.ready.Stop, Order{",
	},
	{
		"lease kept by the wall clock", season, "hold/lease.go",
		"	case l.Boot == \"\" || m.Boot == \"\":", "	case true:",
	},
	{
		"incarnation by the wall clock alone", season, "hold/lease.go",
		"	if fresh > last {", "	if true {",
	},
	{
		"times as a worker's clock shows them", season, "sched/report.go",
		"	if t.After(s.now) {\n		t = s.now\n	}\n	if t.Before(earliest) {", "	if false {",
	},
	{
		"worker with a new disk and a slow clock unheard", season, "sched/report.go",
		"r.Incarnation < w.Incarnation && w.State != turno.WorkerGone", "r.Incarnation < w.Incarnation",
	},
}

// The tests that find a planted bug.
const (
	walks  = "TestWalks|TestSmallWorld"
	season = "TestSeason_"
	both   = walks + " " + season
)

func TestPlantedBugs_AreFound(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		return // somebody is in a hurry
	}
	for _, bug := range planted {
		t.Run(bug.name, func(t *testing.T) {
			t.Parallel()
			binary := plant(t, bug.file, bug.old, bug.new)
			for tests := range strings.FieldsSeq(bug.by) {
				mustFind(t, binary, tests)
			}
		})
	}
}

// mustFind runs tests of a binary with a planted bug: they must fail by
// themselves.
func mustFind(t *testing.T, binary, tests string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), binary, "-test.run", tests).CombinedOutput()
	switch {
	case err == nil:
		t.Errorf("%s did not find it", tests)
	case !strings.Contains(string(out), "copy it to testdata"):
		t.Errorf("%s failed otherwise:\n%s", tests, out)
	default:
		t.Logf("%s found %s", tests, regexp.MustCompile(`(?m)# (workers|seed).*`).Find(out))
	}
}

// plant builds the tests with a changed source file, which is given to the
// compiler in place of the real one.
func plant(t *testing.T, file, old, replacement string) string {
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
	binary := filepath.Join(dir, "coretest.test")
	out, err := exec.CommandContext(t.Context(), "go", "test", "-c", "-ldflags=-s -w", "-overlay", list, "-o", binary, ".").CombinedOutput()
	if err != nil {
		t.Fatalf("the planted bug does not compile:\n%s", out)
	}
	return binary
}
