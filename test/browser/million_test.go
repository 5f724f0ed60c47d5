package browser

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/performance"
	"github.com/chromedp/chromedp"

	"turno"
	"turno/client"
	"turno/internal/stats"
	"turno/internal/store/sqlite"
	"turno/internal/store/storetest"
	"turno/test/lab"
)

const (
	// millionJobs stand in the store, and so many changes come a second.
	millionJobs    = 1_000_000
	changesASecond = 1000
	// openPages look at the dashboard at a time.
	openPages = 50
	// throughputJobs go through as fast as they can, with and without pages.
	throughputJobs   = 20_000
	throughputRounds = 5
)

// BenchmarkMillion measures the dashboard before a store of a million jobs, of
// which a thousand change a second: make bench-dashboard. TURNO_BENCH_JOBS,
// TURNO_BENCH_MINUTES (of an open tab) and TURNO_BENCH_REALTIME (server and
// browser get real-time priority while times are taken) change it;
// TURNO_BENCH_STORE is a file that keeps the store for the next run.
func BenchmarkMillion(b *testing.B) {
	m := newMillion(b)
	m.b.Run("Page", m.pages)
	m.b.Run("Filter", m.filters)
	m.b.Run("Throughput", m.throughput)
	m.b.Run("Tab", m.tab)
}

// million is a turno with many jobs, and who uses it.
type million struct {
	b      *testing.B
	d      *lab.Deployment
	up     *lab.Role
	x      *tab
	client *client.Client
	token  string
}

func newMillion(b *testing.B) *million {
	startChromium(b)
	d := lab.New(b, lab.Binary(b, lab.Build{}))
	began := time.Now()
	fill(b, filepath.Join(d.Data, "turno.db"))
	b.Logf("the store was filled in %.0f s", time.Since(began).Seconds())
	m := &million{b: b, d: d}
	m.up = d.Start("up", "--end-jobs", "--listen", fmt.Sprintf("127.0.0.1:%d", d.Port))
	link := signInLink(b, m.up)
	m.client = d.Client()
	token, err := os.ReadFile(filepath.Join(d.Data, "token"))
	if err != nil {
		b.Fatal(err)
	}
	m.token = strings.TrimSpace(string(token))
	m.x = open(b, d.URL())
	m.x.visit(path(m.x.base, link))
	m.x.see("h1", "Overview")
	return m
}

// number is a setting of the benchmark's.
func number(variable string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(variable)); err == nil {
		return n
	}
	return otherwise
}

