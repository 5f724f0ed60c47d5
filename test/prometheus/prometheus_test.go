// Package prometheus tries what the real binary tells watchers of itself: what it
// prints for them on a real Prometheus that scrapes it, and the traces that it
// sends at a receiver of OTLP.
package prometheus

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"turno"
	"turno/internal/obs/grafana"
	"turno/internal/testenv"
	"turno/test/lab"
)

func TestMain(m *testing.M) { lab.Main(m) }

// TestGrafana_OnARealPrometheus: every expression of the dashboard and the
// rules can be evaluated, and has data where something has happened.
func TestGrafana_OnARealPrometheus(t *testing.T) {
	t.Parallel()
	testenv.Need(t, testenv.PrometheusNeed)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	d := lab.New(t, lab.Binary(t, lab.Build{}))
	d.Start("up", "--end-jobs", "--fake-gpus", "2", "--listen", fmt.Sprintf("127.0.0.1:%d", d.Port))
	svc := d.Client()
	ends := lab.Watch(ctx, t, svc)
	count := 0
	run := func() {
		t.Helper()
		jobs, err := svc.Submit(ctx, []turno.NewJob{
			{Spec: &turno.Spec{Type: "matmul", Params: json.RawMessage(`{"n":64}`)}},
			{Spec: &turno.Spec{Type: "exec", Params: json.RawMessage(`{"command":["/bin/true"]}`)}},
			{Spec: &turno.Spec{Type: "exec", Params: json.RawMessage(`{"command":["/bin/sh","-c","exit 3"]}`)}},
			{Spec: &turno.Spec{Type: "noop", GPUs: 1}},
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, j := range jobs {
			if j.Error != nil {
				t.Fatal(j.Error)
			}
		}
		count += len(jobs)
		ends.Wait(ctx, t, count)
	}
	scrapes := newGate(t, d.URL())
	config := strings.ReplaceAll(printed(t, d, "--server", scrapes.url, "grafana", "scrape"), "15s", "200ms")
	prometheus := testenv.Prometheus(t, config+
		"rule_files: [rules.yml]\nglobal: {evaluation_interval: 1s}\n", map[string]string{"rules.yml": printed(t, d, "grafana", "rules")})
	if held, err := svc.Submit(ctx, []turno.NewJob{{Spec: &turno.Spec{Type: "noop", GPUs: 1, Params: json.RawMessage(`{"seconds":3600}`)}}}); err != nil || held[0].Error != nil {
		t.Fatal(err, held)
	}
	run() // each series begins,
	scrapes.next(ctx, 2)
	run() // and rises
	scrapes.next(ctx, 3)
	for _, e := range grafana.Expressions() {
		values, err := query(ctx, prometheus.URL(), e.Text)
		switch {
		case err != nil:
			t.Errorf("%s: %s: %v", e.Where, e.Text, err)
		case values == 0 && !e.Rare: // what is held and waited for is told every five seconds
			lab.Await(ctx, t, func() error {
				values, err := query(ctx, prometheus.URL(), e.Text)
				if err == nil && values == 0 {
					err = fmt.Errorf("%s has no data: %s", e.Where, e.Text)
				}
				return err
			})
		case values > 0 && strings.HasPrefix(e.Where, "alert ") && !strings.Contains(e.Where, "ManyFailures"):
			t.Errorf("%s would be told of a turno that is well", e.Where)
		}
	}
}

// TestRules_TellWhatTheySay: each alert is told when it should be, and by
// Prometheus's own tool.
func TestRules_TellWhatTheySay(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "rules.yml"), grafana.Rules(), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := testenv.Promtool(t, dir, "check", "rules", "rules.yml"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	tests, err := os.ReadFile("testdata/rules_test.yml")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "tests.yml"), tests, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := testenv.Promtool(t, dir, "test", "rules", "tests.yml"); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	for line := range strings.Lines(string(grafana.Rules())) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "- alert: "); ok && !strings.Contains(string(tests), "alertname: "+name+"\n") {
			t.Errorf("%s is not tried in testdata/rules_test.yml", name)
		}
	}
}

// printed is what the program prints on standard output.
func printed(t *testing.T, d *lab.Deployment, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), d.Binary, args...)
	cmd.Env = append(os.Environ(), "TURNO_DATA="+d.Data)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v", args, err)
	}
	return string(out)
}

// query evaluates an expression now, and says how many series it gives.
func query(ctx context.Context, server, expression string) (series int, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, server+"/api/v1/query?query="+url.QueryEscape(expression), nil)
	if err != nil {
		return 0, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	var answer struct {
		Status, Error string
		Warnings      []string
		Data          struct{ Result []struct{ Value [2]any } }
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		return 0, err
	}
	if answer.Status != "success" || len(answer.Warnings) > 0 {
		return 0, fmt.Errorf("%s %s %v", answer.Status, answer.Error, answer.Warnings)
	}
	for _, r := range answer.Data.Result {
		if r.Value[1] != "NaN" { // a share of nothing
			series++
		}
	}
	return series, nil
}

// gate stands between a Prometheus and what it scrapes, and tells of scrapes.
type gate struct {
	url    string
	t      *testing.T
	scrape chan struct{} // 0: one has begun, and somebody waits for it
}

func newGate(t *testing.T, target string) *gate {
	to, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{t: t, scrape: make(chan struct{})}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case g.scrape <- struct{}{}:
		default:
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	g.url = server.URL
	return g
}

// next waits until n whole scrapes are stored: the next one after them has begun.
func (g *gate) next(ctx context.Context, n int) {
	g.t.Helper()
	for range n + 1 {
		select {
		case <-g.scrape:
		case <-ctx.Done():
			g.t.Fatal("Prometheus does not scrape")
		}
	}
}
