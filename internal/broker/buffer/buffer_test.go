package buffer

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"turno/internal/broker"
)

func TestBuffer_TakeWaitsAndTakesUpToLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New[int]()
		got := make(chan []int)
		go func() {
			items, _ := b.Take(t.Context(), 2)
			got <- items
		}()
		synctest.Wait()
		b.Add(1, 2, 3)
		if items := <-got; len(items) != 2 || items[0] != 1 {
			t.Fatalf("took %v", items)
		}
		if items, _ := b.Take(t.Context(), 2); len(items) != 1 || items[0] != 3 {
			t.Fatalf("took %v", items)
		}
	})
}

func TestBuffer_TakeEndsWithContextAndClose(t *testing.T) {
	b := New[int]()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Take(ctx, 0); !errors.Is(err, context.Canceled) {
		t.Fatalf("cancelled: %v", err)
	}
	b.Close(broker.ErrClosed)
	b.Close(errors.New("second"))
	b.Add(1)
	if _, err := b.Take(t.Context(), 0); !errors.Is(err, broker.ErrClosed) {
		t.Fatalf("closed: %v", err)
	}
}

func TestValues_MailboxKeepsNewestOfEachName(t *testing.T) {
	v := NewMailbox("report.*")
	for _, x := range []string{"a1", "b1", "a2", "a3"} {
		v.Put(broker.Value{Name: "report." + x[:1], Body: []byte(x)})
	}
	v.Put(broker.Value{Name: "other", Body: []byte("x")})
	got, err := v.Receive(t.Context())
	if err != nil || len(got) != 2 || string(got[0].Body) != "a3" || string(got[1].Body) != "b1" {
		t.Fatalf("got %q, %v", got, err)
	}
	v.Put(broker.Value{Name: "report.a", Body: []byte("a4")})
	if string(got[0].Body) != "a3" {
		t.Fatal("a value changed after it was taken")
	}
}

func TestValues_StreamDropsOldestOverItsBound(t *testing.T) {
	v := NewStream("log")
	half := make([]byte, streamBytes/2)
	for i := range 3 {
		half := append([]byte{byte(i)}, half...)
		v.Put(broker.Value{Name: "log", Body: half[:streamBytes/2]})
	}
	got, err := v.Receive(t.Context())
	if err != nil || len(got) != 2 || got[0].Body[0] != 1 || got[1].Body[0] != 2 {
		t.Fatalf("got %d values, %v", len(got), err)
	}
}
