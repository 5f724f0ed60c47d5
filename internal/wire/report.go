package wire

import (
	"bytes"
	"compress/flate"
	"encoding/json"
	"fmt"
	"io"

	"turno"
)

const (
	// packFrom is the size of a Machine's JSON from which it travels deflated: a
	// plain worker's is below it, one with the schemas of a runner's types is not.
	packFrom = 2 << 10
	// maxMachine bounds what a Machine may unpack to: a hundred large schemas.
	maxMachine = 16 << 20
)

// ReportEncoder makes Reports; it keeps the JSON of a Machine that has not
// changed. One goroutine uses it.
type ReportEncoder struct {
	json []byte
	buf  []byte
}

// SetMachine must be called before the first Encode, and when the worker's
// description changes.
func (e *ReportEncoder) SetMachine(m turno.Machine) error {
	data, err := json.Marshal(m)
	if err != nil {
		return err
	}
	if len(data) > maxMachine {
		return fmt.Errorf("it takes %d bytes; at most %d are sent", len(data), maxMachine)
	}
	if len(data) >= packFrom {
		data, err = deflate(data)
	}
	if err == nil {
		e.json = data
	}
	return err
}

// deflate packs a Machine; a first byte that no JSON object has tells it.
func deflate(data []byte) ([]byte, error) {
	out := bytes.NewBuffer([]byte{packed})
	w, err := flate.NewWriter(out, flate.BestCompression) // once, then sent in every Report
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	err = w.Close()
	return out.Bytes(), err
}

const packed = 1

func inflate(data []byte) ([]byte, error) {
	if len(data) == 0 || data[0] != packed {
		return data, nil
	}
	r := flate.NewReader(bytes.NewReader(data[1:]))
	out, err := io.ReadAll(io.LimitReader(r, maxMachine+1))
	if err == nil && len(out) > maxMachine {
		err = ErrMalformed
	}
	return out, err
}

// Encode makes the bytes of a Report, with the Machine of SetMachine, in a
// version from Common. They are the caller's.
func (e *ReportEncoder) Encode(r *turno.Report, version int) ([]byte, error) {
	w := writer{b: append(e.buf[:0], kindReport, byte(version)), version: version}
	w.text(r.Worker)
	w.text(r.Incarnation)
	w.uint(r.Seq)
	w.uint(r.Term)
	w.uint(r.SeenDesired)
	w.bool(r.Leaving)
	w.bytes(e.json)
	w.uint(uint64(len(r.Held)))
	for i := range r.Held {
		w.hold(&r.Held[i])
		w.laterHold(&r.Held[i])
	}
	w.later()
	e.buf = w.b
	return bytes.Clone(w.b), w.err
}

func (w *writer) key(k turno.AttemptKey) {
	w.int(k.Job)
	w.int(int64(k.Attempt))
}

func (r *reader) key() turno.AttemptKey {
	return turno.AttemptKey{Job: r.int(), Attempt: int(r.int())}
}

func (w *writer) hold(h *turno.Hold) {
	w.key(h.AttemptKey)
	w.uint(stateNumber(h.State))
	w.time(h.StartedAt)
	w.time(h.EndedAt)
	w.bool(h.Result != nil)
	if h.Result != nil {
		w.result(h.Result)
	}
	w.bool(h.Progress != nil)
	if h.Progress != nil {
		w.json(h.Progress)
	}
}

func (r *reader) hold(h *turno.Hold) {
	h.AttemptKey = r.key()
	h.State = r.state()
	h.StartedAt = r.time()
	h.EndedAt = r.time()
	if r.bool() {
		h.Result = &turno.Result{}
		r.result(h.Result)
	}
	if r.bool() {
		h.Progress = &turno.Progress{}
		r.json(h.Progress)
	}
}

// laterHold is what came to a hold after version 4, all of it of its result.
type laterHold struct {
	GPUs  []turno.GPUUse `json:"gpus,omitempty"`
	Fetch int64          `json:"fetch,omitempty"` // nanoseconds
	Start int64          `json:"start,omitempty"`
	Store int64          `json:"store,omitempty"`
}