// fill makes the store, or takes a copy of the one that an earlier run has left.
func fill(b *testing.B, file string) {
	kept := os.Getenv("TURNO_BENCH_STORE")
	if _, err := os.Stat(kept); kept == "" || err != nil {
		s, err := sqlite.Open(b.Context(), sqlite.Options{Path: cmp.Or(kept, file)})
		if err != nil {
			b.Fatal(err)
		}
		storetest.Fill(b, s, number("TURNO_BENCH_JOBS", millionJobs))
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
	if kept != "" {
		if out, err := exec.Command("cp", kept, file).CombinedOutput(); err != nil {
			b.Fatalf("%v: %s", err, out)
		}
	}
}

// hurry gives server and browser real-time priority until it is called off, so
// that what else the machine does cannot come between.
func (m *million) hurry(b *testing.B) (off func()) {
	if os.Getenv("TURNO_BENCH_REALTIME") == "" {
		return func() {}
	}
	set := func(policy, priority string) {
		for _, pid := range descendants(b, os.Getpid()) {
			// One that has just ended is no matter.
			_ = exec.Command("chrt", "-a", policy, "-p", priority, strconv.Itoa(pid)).Run()
		}
	}
	set("-r", "1")
	return func() { set("-o", "0") }
}

// change submits jobs that do nothing so that a thousand changes a second are
// told, until it is called off. It gives how many there were a second.
func (m *million) change(b *testing.B) (off func() float64) {
	ctx, cancel := context.WithCancel(b.Context())
	var group sync.WaitGroup
	var told atomic.Int64
	group.Go(func() {
		for e, err := range m.client.Events(ctx, turno.EventQuery{}) {
			if err != nil {
				if ctx.Err() == nil {
					b.Errorf("events: %v", err)
				}
				return
			}
			if !e.Reset {
				told.Add(1)
			}
		}
	})
	began := time.Now()
	group.Go(func() {
		const beat = 100 * time.Millisecond
		tick := time.NewTicker(beat)
		defer tick.Stop()
		rate, owed, last, at := changesASecond/3.0, 0.0, int64(0), time.Now()
		for {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
			if passed := time.Since(at).Seconds(); passed >= 1 {
				now := told.Load()
				if seen := float64(now-last) / passed; seen > 0 {
					rate = min(2*changesASecond, max(changesASecond/8, rate*(0.5+0.5*changesASecond/seen)))
				}
				last, at = now, time.Now()
			}
			owed += rate * beat.Seconds()
			jobs := noops("steady", int(owed))
			owed -= float64(len(jobs))
			if _, err := m.client.Submit(ctx, jobs); err != nil && ctx.Err() == nil {
				b.Errorf("submit: %v", err)
				return
			}
		}
	})
	return func() float64 {
		cancel()
		group.Wait()
		return float64(told.Load()) / time.Since(began).Seconds()
	}
}

func noops(queue string, n int) []turno.NewJob {
	jobs := make([]turno.NewJob, n)
	for i := range jobs {
		jobs[i] = turno.NewJob{Spec: &turno.Spec{Type: "noop", Queue: queue}}
	}
	return jobs
}

// interactive notes when the first row stands and the page's thread is free.
const interactive = `new Promise(done => {
  const look = () => document.querySelector('tr[data-job]')
    ? requestAnimationFrame(() => setTimeout(() => done(String(performance.now())), 0))
    : setTimeout(look, 5);
  look();
})`

// pages takes the time from the navigation's start to the first rows.
func (m *million) pages(b *testing.B) {
	m.x.t = b
	off := m.change(b)
	for _, p := range []string{"/jobs", "/jobs?state=all", "/jobs?state=failed", "/jobs?state=all&queue=gpu&user=bea"} {
		var times []float64
		m.x.visit("/")
		normal := m.hurry(b)
		for range 12 {
			m.x.visit(p)
			ms, err := strconv.ParseFloat(m.x.wait(interactive), 64)
			if err != nil {
				b.Fatal(err)
			}
			times = append(times, ms)
		}
		normal()
		b.Logf("page %-36s interactive after %s ms", p, inWords(times[1:]))
	}
	b.Logf("%.0f changes a second meanwhile", off())
}

// filters takes the time of each answer that a list or its counts can ask for.
func (m *million) filters(b *testing.B) {
	off := m.change(b)
	for _, q := range []string{
		"jobs?thin=true", "jobs?thin=true&top=true&state=held&state=queued&state=starting&state=running&state=stopping",
		"jobs?thin=true&state=failed", "jobs?thin=true&state=succeeded", "jobs?thin=true&state=lost", "jobs?thin=true&limit=1000",
		"jobs?thin=true&queue=gpu", "jobs?thin=true&user=bea&type=train&queue=night", "jobs?thin=true&user=rare", "jobs?thin=true&user=nobody",
		"jobs?thin=true&state=failed&queue=gpu&type=exec", "jobs?thin=true&name=job-77777", "jobs?thin=true&name=needle",
		"jobs?thin=true&name=there-is-none", "jobs?thin=true&parent=5", "jobs?thin=true&cursor=500000", "jobs?thin=true&type=matmul&cursor=1000",
		"summary", "statistics", "workers", "timeseries?range_seconds=900", "jobs:count?state=failed", "jobs:count?queue=gpu",
		"jobs?thin=true&sort=number", "jobs?thin=true&sort=number&state=failed", "jobs?thin=true&q=needle", "jobs?thin=true&q=job-77777", "jobs?thin=true&q=rare",
		"jobs?thin=true&q=there-is-none", "jobs?thin=true&since=1h", "jobs?thin=true&since=30d&until=1h&queue=gpu", "jobs?thin=true&q=01890a5d-ac96-7001-8000-000000012345",
		"jobs?thin=true&count=exact", "jobs?thin=true&q=needle&count=estimate", "jobs:facets", "jobs:facets?top=true&state=failed&queue=gpu", "jobs:facets?since=30d",
		"jobs:facets?q=needle", "jobs:facets?q=needle&count=exact",
	} {
		var times []float64
		normal := m.hurry(b)
		for range 15 {
			began := time.Now()
			m.get(b, b.Context(), q)
			times = append(times, time.Since(began).Seconds()*1e3)
		}
		normal()
		b.Logf("filter %-60s answers in %s ms", q, inWords(times))
	}
	b.Logf("%.0f changes a second meanwhile", off())
}

func inWords(x []float64) string {
	return fmt.Sprintf("%.1f (%.1f to %.1f)", stats.Median(x), slices.Min(x), slices.Max(x))
}

// get reads an answer as a page does.
func (m *million) get(b *testing.B, ctx context.Context, query string) {
	res, err := m.ask(ctx, query)
	if err != nil {
		if ctx.Err() == nil {
			b.Errorf("%s: %v", query, err)
		}
		return
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil && ctx.Err() == nil {
		b.Errorf("%s: %v", query, err)
	}
	if res.StatusCode != http.StatusOK {
		b.Errorf("%s: %s", query, res.Status)
	}
}

func (m *million) ask(ctx context.Context, query string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, m.d.URL()+"/api/v1/"+query, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+m.token)
	return http.DefaultClient.Do(r)
}

// throughput compares how fast jobs go through with many pages open and with
// none, in turns, and looks at the server's memory.
func (m *million) throughput(b *testing.B) {
	http.DefaultTransport.(*http.Transport).MaxIdleConnsPerHost = 2 * openPages
	var with, without, ratios, before, after []float64
	m.rate(b) // children start
	for round := range throughputRounds {
		one := func(pages bool) {
			if !pages {
				without = append(without, m.rate(b))
				return
			}
			off := m.look(b)
			before = append(before, m.resident(b))
			with = append(with, m.rate(b))
			after = append(after, m.resident(b))
			off()
		}
		one(round%2 == 1)
		one(round%2 == 0)
		ratios = append(ratios, with[round]/without[round])
	}
	b.Logf("jobs a second: %s without a page, %s with %d; ratio %s", inWords(without), inWords(with), openPages, words2(ratios))
	b.Logf("the server's memory, MB, with %d pages: before %s, after %s", openPages, inWords(before), inWords(after))
	m.steady(b)
}

func words2(x []float64) string {
	return fmt.Sprintf("%.2f (%.2f to %.2f)", stats.Median(x), slices.Min(x), slices.Max(x))
}

// steady watches the server's memory and time with a thousand changes a second.
func (m *million) steady(b *testing.B) {
	off := m.change(b)
	defer func() { b.Logf("%.0f changes a second meanwhile", off()) }()
	for _, pages := range []bool{false, true, false, true} {
		end := func() {}
		if pages {
			end = m.look(b)
		}
		m.rest(b, 5*time.Second)
		used := m.processor(b)
		var memory []float64
		const seconds = 30
		for range seconds {
			m.rest(b, time.Second)
			memory = append(memory, m.resident(b))
		}
		b.Logf("pages %v: the server's memory %s MB, first %.0f, last %.0f; %.2f cores", pages, inWords(memory), memory[0], memory[len(memory)-1],
			(m.processor(b)-used)/seconds)
		end()
	}
}

// rest lets time pass.
func (m *million) rest(b *testing.B, d time.Duration) {
	select {
	case <-time.After(d):
	case <-b.Context().Done():
	}
}

func (m *million) resident(b *testing.B) float64 {
	return kilobytes(b, m.up.PID(), "status", "VmRSS") / 1024
}

// processor is the time that the server has used, in seconds.
func (m *million) processor(b *testing.B) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", m.up.PID()))
	if err != nil {
		b.Fatal(err)
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	user, _ := strconv.ParseFloat(fields[11], 64)
	system, _ := strconv.ParseFloat(fields[12], 64)
	return (user + system) / 100 // ticks
}

// rate is of jobs from the first submit to the last end.
func (m *million) rate(b *testing.B) float64 {
	queue := "rate-" + lab.NewID(b)[24:]
	defer m.hurry(b)()
	began := time.Now()
	if _, err := m.client.Submit(b.Context(), noops(queue, throughputJobs)); err != nil {
		b.Fatal(err)
	}
	lab.Await(b.Context(), b, func() error {
		sum, err := m.client.Summary(b.Context())
		if err == nil && sum.Queues[queue][turno.Succeeded] < throughputJobs {
			err = fmt.Errorf("%v", sum.Queues[queue])
		}
		return err
	})
	return throughputJobs / time.Since(began).Seconds()
}

// look stands in for pages of the dashboard: each has a stream, and asks for
// what the list of jobs asks for, after changes, at most once a second. Fifty
// browsers would take the processor that is to be measured.
func (m *million) look(b *testing.B) (off func()) {
	ctx, cancel := context.WithCancel(b.Context())
	var group sync.WaitGroup
	for range openPages {
		group.Go(func() { m.page(b, ctx) })
	}
	return func() { cancel(); group.Wait() }
}

func (m *million) page(b *testing.B, ctx context.Context) {
	res, err := m.ask(ctx, "events?gather=true")
	if err != nil {
		if ctx.Err() == nil {
			b.Errorf("events: %v", err)
		}
		return
	}
	defer res.Body.Close()
	changed := make(chan struct{}, 1)
	var group sync.WaitGroup
	defer group.Wait()
	group.Go(func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
			select {
			case <-changed:
				m.get(b, ctx, "jobs?thin=true&top=true&limit=100&state=held&state=queued&state=starting&state=running&state=stopping")
				m.get(b, ctx, "summary")
			default:
			}
		}
	})
	buffer := make([]byte, 64<<10)
	for {
		if _, err := res.Body.Read(buffer); err != nil {
			if ctx.Err() == nil && !errors.Is(err, context.Canceled) {
				b.Errorf("a page's stream ended: %v", err)
			}
			return
		}
		select {
		case changed <- struct{}{}:
		default:
		}
	}
}

