package service

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"turno"
	"turno/internal/broker"
	brokermem "turno/internal/broker/mem"
	storemem "turno/internal/store/mem"
)

// fill sets every field of a struct to something that is not its zero value.
func fill(t *testing.T, v reflect.Value) {
	switch x := v.Addr().Interface().(type) {
	case *time.Time:
		*x = time.Date(2030, 1, 2, 3, 4, 5, 678_000_000, time.FixedZone("", 3600))
		return
	case *json.RawMessage:
		*x = json.RawMessage(`{"a": [1, "é<"]}`)
		return
	case **turno.Array:
		*x = &turno.Array{Tasks: turno.Ranges{{First: 1, Last: 9, Step: 2}}, Limit: 3}
		return
	case **turno.Interactive:
		*x = &turno.Interactive{Stdin: true, TTY: true, Rows: 50, Cols: 132}
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("é \"q\" \\ <&> \u2028 \n\x01 " + v.Type().String())
	case reflect.Int, reflect.Int64:
		v.SetInt(1_234_567_891)
	case reflect.Uint32:
		v.SetUint(0o755)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem())
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(t, v.Index(i))
		}
	case reflect.Map:
		v.Set(reflect.ValueOf(map[string]string{"http_proxy": "ü", "HTTP_PROXY": "\t"}))
	case reflect.Struct:
		for _, field := range v.Fields() {
			fill(t, field)
		}
	default:
		t.Fatalf("fill a %s", v.Type())
	}
}

// TestAppendSpec_AsEncodingJSON fails when Spec has a field that appendSpec
// does not write, or writes otherwise.
func TestAppendSpec_AsEncodingJSON(t *testing.T) {
	t.Parallel()
	var full turno.Spec
	fill(t, reflect.ValueOf(&full).Elem())
	specs := []turno.Spec{full, {}, {Type: "noop", CPUs: 1000, Grace: turno.DefaultGrace}}
	for i := range reflect.TypeFor[turno.Spec]().NumField() { // each field alone
		var one turno.Spec
		fill(t, reflect.ValueOf(&one).Elem().Field(i))
		specs = append(specs, one)
	}
	for _, spec := range specs {
		want, err := json.Marshal(&spec)
		if err != nil {
			t.Fatal(err)
		}
		got, err := appendSpec([]byte("x"), &spec)
		if err != nil {
			t.Fatal(err)
		}
		var a, b any
		if err := errors.Join(json.Unmarshal(want, &a), json.Unmarshal(got[1:], &b)); err != nil || !reflect.DeepEqual(a, b) {
			t.Errorf("%v\ngot  %s\nwant %s", err, got[1:], want)
		}
	}
	if _, err := appendSpec(nil, &turno.Spec{Begin: time.Date(20_000, 1, 1, 0, 0, 0, 0, time.UTC)}); err == nil {
		t.Error("a year that JSON does not know")
	}
}

func TestIDs_AreSortedAndDistinct(t *testing.T) {
	t.Parallel()
	var s ids
	now := time.Date(2030, 1, 2, 3, 4, 5, 999_999_999, time.UTC)
	var all []string
	for range 10_000 {
		all = append(all, s.next(now))
	}
	if !slices.IsSorted(all) || len(slices.Compact(slices.Clone(all))) != len(all) {
		t.Error("not sorted, or not distinct")
	}
	for _, id := range []string{all[0], all[9_999]} {
		made, ok := turno.IDTime(id)
		if !turno.ValidID(id) || !ok || made.Sub(now).Abs() > 5*time.Millisecond || !strings.ContainsRune("89ab", rune(id[19])) {
			t.Errorf("%s was made at %s", id, made)
		}
	}
}

func TestQuickReply_ReadsOnlyWhatItKnows(t *testing.T) {
	t.Parallel()
	const a, b = "0190a000-0000-7000-8000-000000000000", "0190a000-0000-7000-8000-000000000001"
	entry := func(id string, n int64) turno.Submitted { return turno.Submitted{ID: id, Number: n} }
	for name, c := range map[string]struct {
		reply turno.SubmissionReply
		jobs  int
		quick bool
	}{
		"one":       {turno.SubmissionReply{Version: 1, Jobs: []turno.Submitted{entry(a, 7)}}, 1, true},
		"two":       {turno.SubmissionReply{Version: 1, Jobs: []turno.Submitted{entry(a, 1), entry(b, 999_999_999_999)}}, 2, true},
		"too few":   {turno.SubmissionReply{Version: 1, Jobs: []turno.Submitted{entry(a, 7)}}, 2, false},
		"too many":  {turno.SubmissionReply{Version: 1, Jobs: []turno.Submitted{entry(a, 7), entry(b, 8)}}, 1, false},
		"no number": {turno.SubmissionReply{Version: 1, Jobs: []turno.Submitted{entry(a, 0)}}, 1, false},
		"warning":   {turno.SubmissionReply{Version: 1, Jobs: []turno.Submitted{{ID: a, Number: 1, Warning: "w"}}}, 1, false},
		"refused":   {turno.SubmissionReply{Version: 1, Jobs: []turno.Submitted{{ID: a, Error: turno.Invalid("x", "y")}}}, 1, false},
		"as whole":  {turno.SubmissionReply{Version: 1, Error: turno.Invalid("x", "y")}, 1, false},
		"version 2": {turno.SubmissionReply{Version: 2, Jobs: []turno.Submitted{entry(a, 7)}}, 1, false},
	} {
		body, err := json.Marshal(c.reply)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]int64, c.jobs)
		if ok := quickReply(body, c.jobs, func(i int, n int64) { got[i] = n }); ok != c.quick {
			t.Errorf("%s: %v for %s", name, ok, body)
		} else if ok && got[c.jobs-1] != c.reply.Jobs[c.jobs-1].Number {
			t.Errorf("%s: got %v", name, got)
		}
		for cut := range body {
			if quickReply(body[:cut], c.jobs, func(int, int64) {}) {
				t.Errorf("%s: takes %s", name, body[:cut])
			}
		}
	}
}