func (w *writer) laterHold(h *turno.Hold) {
	if r := h.Result; w.version >= 4 && r != nil && (len(r.GPUs) > 0 || r.FetchTime|r.StartTime|r.StoreTime != 0) {
		w.json(laterHold{r.GPUs, int64(r.FetchTime), int64(r.StartTime), int64(r.StoreTime)})
		return
	}
	w.later()
}

func (r *reader) laterHold(h *turno.Hold) {
	if r.version < 4 {
		return
	}
	p := r.bytes()
	if len(p) == 0 {
		return
	}
	var x laterHold
	if json.Unmarshal(p, &x) != nil {
		r.fail()
	} else if h.Result != nil {
		h.Result.GPUs = x.GPUs
		h.Result.FetchTime, h.Result.StartTime, h.Result.StoreTime = turno.Duration(x.Fetch), turno.Duration(x.Start), turno.Duration(x.Store)
	}
}

func (w *writer) result(x *turno.Result) {
	w.uint(stateNumber(x.State))
	w.text(string(x.Reason))
	w.text(x.Message)
	w.bool(x.Retryable)
	w.int(int64(x.ExitCode))
	w.text(x.Signal)
	w.text(string(x.Device))
	w.bool(x.Simulated)
	w.bytes(x.Output)
	w.int(x.LogBytes)
	w.int(int64(x.UserTime))
	w.int(int64(x.SysTime))
	w.int(x.MaxMemory)
	w.bool(x.Artifacts != nil)
	if x.Artifacts != nil {
		w.json(x.Artifacts)
	}
}

func (r *reader) result(x *turno.Result) {
	x.State = r.state()
	x.Reason = turno.Reason(r.text())
	x.Message = r.text()
	x.Retryable = r.bool()
	x.ExitCode = int(r.int())
	x.Signal = r.text()
	x.Device = turno.Device(r.text())
	x.Simulated = r.bool()
	if p := r.bytes(); len(p) > 0 {
		x.Output = bytes.Clone(p)
		if !json.Valid(p) {
			r.fail()
		}
	}
	x.LogBytes = r.int()
	x.UserTime = turno.Duration(r.int())
	x.SysTime = turno.Duration(r.int())
	x.MaxMemory = r.int()
	if r.bool() {
		x.Artifacts = &turno.Artifacts{}
		r.json(x.Artifacts)
	}
}

// ReportDecoder reads Reports; it keeps each worker's Machine while its bytes
// do not change. One goroutine uses it.
type ReportDecoder struct {
	machines map[string]seenMachine
}

type seenMachine struct {
	json    []byte
	machine turno.Machine
}

// Decode reads a Report. It shares nothing with b, but its Machine with other
// Reports of the same worker: it must not be written to.
func (d *ReportDecoder) Decode(b []byte) (*turno.Report, error) {
	r, err := open(b, kindReport)
	if err != nil {
		return nil, err
	}
	x := &turno.Report{Worker: r.text(), Incarnation: r.text(), Seq: r.uint(), Term: r.uint(), SeenDesired: r.uint(), Leaving: r.bool()}
	d.machine(r, x)
	x.Held = make([]turno.Hold, r.count())
	for i := range x.Held {
		r.hold(&x.Held[i])
		r.laterHold(&x.Held[i])
	}
	r.later()
	return x, r.err
}

func (d *ReportDecoder) machine(r *reader, x *turno.Report) {
	data := r.bytes()
	if seen, ok := d.machines[x.Worker]; ok && bytes.Equal(seen.json, data) {
		x.Machine = seen.machine
		return
	}
	if r.err != nil {
		return
	}
	text, err := inflate(data)
	if err != nil || json.Unmarshal(text, &x.Machine) != nil {
		r.fail()
		return
	}
	if d.machines == nil {
		d.machines = map[string]seenMachine{}
	}
	d.machines[x.Worker] = seenMachine{bytes.Clone(data), x.Machine}
}
