package browser

import (
	"encoding/json"
	"flag"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"turno"
	"turno/test/lab"
)

// shots is a folder for a picture of every page, in both themes, wide and
// narrow: scripts/screenshots makes those of the README.
var shots = flag.String("shots", "", "folder for pictures of every page")

func TestScreenshots(t *testing.T) {
	if *shots == "" {
		return // a tool that lives here because it needs what the tests have
	}
	d, _, x := start(t, "--fake-gpus", "2")
	populate(t, d)
	handIn(t, d)
	liven(t, d)
	x.await(`document.querySelector('.pill-live')`)
	views := []struct{ name, path, ready string }{
		{"overview", "/", `document.querySelectorAll('.series canvas').length > 1 && document.querySelectorAll('.chart canvas').length > 1`},
		{"jobs", "/jobs?state=all", `document.querySelectorAll('tr[data-job]').length > 10`},
		{"job-result", "/jobs/1?tab=result", `document.querySelector('[data-verified=true]')`},
		{"job-log", "/jobs/16?tab=log", `document.querySelectorAll('.log .line').length > 3`},
		{"job-image", "/jobs/15", `document.querySelector('.picture img')?.complete`},
		{"job-why", "/jobs/18", `document.querySelector('table td')`},
		{"workers", "/workers", `document.querySelector('[data-worker]')`},
		{"queues", "/queues", `document.querySelector('tbody tr')`},
		{"benchmarks", "/benchmarks", `document.querySelectorAll('.chart canvas').length > 2 && document.querySelector('tr[data-run]')`},
		{"benchmark", "/benchmarks/" + otherRun, `document.querySelectorAll('.chart canvas').length === 4 && document.querySelector('#environment')`},
		{"benchmark-compare", "/benchmarks/compare?a=" + oneRun + "&b=" + otherRun, `document.querySelectorAll('#differences tbody tr').length > 5`},
		{"submit", "/submit/image?p.operation=edges&p.sigma=1.5", `document.querySelector('#param-sigma')`},
		{"settings", "/settings", `document.querySelector('#sign-out')`},
	}
	for _, size := range []struct {
		name          string
		width, height int64
	}{{"wide", 1360, 900}, {"phone", 390, 844}} {
		for _, theme := range []string{"light", "dark"} {
			x.do(chromedp.EmulateViewport(size.width, size.height))
			x.visit("/settings")
			x.await(`document.querySelector('#theme')`)
			x.eval(fmt.Sprintf(`(localStorage.setItem('turno.theme', %q), 0)`, theme))
			for _, v := range views {
				x.do(chromedp.EmulateViewport(size.width, size.height))
				x.visit(v.path)
				x.await(v.ready)
				x.await(`document.querySelector('.pill-live')`)
				x.wait(`new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(""))))`)
				x.full(filepath.Join(*shots, fmt.Sprintf("%s-%s-%s.png", v.name, size.name, theme)), size.width)
			}
		}
	}
}

// full is the whole page, as long as it is.
func (x *tab) full(file string, width int64) {
	x.t.Helper()
	var height int64
	fmt.Sscan(x.eval("Math.max(document.documentElement.scrollHeight, innerHeight)"), &height)
	x.do(chromedp.EmulateViewport(width, min(height, 2600))) // so that menus reach to its end
	x.wait(`new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(""))))`)
	r, err := chromedp.Call(x.ctx, page.CaptureScreenshot, page.CaptureScreenshotParams{
		Clip:                  &page.Viewport{Width: float64(width), Height: float64(min(height, 2600)), Scale: 1},
		CaptureBeyondViewport: new(true),
	})
	if err != nil {
		x.t.Fatal(err)
	}
	write(x.t, file, r.Data)
}