// answerer replies to submissions when it is told to.
func answerer(t *testing.T, b *brokermem.Broker) func(n int) {
	c, err := b.Consume(t.Context(), broker.JobsQueue, broker.ConsumeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var waiting []broker.Delivery
	return func(n int) {
		for len(waiting) < n {
			ds, err := c.Receive(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			waiting = append(waiting, ds...)
		}
		for _, d := range waiting[:n] {
			var in turno.Submission
			if err := json.Unmarshal(d.Body, &in); err != nil {
				t.Error(err)
			}
			reply, _ := json.Marshal(turno.SubmissionReply{Version: 1, Jobs: []turno.Submitted{{ID: in.Jobs[0].ID, Number: 1}}})
			if err := errors.Join(b.Reply(t.Context(), d.Message, reply), c.Ack(t.Context(), d)); err != nil {
				t.Error(err)
			}
		}
		waiting = waiting[n:]
	}
}

// TestSubmit_PatienceWithABusyScheduler: a scheduler that answers others is
// waited for; one that is silent for two seconds is not, unless nothing better
// than "unknown" can be answered: then for ten.
func TestSubmit_PatienceWithABusyScheduler(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		durable bool
		code    turno.Code
		took    time.Duration
	}{{true, "", 8 * time.Second}, {false, turno.CodeUnavailable, 16 * time.Second}} {
		synctest.Test(t, func(t *testing.T) { submitWhileBusy(t, c.durable, c.code, c.took) })
	}
}

func submitWhileBusy(t *testing.T, durable bool, code turno.Code, took time.Duration) {
	b := brokermem.New()
	s, err := New(Options{Broker: b, Store: storemem.New(), Durable: durable})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	answer := answerer(t, b)
	type outcome struct {
		out  []turno.Submitted
		took time.Duration
	}
	done := make(chan outcome, 8)
	submit := func() {
		began := time.Now()
		out, err := s.Submit(ctx, []turno.NewJob{{Spec: &turno.Spec{Type: "noop"}}})
		if err != nil {
			t.Error(err)
		}
		done <- outcome{out, time.Since(began)}
	}
	for range 5 {
		go submit()
	}
	for range 4 {
		<-time.After(1500 * time.Millisecond)
		answer(1)
		if o := <-done; o.out[0].Error != nil {
			t.Errorf("gave up after %s: %v", o.took, o.out[0].Error)
		}
	}
	o := <-done // four answers at 1.5, 3, 4.5 and 6 s, then silence
	got := turno.Code("")
	if o.out[0].Error != nil {
		got = o.out[0].Error.Code
	}
	if got != code || o.took != took {
		t.Errorf("durable %v: after %s %+v", durable, o.took, o.out[0])
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("run: %v", err)
	}
	if _, err := s.Workers(t.Context()); !errors.Is(err, errStopping) {
		t.Errorf("after its end: %v", err)
	}
}

func TestRun_EndsWhenTheBrokerDoes(t *testing.T) {
	t.Parallel()
	b := brokermem.New()
	s, err := New(Options{Broker: b, Store: storemem.New(), AskTimeout: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Run(t.Context()) }()
	if _, err := s.wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, broker.ErrClosed) {
		t.Errorf("run: %v", err)
	}
}

func TestPacker_SplitsByJobsAndBytes(t *testing.T) {
	t.Parallel()
	s, err := New(Options{Broker: brokermem.New(), Store: storemem.New()})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ jobs, params, parcels int }{
		"by number": {2500, 1, 3}, "by bytes": {10, 250 << 10, 3}, "one": {1, 1, 1},
	} {
		p := packer{s: s, now: time.Now()}
		total := 0
		for i := range c.jobs {
			spec := &turno.Spec{Type: "noop", Params: fmt.Appendf(nil, `"%s"`, bytes.Repeat([]byte("x"), c.params))}
			if _, err := p.add(t.Context(), i, &turno.NewJob{Spec: spec}); err != nil {
				t.Fatal(err)
			}
		}
		for _, body := range p.bodies() {
			var in turno.Submission
			if err := json.Unmarshal(body, &in); err != nil || len(body) > parcelBytes {
				t.Fatalf("%s: %d bytes, %v", name, len(body), err)
			}
			total += len(in.Jobs)
		}
		if total != c.jobs || len(p.parcels) != c.parcels {
			t.Errorf("%s: %d jobs in %d parcels", name, total, len(p.parcels))
		}
	}
}
