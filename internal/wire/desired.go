package wire

import (
	"bytes"
	"encoding/json"

	"turno"
)

// EncodeDesired makes the bytes of a Desired, in a version from Common. A spec
// that stands in it several times one after the other, as that of an array's
// tasks does, is there once.
func EncodeDesired(d *turno.Desired, version int) ([]byte, error) {
	w := writer{b: append(make([]byte, 0, 256+64*len(d.Jobs)), kindDesired, byte(version)), version: version}
	w.text(d.Worker)
	w.text(d.Incarnation)
	w.uint(d.Term)
	w.uint(d.Seq)
	w.uint(d.SeenReport)
	w.int(int64(d.Lease))
	w.uint(uint64(len(d.Jobs)))
	var last specBytes
	for i := range d.Jobs {
		w.assignment(&d.Jobs[i], &last)
		w.later()
	}
	w.uint(oldest)
	w.uint(newest)
	w.later()
	return w.b, w.err
}

// specBytes is the JSON of the spec before.
type specBytes struct {
	spec *turno.Spec
	json []byte
}

func (w *writer) assignment(a *turno.Assignment, last *specBytes) {
	w.key(a.AttemptKey)
	w.int(a.LogStored)
	w.bool(a.Stop != nil)
	if a.Stop != nil {
		w.text(string(a.Stop.Reason))
		w.int(int64(a.Stop.Grace))
		w.bool(a.Stop.Unbegun)
	}
	w.bool(a.Task != nil)
	if a.Task == nil {
		return
	}
	t := a.Task
	w.text(t.ID)
	w.text(t.Display)
	w.int(int64(t.Index))
	w.int(t.ArrayOf)
	w.text(string(t.Device))
	w.uint(uint64(len(t.GPUs)))
	for _, g := range t.GPUs {
		w.text(g)
	}
	w.bool(t.Ahead)
	if last.spec != t.Spec {
		data, err := json.Marshal(t.Spec)
		if err != nil {
			w.err = err
		}
		if last.spec == nil || !bytes.Equal(data, last.json) {
			w.bool(false)
			w.bytes(data)
			*last = specBytes{t.Spec, data}
			return
		}
	}
	w.bool(true)
}

// DecodeDesired reads a Desired, and which versions its scheduler speaks. It
// shares nothing with b.
func DecodeDesired(b []byte) (*turno.Desired, turno.Versions, error) {
	var peer turno.Versions
	r, err := open(b, kindDesired)
	if err != nil {
		return nil, peer, err
	}
	d := &turno.Desired{
		Worker: r.text(), Incarnation: r.text(), Term: r.uint(), Seq: r.uint(), SeenReport: r.uint(),
		Lease: turno.Duration(r.int()),
	}
	d.Jobs = make([]turno.Assignment, r.count())
	var last *turno.Spec
	for i := range d.Jobs {
		last = r.assignment(&d.Jobs[i], last)
		r.later()
	}
	if r.version > 3 || len(r.b) > 0 { // the first turno of version 3 did not say
		peer = turno.Versions{Oldest: int(r.uint()), Newest: int(r.uint())}
	}
	r.later()
	return d, peer, r.err
}

func (r *reader) assignment(a *turno.Assignment, last *turno.Spec) *turno.Spec {
	a.AttemptKey = r.key()
	a.LogStored = r.int()
	if r.bool() {
		a.Stop = &turno.Stop{Reason: turno.Reason(r.text()), Grace: turno.Duration(r.int()), Unbegun: r.bool()}
	}
	if !r.bool() {
		return last
	}
	t := &turno.Task{ID: r.text(), Display: r.text(), Index: int(r.int()), ArrayOf: r.int(), Device: turno.Device(r.text())}
	for range r.count() {
		t.GPUs = append(t.GPUs, r.text())
	}
	t.Ahead = r.bool()
	if same := r.bool(); !same {
		last = r.spec()
	}
	if last == nil {
		r.fail()
		last = &turno.Spec{}
	}
	t.Spec, a.Task = last, t
	if t.ArrayOf != 0 {
		t.Array = last.Array
	}
	return last
}

func (r *reader) spec() *turno.Spec {
	p := r.bytes()
	if r.err != nil {
		return nil
	}
	s := &turno.Spec{}
	if json.Unmarshal(bytes.Clone(p), s) != nil {
		r.fail()
		return nil
	}
	return s
}