// populate hands in what a small laboratory would have there on a morning.
func populate(t *testing.T, d *lab.Deployment) {
	t.Helper()
	c := d.Client()
	submit := func(spec turno.Spec) int64 {
		t.Helper()
		if spec.User == "" {
			spec.User = "ana"
		}
		out, err := c.Submit(t.Context(), []turno.NewJob{{Spec: &spec}})
		if err != nil || out[0].Error != nil {
			t.Fatalf("submit: %v %v", err, out)
		}
		return out[0].Number
	}
	ended := func(number int64) {
		t.Helper()
		lab.Await(t.Context(), t, func() error {
			j, err := c.Job(t.Context(), fmt.Sprint(number))
			if err == nil && !j.State.Ended() {
				err = fmt.Errorf("job %d is %s", number, j.State)
			}
			return err
		})
	}
	params := func(format string, args ...any) json.RawMessage { return fmt.Appendf(nil, format, args...) }
	last := int64(0)
	for i, n := range []int{512, 256, 512, 768, 256, 512, 1024} { // 1 to 7
		last = submit(turno.Spec{Name: fmt.Sprintf("gemm-%d", n), Type: "matmul", Params: params(`{"m":%d,"k":%d,"n":%d,"repeat":3,"seed":%d}`, n, n, n, i)})
		ended(last)
	}
	for _, n := range []int{1 << 18, 1 << 20, 1 << 22, 1 << 20} { // 8 to 11
		last = submit(turno.Spec{Name: "add", Type: "vecadd", User: "luis", Params: params(`{"n":%d,"repeat":5}`, n)})
		ended(last)
	}
	last = submit(turno.Spec{Name: "digits", Type: "train", Params: params(`{"epochs":2,"samples":2000,"test_samples":400}`)}) // 12
	ended(last)
	submit(turno.Spec{Name: "digits", Type: "infer", Params: params(`{"samples":500}`), After: []turno.Dependency{{Job: fmt.Sprint(last), When: turno.AfterOK}}}) // 13
	submit(turno.Spec{Name: "warm-up", Type: "image", Params: params(`{"operation":"blur","synthetic":{"width":640,"height":480,"count":2}}`)})                   // 14
	last = submit(turno.Spec{Name: "edges of the sample", Type: "image", User: "luis", Params: params(`{"operation":"edges"}`)})                                  // 15
	ended(last)
	sh := func(text string) json.RawMessage {
		return params(`{"command":["sh","-c",%q]}`, text)
	}
	submit(turno.Spec{Name: "resnet50-lr3e-4", Type: "exec", GPUs: 2, Labels: map[string]string{"project": "vision"}, // 16
		Params: sh(`printf '\033[1mresnet50\033[0m on 2 GPUs, batch 256\n'; for e in $(seq 1 40); do printf 'epoch %2d/90  loss \033[33m1.%03d\033[0m  top-1 \033[32m0.%03d\033[0m\n' $e $((900-e*17)) $((300+e*9)); sleep 0.02; done; sleep 600`)})
	submit(turno.Spec{Name: "typo", Type: "exec", User: "luis", Params: sh("echo 'Traceback (most recent call last):'; echo \"FileNotFoundError: 'data/train.csv'\"; exit 1")}) // 17
	submit(turno.Spec{Name: "llama-eval", Type: "exec", GPUs: 4, GPUMemory: 40 << 30, Params: sh("true")})                                                                      // 18
	submit(turno.Spec{Name: "vit-base", Type: "exec", GPUs: 1, Queue: "night", Params: sh("sleep 600")})                                                                        // 19
	submit(turno.Spec{Name: "sweep", Type: "exec", User: "luis", Array: &turno.Array{Tasks: turno.Ranges{{First: 0, Last: 23, Step: 1}}, Limit: 2}, CPUs: 500, Params: sh("sleep 1.5")})
	submit(turno.Spec{Name: "report", Type: "exec", Hold: true, Params: sh("true")})
	lab.Await(t.Context(), t, func() error {
		j, err := c.Job(t.Context(), "17")
		if err == nil && !j.State.Ended() {
			err = fmt.Errorf("job 17 is %s", j.State)
		}
		return err
	})
}

// liven works for a minute and a half, in waves, so that the charts over time
// have something to show.
func liven(t *testing.T, d *lab.Deployment) {
	t.Helper()
	c := d.Client()
	for i, wave := range []struct {
		name, typ, params string
		tasks             int
	}{
		{"eval", "exec", `{"command":["sleep","3"]}`, 11},
		{"gemm-640", "matmul", `{"m":640,"k":640,"n":640,"repeat":3}`, 16},
		{"eval", "exec", `{"command":["sleep","2"]}`, 22},
		{"thumbnails", "image", `{"operation":"blur","synthetic":{"width":640,"height":480,"count":4}}`, 24},
		{"score", "infer", `{"samples":400}`, 12},
		{"eval", "exec", `{"command":["sleep","4"]}`, 9},
		{"add", "vecadd", `{"n":2000000,"repeat":5}`, 20},
		{"digits", "train", `{"epochs":2,"samples":2000,"test_samples":400}`, 5},
	} {
		out, err := c.Submit(t.Context(), []turno.NewJob{{Spec: &turno.Spec{
			Name: wave.name, Type: wave.typ, User: []string{"ana", "luis"}[i%2], CPUs: turno.CPU,
			Array: &turno.Array{Tasks: turno.Ranges{{First: 0, Last: wave.tasks - 1, Step: 1}}}, Params: json.RawMessage(wave.params),
		}}})
		if err != nil || out[0].Error != nil {
			t.Fatalf("submit: %v %v", err, out)
		}
		lab.Await(t.Context(), t, func() error {
			j, err := c.Job(t.Context(), fmt.Sprint(out[0].Number))
			if err == nil && !j.State.Ended() {
				err = fmt.Errorf("job %d is %s", j.Number, j.State)
			}
			return err
		})
	}
}
