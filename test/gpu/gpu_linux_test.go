// Package gpu tries a whole turno on a SIMULATED device: the real binary loads a
// driver and a management library of the tests' own as it would NVIDIA's. What
// it shows is the way of figures and results, not how fast anything is.
package gpu

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"turno"
	"turno/client"
	"turno/internal/gpu/cuda/driver/drivertest"
	"turno/test/lab"
)

func TestMain(m *testing.M) { lab.Main(m) }

// whole is a turno with one SIMULATED device.
type whole struct {
	*testing.T
	*lab.Deployment
	*client.Client
	role *lab.Role
	ctx  context.Context
	ends *lab.Ends
}

func start(t *testing.T) *whole {
	w := &whole{T: t, Deployment: lab.New(t, lab.Binary(t, lab.Build{}))}
	libraries := drivertest.Libraries(t)
	// From here on nothing is compiled: it is for what waits.
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(cancel)
	w.ctx = ctx
	w.role = w.StartAs([]string{"TURNO_CUDA_LIBS=" + libraries}, "up", "--end-jobs", "--listen", fmt.Sprintf("127.0.0.1:%d", w.Port))
	w.Client = w.Deployment.Client()
	w.ends = lab.Watch(ctx, t, w.Client)
	return w
}

func (w *whole) submit(spec *turno.Spec) int64 {
	w.Helper()
	jobs, err := w.Submit(w.ctx, []turno.NewJob{{Spec: spec}})
	if err != nil || jobs[0].Error != nil {
		w.Fatal(err, jobs)
	}
	return jobs[0].Number
}

// said is what the program prints.
func (w *whole) said(args ...string) string {
	w.Helper()
	cmd := exec.CommandContext(w.ctx, w.Binary, args...)
	cmd.Env = append(os.Environ(), "TURNO_DATA="+w.Data, "TURNO_SERVER="+w.URL())
	out, err := cmd.Output()
	if err != nil {
		w.Fatalf("%v: %v", args, err)
	}
	return string(out)
}

// get reads a page as the dashboard or a monitor does.
func (w *whole) get(path string) ([]byte, error) {
	token, err := os.ReadFile(filepath.Join(w.Data, "token"))
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(w.ctx, http.MethodGet, w.URL()+path, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s", path, res.Status, text)
	}
	return text, err
}

