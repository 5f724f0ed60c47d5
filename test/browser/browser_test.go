// Package browser tries the dashboard in a real browser, before the real
// binary, as a person would.
package browser

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"

	"turno"
	"turno/internal/workload/all"
	"turno/test/lab"
)

// start runs a turno and signs a browser in by the link that it printed.
func start(t *testing.T, args ...string) (*lab.Deployment, *lab.Role, *tab) {
	t.Helper()
	startChromium(t)
	d := lab.New(t, lab.Binary(t, lab.Build{}))
	up := d.Start(append([]string{"up", "--end-jobs", "--listen", fmt.Sprintf("127.0.0.1:%d", d.Port)}, args...)...)
	link := signInLink(t, up)
	x := open(t, fmt.Sprintf("http://127.0.0.1:%d", d.Port))
	x.visit(path(x.base, link))
	x.see("h1", "Overview")
	if hash := x.eval("location.hash"); hash != "" {
		t.Errorf("the address still holds %s", hash)
	}
	return d, up, x
}

func TestSignIn_LinkIsGoodOnce(t *testing.T) {
	t.Parallel()
	_, up, first := start(t)
	first.await(`document.querySelector('.pill-live')`)
	if cookie := first.eval("document.cookie"); cookie != "" {
		t.Errorf("a script can read the cookie: %s", cookie)
	}
	second := open(t, first.base)
	second.expected = regexp.MustCompile(`401`)
	second.visit(path(first.base, signInLink(t, up)))
	second.see("main", "the link was used before")
	second.see("h1", "Sign in")
}

// TestSubmit_EveryForm hands in each type's example by its form, and follows
// the job to its end.
func TestSubmit_EveryForm(t *testing.T) {
	t.Parallel()
	_, _, x := start(t)
	ended := 0
	for _, w := range all.List() {
		t.Run(w.Name, func(t *testing.T) {
			x.t = t
			x.visit("/submit/" + w.Name)
			x.see("[aria-current]", w.Name)
			switch w.Name {
			case "exec":
				x.fill("#param-command", "sh\n-c\nfor i in 1 2 3; do echo line $i '<b>bold</b>'; done")
			case "noop":
				x.fill("#param-seconds", "0.2")
				x.await(`document.querySelector('#preview')?.dataset.starts === 'true'`)
			default:
				x.press("Take the example")
				var example map[string]json.RawMessage
				if err := json.Unmarshal(w.Example, &example); err != nil {
					t.Fatal(err)
				}
				for name, value := range example {
					if value[0] != '{' { // the fields of an object are named by their way
						x.await(fmt.Sprintf(`document.getElementById('param-%s').value !== ''`, name))
					}
				}
			}
			x.click("#submit")
			if !slices.Contains(w.Devices, turno.DeviceCPU) { // no worker here could run it, and the form says so
				x.see(".notice-warn", "Accepted, with a warning")
				return
			}
			ended++
			x.await(`location.pathname.startsWith('/jobs/')`)
			x.await(`document.querySelector('#job-state')?.dataset.state === 'succeeded'`)
			switch w.Name {
			case "exec":
				x.see(".log .line", "line 3 <b>bold</b>")
			case "noop":
			default:
				x.press("Result")
				x.await(`document.querySelector('[data-verified=true]')`)
			}
		})
	}
	x.t = t
	x.do(chromedp.Navigate(x.base + "/jobs?state=succeeded"))
	x.await(fmt.Sprintf(`document.querySelectorAll('tr[data-job]').length === %d`, ended))
}
