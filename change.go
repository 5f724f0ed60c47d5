package turno

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// SpecChange is what is asked for instead of what a Spec says, of a job that was
// accepted: nil leaves it as it is. The job keeps it beside the spec that was
// handed in: see Job.Changes.
type SpecChange struct {
	Name      *string            `json:"name,omitempty"`
	Labels    map[string]*string `json:"labels,omitempty"` // null takes one away; others stay
	Priority  *int               `json:"priority,omitempty"`
	Retries   *int               `json:"retries,omitempty"`
	Deadline  *time.Time         `json:"deadline_at,omitempty"` // the zero time: none
	Begin     *time.Time         `json:"begin_at,omitempty"`    // the zero time: at once
	TimeLimit *Duration          `json:"time_limit_seconds,omitempty"`
	Grace     *Duration          `json:"grace_seconds,omitempty"`
	CPUs      *MilliCPU          `json:"cpus,omitempty"`
	Memory    *int64             `json:"memory_bytes,omitempty"`
	GPUs      *int               `json:"gpus,omitempty"`
	Workers   *[]string          `json:"workers,omitempty"` // only these; none: any
	Exclude   *[]string          `json:"exclude,omitempty"`
	NoRequeue *bool              `json:"no_requeue,omitempty"`
	Limit     *int               `json:"array_limit,omitempty"` // tasks of an array at once; 0: all
}

// changeField is one field of a SpecChange.
type changeField struct {
	name string
	said func(*SpecChange) bool
	// take has to say what from says.
	take func(to, from *SpecChange)
	// late: it may be changed while the job runs, which notices nothing of it.
	late bool
}

func pointer[T any](name string, field func(*SpecChange) **T, late bool) changeField {
	return changeField{
		name: name, late: late,
		said: func(c *SpecChange) bool { return *field(c) != nil },
		take: func(to, from *SpecChange) { *field(to) = *field(from) },
	}
}

// changeFields are all of them, in the order of the struct.
var changeFields = []changeField{
	pointer("name", func(c *SpecChange) **string { return &c.Name }, true),
	{"labels", func(c *SpecChange) bool { return len(c.Labels) > 0 }, takeLabels, true},
	pointer("priority", func(c *SpecChange) **int { return &c.Priority }, true),
	pointer("retries", func(c *SpecChange) **int { return &c.Retries }, true),
	pointer("deadline_at", func(c *SpecChange) **time.Time { return &c.Deadline }, true),
	pointer("begin_at", func(c *SpecChange) **time.Time { return &c.Begin }, false),
	pointer("time_limit_seconds", func(c *SpecChange) **Duration { return &c.TimeLimit }, false),
	pointer("grace_seconds", func(c *SpecChange) **Duration { return &c.Grace }, false),
	pointer("cpus", func(c *SpecChange) **MilliCPU { return &c.CPUs }, false),
	pointer("memory_bytes", func(c *SpecChange) **int64 { return &c.Memory }, false),
	pointer("gpus", func(c *SpecChange) **int { return &c.GPUs }, false),
	pointer("workers", func(c *SpecChange) **[]string { return &c.Workers }, false),
	pointer("exclude", func(c *SpecChange) **[]string { return &c.Exclude }, false),
	pointer("no_requeue", func(c *SpecChange) **bool { return &c.NoRequeue }, true),
	pointer("array_limit", func(c *SpecChange) **int { return &c.Limit }, true),
}

func takeLabels(to, from *SpecChange) {
	labels := map[string]*string{}
	maps.Copy(labels, to.Labels)
	maps.Copy(labels, from.Labels)
	to.Labels = labels
}

// Fields names what it changes, as JSON does.
func (c *SpecChange) Fields() (names []string) {
	if c == nil {
		return nil
	}
	for _, f := range changeFields {
		if f.said(c) {
			names = append(names, f.name)
		}
	}
	return names
}

// Early names what it changes that a job which is active has already been
// started with.
func (c *SpecChange) Early() (names []string) {
	for _, f := range changeFields {
		if !f.late && f.said(c) {
			names = append(names, f.name)
		}
	}
	return names
}

// And is c and then d, as one change. Neither is written to.
func (c *SpecChange) And(d *SpecChange) *SpecChange {
	if c == nil {
		c = &SpecChange{}
	}
	out := *c
	for _, f := range changeFields {
		if f.said(d) {
			f.take(&out, d)
		}
	}
	return &out
}

// Apply is a spec as the change makes it; s is not written to. To apply it once
// more changes nothing.
func (c *SpecChange) Apply(s *Spec) *Spec {
	if c == nil {
		return s
	}
	out := s.Clone()
	put(&out.Name, c.Name)
	put(&out.Priority, c.Priority)
	put(&out.Retries, c.Retries)
	put(&out.Deadline, c.Deadline)
	put(&out.Begin, c.Begin)
	put(&out.TimeLimit, c.TimeLimit)
	put(&out.Grace, c.Grace)
	put(&out.CPUs, c.CPUs)
	put(&out.Memory, c.Memory)
	put(&out.GPUs, c.GPUs)
	put(&out.Workers, c.Workers)
	put(&out.Exclude, c.Exclude)
	put(&out.NoRequeue, c.NoRequeue)
	if c.Limit != nil && s.Array != nil {
		out.Array = new(*s.Array)
		out.Array.Limit = *c.Limit
	}
	if len(c.Labels) > 0 {
		out.Labels = maps.Clone(s.Labels)
		if out.Labels == nil {
			out.Labels = map[string]string{}
		}
		// order-free: each is put or taken away by itself
		for key, value := range c.Labels {
			if value == nil {
				delete(out.Labels, key)
			} else {
				out.Labels[key] = *value
			}
		}
		if len(out.Labels) == 0 {
			out.Labels = nil
		}
	}
	return out
}

func put[T any](to *T, value *T) {
	if value != nil {
		*to = *value
	}
}

// Check returns what is wrong with the change by itself, or nil.
func (c *SpecChange) Check() *Error {
	if len(c.Fields()) == 0 {
		return Invalid("change", "changes nothing").WithHint("it may change %s", strings.Join(changeNames(), ", "))
	}
	if len(c.Labels) > 2*maxLabels {
		return Invalid("labels", "%d of them; a job has at most %d", len(c.Labels), maxLabels)
	}
	if c.Limit != nil && *c.Limit < 0 {
		return Invalid("array_limit", "%d: use 0 (all) or more", *c.Limit)
	}
	return nil
}

func changeNames() (names []string) {
	for _, f := range changeFields {
		names = append(names, f.name)
	}
	return slices.Clip(names)
}
