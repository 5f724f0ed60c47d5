// Package record is the file of a benchmark, job_results.json: what was meant
// to be measured, where, and every sample as it was taken. Nothing in it is
// derived: tables, charts and sentences are made from it, again and again, by
// package analysis and those above it.
package record

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"turno"
)

// SchemaVersion rises with every change that an older reader would misread.
const SchemaVersion = 1

// Results is the whole file.
type Results struct {
	SchemaVersion int       `json:"schema_version"`
	ID            string    `json:"id"`
	Suite         string    `json:"suite"`
	Worker        string    `json:"worker"`
	Simulated     bool      `json:"simulated"` // some samples ran on simulated devices: they say nothing about any GPU
	Settings      Settings  `json:"settings"`
	Cases         []Case    `json:"cases"`
	Left          []string  `json:"left_out,omitempty"` // what the suite asks for and this worker cannot do
	Sessions      []Session `json:"sessions"`           // one for each start: more after --resume
	Stops         []Stop    `json:"stops"`              // why no more of a case was measured
	Samples       []Sample  `json:"samples"`            // in the order in which they were taken
}

// Settings say when enough has been measured.
type Settings struct {
	Seed uint64 `json:"seed"` // decides every order
	// Fixed blocks of each case; 0: adaptive, from Start blocks on until
	// Precision is reached. Fewer than Min blocks say too little.
	Fixed     int     `json:"fixed,omitempty"`
	Min       int     `json:"min"`
	Start     int     `json:"start"`
	Most      int     `json:"most"`
	Precision float64 `json:"precision"`      // half of the interval, as a part of the median
	Budget    float64 `json:"budget_seconds"` // of the whole run, warm-ups included; 0: none
	WarmUps   int     `json:"warm_ups"`       // at least, of each side in each session
	WarmUp    float64 `json:"warm_up_seconds"`
}

// Confidence of every interval.
const Confidence = 0.95

// Case is one problem that all its sides solve.
type Case struct {
	Name   string          `json:"name"`
	Type   string          `json:"type"`
	Params json.RawMessage `json:"params,omitempty"`
	Size   float64         `json:"size,omitempty"`      // on the axis of a chart; 0: it has none
	SizeOf string          `json:"size_name,omitempty"` // the parameter that it is
	Sides  []Side          `json:"sides"`
}

// Side is a way to solve it.
type Side struct {
	Name      string       `json:"name"` // unique in its case, and the same in all cases
	Device    turno.Device `json:"device"`
	Threads   int          `json:"threads,omitempty"` // of a CPU
	Engine    string       `json:"engine"`
	Simulated bool         `json:"simulated,omitempty"`
}

// Session is one start of the program that measured.
type Session struct {
	At      time.Time `json:"at"`
	Seconds float64   `json:"seconds"`
	Command []string  `json:"command"`
	Version string    `json:"turno"`
	Go      string    `json:"go"`
	Server  string    `json:"server"` // private, or its address
	Client  string    `json:"client"` // the machine that submitted
	// Local: client and worker are one machine, so what the client sees of load
	// and throttling is the worker's.
	Local       bool          `json:"local"`
	Machine     turno.Machine `json:"machine"` // as the worker tells it
	Environment []Fact        `json:"environment"`
	LoadBefore  string        `json:"load_before"`
	LoadAfter   string        `json:"load_after"`
	End         string        `json:"end"` // finished, interrupted, failed, or empty: it was killed
}

// Unknown is the value of a fact that could not be learned.
const Unknown = "unknown"

// Fact is one line of the environment, as the worker's machine tells it.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Fact is the value of one, or Unknown.
func (s *Session) Fact(name string) string {
	for _, f := range s.Environment {
		if f.Name == name && f.Value != "" {
			return f.Value
		}
	}
	return Unknown
}

// Why nothing more was measured of a case.
const (
	StopPrecise     = "precise"     // the interval is as narrow as asked for
	StopFixed       = "fixed"       // the number of blocks that was asked for
	StopMost        = "most"        // as many blocks as are allowed, and still wider
	StopBudget      = "budget"      // the time was over
	StopInterrupted = "interrupted" // by a person
	StopFailed      = "failed"      // a side does not work
)

var stopReasons = []string{StopPrecise, StopFixed, StopMost, StopBudget, StopInterrupted, StopFailed}

