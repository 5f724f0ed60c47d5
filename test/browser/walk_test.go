package browser

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"turno"
	"turno/internal/testenv"
	"turno/test/lab"
)

// command is a job that runs a shell's line.
func command(line string) turno.Spec {
	params, _ := json.Marshal(map[string][]string{"command": {"sh", "-c", line}}) // strings: cannot fail
	return turno.Spec{Type: "exec", Params: params, CPUs: 100}
}

// submit hands jobs in beside the page, and gives the first one's number.
func submit(t *testing.T, d *lab.Deployment, specs ...turno.Spec) int64 {
	t.Helper()
	jobs := make([]turno.NewJob, len(specs))
	for i := range specs {
		jobs[i].Spec = &specs[i]
	}
	out, err := d.Client().Submit(t.Context(), jobs)
	if err != nil || out[0].Error != nil {
		t.Fatalf("submit: %v %+v", err, out)
	}
	return out[0].Number
}

func TestJob_LiveLogAndCancel(t *testing.T) {
	t.Parallel()
	d, _, x := start(t)
	gate := filepath.Join(t.TempDir(), "go")
	n := submit(t, d, command("echo begun '<script>document.title=1</script>'; while ! test -e "+gate+"; do sleep 0.1; done; printf 'then \\033[31mred\\033[0m\\n'; sleep 600"))
	x.visit(fmt.Sprintf("/jobs/%d", n))
	x.see(".log .line", "begun <script>")
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	x.see(".log .line .ansi-31", "red") // without a reload
	x.press("Cancel")
	x.await(`document.querySelector('dialog[open]')`)
	x.eval(`document.querySelector('dialog #confirm').click()`)
	x.await(`document.querySelector('#job-state').dataset.state === 'cancelled'`)
	x.press("Attempts")
	x.see("td", "w1")
	if got := x.eval("location.search"); !strings.Contains(got, "tab=attempts") {
		t.Errorf("the tab is not in the address: %s", got)
	}
	x.visit(fmt.Sprintf("/jobs/%d?tab=attempts", n))
	x.see("td", "w1")
	x.do(chromedp.NavigateBack())
	x.await(`document.querySelector('[aria-current=page]')`)
	// Retry makes a new job and shows it.
	x.visit(fmt.Sprintf("/jobs/%d", n))
	x.press("Retry")
	x.await(fmt.Sprintf(`location.pathname === '/jobs/%d'`, n+1))
	x.see("a", fmt.Sprintf("Repeats job %d", n))
}

func TestJob_WhyItWaits(t *testing.T) {
	t.Parallel()
	d, _, x := start(t)
	never := command("true")
	never.GPUs = 3
	n := submit(t, d, never)
	x.visit(fmt.Sprintf("/jobs/%d", n))
	x.see("#why-reason", "No worker that is known could ever run it")
	x.see(".notice-bad", "This job can never start as it is")
	x.see("td", "3 GPUs")
	x.click("#language")
	x.see("#why-reason", "Ningún nodo conocido podría ejecutarlo nunca")
	x.click("#language")
	first := submit(t, d, command("sleep 600"))
	second := command("true")
	second.After = []turno.Dependency{{Job: fmt.Sprint(first), When: turno.AfterOK}}
	x.visit(fmt.Sprintf("/jobs/%d", submit(t, d, second)))
	x.see("#why-reason", "It waits for another job to end")
	x.visit("/")
	x.see(".attention", "1 job can run nowhere")
}

