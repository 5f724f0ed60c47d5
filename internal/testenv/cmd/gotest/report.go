package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"turno/internal/testenv"
)

// slowest packages to list: more would hide the list of what failed.
const slowest = 10

// event is one line of go test -json (go doc test2json).
type event struct {
	Action     string
	Package    string
	ImportPath string // of build events
	Test       string
	Elapsed    float64 // seconds
	Output     string
}

// name identifies a test in the whole run, or a package by an empty Test.
type name struct{ pkg, test string }

// report follows one run. One goroutine.
type report struct {
	out    io.Writer
	output map[name]*strings.Builder // of what has not ended
	build  map[string]*strings.Builder

	passed, failed, skipped int
	failedIn                map[string]int // tests, per package
	reasons                 map[string]int // typed skips, per part
	refused                 []string       // other skips, and what else is wrong
	failures                []string       // package and test
	took                    map[string]float64
}

func newReport(out io.Writer) *report {
	return &report{
		out: out, output: map[name]*strings.Builder{}, build: map[string]*strings.Builder{},
		failedIn: map[string]int{}, reasons: map[string]int{}, took: map[string]float64{},
	}
}

// read takes events until there are no more. Lines that are none are shown.
func (r *report) read(events io.Reader) error {
	lines := bufio.NewReader(events)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if json.Unmarshal(line, &e) == nil && e.Action != "" {
				r.add(e)
			} else {
				fmt.Fprintf(r.out, "%s", line)
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read go test's events: %w", err)
		}
	}
}

func (r *report) add(e event) {
	n := name{e.Package, e.Test}
	switch e.Action {
	case "output":
		appendTo(r.output, n, e.Output)
	case "build-output":
		appendTo(r.build, e.ImportPath, e.Output)
	case "build-fail":
		fmt.Fprint(r.out, r.build[e.ImportPath])
	case "pass", "fail", "skip":
		if e.Test == "" {
			r.packageEnded(e)
		} else {
			r.testEnded(e, n)
		}
	}
}

func appendTo[K comparable](m map[K]*strings.Builder, key K, text string) {
	if m[key] == nil {
		m[key] = new(strings.Builder)
	}
	m[key].WriteString(text)
}

func (r *report) testEnded(e event, n name) {
	said := ""
	if b := r.output[n]; b != nil {
		said = b.String()
	}
	delete(r.output, n)
	switch e.Action {
	case "pass":
		r.passed++
	case "fail":
		r.failed++
		r.failedIn[e.Package]++
		r.failures = append(r.failures, e.Package+" "+e.Test)
		fmt.Fprint(r.out, said)
	case "skip":
		r.skipped++
		r.skip(e, said)
	}
}

// skip refuses a reason that testenv.Need has not given.
func (r *report) skip(e event, said string) {
	_, reason, typed := strings.Cut(said, testenv.SkipMark)
	part, _, _ := strings.Cut(reason, ":")
	if !typed {
		r.refused = append(r.refused, fmt.Sprintf("%s %s skipped without saying what it needs (use testenv.Need):\n%s", e.Package, e.Test, said))
		return
	}
	r.reasons[part]++
}

func (r *report) packageEnded(e event) {
	r.took[e.Package] = e.Elapsed
	n := name{e.Package, ""}
	switch e.Action {
	case "pass":
		fmt.Fprintf(r.out, "ok    %-50s %7.2fs\n", e.Package, e.Elapsed)
	case "skip":
		fmt.Fprintf(r.out, "none  %s\n", e.Package)
	case "fail":
		r.packageFailed(e)
	}
	delete(r.output, n)
}

// packageFailed shows also what no ended test has said: a panic, a timeout, a
// race after the tests. It then counts as one failure.
func (r *report) packageFailed(e event) {
	for _, n := range slices.SortedFunc(maps.Keys(r.output), func(a, b name) int { return cmp.Compare(a.test, b.test) }) {
		if n.pkg != e.Package {
			continue
		}
		if n.test != "" {
			fmt.Fprintf(r.out, "--- did not end: %s\n", n.test)
		}
		fmt.Fprint(r.out, r.output[n])
		delete(r.output, n)
	}
	if r.failedIn[e.Package] == 0 {
		r.failed++
		r.failures = append(r.failures, e.Package)
	}
	fmt.Fprintf(r.out, "FAIL  %-50s %7.2fs\n", e.Package, e.Elapsed)
}

// finish prints the end of the report; false: the run counts as failed.
func (r *report) finish() bool {
	pkgs := slices.SortedFunc(maps.Keys(r.took), func(a, b string) int { return cmp.Compare(r.took[b], r.took[a]) })
	fmt.Fprintln(r.out, "\nslowest packages:")
	for _, p := range pkgs[:min(slowest, len(pkgs))] {
		fmt.Fprintf(r.out, "%9.2fs  %s\n", r.took[p], p)
	}
	for _, part := range slices.Sorted(maps.Keys(r.reasons)) {
		fmt.Fprintf(r.out, "skipped for want of %s: %d\n", part, r.reasons[part])
	}
	if r.passed+r.failed+r.skipped == 0 {
		r.refused = append(r.refused, "no test ran")
	}
	for _, what := range r.failures {
		fmt.Fprintln(r.out, "failed:", what)
	}
	for _, what := range r.refused {
		fmt.Fprintln(r.out, "refused:", what)
	}
	fmt.Fprintf(r.out, "\n%d passed, %d failed, %d skipped\n", r.passed, r.failed, r.skipped)
	return r.failed == 0 && len(r.refused) == 0
}
