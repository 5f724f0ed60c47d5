package browser

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	cdpruntime "github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"turno/internal/testenv"
	"turno/test/lab"
)

// TestMain removes the program that was built.
func TestMain(m *testing.M) { lab.Main(m) }

// patience is for one thing to appear in the page of a busy machine.
const patience = 90 * time.Second

// chromium is one browser for all tests of this process: each gets a profile of
// its own in it.
var chromium struct {
	once sync.Once
	ctx  context.Context
	err  error
}

func startChromium(t testing.TB) context.Context {
	t.Helper()
	testenv.Need(t, testenv.ChromiumNeed)
	chromium.once.Do(func() {
		dir, err := os.MkdirTemp("", "turno-chromium-")
		if err != nil {
			chromium.err = err
			return
		}
		options := append(chromedp.DefaultExecAllocatorOptions[:],
			chromedp.ExecPath("/usr/bin/chromium"), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(dir),
			chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
			chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
			chromedp.Flag("force-color-profile", "srgb"), chromedp.Flag("hide-scrollbars", true),
		)
		allocator, _ := chromedp.NewExecAllocator(context.Background(), options...) // ends with this process
		chromium.ctx, _ = chromedp.NewContext(allocator)
		chromium.err = chromedp.Do(chromium.ctx, chromedp.Navigate("about:blank"))
	})
	if chromium.err != nil {
		t.Fatal(chromium.err)
	}
	return chromium.ctx
}

// tab is a page of a browser profile, and what it did that it should not.
type tab struct {
	t    testing.TB
	ctx  context.Context
	base string
	// expected are errors that a test provokes.
	expected *regexp.Regexp

	mu     sync.Mutex // guards what follows
	faults []string
	hosts  map[string]bool
}

// open opens a tab with a profile of its own.
func open(t testing.TB, base string, more ...chromedp.ContextOption) *tab {
	t.Helper()
	parent := startChromium(t)
	if len(more) == 0 {
		more = append(more, chromedp.WithNewBrowserContext())
	}
	ctx, cancel := chromedp.NewContext(parent, more...)
	x := &tab{t: t, ctx: ctx, base: base, hosts: map[string]bool{}}
	t.Cleanup(func() {
		if t.Failed() {
			x.shoot(filepath.Join(t.ArtifactDir(), "failed.png"))
			text, _ := chromedp.Run(ctx, chromedp.Evaluate[string]("document.body.innerText.slice(0, 3000)"))
			t.Logf("the page at the end:\n%s", text)
		}
		cancel()
		x.check()
	})
	if err := chromedp.Listen(ctx, x.hear); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	x.do(chromedp.EmulateViewport(1280, 800))
	return x
}

func (x *tab) hear(event any) {
	x.mu.Lock()
	defer x.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if u, err := url.Parse(e.Request.URL); err == nil && (u.Scheme == "http" || u.Scheme == "https") {
			x.hosts[u.Host] = true
		}
	case *cdpruntime.EventExceptionThrown:
		x.faults = append(x.faults, "exception: "+e.ExceptionDetails.Text+" "+description(e))
	case *cdplog.EventEntryAdded: // what breaks the page's policy, and requests that fail
		if e.Entry.Level == cdplog.EntryLevelError {
			x.faults = append(x.faults, "log: "+e.Entry.Text+" "+e.Entry.URL)
		}
	case *cdpruntime.EventConsoleAPICalled:
		if string(e.Type) == "error" || string(e.Type) == "warning" {
			for _, a := range e.Args {
				x.faults = append(x.faults, fmt.Sprintf("console: %s %s", a.Value, a.Description))
			}
		}
	}
}

// check fails the test for what the page did beside what was looked at.
func (x *tab) check() {
	x.t.Helper()
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, fault := range x.faults {
		if x.expected == nil || !x.expected.MatchString(fault) {
			x.t.Errorf("the page: %s", fault)
		}
	}
	own, _ := url.Parse(x.base)
	for host := range x.hosts {
		if host != own.Host {
			x.t.Errorf("the page asked another host: %s", host)
		}
	}
}

