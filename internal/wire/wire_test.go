package wire_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"turno"
	"turno/internal/wire"
)

func report() *turno.Report {
	now := time.UnixMicro(1_700_000_000_123_456).UTC()
	return &turno.Report{
		Worker: "w1", Incarnation: "i1", Seq: 7, Term: 3, SeenDesired: 9, Leaving: true,
		Machine: turno.Machine{Hostname: "h", CPUs: 2500, Memory: 1 << 40, GPUs: []turno.GPU{{UUID: "g", Model: "m"}}},
		Held: []turno.Hold{
			{AttemptKey: turno.AttemptKey{Job: 1, Attempt: 2}, State: turno.Running, StartedAt: now, Progress: &turno.Progress{Fraction: 0.5, Message: "ñ"}},
			{AttemptKey: turno.AttemptKey{Job: 1 << 40, Attempt: 1}, State: turno.Failed, StartedAt: now, EndedAt: now, Result: &turno.Result{
				State: turno.Failed, Reason: turno.ReasonSignal, Message: "x", Retryable: true, ExitCode: -1, Signal: "KILL",
				Device: turno.DeviceGPU, Simulated: true, Output: json.RawMessage(`{"a":1}`), LogBytes: 5, UserTime: 6, SysTime: 7, MaxMemory: 8,
				GPUs:      []turno.GPUUse{{UUID: "g", Model: "m", Simulated: true, Looks: 2, Utilisation: 1.5, Joules: 3}},
				Artifacts: &turno.Artifacts{Tree: turno.Tree{Manifest: "m", Files: 1, Bytes: 9}, List: []turno.File{{Path: "p", Hash: "h", Size: 9}}, Problem: "p"},
			}},
			{AttemptKey: turno.AttemptKey{Job: 3, Attempt: 1}, State: turno.Starting},
		},
	}
}

func desired() *turno.Desired {
	array := &turno.Spec{Type: "noop", Array: &turno.Array{Tasks: turno.Ranges{{First: 0, Last: 9, Step: 1}}}, CPUs: 1}
	return &turno.Desired{
		Worker: "w1", Incarnation: "i1", Term: 1, Seq: 2, SeenReport: 3, Lease: turno.Duration(time.Minute),
		Jobs: []turno.Assignment{
			{AttemptKey: turno.AttemptKey{Job: 1, Attempt: 1}, LogStored: 4, Stop: &turno.Stop{Reason: turno.ReasonCancelling, Grace: 5}},
			{AttemptKey: turno.AttemptKey{Job: 2, Attempt: 1}, Task: &turno.Task{ID: "a_0", Display: "1_0", ArrayOf: 1, Array: array.Array, Spec: array, Device: turno.DeviceCPU}},
			{AttemptKey: turno.AttemptKey{Job: 3, Attempt: 1}, Task: &turno.Task{ID: "a_1", Display: "1_1", Index: 1, ArrayOf: 1, Array: array.Array, Spec: array, Device: turno.DeviceCPU}},
			{AttemptKey: turno.AttemptKey{Job: 4, Attempt: 1}, Task: &turno.Task{ID: "b", Display: "4", Spec: &turno.Spec{Type: "exec", Params: json.RawMessage(`{"command":["x"]}`)}, Device: turno.DeviceGPU, GPUs: []string{"g1", "g2"}}},
		},
	}
}

func TestReport_ComesBackAsItWas(t *testing.T) {
	t.Parallel()
	want := report()
	var e wire.ReportEncoder
	if err := e.SetMachine(want.Machine); err != nil {
		t.Fatal(err)
	}
	var d wire.ReportDecoder
	for range 2 { // the second time the machine is known
		for version := wire.Speaks.Oldest; version <= wire.Speaks.Newest; version++ {
			b, err := e.Encode(want, version)
			if err != nil {
				t.Fatal(err)
			}
			got, err := d.Decode(b)
			if err != nil {
				t.Fatal(err)
			}
			if got.Held[1].Result.GPUs == nil && version < 4 { // readers of then do not know it
				got.Held[1].Result.GPUs = want.Held[1].Result.GPUs
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(version, diff)
			}
		}
	}
}

