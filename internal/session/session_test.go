package session_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"turno/internal/session"
)

// carrier loses, repeats, delays and reorders packets, by seed.
type carrier struct {
	mu     sync.Mutex
	random *rand.Rand
	cut    bool
	bad    float64 // share of packets that something happens to
	inAir  int     // the most bytes that were under way at a time
	bytes  int
}

// to sends to where peer points.
func (c *carrier) to(peer **session.Conn) func(context.Context, []byte) {
	return func(_ context.Context, p []byte) {
		c.mu.Lock()
		times, dice := 1, c.random.Float64()
		switch {
		case c.cut || dice < c.bad/2:
			times = 0
		case dice < c.bad*3/4:
			times = 2
		}
		var delays []time.Duration
		for range times {
			delays = append(delays, time.Duration(c.random.IntN(20)+1)*time.Millisecond)
			c.bytes += len(p)
		}
		c.inAir = max(c.inAir, c.bytes)
		c.mu.Unlock()
		for _, d := range delays {
			time.AfterFunc(d, func() {
				c.mu.Lock()
				c.bytes -= len(p)
				c.mu.Unlock()
				(*peer).Receive(p)
			})
		}
	}
}

func (c *carrier) setCut(cut bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = cut
}

func pair(bad float64, seed uint64) (a, b *session.Conn, c *carrier) {
	c = &carrier{random: rand.New(rand.NewPCG(seed, 1)), bad: bad}
	a = session.New(session.Options{Send: c.to(&b)})
	b = session.New(session.Options{Send: c.to(&a)})
	return a, b, c
}

// send writes n frames and closes.
func send(ctx context.Context, c *session.Conn, n int) error {
	defer c.CloseWrite()
	for i := range n {
		data := fmt.Appendf(nil, "%d:", i)
		data = append(data, make([]byte, i*97%session.MaxFrame)...)
		if err := c.Write(ctx, byte(1+i%5), data[:min(len(data), session.MaxFrame)]); err != nil {
			return err
		}
	}
	return nil
}

// receive wants them all, in order.
func receive(ctx context.Context, c *session.Conn, n int) error {
	for i := range n {
		f, err := c.Read(ctx)
		if err != nil {
			return fmt.Errorf("frame %d: %w", i, err)
		}
		want := fmt.Sprintf("%d:", i)
		if len(f.Data) < len(want) || string(f.Data[:len(want)]) != want || f.Kind != byte(1+i%5) {
			return fmt.Errorf("frame %d is %d %.20q", i, f.Kind, f.Data)
		}
	}
	if _, err := c.Read(ctx); !errors.Is(err, io.EOF) {
		return fmt.Errorf("after the last one: %w", err)
	}
	return nil
}

// all runs functions at once and wants no error of any.
func all(t *testing.T, fs ...func() error) {
	t.Helper()
	var group sync.WaitGroup
	errs := make([]error, len(fs))
	for i, f := range fs {
		group.Go(func() { errs[i] = f() })
	}
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func TestConn_DeliversInOrderOverABadCarrier(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			a, b, c := pair(float64(seed)/25, seed)
			ctx, n := t.Context(), 400
			all(t,
				func() error { return a.Run(ctx) }, func() error { return b.Run(ctx) },
				func() error { return send(ctx, a, n) }, func() error { return receive(ctx, b, n) },
				func() error { return send(ctx, b, n/2) }, func() error { return receive(ctx, a, n/2) },
			)
			if c.inAir > 2<<20 {
				t.Errorf("%d bytes were under way", c.inAir)
			}
		})
	}
}

func TestConn_GoesOnAfterACut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, b, c := pair(0, 1)
		ctx := t.Context()
		time.AfterFunc(50*time.Millisecond, func() { c.setCut(true) })
		time.AfterFunc(25*time.Second, func() { c.setCut(false) })
		all(t,
			func() error { return a.Run(ctx) }, func() error { return b.Run(ctx) },
			func() error { return send(ctx, a, 2000) }, func() error { return receive(ctx, b, 2000) },
			func() error { return send(ctx, b, 0) }, func() error { return receive(ctx, a, 0) },
		)
	})
}

func TestConn_IsLostAfterALongSilence(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, _, c := pair(0, 1)
		c.setCut(true)
		began := time.Now()
		if err := a.Run(t.Context()); !errors.Is(err, session.ErrLost) || time.Since(began) != session.DefaultLost {
			t.Errorf("%v after %s", err, time.Since(began))
		}
		if _, err := a.Read(t.Context()); !errors.Is(err, session.ErrLost) {
			t.Errorf("read: %v", err)
		}
		if err := a.Write(t.Context(), 1, nil); !errors.Is(err, session.ErrLost) {
			t.Errorf("write: %v", err)
		}
	})
}

// TestConn_SilenceIsKeptAlive: two sides that say nothing stay for hours.
func TestConn_SilenceIsKeptAlive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, b, _ := pair(0.3, 3)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Hour)
		defer cancel()
		go func() { _ = b.Run(ctx) }()
		if err := a.Run(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		synctest.Wait()
	})
}

// TestConn_SlowReaderHoldsUpTheWriter: nothing piles up anywhere.
func TestConn_SlowReaderHoldsUpTheWriter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, b, c := pair(0.2, 4)
		ctx, cancel := context.WithCancelCause(t.Context())
		go func() { _ = a.Run(ctx) }()
		go func() { _ = b.Run(ctx) }()
		written := 0
		go func() {
			for a.Write(ctx, 1, make([]byte, session.MaxFrame)) == nil {
				written++
			}
		}()
		<-time.After(time.Minute)
		synctest.Wait()
		if written > 40 || c.inAir > 2<<20 {
			t.Errorf("%d frames were written, %d bytes under way, and nobody reads", written, c.inAir)
		}
		before := written
		for range before {
			if _, err := b.Read(ctx); err != nil {
				t.Fatal(err)
			}
		}
		<-time.After(5 * time.Second)
		synctest.Wait()
		if written <= before {
			t.Error("the writer did not go on")
		}
		cancel(errors.New("over"))
		synctest.Wait()
	})
}

func TestConn_AbortTellsTheReason(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, b, _ := pair(0, 1)
		go func() { _ = b.Run(t.Context()) }()
		ctx, cancel := context.WithCancelCause(t.Context())
		go func() { _ = a.Run(ctx) }()
		cancel(errors.New("the worker is stopping"))
		_, err := b.Read(t.Context())
		if reset, ok := errors.AsType[*session.Reset](err); !ok || reset.Reason != "the worker is stopping" {
			t.Errorf("%v", err)
		}
		synctest.Wait()
	})
}

// FuzzReceive: bytes of a stranger neither break a session nor make it grow.
func FuzzReceive(f *testing.F) {
	f.Add([]byte{1, 0, 0, 16, 0, 1, 3, 'a', 'b', 'c'})
	f.Add([]byte{1, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		c := session.New(session.Options{Send: func(context.Context, []byte) {}})
		c.Receive(data)
		session.First(data)
		session.IsReset(data)
	})
}
