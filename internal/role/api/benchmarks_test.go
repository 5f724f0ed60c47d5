package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"turno"
	"turno/internal/access"
	"turno/internal/bench/archive"
	"turno/internal/bench/record"
	"turno/internal/role/api"
	storemem "turno/internal/store/mem"
)

const runA, runB = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"

// runFile is a file of turno bench run with n blocks.
func runFile(t testing.TB, id string, n int, slower float64) []byte {
	t.Helper()
	sides := []record.Side{{Name: "cpu-1", Device: turno.DeviceCPU, Threads: 1, Engine: turno.EngineNative}, {Name: "cpu-2", Device: turno.DeviceCPU, Threads: 2, Engine: turno.EngineNative}}
	r := &record.Results{SchemaVersion: 1, ID: id, Suite: "s", Worker: "w", Settings: record.Settings{Seed: 1, Min: 6, Start: 8, Most: 40, Precision: 0.025},
		Cases:    []record.Case{{Name: "vecadd 10", Type: "vecadd", Size: 10, SizeOf: "n", Sides: sides}},
		Sessions: []record.Session{{At: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Command: []string{"turno"}, End: "finished", Machine: turno.Machine{CPUs: 2 * turno.CPU}}}}
	for b := range n {
		for i, s := range sides {
			v := slower * (0.02 + 0.0001*float64(b)) / float64(i+1)
			r.Samples = append(r.Samples, record.Sample{Case: "vecadd 10", Side: s.Name, Block: b, Place: i, Kernel: v, Device: v, EndToEnd: v + 0.001, Checked: true})
		}
	}
	var out bytes.Buffer
	if err := r.Write(&out); err != nil {
		t.Fatal(err)
	}
	return append(out.Bytes(), " \n"...) // byte for byte is more than equal as JSON
}

func serveRuns(t *testing.T, f *fake) people {
	t.Helper()
	store := storemem.New()
	return serveAll(t, api.Options{Service: f, Benchmarks: archive.New(archive.Options{Store: store, Service: access.NewGate(f), Version: "v1"})})
}

func TestBenchmarks_HandedInComparedAndRemoved(t *testing.T) {
	t.Parallel()
	p := serveRuns(t, &fake{})
	path := "/api/v1/benchmarks/"
	res, text := p.as(t, "submitter", "PUT", path+runA, string(runFile(t, runA, 3, 1)))
	isProblem(t, res, text, http.StatusNotFound) // it is not fresh
	for _, n := range []int{3, 12} {
		if res, text = p.as(t, "submitter", "PUT", path+runA+"?fresh=true", string(runFile(t, runA, n, 1))); res.StatusCode != http.StatusOK {
			t.Fatal(res.StatusCode, text)
		}
	}
	res, text = p.as(t, "submitter", "PUT", path+runA, string(runFile(t, runA, 3, 1)))
	isProblem(t, res, text, http.StatusConflict) // less than what is here
	if res, text = p.as(t, "submitter", "PUT", path+runB+"?fresh=true", string(runFile(t, runB, 12, 2))); res.StatusCode != http.StatusOK || !strings.Contains(text, `"samples":24`) {
		t.Fatal(res.StatusCode, text)
	}
	if res, text = p.as(t, "viewer", "GET", path+runA+"/results", ""); text != string(runFile(t, runA, 12, 1)) || !strings.HasPrefix(res.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("the file came back as %q, %s", text, res.Header.Get("Content-Disposition"))
	}
	var found struct {
		Summary []string
		Rows    []struct {
			Badges  []struct{ Code string }
			SpeedUp *struct{ Ratio float64 } `json:"speed_up"`
		}
	}
	_, text = p.as(t, "viewer", "GET", path+runA+"/findings?lang=es", "")
	if err := json.Unmarshal([]byte(text), &found); err != nil || len(found.Rows) != 6 || found.Rows[1].SpeedUp == nil || found.Rows[1].SpeedUp.Ratio != 2 || !strings.Contains(strings.Join(found.Summary, ""), "más rápido que 1 hilo") {
		t.Errorf("findings: %v %s", err, text)
	}
	if _, text = p.as(t, "viewer", "GET", path+runA+"/compare?with="+runB, ""); !strings.Contains(text, `"real":4`) || !strings.Contains(text, `"verdict":"slower"`) {
		t.Errorf("compared: %s", text)
	}
	for file, begins := range map[string]string{"performance_comparison.csv": "type,case", "BENCHMARK_REPORT.md": "# Benchmark report", "charts/speedup.svg": "<?xml"} {
		if _, text = p.as(t, "viewer", "GET", path+runA+"/report/"+file, ""); !strings.HasPrefix(text, begins) {
			t.Errorf("%s begins with %.40q", file, text)
		}
	}
	res, text = p.as(t, "viewer", "GET", path+runA+"/report/charts/none.svg", "")
	isProblem(t, res, text, http.StatusNotFound)
	res, text = p.as(t, "submitter", "POST", path+runA+"/stop", "")
	isProblem(t, res, text, http.StatusConflict) // it does not run
	if res, text = p.as(t, "operator", "DELETE", path+runA, ""); res.StatusCode != http.StatusOK {
		t.Errorf("%d %s", res.StatusCode, text)
	}
	if _, text = p.as(t, "submitter", "GET", "/api/v1/benchmarks", ""); strings.Contains(text, runA) || !strings.Contains(text, runB) {
		t.Errorf("the list is %s", text)
	}
}

