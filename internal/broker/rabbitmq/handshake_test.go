package rabbitmq_test

import (
	"context"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"turno/internal/broker"
	"turno/internal/broker/rabbitmq"
	"turno/internal/testenv"
)

// TestOpen_BrokerThatEndsDuringTheHandshake: the first connection ends after
// the password was sent, as when the broker is killed then. That is no wrong
// password; a wrong one is told.
func TestOpen_BrokerThatEndsDuringTheHandshake(t *testing.T) {
	t.Parallel()
	address, prefix := testenv.SharedRabbitMQ(t)
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.Host = endsFirst(t, u.Host)
	b, err := rabbitmq.Open(t.Context(), rabbitmq.Options{URL: u.String(), Prefix: prefix})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	u.User = url.UserPassword("guest", "wrong")
	if _, err := rabbitmq.Open(t.Context(), rabbitmq.Options{URL: u.String(), Prefix: prefix}); err == nil || !strings.Contains(err.Error(), "password") {
		t.Errorf("a wrong password: %v", err)
	}
}

// endsFirst is a way to a server on which the first connection ends with the
// second thing that the client says: its password.
func endsFirst(t *testing.T, server string) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	t.Cleanup(func() { _ = l.Close(); group.Wait() })
	group.Go(func() {
		for first := true; ; first = false {
			c, err := l.Accept()
			if err != nil {
				return
			}
			group.Go(func() { carry(c, server, first) })
		}
	})
	return l.Addr().String()
}

func carry(c net.Conn, server string, ends bool) {
	defer c.Close()
	s, err := net.Dial("tcp", server)
	if err != nil {
		return
	}
	var back sync.WaitGroup
	back.Go(func() { _, _ = io.Copy(c, s); _ = c.Close() })
	defer back.Wait()
	defer s.Close()
	buf := make([]byte, 4096)
	for said := 1; ; said++ {
		n, err := c.Read(buf)
		if err != nil || ends && said == 2 {
			return
		}
		if _, err := s.Write(buf[:n]); err != nil {
			return
		}
	}
}

// TestConsume_EndsThoughTheBrokerDoesNotAnswer: who gives up is not kept, as
// when RabbitMQ cannot start the leader of a queue.
func TestConsume_EndsThoughTheBrokerDoesNotAnswer(t *testing.T) {
	t.Parallel()
	address, prefix := testenv.SharedRabbitMQ(t)
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	var deaf atomic.Bool
	u.Host = wayTo(t, u.Host, &deaf)
	b, err := rabbitmq.Open(t.Context(), rabbitmq.Options{URL: u.String(), Prefix: prefix})
	if err != nil {
		t.Fatal(err)
	}
	deaf.Store(true)
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	began := time.Now()
	if c, err := b.Consume(ctx, "q", broker.ConsumeOptions{Batch: 1}); err == nil {
		_ = c.Close()
		t.Error("a consumer began though nothing was answered")
	}
	if took := time.Since(began); took > 6*time.Second {
		t.Errorf("it gave up after %s", took)
	}
	deaf.Store(false)
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}

// wayTo is a way to a server on which nothing comes back while deaf is set.
func wayTo(t *testing.T, server string, deaf *atomic.Bool) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	t.Cleanup(func() { _ = l.Close(); group.Wait() })
	group.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s, err := net.Dial("tcp", server)
			if err != nil {
				_ = c.Close()
				continue
			}
			group.Go(func() { _, _ = io.Copy(s, c); _ = s.Close() })
			group.Go(func() { _, _ = io.Copy(muted{c, deaf}, s); _ = c.Close() })
		}
	})
	return l.Addr().String()
}

type muted struct {
	io.Writer
	deaf *atomic.Bool
}

func (m muted) Write(p []byte) (int, error) {
	if m.deaf.Load() {
		return len(p), nil
	}
	return m.Writer.Write(p)
}
