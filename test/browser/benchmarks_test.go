package browser

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"turno"
	"turno/test/lab"
)

// runFile is a file of turno bench run that was measured somewhere: slower by a
// factor, with a sample that was left out.
func runFile(t *testing.T, id string, slower float64) []byte {
	t.Helper()
	type object = map[string]any
	sides := []object{{"name": "cpu-1", "device": "cpu", "threads": 1, "engine": "native"}, {"name": "cpu-2", "device": "cpu", "threads": 2, "engine": "native"}}
	var cases, samples []object
	for i, size := range []int{256, 512, 1024} {
		name := fmt.Sprintf("matmul %d", size)
		cases = append(cases, object{"name": name, "type": "matmul", "size": size, "size_name": "n", "sides": sides})
		for b := range 12 {
			for j, side := range sides {
				v := slower * float64(i*i*6+1) * (1 + float64(b*7%11)/200) / float64(1+j) / 1000
				s := object{"case": name, "side": side["name"], "block": b, "place": j, "at": "2026-01-02T03:04:05Z", "job": 1, "kernel_s": v, "device_s": v, "end_to_end_s": v + 0.002, "queue_s": 0.001, "checked": true}
				if i == 1 && b == 4 {
					s["excluded"] = "contended"
				}
				samples = append(samples, s)
			}
		}
	}
	text, err := json.Marshal(object{
		"schema_version": 1, "id": id, "suite": "quick", "worker": "lab-3", "cases": cases, "samples": samples, "stops": []object{{"case": "matmul 256", "reason": "precise", "blocks": 12, "half_width": 0.02}},
		"settings": object{"seed": 7, "min": 6, "start": 8, "most": 40, "precision": 0.025, "warm_ups": 3, "warm_up_seconds": 1},
		"sessions": []object{{"at": time.Date(2026, 1, int(slower), 3, 4, 5, 0, time.UTC), "seconds": 120, "command": []string{"turno", "bench", "run"}, "turno": fmt.Sprintf("v%g", slower), "go": "go1.26", "server": "private",
			"machine": object{"hostname": "lab-3", "cpus": 2}, "environment": []object{{"name": "cpu_model", "value": "A CPU of a test"}}, "load_before": "0.1", "load_after": "0.2", "end": "finished"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

const oneRun, otherRun = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"

// handIn puts two runs of which one is slower onto a server.
func handIn(t *testing.T, d *lab.Deployment) {
	t.Helper()
	for id, slower := range map[string]float64{oneRun: 1, otherRun: 2} {
		if _, err := d.Client().PutBenchmark(t.Context(), id, runFile(t, id, slower), true); err != nil {
			t.Fatal(err)
		}
	}
}

// TestBenchmarks_HandedInShownAndCompared: an empty list, a file by hand, one
// run with all its parts, two held against each other.
func TestBenchmarks_HandedInShownAndCompared(t *testing.T) {
	t.Parallel()
	d, _, x := start(t)
	x.visit("/benchmarks")
	x.see(".empty-title", "No run has been handed in yet")
	x.upload("#add-run", runFile(t, oneRun, 1))
	x.await(`location.pathname === '/benchmarks/` + oneRun + `'`)
	x.see("#said", "2 threads 2.00× faster than 1 thread")
	x.await(`document.querySelectorAll('.chart canvas').length === 4`)
	x.see("#excluded", "other jobs ran on the worker meanwhile")
	x.see("#environment", "A CPU of a test")
	x.eval(`document.querySelector('[name=phase]:not(:checked)').click()`)
	x.await(`location.search.includes('phase=')`)
	if got := x.wait(`fetch(document.querySelector('#downloads a').href).then(r => r.text())`); got != string(runFile(t, oneRun, 1)) {
		t.Errorf("the file came back otherwise: %.200s", got)
	}
	handIn(t, d)
	x.click("#language")
	x.see("#said", "2 hilos 2.00× más rápido que 1 hilo")
	x.click("#language")
	x.visit("/benchmarks")
	x.await(`document.querySelectorAll('tr[data-run]').length === 2`)
	x.eval(`(document.querySelectorAll('tr[data-run] input').forEach(e => e.click()), 0)`)
	x.click("#compare")
	x.await(`location.search.includes('a=` + oneRun + `&b=` + otherRun + `')`)
	x.see("#said", "12 of 12 differences are real")
	x.await(`document.querySelectorAll('tr[data-verdict=slower]').length === 12`)
	x.visit("/benchmarks/" + otherRun)
	x.click("#remove")
	x.eval(`document.querySelector('#confirm').click()`)
	x.await(`location.pathname === '/benchmarks' && document.querySelectorAll('tr[data-run]').length === 1`)
}

// TestBenchmarks_StartedWatchedAndStopped: the server measures, the page shows
// how far it is, and what was measured until it was stopped is there.
func TestBenchmarks_StartedWatchedAndStopped(t *testing.T) {
	t.Parallel()
	d, _, x := start(t)
	x.visit("/benchmarks?types=noop,vecadd&fixed=100")
	x.await(`document.querySelectorAll('#bench-start [name=type]:checked').length === 2`)
	x.press("The same from a terminal")
	x.see("#bench-start .command", "--type noop,vecadd --fixed-n 100")
	x.click("#bench-start [type=submit]")
	x.await(`location.pathname.length > 20`)
	x.see("#progress", "of about")
	x.await(`document.querySelector('[data-state=running]') && !document.querySelector('#progress').innerText.startsWith('0 of')`)
	x.click("#stop")
	x.await(`document.querySelector('[data-state=interrupted]')`)
	x.see(".command", "turno bench run --resume")
	x.await(`document.querySelector('#results') || document.querySelector('#said') || document.querySelector('main .empty-title')`)
	id := strings.TrimPrefix(x.eval("location.pathname"), "/benchmarks/")
	b, err := d.Client().Benchmark(t.Context(), id)
	if err != nil || b.State != turno.BenchmarkInterrupted || !b.Hosted {
		t.Errorf("the server says %+v, %v", b, err)
	}
}