// TestAttack_BenchmarksOfOthersAreNotThere: as jobs of others.
func TestAttack_BenchmarksOfOthersAreNotThere(t *testing.T) {
	t.Parallel()
	p := serveRuns(t, &fake{})
	path := "/api/v1/benchmarks/"
	if res, text := p.as(t, "submitter", "PUT", path+runA+"?fresh=true", string(runFile(t, runA, 8, 1))); res.StatusCode != http.StatusOK {
		t.Fatal(res.StatusCode, text)
	}
	for _, c := range [][2]string{{"GET", ""}, {"GET", "/findings"}, {"GET", "/results"}, {"GET", "/compare?with=" + runA}, {"GET", "/report/report.zip"}, {"POST", "/stop"}, {"DELETE", ""}} {
		res, body := p.as(t, "ben", c[0], path+runA+c[1], "")
		isProblem(t, res, body, http.StatusNotFound)
		if _, missing := p.as(t, "ben", c[0], path+runB+c[1], ""); body != strings.ReplaceAll(missing, runB, runA) {
			t.Errorf("%v tells: %s of what is not theirs, %s of what is not there", c, body, missing)
		}
	}
	if _, body := p.as(t, "ben", "GET", "/api/v1/benchmarks", ""); strings.Contains(body, runA) {
		t.Errorf("ben's list: %s", body)
	}
	res, body := p.as(t, "ben", "PUT", path+runA+"?fresh=true", string(runFile(t, runA, 40, 1)))
	isProblem(t, res, body, http.StatusConflict)
	if res, body = p.as(t, "viewer", "DELETE", path+runA, ""); res.StatusCode != http.StatusForbidden {
		t.Errorf("a viewer removes: %d %s", res.StatusCode, body)
	}
}

// TestAttack_BenchmarkFilesOfStrangers: what a file may hold is bounded before
// anything is made of it.
func TestAttack_BenchmarkFilesOfStrangers(t *testing.T) {
	t.Parallel()
	p := serveRuns(t, &fake{})
	good := string(runFile(t, runA, 8, 1))
	put := func(text string) (*http.Response, string) {
		return p.as(t, "submitter", "PUT", "/api/v1/benchmarks/"+runA+"?fresh=true", text)
	}
	for change, status := range map[[2]string]int{
		{good, "{}"}: 422, {good, "[1"}: 422, {runA, runB}: 422,
		{`"block":0`, `"block":1152921504606846976`}: 422, {`"kernel_s":0.02`, `"kernel_s":1e300`}: 422, {`"kernel_s":0.02`, `"kernel_s":-1`}: 422,
		{`"checked":true`, `"checked":true,"excluded":"nosuch"`}: 422, {`"side":"cpu-1"`, `"side":"gpu-9"`}: 422,
		{`"threads": 2`, `"threads": 9007199254740991`}: 422, {`"stops": null`, `"stops": [{"case":"vecadd 10","reason":"nosuch"}]`}: 422,
		{`"size": 10`, `"size": 1e300`}: 422, {`"name": "vecadd 10"`, fmt.Sprintf(`"name": %q`, strings.Repeat("x", 300))}: 422,
		{good, strings.Repeat(" ", archive.MaxBytes+1)}: 413,
	} {
		text := strings.Replace(good, change[0], change[1], 1)
		if text == good {
			t.Fatalf("%.60q is not there", change[0])
		}
		if res, body := put(text); res.StatusCode != status {
			t.Errorf("%.60q: %d %s", change[1], res.StatusCode, body)
		}
	}
	for _, order := range []string{`{"suite":"/etc/passwd"}`, `{"suite":"../quick"}`, `{"types":["nosuch"]}`, `{"fixed":1}`, `{"precision":2}`, `{"budget_seconds":1e9}`, `{"nosuch":1}`, `{"seed":9007199254740993}`} {
		if res, body := p.as(t, "submitter", "POST", "/api/v1/benchmarks", order); res.StatusCode/100 != 4 || res.StatusCode == http.StatusForbidden {
			t.Errorf("%s: %d %s", order, res.StatusCode, body)
		}
	}
}