func TestJobs_BulkByFilter(t *testing.T) {
	t.Parallel()
	d, _, x := start(t)
	var specs []turno.Spec
	for i := range 130 {
		s := command("true")
		s.Hold, s.Name = true, fmt.Sprintf("sweep-%d", i)
		specs = append(specs, s)
	}
	submit(t, d, specs...)
	keep := command("true")
	keep.Hold, keep.Name = true, "keep"
	kept := submit(t, d, keep)
	x.visit("/jobs?name=sweep")
	x.await(`document.querySelector('tr[data-job]')`)
	x.eval(`document.querySelector('thead input').click()`)
	x.see("#bulk", "100 selected") // what is shown; windowed: fewer rows than that
	if rows := x.eval(`document.querySelectorAll('tr[data-job]').length`); rows == "100" || rows == "0" {
		t.Errorf("%s rows are in the page", rows)
	}
	x.eval(`document.querySelector('#select-all').click()`)
	x.see("#bulk", "130 selected")
	x.eval(`document.querySelector('[data-verb=cancel]').click()`)
	x.see("dialog", "Type 130 to confirm")
	x.await(`document.querySelector('dialog #confirm').disabled`)
	x.fill("dialog input", "130")
	x.await(`!document.querySelector('dialog #confirm').disabled`)
	x.eval(`document.querySelector('dialog #confirm').click()`)
	x.see(".toast", "Cancel: 130 jobs")
	j, err := d.Client().Job(t.Context(), fmt.Sprint(kept))
	if err != nil || j.State != turno.Held {
		t.Errorf("the job that does not match is %s, %v", j.State, err)
	}
	// New jobs wait until they are asked for: rows do not jump.
	x.visit("/jobs")
	x.await(`document.querySelectorAll('tr[data-job]').length === 1`)
	more := command("true")
	more.Hold = true
	submit(t, d, more)
	x.see("#new-rows", "1 new job")
	x.await(`document.querySelectorAll('tr[data-job]').length === 1`)
	x.click("#new-rows")
	x.await(`document.querySelectorAll('tr[data-job]').length === 2`)
}

func TestWorkers_Drain(t *testing.T) {
	t.Parallel()
	_, _, x := start(t, "--fake-gpus", "2")
	x.visit("/workers")
	x.see(".gpu", "GPU 0")
	x.see(".tag-warn", "SIMULATED")
	x.press("Drain")
	x.fill("dialog input", "new fans <b>")
	x.eval(`document.querySelector('dialog #confirm').click()`)
	x.await(`document.querySelector('[data-worker=w1]').dataset.state === 'drained'`)
	x.see("[data-worker=w1]", "new fans <b>")
	x.press("Take jobs again")
	x.await(`document.querySelector('[data-worker=w1]').dataset.state === 'ready'`)
}

func TestShell_LanguageThemeKeysAndTwoTabs(t *testing.T) {
	t.Parallel()
	d, _, x := start(t)
	x.click("#language")
	x.see("h1", "Resumen")
	x.click("#theme")
	x.await(`document.documentElement.dataset.theme === 'dark'`)
	x.do(chromedp.Reload())
	x.see("h1", "Resumen")
	x.await(`document.documentElement.dataset.theme === 'dark' && document.documentElement.lang === 'es'`)
	x.click("#language")
	x.do(chromedp.KeyEvent("g"), chromedp.KeyEvent("j"))
	x.see("h1", "Jobs")
	x.do(chromedp.KeyEvent("?"))
	x.see("dialog", "Keyboard shortcuts")
	x.eval(`document.querySelector('dialog').close()`)
	x.do(chromedp.NavigateBack())
	x.see("h1", "Overview")
	// A second tab of the same profile shares the session and the stream.
	second := open(t, x.base, chromedp.WithExistingBrowserContext(chromedp.FromContext(x.ctx).BrowserContextID))
	second.visit("/jobs?state=all")
	second.see("h1", "Jobs")
	submit(t, d, command("true"))
	second.await(`document.querySelector('tr[data-job="1"] .state-succeeded') || document.querySelector('#new-rows')`)
	x.await(`[...document.querySelectorAll('td a')].some(e => e.innerText === '1')`)
	x.see("h1", "Overview")
}