// TestWholeWay follows what the device tells: from its library into heartbeats,
// from there to every place that shows it, and, with the attempt that had the
// device, into its result and the store, where it outlasts the server.
func TestWholeWay(t *testing.T) {
	t.Parallel()
	w := start(t)
	open := filepath.Join(t.TempDir(), "open")
	params, err := json.Marshal(map[string][]string{"command": {"/bin/sh", "-c", "until [ -e " + open + " ]; do sleep 0.05; done"}})
	if err != nil {
		t.Fatal(err)
	}
	number := w.submit(&turno.Spec{Type: "exec", Params: params, GPUs: 1})
	w.twice(number)
	w.shown()
	if err := os.WriteFile(open, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	product := w.submit(&turno.Spec{Type: "matmul", Device: turno.DeviceGPU, Params: json.RawMessage(`{"m":40,"k":50,"n":60,"dtype":"bfloat16"}`)})
	w.ends.Wait(w.ctx, t, 2)
	w.kept(number)
	w.computed(product)
	w.role.Kill()
	w.role.Restart()
	w.Client = w.Deployment.Client()
	w.kept(number)
	w.computed(product)
}

// twice waits until the attempt that has the device was there at two looks.
func (w *whole) twice(number int64) {
	w.Helper()
	var first time.Time
	lab.Await(w.ctx, w.T, func() error {
		page, err := w.get("/api/v1/workers")
		var list struct{ Items []turno.Worker }
		if err == nil {
			err = json.Unmarshal(page, &list)
		}
		if err != nil {
			return err
		}
		if len(list.Items) != 1 || len(list.Items[0].Machine.GPUs) != 1 || len(list.Items[0].GPUsUsed) != 1 {
			return fmt.Errorf("job %d has no device: %s", number, page)
		}
		g := list.Items[0].Machine.GPUs[0]
		if s := g.Status; s == nil || s.Utilisation != 80 || s.Watts != 100 || s.Celsius != 50 || s.ClockMHz != 1000 || !g.Simulated || g.Driver != "SIMULATED" {
			return fmt.Errorf("%+v %+v", g, s)
		}
		if first.IsZero() {
			first = g.Status.At
		}
		if g.Status.At.Sub(first) < 2*time.Second {
			return errors.New("there was no second look yet")
		}
		return nil
	})
}

// shown looks at every place that shows the device while a job has it.
func (w *whole) shown() {
	w.Helper()
	lines := 0
	metrics, err := w.get("/metrics")
	if err != nil {
		w.Fatal(err)
	}
	for line := range strings.Lines(string(metrics)) {
		if strings.HasPrefix(line, "turno_gpu_") {
			lines++
			if !strings.Contains(line, `"SIMULATED GPU`) {
				w.Errorf("not marked: %s", line)
			}
		}
	}
	if lines < 10 || !strings.Contains(string(metrics), "turno_gpu_power_watts{") {
		w.Errorf("%d figures of the device in\n%s", lines, metrics)
	}
	for _, args := range [][]string{{"gpus"}, {"top", "--once"}, {"nodes"}} {
		if said := w.said(args...); !strings.Contains(said, "SIMULATED") || args[0] != "nodes" && !strings.Contains(said, "100/300 W") {
			w.Errorf("%v:\n%s", args, said)
		}
	}
	lab.Await(w.ctx, w.T, func() error { // the dashboard's chart, of which a point is taken every few seconds
		page, err := w.get("/api/v1/timeseries")
		var series struct {
			Used []float64 `json:"gpus_used"`
			GPUs []float64 `json:"gpus"`
		}
		if err == nil {
			err = json.Unmarshal(page, &series)
		}
		if err == nil && (!slices.Contains(series.GPUs, 1) || slices.Max(series.Used) <= 0) {
			err = fmt.Errorf("no device in use in %s", page)
		}
		return err
	})
}

// kept looks at what the attempt's result says of its device.
func (w *whole) kept(number int64) {
	w.Helper()
	var j turno.Job
	if err := json.Unmarshal([]byte(w.said("show", fmt.Sprint(number), "-o", "json")), &j); err != nil {
		w.Fatal(err)
	}
	r := j.Attempts[0].Result
	if j.State != turno.Succeeded || r == nil || !r.Simulated || len(r.GPUs) != 1 {
		w.Fatalf("%s, %+v", j.State, r)
	}
	u := r.GPUs[0]
	// 100 W by the counter of energy, for the seconds between the first look and
	// the last.
	if !u.Simulated || !strings.HasPrefix(u.Model, "SIMULATED") || u.Looks < 2 || u.Utilisation != 80 || u.UtilisationPeak != 80 || u.WattsPeak != 100 ||
		u.MemoryPeak != 256<<20 || u.CelsiusPeak != 50 || !slices.Equal(u.Throttled, []string{"power cap"}) || u.Joules < 90*u.Seconds || u.Joules > 110*u.Seconds+30 {
		w.Errorf("%+v", u)
	}
	if said := w.said("show", fmt.Sprint(number)); !strings.Contains(said, "(SIMULATED): used 80 % of the time") || !strings.Contains(said, "on a SIMULATED device") {
		w.Error(said)
	}
}

// computed looks at a result that the device's kernels made.
func (w *whole) computed(number int64) {
	w.Helper()
	j, err := w.Job(w.ctx, fmt.Sprint(number))
	if err != nil {
		w.Fatal(err)
	}
	var o struct {
		Engine, GPU string
		Verified    bool
	}
	if err := json.Unmarshal(j.Result.Output, &o); err != nil {
		w.Fatal(err)
	}
	if j.State != turno.Succeeded || !j.Result.Simulated || !o.Verified || o.Engine != "cuda sm_80 own kernel" || !strings.HasPrefix(o.GPU, "SIMULATED") {
		w.Errorf("%s %+v %+v", j.State, j.Result, o)
	}
}
