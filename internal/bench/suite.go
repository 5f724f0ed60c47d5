package bench

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"turno"
	"turno/internal/bench/record"
)

//go:embed suites/*.yaml
var builtIn embed.FS

// BuiltIn are the names of the suites that turno brings along.
var BuiltIn = []string{"quick", "full"}

// Suite is what to measure: workloads, with which parameters, on which devices,
// with how many threads and on which engines. Its YAML is a public format, see
// docs/benchmarking.md.
type Suite struct {
	Name      string     `yaml:"name"`
	Budget    string     `yaml:"budget"` // such as 150s; empty: no end
	Samples   Samples    `yaml:"samples"`
	Workloads []Workload `yaml:"workloads"`
}

// Samples say when a case is measured well enough; see record.Settings.
type Samples struct {
	Min       int     `yaml:"min"`
	Start     int     `yaml:"start"`
	Most      int     `yaml:"most"`
	Fixed     int     `yaml:"fixed"`
	Precision float64 `yaml:"precision"`
}

// Workload is a type with its cases.
type Workload struct {
	Type    string           `yaml:"type"`
	Params  map[string]any   `yaml:"params"`  // of all its cases
	Each    []map[string]any `yaml:"each"`    // one case each; none: one case
	Size    string           `yaml:"size"`    // the parameter that is its size
	Devices []turno.Device   `yaml:"devices"` // none: all that the worker has
	Threads []any            `yaml:"threads"` // of CPUs: numbers, or all; none: 1 and all
	Engines []string         `yaml:"engines"` // none: native
}

// Load reads a suite of turno's own by its name, or a file.
func Load(name string) (*Suite, error) {
	var data []byte
	var err error
	if slices.Contains(BuiltIn, name) {
		data, err = builtIn.ReadFile("suites/" + name + ".yaml")
	} else {
		data, err = os.ReadFile(name)
	}
	if err != nil {
		return nil, fmt.Errorf("read suite: %w (turno's own are %s)", err, strings.Join(BuiltIn, " and "))
	}
	s := &Suite{Samples: Samples{Min: 6, Start: 20, Most: 200, Precision: 0.025}}
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	if err := d.Decode(s); err != nil {
		return nil, fmt.Errorf("read suite %s: %w", name, err)
	}
	if s.Name == "" {
		s.Name = strings.TrimSuffix(filepath.Base(name), filepath.Ext(name))
	}
	return s, s.check()
}

func (s *Suite) check() error {
	n := s.Samples
	switch {
	case len(s.Workloads) == 0:
		return fmt.Errorf("suite %s: workloads: name at least one", s.Name)
	case n.Min < 2 || n.Start < n.Min || n.Most < n.Start:
		return fmt.Errorf("suite %s: samples: needs 2 <= min <= start <= most, has %d, %d, %d", s.Name, n.Min, n.Start, n.Most)
	case n.Fixed < 0 || n.Fixed == 1:
		return fmt.Errorf("suite %s: samples.fixed: %d: use 2 or more, or leave it out", s.Name, n.Fixed)
	case n.Precision <= 0 || n.Precision >= 1:
		return fmt.Errorf("suite %s: samples.precision: %g: use a part such as 0.025", s.Name, n.Precision)
	}
	if _, err := s.budget(); err != nil {
		return err
	}
	for i, w := range s.Workloads {
		if w.Type == "" {
			return fmt.Errorf("suite %s: workloads[%d].type is missing", s.Name, i)
		}
		for _, d := range w.Devices {
			if d != turno.DeviceCPU && d != turno.DeviceGPU {
				return fmt.Errorf("suite %s: workloads[%d].devices: %q: use cpu or gpu", s.Name, i, d)
			}
		}
		for _, t := range w.Threads {
			if n, ok := t.(int); t != "all" && (!ok || n < 1) {
				return fmt.Errorf("suite %s: workloads[%d].threads: %v: use numbers from 1, or all", s.Name, i, t)
			}
		}
	}
	return nil
}

// Only leaves the workloads of some types; none: all. One that is not in the
// suite is an error.
func (s *Suite) Only(types []string) error {
	for _, t := range types {
		if !slices.ContainsFunc(s.Workloads, func(w Workload) bool { return w.Type == t }) {
			return fmt.Errorf("suite %s: there is no %q in it; there are: %s", s.Name, t, strings.Join(s.Types(), ", "))
		}
	}
	if len(types) > 0 {
		s.Workloads = slices.DeleteFunc(s.Workloads, func(w Workload) bool { return !slices.Contains(types, w.Type) })
	}
	return nil
}

// Types are those of its workloads.
func (s *Suite) Types() (out []string) {
	for _, w := range s.Workloads {
		if !slices.Contains(out, w.Type) {
			out = append(out, w.Type)
		}
	}
	return out
}

func (s *Suite) budget() (time.Duration, error) {
	if s.Budget == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(s.Budget)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("suite %s: budget: %q: use a time such as 150s or 2h", s.Name, s.Budget)
	}
	return d, nil
}

