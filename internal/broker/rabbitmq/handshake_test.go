package rabbitmq_test

import (
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"

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
