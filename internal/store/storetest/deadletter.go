package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"turno"
	"turno/internal/store"
)

// dead makes a letter; equal letters are those of equal digests.
func dead(n int) turno.DeadLetter {
	at := base.Add(time.Duration(n) * time.Second)
	return turno.DeadLetter{
		Queue: "turno.jobs", Reason: turno.DeadMalformed, Detail: fmt.Sprintf("unreadable: ñ \u0000 %d", n),
		FirstAt: at, LastAt: at, From: "somebody", MessageID: "m", CorrelationID: "c", ReplyTo: "r",
		ContentType: "text/plain", Digest: fmt.Sprintf("%064x", n), Size: 4, Body: []byte{0, 0xff, '"', byte(n)},
	}
}

func deadBatch(letters ...turno.DeadLetter) store.Batch {
	return store.Batch{Dead: store.DeadLetterBatch{New: letters, Keep: 100, KeepBytes: 1 << 20}}
}

func deadLetters(t testing.TB, s store.Store) store.DeadLetters {
	t.Helper()
	d, ok := s.(store.DeadLetters)
	if !ok {
		t.Fatalf("%T has no dead letters", s)
	}
	return d
}

// listDead reads all pages, and each letter's body.
func listDead(t testing.TB, s store.Store, limit int) (all []turno.DeadLetter) {
	t.Helper()
	d := deadLetters(t, s)
	for cursor := ""; ; {
		page, err := d.DeadLetters(t.Context(), turno.DeadLetterQuery{Limit: limit, Cursor: cursor})
		if err != nil {
			t.Fatalf("DeadLetters: %v", err)
		}
		for _, l := range page.Items {
			if l.Body != nil {
				t.Fatalf("the list holds the body of %d", l.Number)
			}
			whole, err := d.DeadLetters(t.Context(), turno.DeadLetterQuery{Number: l.Number})
			if err != nil || len(whole.Items) != 1 {
				t.Fatalf("DeadLetters(%d): %v, %v", l.Number, whole, err)
			}
			all = append(all, whole.Items[0])
		}
		if cursor = page.NextCursor; cursor == "" {
			if page.Total != int64(len(all)) {
				t.Fatalf("%d letters, a total of %d", len(all), page.Total)
			}
			return all
		}
	}
}

func s17DeadLetters(t *testing.T, f Factory) {
	s := f.New(t)
	w := newWriter(t, s)
	w.commit(deadBatch(dead(1), dead(2)))
	w.commit(deadBatch(dead(3)))
	again := dead(2)
	again.Reason, again.Detail, again.LastAt = turno.DeadVersion, "newer", base.Add(time.Hour)
	other := dead(1)
	other.Queue = "turno.dead"
	w.commit(deadBatch(again, other))

	want := func(n int, number int64, times int) turno.DeadLetter {
		l := dead(n)
		l.Number, l.Times = number, times
		return l
	}
	second := want(2, 2, 2)
	second.Reason, second.Detail, second.LastAt = again.Reason, again.Detail, again.LastAt
	fourth := want(1, 0, 1)
	fourth.Queue = other.Queue
	got := listDead(t, s, 2)
	if len(got) != 4 || got[0].Number <= got[1].Number {
		t.Fatalf("letters: %+v", got)
	}
	fourth.Number = got[0].Number // a number may be left out
	equal(t, "letters", got, []turno.DeadLetter{fourth, want(3, 3, 1), second, want(1, 1, 1)})

	w.refused(store.ErrFenced, store.Batch{Term: w.term + 1, Dead: store.DeadLetterBatch{Gone: []int64{1}}})
	w.commit(store.Batch{Dead: store.DeadLetterBatch{Gone: []int64{fourth.Number, 2, 999}}})
	equal(t, "after some were dropped", listDead(t, s, 1), []turno.DeadLetter{want(3, 3, 1), want(1, 1, 1)})
	if _, err := deadLetters(t, s).DeadLetters(t.Context(), turno.DeadLetterQuery{Number: 2}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a dropped letter: %v", err)
	}
	w.commit(deadBatch(dead(2)))
	if got := listDead(t, s, 10)[0].Number; got <= fourth.Number {
		t.Errorf("the number %d was given again: %d was given before", got, fourth.Number)
	}
	if f.Again == nil {
		return
	}
	before := listDead(t, s, 10)
	equal(t, "opened again", listDead(t, f.Again(t, s), 10), before)
}

func s18Bounds(t *testing.T, f Factory) {
	s := f.New(t)
	w := newWriter(t, s)
	for n := range 20 {
		b := deadBatch(dead(n))
		b.Dead.Keep = 5
		w.commit(b)
	}
	got := listDead(t, s, 100)
	if len(got) != 5 || got[0].Digest != dead(19).Digest || got[4].Digest != dead(15).Digest {
		t.Fatalf("%d letters are kept: %+v", len(got), got)
	}
	large := dead(20)
	large.Body = make([]byte, 500)
	b := deadBatch(large)
	b.Dead.KeepBytes = 508 // two small ones beside it
	w.commit(b)
	if got := listDead(t, s, 100); len(got) != 3 || got[2].Digest != dead(18).Digest {
		t.Fatalf("%d letters are kept: %+v", len(got), got)
	}
}