// tab looks at what a page holds after ten minutes of changes, and the server
// with fifty others. DevTools are told to forget the network: their agent keeps
// what was answered, up to 100 MB of it, in the very process that is looked at.
func (m *million) tab(b *testing.B) {
	m.x.t = b
	if os.Getenv("TURNO_BENCH_DEVTOOLS") == "" {
		if _, err := chromedp.Call(m.x.ctx, network.Disable, cdp.Empty{}); err != nil {
			b.Fatal(err)
		}
	}
	defer m.look(b)()
	off := m.change(b)
	defer func() { b.Logf("%.0f changes a second meanwhile", off()) }()
	m.x.visit("/jobs")
	m.x.wait(interactive)
	used := m.processor(b)
	minutes := number("TURNO_BENCH_MINUTES", 10)
	for minute := range minutes + 1 {
		if minute > 0 {
			m.rest(b, time.Minute)
		}
		heap, _ := m.heap(b)
		process, largest := 0.0, 0
		for _, pid := range renderers(b) {
			if has := kilobytes(b, pid, "status", "RssAnon") / 1024; has > process { // as the browser's task manager counts
				process, largest = has, pid
			}
		}
		if os.Getenv("TURNO_BENCH_ALLOCATORS") != "" && process > 110 {
			m.x.allocators(b, largest)
		}
		now := m.processor(b)
		b.Logf("minute %d: %.1f MB of JavaScript, %.0f MB is the tab's process; with %d more pages the server has %.0f MB and took %.1f s",
			minute, heap, process, openPages, m.resident(b), now-used)
		used = now
	}
}

func (m *million) heap(b *testing.B) (used float64, err error) {
	if _, err := chromedp.Call(m.x.ctx, performance.Enable, performance.EnableParams{}); err != nil {
		b.Fatal(err)
	}
	got, err := chromedp.Call(m.x.ctx, performance.GetMetrics, cdp.Empty{})
	if err != nil {
		b.Fatal(err)
	}
	for _, metric := range got.Metrics {
		if metric.Name == "JSHeapUsedSize" {
			return metric.Value / (1 << 20), nil
		}
	}
	return 0, nil
}