// Stop says it of one case.
type Stop struct {
	Case   string  `json:"case"`
	Reason string  `json:"reason"`
	Detail string  `json:"detail,omitempty"`
	Blocks int     `json:"blocks"`               // complete and valid
	Width  float64 `json:"half_width,omitempty"` // of the widest side's interval, as a part of the median
}

// Why a sample does not count.
const (
	Failed     = "failed"
	Unverified = "unverified" // the workload's own check of its answer did not pass
	Contended  = "contended"  // other jobs ran on the worker meanwhile
	Throttled  = "throttled"  // the machine slowed its CPU or GPU down
	Preempted  = "preempted"  // it ran more than once
	Unheard    = "unheard"    // its end was not heard of at once: its time is not known
)

var exclusions = []string{Failed, Unverified, Contended, Throttled, Preempted, Unheard}

// Sample is one job. Times are seconds; 0: not measured.
type Sample struct {
	Case   string    `json:"case"`
	Side   string    `json:"side"`
	Block  int       `json:"block"` // from 0; a block holds one sample of each side
	Place  int       `json:"place"` // in its block
	At     time.Time `json:"at"`
	Job    int64     `json:"job"`
	WarmUp bool      `json:"warm_up,omitempty"`
	Cold   bool      `json:"cold,omitempty"` // the first of its side in a session

	Kernel   float64 `json:"kernel_s,omitempty"`     // of one repeat, on the device
	Device   float64 `json:"device_s,omitempty"`     // the same with copies to and from the device
	EndToEnd float64 `json:"end_to_end_s,omitempty"` // from the call of Submit until the end was heard of
	Queue    float64 `json:"queue_s,omitempty"`      // of that, what was not spent in the job's run

	Repeat    int     `json:"repeat,omitempty"`
	Engine    string  `json:"engine,omitempty"` // as the workload names itself
	Checked   bool    `json:"checked"`          // the workload checks its answer, and it passed
	Error     float64 `json:"error,omitempty"`
	Tolerance float64 `json:"tolerance,omitempty"`
	Rate      float64 `json:"rate,omitempty"`
	RateUnit  string  `json:"rate_unit,omitempty"`
	Checksum  string  `json:"checksum,omitempty"`
	Simulated bool    `json:"simulated,omitempty"`
	Load      string  `json:"load,omitempty"`  // of the last minute, before it
	Clock     float64 `json:"clock,omitempty"` // MHz of the GPU, after it
	Celsius   float64 `json:"celsius,omitempty"`

	Excluded string `json:"excluded,omitempty"`
	Detail   string `json:"detail,omitempty"`
}

// Counts tells whether it is one to be counted.
func (s *Sample) Counts() bool { return !s.WarmUp && s.Excluded == "" }

// Phase is which of a sample's times is meant.
type Phase string

const (
	Kernel   Phase = "kernel"
	Device   Phase = "device"
	EndToEnd Phase = "end_to_end"
)

// Phases in the order of tables.
var Phases = []Phase{Kernel, Device, EndToEnd}

// Time is that of a phase; 0: not measured.
func (s *Sample) Time(p Phase) float64 {
	switch p {
	case Kernel:
		return s.Kernel
	case Device:
		return s.Device
	}
	return s.EndToEnd
}

// Case is the one of that name, or nil.
func (r *Results) Case(name string) *Case {
	for i := range r.Cases {
		if r.Cases[i].Name == name {
			return &r.Cases[i]
		}
	}
	return nil
}

// Side is the one of that name, or nil.
func (c *Case) Side(name string) *Side {
	for i := range c.Sides {
		if c.Sides[i].Name == name {
			return &c.Sides[i]
		}
	}
	return nil
}

// HasGPU tells whether any side ran on a GPU that is real.
func (r *Results) HasGPU() bool {
	for _, c := range r.Cases {
		for _, s := range c.Sides {
			if s.Device == turno.DeviceGPU && !s.Simulated {
				return true
			}
		}
	}
	return false
}