// Settings are those of a run of it.
func (s *Suite) Settings(seed uint64) record.Settings {
	d, _ := s.budget() // checked by Load
	return record.Settings{
		Seed: seed, Fixed: s.Samples.Fixed, Min: s.Samples.Min, Start: s.Samples.Start, Most: s.Samples.Most,
		Precision: s.Samples.Precision, Budget: d.Seconds(), WarmUps: 3, WarmUp: 1,
	}
}

// Expand makes the cases that a machine can run, and says what it left out.
func (s *Suite) Expand(m *turno.Machine) (cases []record.Case, left []string, err error) {
	for i := range s.Workloads {
		w := &s.Workloads[i]
		sides, not := w.sides(m)
		for _, n := range not {
			left = append(left, w.Type+": "+n)
		}
		if len(sides) == 0 {
			continue
		}
		each := w.Each
		if len(each) == 0 {
			each = []map[string]any{{}}
		}
		for _, own := range each {
			c, err := w.makeCase(own, sides)
			if err != nil {
				return nil, nil, err
			}
			if slices.ContainsFunc(cases, func(o record.Case) bool { return o.Name == c.Name }) {
				c.Name += " " + string(c.Params)
			}
			cases = append(cases, c)
		}
	}
	if len(cases) == 0 {
		return nil, left, fmt.Errorf("this worker can run nothing of the suite %s: %s", s.Name, strings.Join(left, "; "))
	}
	return cases, left, nil
}

func (w *Workload) makeCase(own map[string]any, sides []record.Side) (record.Case, error) {
	c := record.Case{Type: w.Type, Sides: sides}
	all := map[string]any{}
	for _, part := range []map[string]any{w.Params, own} {
		maps.Copy(all, part)
	}
	params, err := json.Marshal(all)
	if err != nil {
		return c, fmt.Errorf("suite: parameters of %s: %w", w.Type, err)
	}
	c.Params = params
	c.Name = w.Type
	if w.Size != "" {
		size, ok := number(all, w.Size)
		if !ok {
			return c, fmt.Errorf("suite: %s: size %q is no number among its parameters %s", w.Type, w.Size, params)
		}
		c.Size, c.SizeOf = size, w.Size
		c.Name += " " + strconv.FormatFloat(size, 'f', -1, 64)
	} else if len(own) > 0 {
		c.Name += " " + words(own)
	}
	return c, nil
}

// words are parameters as a person would say them.
func words(params map[string]any) string {
	var out []string
	for k, v := range params {
		if text, ok := v.(string); ok {
			out = append(out, text)
		} else {
			out = append(out, fmt.Sprintf("%s=%v", k, v))
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// number finds a parameter; a dot leads into an object.
func number(params map[string]any, path string) (float64, bool) {
	name, rest, deeper := strings.Cut(path, ".")
	if deeper {
		inner, ok := params[name].(map[string]any)
		if !ok {
			return 0, false
		}
		return number(inner, rest)
	}
	switch n := params[name].(type) {
	case int:
		return float64(n), n > 0
	case float64:
		return n, n > 0
	}
	return 0, false
}

// sides are the ways in which a machine can run it.
func (w *Workload) sides(m *turno.Machine) (sides []record.Side, left []string) {
	devices, engines := w.Devices, w.Engines
	if len(devices) == 0 {
		devices = []turno.Device{turno.DeviceCPU, turno.DeviceGPU}
	}
	if len(engines) == 0 {
		engines = []string{turno.EngineNative}
	}
	for _, e := range engines {
		for _, d := range devices {
			serves := func(o turno.Offer) bool { return o.Serves(w.Type, e, d) }
			switch {
			case d == turno.DeviceGPU && len(m.GPUs) == 0:
				if slices.Contains(w.Devices, d) {
					left = append(left, "the worker has no GPU")
				}
			case !slices.ContainsFunc(m.Offers, serves):
				left = append(left, fmt.Sprintf("the worker does not offer it on a %s with the engine %s", d, e))
			case d == turno.DeviceGPU:
				sides = append(sides, record.Side{Name: sideName(d, 0, e), Device: d, Engine: e, Simulated: m.Simulated || m.GPUs[0].Simulated})
			default:
				for _, n := range w.threads(m, &left) {
					sides = append(sides, record.Side{Name: sideName(d, n, e), Device: d, Threads: n, Engine: e})
				}
			}
		}
	}
	return sides, left
}

func (w *Workload) threads(m *turno.Machine, left *[]string) []int {
	whole := max(1, int(m.CPUs/turno.CPU))
	if w.Type == "noop" && len(w.Threads) == 0 {
		return []int{1}
	}
	asked := w.Threads
	if len(asked) == 0 {
		asked = []any{1, "all"}
	}
	var out []int
	for _, t := range asked {
		n, ok := t.(int)
		if !ok {
			n = whole
		}
		if n > whole {
			*left = append(*left, fmt.Sprintf("%d threads: the worker has %d CPUs", n, whole))
			continue
		}
		if !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

// sideName is cpu-2, gpu, cpu-2-torch.
func sideName(d turno.Device, threads int, engine string) string {
	name := string(d)
	if threads > 0 {
		name += "-" + strconv.Itoa(threads)
	}
	if engine != turno.EngineNative {
		name += "-" + engine
	}
	return name
}
