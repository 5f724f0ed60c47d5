package sqlstore

import (
	"encoding/binary"
	"fmt"
	"time"

	"turno"
)

// The changes of one commit travel to other processes as bytes: a version, the
// texts that occur, each once, then a line of numbers for each event. 1000
// events of one queue take some 25 bytes each and the names.

const eventsVersion = 1

// PackEvents makes bytes of events, without their revisions.
func PackEvents(events []turno.Event) []byte {
	texts := map[string]uint64{}
	var head, body []byte
	ref := func(text string) {
		n, ok := texts[text]
		if !ok {
			n = uint64(len(texts))
			texts[text] = n
			head = binary.AppendUvarint(head, uint64(len(text)))
			head = append(head, text...)
		}
		body = binary.AppendUvarint(body, n)
	}
	var number, at int64
	for i := range events {
		e := &events[i]
		body = binary.AppendVarint(body, e.Number-number)
		body = binary.AppendVarint(body, e.Parent)
		body = binary.AppendVarint(body, int64(e.Task))
		for _, text := range []string{e.Name, e.Queue, e.Type, string(e.State), string(e.Reason), e.Worker} {
			ref(text)
		}
		micros := e.At.UnixMicro()
		body = binary.AppendVarint(body, micros-at)
		number, at = e.Number, micros
	}
	out := binary.AppendUvarint([]byte{eventsVersion}, uint64(len(texts)))
	out = append(out, head...)
	out = binary.AppendUvarint(out, uint64(len(events)))
	return append(out, body...)
}

// UnpackEvents reads them; last is the revision of the last one.
func UnpackEvents(data []byte, last uint64) ([]turno.Event, error) {
	if len(data) == 0 || data[0] != eventsVersion {
		return nil, fmt.Errorf("events are not of version %d", eventsVersion)
	}
	d := decoder{rest: data[1:]}
	texts := make([]string, d.length())
	for i := range texts {
		texts[i] = d.text()
	}
	ref := func() string {
		if n := d.unsigned(); n < uint64(len(texts)) {
			return texts[n]
		}
		d.bad = true
		return ""
	}
	events := make([]turno.Event, d.length())
	var number, at int64
	for i := range events {
		e := &events[i]
		e.Revision = last - uint64(len(events)-1-i)
		number += d.signed()
		e.Number, e.Parent, e.Task = number, d.signed(), int(d.signed())
		e.Name, e.Queue, e.Type = ref(), ref(), ref()
		e.State, e.Reason, e.Worker = turno.State(ref()), turno.Reason(ref()), ref()
		at += d.signed()
		if t := time.UnixMicro(at).UTC(); !t.IsZero() {
			e.At = t
		}
	}
	if d.bad || len(d.rest) > 0 {
		return nil, fmt.Errorf("events up to %d cannot be read", last)
	}
	return events, nil
}

// decoder reads what was packed; bad says that it was not.
type decoder struct {
	rest []byte
	bad  bool
}

func (d *decoder) unsigned() uint64 {
	v, n := binary.Uvarint(d.rest)
	d.skip(n)
	return v
}

func (d *decoder) signed() int64 {
	v, n := binary.Varint(d.rest)
	d.skip(n)
	return v
}

func (d *decoder) skip(n int) {
	if n <= 0 {
		d.bad, d.rest, n = true, nil, 0
	}
	d.rest = d.rest[n:]
}

// length is a number of things of at least a byte each.
func (d *decoder) length() int {
	n := d.unsigned()
	if n > uint64(len(d.rest)) {
		d.bad = true
		return 0
	}
	return int(n)
}

func (d *decoder) text() string {
	n := d.length()
	s := string(d.rest[:n])
	d.rest = d.rest[n:]
	return s
}
