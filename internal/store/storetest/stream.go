package storetest

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"turno"
	"turno/internal/store"
)

func s11Logs(t *testing.T, f Factory) {
	w := newWriter(t, f.New(t))
	k := logOf
	put := func(offset int64, text string) turno.LogChunk {
		return turno.LogChunk{AttemptKey: k, Offset: offset, Data: []byte(text)}
	}
	check := func(want string) {
		t.Helper()
		for offset := range int64(len(want) + 3) {
			for _, limit := range []int{0, 1, 4, 1000} {
				from := min(offset, int64(len(want)))
				to := min(from+int64(limit), int64(len(want)))
				got, size, err := w.ReadLog(t.Context(), k, offset, limit)
				if err != nil || size != int64(len(want)) || string(got) != want[from:to] {
					t.Fatalf("ReadLog(%d, %d): %q of %d, %v; want %q", offset, limit, got, size, err, want[from:to])
				}
			}
		}
	}
	check("")
	w.commit(store.Batch{Logs: []turno.LogChunk{put(0, "abc")}})
	check("abc")
	w.commit(store.Batch{Logs: []turno.LogChunk{put(0, "abc")}}) // repeats
	w.commit(store.Batch{Logs: []turno.LogChunk{put(1, "b"), put(3, ""), put(0, "")}})
	check("abc")
	w.commit(store.Batch{Logs: []turno.LogChunk{put(2, "cdef")}}) // overlaps
	check("abcdef")
	// Several in one batch build on each other.
	w.commit(store.Batch{Logs: []turno.LogChunk{put(6, "gh"), put(7, "hi"), put(9, "\x00\xff"), put(3, "defghi")}})
	check("abcdefghi\x00\xff")
	w.refused(store.ErrLogGap, store.Batch{Term: w.term, Logs: []turno.LogChunk{put(12, "x")}})
	w.refused(store.ErrLogGap, store.Batch{Term: w.term, Logs: []turno.LogChunk{put(11, "x"), put(13, "x")}})
	w.refused(store.ErrLogGap, store.Batch{Term: w.term, Logs: []turno.LogChunk{put(-1, "x")}})
	check("abcdefghi\x00\xff")
	// Other attempts have other logs.
	other := turno.AttemptKey{Job: k.Job, Attempt: 2}
	big := bytes.Repeat([]byte("0123456789abcdef"), 20_000)
	w.commit(store.Batch{Logs: []turno.LogChunk{{AttemptKey: other, Data: big}}})
	got, size, err := w.ReadLog(t.Context(), other, 100_001, 150_000)
	if err != nil || size != int64(len(big)) || !bytes.Equal(got, big[100_001:250_001]) {
		t.Fatalf("ReadLog of much: %d of %d bytes, %v", len(got), size, err)
	}
	check("abcdefghi\x00\xff")
}

// events reads until there are n.
func events(t testing.TB, s store.Store, after uint64, n int) []turno.Event {
	t.Helper()
	var got []turno.Event
	for len(got) < n {
		some, next, err := s.Changes(t.Context(), after)
		if err != nil || len(some) == 0 || next != some[len(some)-1].Revision {
			t.Fatalf("Changes(%d): %d events, %d, %v", after, len(some), next, err)
		}
		got, after = append(got, some...), next
	}
	return got
}

func s12Changes(t *testing.T, f Factory) {
	w := newWriter(t, f.New(t))
	start := newest(t, w.Store)
	jobs := w.add(3, func(j *turno.Job) {
		j.Attempts = []turno.Attempt{{Number: 1, Worker: "w1"}}
		if j.Number == 3 {
			j.ID, j.Parent, j.Task = id(1)+"_5", 1, 5
		}
	})
	w.commit(store.Batch{Jobs: jobs})
	w.commit(store.Batch{Workers: []turno.Worker{{Name: "w1"}}}) // changes no job
	moved := move(jobs[1].Job, turno.Running)
	w.commit(store.Batch{Jobs: []store.Change{moved}})
	var want []turno.Event
	for i, c := range append(jobs, moved) {
		want = append(want, store.EventOf(c.Job, start+uint64(i)+1))
	}
	equal(t, "events", events(t, w.Store, start, 4), want)
	equal(t, "later events", events(t, w.Store, start+2, 2), want[2:])
	equal(t, "newest", newest(t, w.Store), start+4)
}

