package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"turno/internal/store"
)

// beside is a second handle where there can be one.
func beside(t testing.TB, f Factory, s store.Store) store.Store {
	if f.Beside == nil {
		return s
	}
	return f.Beside(t, s)
}

func s3Terms(t *testing.T, f Factory) {
	a := f.New(t)
	b := beside(t, f, a)
	var last uint64
	for i := range 6 {
		s, other := a, b
		if i%2 == 1 {
			s, other = b, a
		}
		holder := fmt.Sprint("holder", i%3)
		lead, err := s.Lead(t.Context(), holder, ttl)
		if err != nil || lead.Term <= last || lead.Holder != holder || (!lead.Forever && lead.For != ttl) {
			t.Fatalf("Lead: %+v, %v after term %d", lead, err, last)
		}
		last = lead.Term
		held, err := other.Lead(t.Context(), "someone else", ttl)
		if !errors.Is(err, store.ErrHeld) || held.Holder != holder || held.Term != last {
			t.Fatalf("Lead while it is held: %+v, %v", held, err)
		}
		if !held.Forever && (held.For <= ttl-time.Minute || held.For > ttl) {
			t.Fatalf("the lead of %v still lasts %v", ttl, held.For)
		}
		if _, err := s.Lead(t.Context(), holder, 0); err != nil {
			t.Fatal(err)
		}
	}
}

func s3Race(t *testing.T, f Factory) {
	a := f.New(t)
	handles := []store.Store{a, beside(t, f, a)}
	var mu sync.Mutex
	won := map[uint64]string{}
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			holder := fmt.Sprint("holder", i)
			for range 10 {
				lead, err := handles[i%2].Lead(t.Context(), holder, ttl)
				if errors.Is(err, store.ErrHeld) {
					continue
				}
				if err != nil {
					t.Errorf("Lead: %v", err)
					return
				}
				mu.Lock()
				if old, ok := won[lead.Term]; ok {
					t.Errorf("term %d was given to %s and to %s", lead.Term, old, holder)
				}
				won[lead.Term] = holder
				mu.Unlock()
				if _, err := handles[i%2].Lead(t.Context(), holder, 0); err != nil {
					t.Errorf("give up: %v", err)
				}
			}
		})
	}
	all.Wait()
	if len(won) == 0 {
		t.Error("nobody ever led")
	}
}

func s4Renew(t *testing.T, f Factory) {
	s := f.New(t)
	first, err := s.Lead(t.Context(), "a", ttl)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if again, err := s.Lead(t.Context(), "a", ttl); err != nil || again.Term != first.Term {
			t.Fatalf("renewed: %+v, %v, was %+v", again, err, first)
		}
	}
	if first.Forever {
		return
	}
	// It can be made shorter, and after it is out it is another one.
	if _, err := s.Lead(t.Context(), "a", time.Millisecond); err != nil {
		t.Fatal(err)
	}
	waitOut(t, s, "b")
	later, err := s.Lead(t.Context(), "a", ttl)
	if err != nil || later.Term <= first.Term {
		t.Fatalf("after it was out: %+v, %v, was %+v", later, err, first)
	}
}

// waitOut waits, as long as Lead says, until nobody leads; then holder led for
// a moment.
func waitOut(t *testing.T, s store.Store, holder string) {
	t.Helper()
	for {
		held, err := s.Lead(t.Context(), holder, ttl)
		if err == nil {
			if _, err := s.Lead(t.Context(), holder, 0); err != nil {
				t.Fatal(err)
			}
			return
		}
		if !errors.Is(err, store.ErrHeld) {
			t.Fatal(err)
		}
		select {
		case <-time.After(max(held.For, time.Millisecond)):
		case <-t.Context().Done():
			t.Fatal("the lead never ran out")
		}
	}
}

func s5GivenUp(t *testing.T, f Factory) {
	a := f.New(t)
	b := beside(t, f, a)
	if _, err := b.Lead(t.Context(), "b", 0); err != nil {
		t.Fatalf("give up what nobody has: %v", err)
	}
	first, err := a.Lead(t.Context(), "a", ttl)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Lead(t.Context(), "b", 0); err != nil {
		t.Fatalf("give up what another one has: %v", err)
	}
	if _, err := b.Lead(t.Context(), "b", ttl); !errors.Is(err, store.ErrHeld) {
		t.Fatalf("it is still held: %v", err)
	}
	if _, err := a.Lead(t.Context(), "a", 0); err != nil {
		t.Fatal(err)
	}
	second, err := b.Lead(t.Context(), "b", ttl)
	if err != nil || second.Term <= first.Term {
		t.Fatalf("Lead: %+v, %v", second, err)
	}
	if err := a.Commit(t.Context(), store.Batch{Term: first.Term}); !errors.Is(err, store.ErrFenced) {
		t.Fatalf("commit of the old term: %v", err)
	}
}

func s5Out(t *testing.T, f Factory) {
	a := f.New(t)
	b := beside(t, f, a)
	lead, err := a.Lead(t.Context(), "a", 30*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if lead.Forever {
		t.Log("this adapter's lead never runs out: nothing to check")
		return
	}
	waitOut(t, b, "b")
	if err := a.Commit(t.Context(), store.Batch{Term: lead.Term}); !errors.Is(err, store.ErrFenced) {
		t.Fatalf("commit of the old term: %v", err)
	}
}