func (x *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	x.t.Helper()
	ctx, cancel := context.WithTimeout(x.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		x.t.Fatal(err)
	}
}

func (x *tab) visit(path string) {
	x.t.Helper()
	x.do(chromedp.Navigate(x.base + path))
}

// await waits until an expression is true.
func (x *tab) await(expression string) {
	x.t.Helper()
	ctx, cancel := context.WithTimeout(x.ctx, patience)
	defer cancel()
	if _, err := chromedp.Run(ctx, chromedp.Poll[bool]("!!("+expression+")", chromedp.WithPollingTimeout(patience))); err != nil {
		x.t.Fatalf("await %s: %v", expression, err)
	}
}

// see waits for a text in an element.
func (x *tab) see(css, text string) {
	x.t.Helper()
	x.await(fmt.Sprintf("[...document.querySelectorAll(%q)].some(e => e.innerText.includes(%q))", css, text))
}

func (x *tab) eval(expression string) string {
	x.t.Helper()
	ctx, cancel := context.WithTimeout(x.ctx, patience)
	defer cancel()
	out, err := chromedp.Run(ctx, chromedp.Evaluate[string](`String(`+expression+`)`))
	if err != nil {
		x.t.Fatalf("evaluate %s: %v", expression, err)
	}
	return out
}

func (x *tab) click(css string) {
	x.t.Helper()
	x.do(chromedp.Click(chromedp.CSS(css)))
}

// press clicks the button or link with this text.
func (x *tab) press(text string) {
	x.t.Helper()
	find := fmt.Sprintf("[...document.querySelectorAll('button, a, summary')].find(e => e.innerText.trim() === %q && !e.disabled)", text)
	x.await(find)
	x.eval(find + ".click()")
}

// fill types into a control, as its events tell the page.
func (x *tab) fill(css, text string) {
	x.t.Helper()
	x.await(fmt.Sprintf("document.querySelector(%q)", css))
	x.eval(fmt.Sprintf(`(() => { const e = document.querySelector(%q); e.value = %q;
e.dispatchEvent(new Event('input', {bubbles: true})); e.dispatchEvent(new Event('change', {bubbles: true})); })()`, css, text))
}

// upload chooses a file of this text in a control, also in one that is hidden.
func (x *tab) upload(css string, text []byte) {
	x.t.Helper()
	x.await(fmt.Sprintf("document.querySelector(%q)", css))
	x.eval(fmt.Sprintf(`(() => { const e = document.querySelector(%q), all = new DataTransfer();
all.items.add(new File([%q], 'a file.json', {type: 'application/json'})); e.files = all.files; e.dispatchEvent(new Event('change', {bubbles: true})); })()`, css, text))
}

func (x *tab) shoot(file string) {
	x.t.Helper()
	picture, err := chromedp.Run(x.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		x.t.Logf("no picture: %v", err)
		return
	}
	write(x.t, file, picture)
}

func write(t testing.TB, file string, picture []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, picture, 0o644); err != nil {
		t.Fatal(err)
	}
}

func description(e *cdpruntime.EventExceptionThrown) string {
	if e.ExceptionDetails.Exception == nil {
		return ""
	}
	return e.ExceptionDetails.Exception.Description
}

var link = regexp.MustCompile(`Open +(http\S+)`)

// signInLink is the one that turno up printed.
func signInLink(t testing.TB, up *lab.Role) string {
	t.Helper()
	var found string
	lab.Await(t.Context(), t, func() error {
		m := link.FindStringSubmatch(up.Printed())
		if m == nil {
			return fmt.Errorf("turno up has printed no link yet")
		}
		found = m[1]
		return nil
	})
	return found
}

// path is that of a URL of this server.
func path(base, link string) string { return strings.TrimPrefix(link, base) }

// wait is what a promise comes to.
func (x *tab) wait(promise string) string {
	x.t.Helper()
	ctx, cancel := context.WithTimeout(x.ctx, patience)
	defer cancel()
	out, err := chromedp.Run(ctx, chromedp.Evaluate[string](promise, chromedp.EvalAwaitPromise))
	if err != nil {
		x.t.Fatalf("await a promise: %v", err)
	}
	return out
}