func s12Waits(t *testing.T, f Factory) {
	w := newWriter(t, f.New(t))
	start := newest(t, w.Store)
	type answer struct {
		events []turno.Event
		err    error
	}
	answers := make(chan answer)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for range 3 {
		go func() {
			events, _, err := w.Changes(ctx, start)
			answers <- answer{events, err}
		}()
	}
	w.commit(store.Batch{Jobs: w.add(1, nil)})
	for range 3 {
		if a := <-answers; a.err != nil || len(a.events) != 1 {
			t.Errorf("Changes: %+v", a)
		}
	}
}

func s12Reset(t *testing.T, f Factory) {
	w := newWriter(t, f.New(t))
	seed(w)
	now := newest(t, w.Store)
	if _, _, err := w.Changes(t.Context(), now+1); !errors.Is(err, store.ErrReset) {
		t.Errorf("a revision not yet given: %v", err)
	}
	if f.Again == nil {
		return
	}
	s := f.Again(t, w.Store)
	got, _, err := s.Changes(t.Context(), now-3)
	if !errors.Is(err, store.ErrReset) && len(got) != 3 {
		t.Errorf("after opening again: %v, %v", got, err)
	}
	w2 := newWriter(t, s)
	w2.next = w.next
	w2.commit(store.Batch{Jobs: w2.add(2, nil)})
	equal(t, "events", len(events(t, s, now, 2)), 2)
}

func s12Beside(t *testing.T, f Factory) {
	if f.Beside == nil {
		t.Log("this adapter has one process only: nothing to check")
		return
	}
	w := newWriter(t, f.New(t))
	other := f.Beside(t, w.Store)
	start := newest(t, other)
	got := make(chan []turno.Event, 1)
	go func() { got <- events(t, other, start, 1300) }()
	var want []turno.Event
	rev := newest(t, w.Store)
	for i := range 13 {
		jobs := w.add(1+199*(i%2), nil)
		w.commit(store.Batch{Jobs: jobs})
		for _, c := range jobs {
			rev++
			want = append(want, store.EventOf(c.Job, rev))
		}
	}
	want = append(want, pad(w, &rev, 1300-len(want))...)
	equal(t, "events elsewhere", <-got, want)
	equal(t, "events here", events(t, w.Store, start, 1300), want)
	equal(t, "newest elsewhere", newest(t, other), rev)
	late := f.Beside(t, w.Store)
	equal(t, "events for who comes late", events(t, late, start, 1300), want)
}

func pad(w *writer, rev *uint64, n int) (want []turno.Event) {
	jobs := w.add(n, nil)
	w.commit(store.Batch{Jobs: jobs})
	for _, c := range jobs {
		*rev++
		want = append(want, store.EventOf(c.Job, *rev))
	}
	return want
}

func s14Context(t *testing.T, f Factory) {
	w := newWriter(t, f.New(t))
	seed(w)
	done := ended(t.Context())
	calls := map[string]func(context.Context) error{
		"Lead":   func(ctx context.Context) error { _, err := w.Lead(ctx, "tester", ttl); return err },
		"Commit": func(ctx context.Context) error { return w.Commit(ctx, store.Batch{Term: w.term}) },
		"Load": func(ctx context.Context) error {
			_, err := w.Load(ctx, func(*turno.Job) error { return nil })
			return err
		},
		"Find": func(ctx context.Context) error {
			_, err := w.Find(ctx, turno.Ref{Number: 1, Task: -1})
			return err
		},
		"Jobs":    func(ctx context.Context) error { _, err := w.Jobs(ctx, turno.JobQuery{}); return err },
		"Summary": func(ctx context.Context) error { _, err := w.Summary(ctx); return err },
		"ReadLog": func(ctx context.Context) error { _, _, err := w.ReadLog(ctx, logOf, 0, 10); return err },
		"Changes": func(ctx context.Context) error {
			_, _, err := w.Changes(ctx, newest(t, w.Store))
			return err
		},
	}
	for name, call := range calls {
		if err := call(done); !errors.Is(err, context.Canceled) {
			t.Errorf("%s with a context that has ended: %v", name, err)
		}
	}
	// One that ends while the call waits.
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := calls["Changes"](ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Changes: %v", err)
	}
	// Nothing is left in a state that disturbs the next call.
	for name, call := range calls {
		if name != "Changes" {
			if err := call(t.Context()); err != nil {
				t.Errorf("%s afterwards: %v", name, err)
			}
		}
	}
}