func TestShell_ServerKilledUnderAnOpenPage(t *testing.T) {
	t.Parallel()
	d, up, x := start(t)
	x.expected = regexp.MustCompile(`ERR_CONNECTION|ERR_INCOMPLETE|ERR_EMPTY|ERR_SOCKET|ERR_FAILED|503|502`)
	submit(t, d, command("true"))
	x.visit("/jobs?state=all")
	x.await(`document.querySelector('tr[data-job="1"] .state-succeeded')`)
	up.Kill()
	x.await(`document.querySelector('.pill-stale')`)
	x.await(`document.documentElement.dataset.fresh === 'stale'`)
	up.Revive()
	x.await(`document.querySelector('.pill-live')`)
	lab.Await(t.Context(), t, func() error { _, err := d.Client().Summary(t.Context()); return err })
	submit(t, d, command("true"))
	x.see("#new-rows", "1 new job")
	x.click("#new-rows")
	x.await(`document.querySelector('tr[data-job="2"] .state-succeeded')`)
	x.await(`document.querySelectorAll('tr[data-job]').length === 2`)
}

func TestShell_TokenRevokedUnderAnOpenPage(t *testing.T) {
	t.Parallel()
	d, up, x := start(t)
	x.expected = regexp.MustCompile(`ERR_CONNECTION|ERR_INCOMPLETE|ERR_EMPTY|ERR_SOCKET|401|503`)
	x.visit("/jobs?state=all")
	x.await(`document.querySelector('.pill-live')`)
	up.Kill()
	if err := os.Remove(filepath.Join(d.Data, "token")); err != nil {
		t.Fatal(err)
	}
	up.Revive()
	x.see(".notice", "Your session has ended")
	token, err := os.ReadFile(filepath.Join(d.Data, "token"))
	if err != nil {
		t.Fatal(err)
	}
	x.fill("input[type=password]", strings.TrimSpace(string(token)))
	x.press("Sign in")
	x.see("h1", "Jobs") // where one was
}

// TestTokens_MadeUsedAndRevokedInTheBrowser: an admin makes a token for ana; she
// signs in with it, sees her own jobs and what she may do; the admin revokes it
// under her open page.
func TestTokens_MadeUsedAndRevokedInTheBrowser(t *testing.T) {
	t.Parallel()
	d, _, x := start(t)
	submit(t, d, command("true"))
	x.visit("/settings")
	x.press("New token")
	x.fill("dialog input[name=name]", "ana's laptop")
	x.fill("dialog input[name=user]", "ana")
	x.click("dialog #confirm")
	x.await(`document.querySelector('#secret code')`)
	secret := strings.Trim(x.eval(`document.querySelector('#secret code').textContent`), `"`)
	if !strings.HasPrefix(secret, "turno_") {
		t.Fatalf("the secret shown is %q", secret)
	}
	x.press("I have copied it")
	x.await(`[...document.querySelectorAll('#tokens tr.row')].some((r) => r.innerText.includes("ana's laptop") && r.innerText.includes('Submitter'))`)
	if x.eval(`document.body.innerText.includes('turno_')`) != "false" {
		t.Error("the secret is still on the page")
	}

	ana := open(t, x.base)
	ana.expected = regexp.MustCompile(`401|404.*/jobs/1`)
	ana.visit("/jobs?state=all")
	ana.fill("input[type=password]", secret)
	ana.press("Sign in")
	ana.see("h1", "Jobs")
	ana.await(`document.querySelector('.pill-live') && !document.querySelector('tr[data-job]')`)
	ana.visit("/jobs/1")
	ana.see(".empty-title", "1")
	ana.visit("/workers")
	ana.await(`document.querySelector('[data-worker]') && ![...document.querySelectorAll('button')].some((b) => b.textContent === 'Drain')`)
	ana.visit("/settings")
	ana.await(`document.querySelectorAll('#tokens tr.row').length === 1 && !document.querySelector('#new-token')`)
	ana.click("#language")
	ana.see("#tokens", "Estos son los tuyos")

	x.click(`#tokens tr.row:first-child .button-bad`)
	x.click("dialog #confirm")
	ana.see(".notice", "sesión ha terminado")
	x.await(`document.querySelectorAll('#tokens tr[data-state=active]').length === 1`)
}

