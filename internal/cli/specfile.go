package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"turno"
	"turno/internal/config"
)

// A file of jobs holds documents; each is a job, a list of jobs, or an object
// with a list "jobs". A job has the keys of turno.Spec, and for people:
// command (a list, or a line for /bin/sh), script, after: [prep] with the name
// of an earlier job of the file, time: 1h, memory: 32G, vram: 12G, begin,
// deadline. Flags of the command line fill in what a job does not say.

func (sub *submission) fromFile() ([]turno.NewJob, error) {
	data, err := sub.s.readFile(sub.file)
	if err != nil {
		return nil, usage("-f: %v", err)
	}
	defaults, err := sub.s.spec(&sub.flags)
	if err != nil {
		return nil, err
	}
	r := &specReader{s: sub.s, file: sub.file, defaults: defaults, ids: map[string]string{}}
	d := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var doc yaml.Node
		err := d.Decode(&doc)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, usage("%s: %v", sub.file, err)
		}
		if err := r.document(&doc); err != nil {
			return nil, err
		}
	}
	if len(r.jobs) == 0 {
		return nil, usage("%s holds no job", sub.file)
	}
	return r.jobs, nil
}

type specReader struct {
	s        *session
	file     string
	defaults *turno.Spec
	ids      map[string]string // by name, of the file's earlier jobs
	jobs     []turno.NewJob
}

func (r *specReader) fail(n *yaml.Node, format string, args ...any) error {
	return usage("%s:%d: %s", r.file, n.Line, fmt.Sprintf(format, args...)).
		hint("its keys are those of turno show -o json, under \"spec\"; see docs")
}

func (r *specReader) document(n *yaml.Node) error {
	for n.Kind == yaml.DocumentNode && len(n.Content) > 0 {
		n = n.Content[0]
	}
	switch {
	case n.Kind == yaml.SequenceNode:
		for _, item := range n.Content {
			if err := r.document(item); err != nil {
				return err
			}
		}
		return nil
	case n.Kind == yaml.MappingNode && len(n.Content) == 2 && n.Content[0].Value == "jobs":
		return r.document(n.Content[1])
	case n.Kind == yaml.MappingNode:
		return r.job(n)
	case n.Kind == 0 || n.Tag == "!!null":
		return nil
	}
	return r.fail(n, "%q is not a job", n.Value)
}

func (r *specReader) job(n *yaml.Node) error {
	spec := r.defaults.Clone()
	rest := map[string]any{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		known, err := r.friendly(spec, key.Value, value)
		if err != nil {
			return r.fail(value, "%s: %v", key.Value, err)
		}
		if known {
			continue
		}
		if !specKeys[key.Value] {
			near := ""
			if w := config.Nearest(key.Value, specWords()); w != "" {
				near = fmt.Sprintf("; did you mean %q?", w)
			}
			return r.fail(key, "a job has no key %q%s", key.Value, near)
		}
		var v any
		if err := value.Decode(&v); err != nil {
			return r.fail(value, "%s: %v", key.Value, err)
		}
		rest[key.Value] = v
	}
	data, err := json.Marshal(rest)
	if err != nil {
		return r.fail(n, "%v", err)
	}
	if err := json.Unmarshal(data, spec); err != nil {
		return r.fail(n, "%v", err)
	}
	return r.add(n, spec)
}

func (r *specReader) add(n *yaml.Node, spec *turno.Spec) error {
	if spec.Type == "" {
		return r.fail(n, "says neither a command nor a type")
	}
	r.s.origin(spec)
	j := newJob(spec)
	if spec.Name != "" {
		r.ids[spec.Name] = j.ID
	}
	r.jobs = append(r.jobs, j)
	return nil
}

// friendly reads the keys that are for people; known says that it was one.
func (r *specReader) friendly(spec *turno.Spec, key string, v *yaml.Node) (known bool, err error) {
	now := r.s.sys.Now()
	switch key {
	case "command":
		return true, command(spec, v)
	case "script":
		spec.Type = execType
		spec.Params, err = json.Marshal(map[string]any{"script": v.Value})
	case "after":
		return true, r.after(spec, v)
	case "array":
		spec.Array, err = turno.ParseArray(v.Value)
	case "time", "time_limit":
		spec.TimeLimit, err = durationOf(v.Value, parseTime)
	case "grace":
		spec.Grace, err = durationOf(v.Value, parseSeconds)
	case "backoff":
		spec.Backoff, err = durationOf(v.Value, parseSeconds)
	case "memory":
		spec.Memory, err = config.ParseBytes(v.Value, 1<<20)
	case "vram", "gpu_memory":
		spec.GPUMemory, err = config.ParseBytes(v.Value, 1<<20)
	case "begin":
		spec.Begin, err = utc(parseMoment(v.Value, now))
	case "deadline":
		spec.Deadline, err = utc(parseMoment(v.Value, now))
	case "dir":
		spec.Dir = r.s.abs(v.Value)
	default:
		return false, nil
	}
	return true, err
}

func durationOf(text string, parse func(string) (time.Duration, error)) (turno.Duration, error) {
	d, err := parse(text)
	return turno.Duration(d), err
}

func utc(t time.Time, err error) (time.Time, error) { return t.UTC(), err }

// command takes a list as it is, and a line for /bin/sh.
func command(spec *turno.Spec, v *yaml.Node) error {
	words := []string{"/bin/sh", "-c", v.Value}
	if v.Kind == yaml.SequenceNode {
		words = nil
		for _, item := range v.Content {
			words = append(words, item.Value)
		}
	}
	if len(words) == 0 || words[len(words)-1] == "" && v.Kind != yaml.SequenceNode {
		return errors.New("is empty")
	}
	spec.Type, spec.Params = execType, commandParams(words)
	return nil
}

// after reads 12, "afterok:12", the name of an earlier job, a list of these, or
// turno.Spec's own form.
func (r *specReader) after(spec *turno.Spec, v *yaml.Node) error {
	items := []*yaml.Node{v}
	if v.Kind == yaml.SequenceNode {
		items = v.Content
	}
	spec.After = nil
	for _, item := range items {
		d := turno.Dependency{When: turno.AfterOK}
		if item.Kind == yaml.MappingNode {
			var m struct{ Job, When string }
			if err := item.Decode(&m); err != nil {
				return err
			}
			d.Job = m.Job
			if m.When != "" {
				d.When = turno.Condition(m.When)
			}
		} else if when, job, has := strings.Cut(item.Value, ":"); has {
			d.Job, d.When = job, dependencyKinds[when]
		} else {
			d.Job = item.Value
		}
		if id, ok := r.ids[d.Job]; ok {
			d.Job = id
		}
		spec.After = append(spec.After, d)
	}
	return nil
}

// specKeys are the JSON keys of turno.Spec.
var specKeys = func() map[string]bool {
	keys := map[string]bool{}
	t := reflect.TypeFor[turno.Spec]()
	for field := range t.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		keys[name] = true
	}
	return keys
}()

func specWords() []string {
	words := []string{"command", "script", "after", "time", "memory", "vram", "begin", "deadline", "jobs"}
	return append(words, slices.Sorted(maps.Keys(specKeys))...)
}