// Write writes it, with one line a sample.
func (r *Results) Write(w io.Writer) error {
	samples := r.Samples
	head := *r
	head.Samples = []Sample{}
	text, err := json.MarshalIndent(head, "", "  ")
	if err != nil {
		return fmt.Errorf("encode results: %w", err)
	}
	const end = "\"samples\": []\n}"
	text = bytes.TrimSuffix(text, []byte(end))
	b := bytes.NewBuffer(text)
	b.WriteString("\"samples\": [")
	for i := range samples {
		line, err := json.Marshal(&samples[i])
		if err != nil {
			return fmt.Errorf("encode sample %d: %w", i, err)
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("\n    ")
		b.Write(line)
	}
	b.WriteString("\n  ]\n}\n")
	_, err = w.Write(b.Bytes())
	return err
}

// Read reads and checks a file.
func Read(data []byte) (*Results, error) {
	var version struct {
		SchemaVersion int `json:"schema_version"`
	}
	if err := json.Unmarshal(data, &version); err != nil {
		return nil, fmt.Errorf("read results: %w", err)
	}
	if version.SchemaVersion != SchemaVersion {
		return nil, fmt.Errorf("read results: schema_version is %d, this turno reads %d: is it a file of turno bench run?", version.SchemaVersion, SchemaVersion)
	}
	r := &Results{}
	if err := json.Unmarshal(data, r); err != nil {
		return nil, fmt.Errorf("read results: %w", err)
	}
	return r, r.check()
}

// What a file may hold at most. It may come from a stranger, by the API, and
// tables and charts are made of all of it.
const (
	maxSides   = 600 // of all cases together; the suite full has some 40
	maxName    = 200
	maxNumber  = 1 << 20 // of a block, a thread
	shortest   = 1e-12
	longest    = 1e9 // seconds
	maxSession = 1000
)

// check lets no sample through that the analysis could not place.
func (r *Results) check() error {
	if n := len(r.Sessions); n == 0 || n > maxSession {
		return fmt.Errorf("check results: there is no session, or more than %d: %d", maxSession, n)
	}
	if err := r.checkCases(); err != nil {
		return err
	}
	for _, s := range r.Stops {
		if r.Case(s.Case) == nil || !slices.Contains(stopReasons, s.Reason) {
			return fmt.Errorf("check results: %q ended as %q, which is not known", s.Case, s.Reason)
		}
	}
	sides := map[[2]string]bool{}
	for _, c := range r.Cases {
		for _, s := range c.Sides {
			sides[[2]string{c.Name, s.Name}] = true
		}
	}
	for i := range r.Samples {
		s := &r.Samples[i]
		switch {
		case !sides[[2]string{s.Case, s.Side}]:
			return fmt.Errorf("check results: sample %d is of %q, %q, which is not among the cases", i, s.Case, s.Side)
		case s.Block < -1 || s.Block > maxNumber:
			return fmt.Errorf("check results: sample %d is of block %d", i, s.Block)
		case s.Excluded != "" && !slices.Contains(exclusions, s.Excluded):
			return fmt.Errorf("check results: sample %d is left out as %q, which is not known", i, s.Excluded)
		}
		for _, v := range []float64{s.Kernel, s.Device, s.EndToEnd, s.Queue} {
			if v != 0 && !(v >= shortest && v <= longest) {
				return fmt.Errorf("check results: sample %d has a time of %g s", i, v)
			}
		}
	}
	return nil
}

func (r *Results) checkCases() error {
	seen, sides := map[string]bool{}, 0
	for _, c := range r.Cases {
		if seen[c.Name] || c.Name == "" || len(c.Sides) == 0 || len(c.Name) > maxName || len(c.Type) > maxName || len(c.SizeOf) > maxName {
			return fmt.Errorf("check results: the case %.200q has no name or no side, a very long name, or is there twice", c.Name)
		}
		seen[c.Name] = true
		if sides += len(c.Sides); sides > maxSides {
			return fmt.Errorf("check results: there are more than %d sides", maxSides)
		}
		if c.Size < 0 || c.Size > 1e18 {
			return fmt.Errorf("check results: the case %q has the size %g", c.Name, c.Size)
		}
		for _, s := range c.Sides {
			if s.Name == "" || len(s.Name) > maxName || len(s.Engine) > maxName || s.Threads < 0 || s.Threads > maxNumber {
				return fmt.Errorf("check results: the case %q has a side %.200q with %d threads", c.Name, s.Name, s.Threads)
			}
		}
	}
	return nil
}
