package sqlstore

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"turno"
	"turno/internal/store"
	"turno/internal/store/storetest"
)

// FuzzRecord holds the hand-written encoder to encoding/json, and what it
// writes to what is read back.
func FuzzRecord(f *testing.F) {
	for seed := range uint64(300) {
		f.Add(seed, seed%2 == 0, "text \xff\u2028\x00\"", int64(seed), []byte(`{"a":1}`))
	}
	f.Add(uint64(1), true, "<a>&\\\b\f\n\r\t\x1f\x7f\ufffd\xc3", int64(-1), []byte(`not JSON`))
	f.Fuzz(func(t *testing.T, seed uint64, sparse bool, text string, micros int64, output []byte) {
		j := storetest.RandomJob(rand.New(rand.NewPCG(seed, 7)), 1, sparse)
		j.Detail, j.NotUntil = text, time.UnixMicro(micros%(1<<52)).UTC()
		if len(j.Attempts) > 0 && j.Attempts[0].Result != nil {
			var compact bytes.Buffer
			if json.Compact(&compact, output) == nil {
				output = compact.Bytes()
			}
			j.Attempts[0].Result.Output = output
			j.Attempts[0].Worker = text
		}
		var want bytes.Buffer
		e := json.NewEncoder(&want)
		e.SetEscapeHTML(false)
		if err := e.Encode(recordOf(j)); err != nil {
			t.Fatal(err)
		}
		got := appendRecord(nil, j)
		if diff := cmp.Diff(strings.TrimSpace(want.String()), string(got)); diff != "" {
			t.Fatalf("(-encoding/json +turno):\n%s", diff)
		}
		var r record
		if err := json.Unmarshal(got, &r); err != nil {
			t.Fatalf("read %s: %v", got, err)
		}
		back := turno.Job{Number: j.Number, ID: j.ID, Parent: j.Parent, Spec: j.Spec, State: j.State}
		r.read(&back)
		clean := func(j *turno.Job) string {
			text, _ := json.Marshal(j) // an output that is not JSON: nothing, on both sides
			return strings.ReplaceAll(string(text), `\ufffd`, "\ufffd")
		}
		if diff := cmp.Diff(clean(j), clean(&back)); diff != "" {
			t.Fatalf("read back (-want +got):\n%s", diff)
		}
		results := func(j *turno.Job) (all []*turno.Result) {
			for _, a := range j.Attempts {
				all = append(all, a.Result)
			}
			return append(all, j.Result)
		}
		if diff := cmp.Diff(results(j), results(&back), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("results (-want +got):\n%s", diff)
		}
	})
}

func TestID_ComesBack(t *testing.T) {
	t.Parallel()
	const uuid = "01890a5d-ac96-774b-bcce-b302099a8057"
	seen := map[string]string{}
	ids := []string{
		uuid, uuid + "_0", uuid + "_12", uuid + "_2147483646", uuid + "_", uuid + "_01", uuid + "_-1", uuid + "_x",
		strings.ToUpper(uuid), "x", "42_7",
	}
	for n := range 20 {
		ids = append(ids, "abcdefghijklmnopqrstuvwxyz"[:n])
	}
	for _, id := range ids {
		packed, index := packID(nil, id)
		if got := unpackID(packed, index); got != id {
			t.Errorf("%q came back as %q", id, got)
		}
		key := fmt.Sprint(packed, index)
		if old, ok := seen[key]; ok && old != id {
			t.Errorf("%q and %q are stored alike", id, old)
		}
		seen[key] = id
	}
}

func TestEvents_ComeBack(t *testing.T) {
	t.Parallel()
	var events []turno.Event
	r := rand.New(rand.NewPCG(5, 6))
	for n := range int64(100) {
		events = append(events, store.EventOf(storetest.RandomJob(r, 1000-n, n%2 == 0), uint64(n)+50))
	}
	data := PackEvents(events)
	got, err := UnpackEvents(data, 149)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(events, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for n := range data { // cut short it is refused, and never a panic
		if _, err := UnpackEvents(data[:n], 149); err == nil {
			t.Fatalf("%d of %d bytes were taken", n, len(data))
		}
	}
}

func FuzzUnpackEvents(f *testing.F) {
	f.Add([]byte{1, 1, 1, 'a', 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 2})
	f.Fuzz(func(_ *testing.T, data []byte) { _, _ = UnpackEvents(data, 1000) })
}

func TestFeed_ForgetsTheOldest(t *testing.T) {
	t.Parallel()
	f := NewFeed(5)
	revision := uint64(5)
	add := func(n int) {
		var events []turno.Event
		for range n {
			revision++
			events = append(events, turno.Event{Revision: revision, Number: int64(revision)})
		}
		f.Add(events)
	}
	for _, n := range []int{1, 1000, 500, 3000, 100_000, 40_000, 200_000, 7} {
		add(n)
		f.Add([]turno.Event{{Revision: revision, Number: -1}}) // again: left out
		after := max(5, revision-min(revision, keep-10))
		for after < revision {
			events, next, err := f.Wait(t.Context(), after)
			if err != nil || events[0].Revision != after+1 || events[len(events)-1].Number != int64(next) {
				t.Fatalf("after %d of %d: %d events, %d, %v", after, revision, len(events), next, err)
			}
			after = next
		}
	}
	if _, _, err := f.Wait(t.Context(), 6); err != store.ErrReset {
		t.Errorf("what is long gone: %v", err)
	}
	f.Add([]turno.Event{{Revision: revision + 100}})
	if _, _, err := f.Wait(t.Context(), revision); err != store.ErrReset {
		t.Errorf("after a gap: %v", err)
	}
}