// TestReport_MachineIsPacked shows that the schemas of a runner's types cost a
// Report little, and come back.
func TestReport_MachineIsPacked(t *testing.T) {
	t.Parallel()
	want := report()
	schema := json.RawMessage(`{"type":"object","properties":{` + strings.Repeat(`"n":{"type":"integer","minimum":1,"description":"how many"},`, 40) + `"z":{}}}`)
	for _, name := range []string{"matmul", "train", "infer"} {
		want.Machine.Offers = append(want.Machine.Offers, turno.Offer{Type: name, Engine: "torch", Devices: []turno.Device{turno.DeviceCPU}, Schema: schema})
	}
	var e wire.ReportEncoder
	if err := e.SetMachine(want.Machine); err != nil {
		t.Fatal(err)
	}
	b, err := e.Encode(want, wire.Speaks.Newest)
	if err != nil || len(b) > 1000 {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	var d wire.ReportDecoder
	got, err := d.Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDesired_ComesBackAsItWas(t *testing.T) {
	t.Parallel()
	for version := wire.Speaks.Oldest; version <= wire.Speaks.Newest; version++ {
		b, err := wire.EncodeDesired(desired(), version)
		if err != nil {
			t.Fatal(err)
		}
		got, peer, err := wire.DecodeDesired(b)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(desired(), got); diff != "" || peer != wire.Speaks {
			t.Error(version, peer, diff)
		}
	}
}

// TestDesired_OfTheFirstTurno is what a scheduler sends that does not say what
// it speaks: there is nothing behind the last job.
func TestDesired_OfTheFirstTurno(t *testing.T) {
	t.Parallel()
	b, err := wire.EncodeDesired(desired(), 3)
	if err != nil {
		t.Fatal(err)
	}
	got, peer, err := wire.DecodeDesired(b[:len(b)-2])
	if diff := cmp.Diff(desired(), got); err != nil || diff != "" || peer != (turno.Versions{}) {
		t.Error(err, peer, diff)
	}
	if version, ok := wire.Common(peer); version != 3 || !ok {
		t.Errorf("it is spoken to in version %d, %t", version, ok)
	}
}

func TestCommon(t *testing.T) {
	t.Parallel()
	now := wire.Speaks
	for _, c := range []struct {
		peer    turno.Versions
		version int
		ok      bool
	}{
		{now, now.Newest, true},
		{turno.Versions{Oldest: now.Newest, Newest: now.Newest + 1}, now.Newest, true},
		{turno.Versions{Oldest: now.Oldest - 1, Newest: now.Oldest}, now.Oldest, true},
		{turno.Versions{Oldest: now.Newest + 1, Newest: now.Newest + 2}, now.Newest, false},
		{turno.Versions{Oldest: 1, Newest: now.Oldest - 1}, now.Oldest - 1, false},
	} {
		if version, ok := wire.Common(c.peer); version != c.version || ok != c.ok {
			t.Errorf("%v: %d, %t", c.peer, version, ok)
		}
	}
}

// TestReader_SkipsLaterFields: a newer turno adds fields in the blocks for
// them, and this one reads the message without them.
func TestReader_SkipsLaterFields(t *testing.T) {
	t.Parallel()
	d := &turno.Desired{Worker: "w", Incarnation: "i", Jobs: []turno.Assignment{}}
	b, err := wire.EncodeDesired(d, 4)
	if err != nil {
		t.Fatal(err)
	}
	b = append(b[:len(b)-1], 3, 'n', 'e', 'w')
	got, _, err := wire.DecodeDesired(b)
	if diff := cmp.Diff(d, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

// TestDecode_RefusesWhatIsCutOrChanged cuts at every byte and flips every byte:
// an error or another message, never a panic or a huge allocation.
func TestDecode_RefusesWhatIsCutOrChanged(t *testing.T) {
	t.Parallel()
	var e wire.ReportEncoder
	if err := e.SetMachine(report().Machine); err != nil {
		t.Fatal(err)
	}
	r, err := e.Encode(report(), wire.Speaks.Newest)
	if err != nil {
		t.Fatal(err)
	}
	d, err := wire.EncodeDesired(desired(), wire.Speaks.Newest)
	if err != nil {
		t.Fatal(err)
	}
	decode := map[byte]func([]byte) error{
		'R': func(b []byte) error { _, err := new(wire.ReportDecoder).Decode(b); return err },
		'D': func(b []byte) error { _, _, err := wire.DecodeDesired(b); return err },
	}
	for _, whole := range [][]byte{r, d} {
		for i := range whole {
			if err := decode[whole[0]](whole[:i]); err == nil {
				t.Fatalf("%c cut at %d of %d was taken", whole[0], i, len(whole))
			}
			b := bytes.Clone(whole)
			b[i] ^= 0xff
			_ = decode[whole[0]](b) // must come back
		}
		newer := bytes.Clone(whole)
		newer[1] = 99
		if e, ok := errors.AsType[*wire.VersionError](decode[whole[0]](newer)); !ok || e.Version != 99 {
			t.Errorf("another version: %v", e)
		}
	}
}

func BenchmarkReport(b *testing.B) {
	r := report()
	for i := range 2000 {
		r.Held = append(r.Held, turno.Hold{AttemptKey: turno.AttemptKey{Job: int64(i), Attempt: 1}, State: turno.Succeeded,
			Result: &turno.Result{State: turno.Succeeded, Reason: turno.ReasonCompleted, Output: json.RawMessage(`{"ok":true}`)}})
	}
	var e wire.ReportEncoder
	if err := e.SetMachine(r.Machine); err != nil {
		b.Fatal(err)
	}
	var d wire.ReportDecoder
	for b.Loop() {
		data, err := e.Encode(r, wire.Speaks.Newest)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := d.Decode(data); err != nil {
			b.Fatal(err)
		}
	}
}
