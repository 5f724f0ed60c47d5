package main

import (
	"strings"
	"testing"
)

func TestReport_CountsAndRefuses(t *testing.T) {
	t.Parallel()
	const start = `{"Action":"start","Package":"p"}` + "\n"
	cases := []struct {
		name   string
		events []string
		ok     bool
		want   []string
	}{
		{"all pass", []string{
			`{"Action":"pass","Package":"p","Test":"TestA/sub"}`,
			`{"Action":"pass","Package":"p","Test":"TestA"}`,
			`{"Action":"pass","Package":"p","Elapsed":1.5}`,
		}, true, []string{"\n2 passed, 0 failed, 0 skipped\n", "1.50s  p\n"}},
		{"a typed skip", []string{
			`{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:1: testenv: needs gpu: there is none\n"}`,
			`{"Action":"skip","Package":"p","Test":"TestA"}`,
			`{"Action":"pass","Package":"p"}`,
		}, true, []string{"skipped for want of gpu: 1\n", "\n0 passed, 0 failed, 1 skipped\n"}},
		{"a skip that says nothing", []string{
			`{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:1: flaky\n"}`,
			`{"Action":"skip","Package":"p","Test":"TestA"}`,
			`{"Action":"pass","Package":"p"}`,
		}, false, []string{"refused: p TestA skipped without saying", "flaky"}},
		{"a failure shows its output", []string{
			`{"Action":"output","Package":"p","Test":"TestA","Output":"got 1, want 2\n"}`,
			`{"Action":"fail","Package":"p","Test":"TestA"}`,
			`{"Action":"fail","Package":"p"}`,
		}, false, []string{"got 1, want 2", "FAIL  p", "failed: p TestA\n", "\n0 passed, 1 failed, 0 skipped\n"}},
		{"a panic counts once", []string{
			`{"Action":"output","Package":"p","Test":"TestA","Output":"panic: oh\n"}`,
			`{"Action":"fail","Package":"p"}`,
		}, false, []string{"did not end: TestA", "panic: oh", "\n0 passed, 1 failed, 0 skipped\n"}},
		{"a build that failed", []string{
			`{"Action":"build-output","ImportPath":"p [p.test]","Output":"p/a.go:1: syntax\n"}`,
			`{"Action":"build-fail","ImportPath":"p [p.test]"}`,
			`{"Action":"fail","Package":"p"}`,
		}, false, []string{"p/a.go:1: syntax", "\n0 passed, 1 failed, 0 skipped\n"}},
		{"nothing ran", []string{`{"Action":"skip","Package":"p"}`}, false, []string{"refused: no test ran"}},
		{"not an event", []string{`go: downloading`, `{"Action":"pass","Package":"p","Test":"TestA"}`}, true, []string{"go: downloading\n"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			r := newReport(&out)
			if err := r.read(strings.NewReader(start + strings.Join(c.events, "\n") + "\n")); err != nil {
				t.Fatal(err)
			}
			if ok := r.finish(); ok != c.ok {
				t.Errorf("ok = %v, want %v", ok, c.ok)
			}
			for _, want := range c.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("want %q in:\n%s", want, out.String())
				}
			}
		})
	}
}