// TestPages_AreAccessible holds every page, in both themes and at both widths,
// against axe's rules, and sees that a phone need not scroll sideways.
func TestPages_AreAccessible(t *testing.T) {
	t.Parallel()
	axe := testenv.NeedAxe(t)
	d, _, x := start(t, "--fake-gpus", "1")
	x.expected = regexp.MustCompile(`404.*/jobs/999`)
	never := command("true")
	never.GPUs = 3
	matmul := turno.Spec{Type: "matmul", Name: "gemm", Params: json.RawMessage(`{"m":128,"k":128,"n":128}`)}
	submit(t, d, matmul, command("echo hello"), never)
	handIn(t, d)
	lab.Await(t.Context(), t, func() error {
		j, err := d.Client().Job(t.Context(), "2")
		if err == nil && !j.State.Ended() {
			err = fmt.Errorf("job 2 is %s", j.State)
		}
		return err
	})
	x.checkFirstLoad()
	widths := map[string][]int64{"light": {1280, 390}, "dark": {1280}} // the layout is the same in both
	for theme := range widths {
		x.eval(fmt.Sprintf(`(localStorage.setItem('turno.theme', %q), 0)`, theme))
		for _, path := range []string{"/", "/jobs?state=all", "/jobs/1?tab=result", "/jobs/2?tab=log", "/jobs/3", "/workers", "/queues", "/benchmarks",
			"/benchmarks/" + oneRun, "/benchmarks/compare?a=" + oneRun + "&b=" + otherRun, "/submit/exec", "/submit/matmul", "/settings", "/jobs/999"} {
			for _, width := range widths[theme] {
				x.do(chromedp.EmulateViewport(width, 800))
				x.visit(path)
				x.await(`document.querySelector('h1, .empty-title') && document.querySelector('.pill-live') && !document.querySelector('.loading .icon-spin')`)
				if wide := x.eval(`document.documentElement.scrollWidth - innerWidth`); width < 500 && wide != "0" {
					t.Errorf("%s is %s pixels too wide for a phone: %s", path, wide, x.eval(`[...document.querySelectorAll('main *')]
.filter(e => e.getBoundingClientRect().right > innerWidth && ![...e.children].some(c => c.getBoundingClientRect().right > innerWidth))
.slice(0, 3).map(e => e.outerHTML.slice(0, 160)).join(' | ')`))
				}
				for _, v := range x.axe(axe) {
					t.Errorf("%s, %s, %d pixels: %s", path, theme, width, v)
				}
			}
		}
	}
}

// maxFirstLoad is what the overview may cost with its charts, as it is sent.
const maxFirstLoad = 140 << 10

// checkFirstLoad opens the overview and adds up what that fetched.
func (x *tab) checkFirstLoad() {
	x.t.Helper()
	x.visit("/")
	x.await(`document.querySelector('.chart canvas') && document.querySelector('.series canvas')`)
	var total int
	fmt.Sscan(x.eval(`[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
.filter(e => !e.name.includes('/api/')).reduce((sum, e) => sum + e.encodedBodySize, 0)`), &total)
	x.t.Logf("the overview fetched %d bytes", total)
	if total < 50<<10 || total > maxFirstLoad {
		x.t.Errorf("the overview fetched %d bytes; at most %d", total, maxFirstLoad)
	}
}

// axe gives the violations that are serious.
func (x *tab) axe(script string) []string {
	x.t.Helper()
	// In an isolated way the page's policy would refuse: the debugger may run it.
	x.eval("(() => {" + script + "; return 0 })()")
	text := x.wait(`axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']}).then(r => JSON.stringify(r.violations
.filter(v => v.impact === 'serious' || v.impact === 'critical').map(v => v.id + ': ' + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160) + ' ' + (n.any[0]?.message ?? '')).join(' | '))))`)
	var found []string
	if err := json.Unmarshal([]byte(text), &found); err != nil {
		x.t.Fatalf("axe: %v: %s", err, text)
	}
	return found
}
