package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"turno"
	"turno/test/lab"
)

// TestNumbers_AreTheSameEverywhere: after a mixed run the API, the command
// line, /metrics, the dashboard's tiles and its CSV tell the same.
func TestNumbers_AreTheSameEverywhere(t *testing.T) {
	t.Parallel()
	d, _, x := start(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	mixed(ctx, t, d)
	sum, err := d.Client().Summary(ctx)
	if err != nil {
		t.Fatal(err)
	}
	want := map[turno.State]int64{turno.Succeeded: 6, turno.Failed: 2, turno.Cancelled: 1, turno.Held: 1}
	total := int64(0)
	for _, state := range turno.States {
		total += want[state]
		if sum.States[state] != want[state] {
			t.Errorf("the API counts %d %s, and there are %d", sum.States[state], state, want[state])
		}
	}

	metrics := scrape(t, d.URL()+"/metrics")
	for _, state := range turno.States {
		if n := metrics.sum("turno_jobs", `state="`+string(state)+`"`); n != want[state] {
			t.Errorf("/metrics tells %d %s of %d", n, state, want[state])
		}
	}
	for _, c := range []struct {
		name, labels string
		want         int64
	}{
		{"turno_jobs_submitted_total", "", total},
		{"turno_jobs_finished_total", `outcome="succeeded"`, want[turno.Succeeded]},
		{"turno_jobs_finished_total", `outcome="failed"`, want[turno.Failed]},
		{"turno_jobs_finished_total", `outcome="cancelled"`, want[turno.Cancelled]},
		{"turno_job_run_seconds_count", "", want[turno.Succeeded] + want[turno.Failed]},
	} {
		if n := metrics.sum(c.name, c.labels); n != c.want {
			t.Errorf("%s{%s} is %d, want %d", c.name, c.labels, n, c.want)
		}
	}

	for state, n := range want {
		if got := listed(t, d, state); got != n {
			t.Errorf("turno ps lists %d %s of %d", got, state, n)
		}
	}

	for name, n := range map[string]int64{"Succeeded": want[turno.Succeeded], "Failed": want[turno.Failed], "Queued": want[turno.Held], "All jobs": total} {
		x.await(fmt.Sprintf(`[...document.querySelectorAll('.tile')].some(e => e.innerText.trim().replace(/\s+/g, ' ') === %q)`, fmt.Sprintf("%s %d", name, n)))
	}
	x.visit("/") // what the charts show is of now
	x.await(`window.saved === undefined && (URL.createObjectURL = (blob) => { blob.text().then((text) => { window.saved = text; }); return '#'; })`)
	find := `[...document.querySelectorAll('section')].find(s => s.querySelector('h2, h3')?.innerText === 'Jobs by type')`
	x.await(find + `?.querySelector('details')`)
	x.eval(`[...` + find + `.querySelectorAll('button')].find(b => b.textContent.trim() === 'CSV').click()`)
	x.await(`window.saved`)
	csv := int64(0)
	for _, line := range strings.Split(strings.TrimSpace(x.eval("window.saved")), "\n")[1:] {
		n, err := strconv.ParseInt(strings.Split(line, ",")[1], 10, 64)
		if err != nil {
			t.Fatalf("the CSV says %q: %v", line, err)
		}
		csv += n
	}
	if ended := total - want[turno.Held]; csv != ended {
		t.Errorf("the CSV of ended jobs has %d, and there are %d", csv, ended)
	}
}

// mixed runs jobs of every end, and an array of four.
func mixed(ctx context.Context, t *testing.T, d *lab.Deployment) {
	t.Helper()
	c := d.Client()
	ends := lab.Watch(ctx, t, c)
	exec := func(script string) *turno.Spec {
		params, _ := json.Marshal(map[string]any{"command": []string{"/bin/sh", "-c", script}})
		return &turno.Spec{Type: "exec", Params: params}
	}
	jobs, err := c.Submit(ctx, []turno.NewJob{
		{Spec: &turno.Spec{Type: "matmul", Params: json.RawMessage(`{"n":64}`)}}, {Spec: exec("exit 0")},
		{Spec: exec("exit 3")}, {Spec: exec("kill -9 $$")},
		{Spec: &turno.Spec{Type: "noop", Hold: true}}, {Spec: &turno.Spec{Type: "noop", Hold: true}},
		{Spec: &turno.Spec{Type: "noop", Array: &turno.Array{Tasks: turno.Ranges{{First: 0, Last: 3, Step: 1}}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, j := range jobs {
		if j.Error != nil {
			t.Fatal(j.Error)
		}
	}
	if _, err := c.Act(ctx, turno.Action{Verb: turno.Cancel, Jobs: []string{jobs[5].ID}}); err != nil {
		t.Fatal(err)
	}
	ends.Wait(ctx, t, 6) // the held one is not among them, the array is one
}

// listed counts what the command line lists: an array stands there beside its
// tasks, which are the jobs.
func listed(t *testing.T, d *lab.Deployment, state turno.State) int64 {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), d.Binary, "ps", "--state", string(state), "-o", "json")
	cmd.Env = append(os.Environ(), "TURNO_DATA="+d.Data)
	out, err := cmd.Output()
	var list struct{ Items []turno.Job }
	if err == nil {
		err = json.Unmarshal(out, &list)
	}
	if err != nil {
		t.Fatalf("turno ps: %v: %s", err, out)
	}
	n := int64(0)
	for i := range list.Items {
		if list.Items[i].Tasks == nil {
			n++
		}
	}
	return n
}

// exposition is what a scrape reads.
type exposition string

func scrape(t *testing.T, url string) exposition {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %v", url, res.Status, err)
	}
	return exposition(text)
}

// sum adds the series of a metric that have some label.
func (e exposition) sum(name, label string) int64 {
	total := 0.0
	for _, m := range regexp.MustCompile(`(?m)^`+name+`\{(.*)\} (\S+)$`).FindAllStringSubmatch(string(e), -1) {
		if strings.Contains(m[1], label) {
			v, _ := strconv.ParseFloat(m[2], 64)
			total += v
		}
	}
	return int64(total)
}
