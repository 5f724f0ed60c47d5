package nats_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	natsio "github.com/nats-io/nats.go"

	"turno/internal/broker"
	"turno/internal/broker/nats"
)

// host is an embedded server, and a way in for guests.
func host(t *testing.T) *nats.Broker {
	t.Helper()
	b, err := nats.Embedded(t.Context(), nats.EmbeddedOptions{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

func guest(t *testing.T, b *nats.Broker, worker string) *nats.Broker {
	t.Helper()
	g, err := nats.Open(t.Context(), nats.Options{Logger: slog.New(slog.DiscardHandler), Guest: &nats.GuestOptions{Worker: worker, Dial: func(context.Context) (net.Conn, string, error) {
		return b.Admit(worker)
	}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.Close() })
	return g
}

// next is what a watcher receives first.
func next(t *testing.T, w broker.Watcher) broker.Value {
	t.Helper()
	vs, err := w.Receive(t.Context())
	if err != nil || len(vs) == 0 {
		t.Fatalf("received %v: %v", vs, err)
	}
	return vs[0]
}

// TestGuest_HasWhatAWorkerNeeds: reports and output go out, orders and greetings
// come in, also after the connection broke.
func TestGuest_HasWhatAWorkerNeeds(t *testing.T) {
	t.Parallel()
	b := host(t)
	g := guest(t, b, "lab.2@x")
	hears := func(w broker.Watcher, err error) broker.Watcher {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	for range 2 {
		for from, to := range map[broker.Broker]broker.Broker{g: b, b: g} {
			boxes, streams := []string{broker.ReportBox + "lab.2@x"}, []string{broker.LogStream + "lab.2@x", broker.ClientStream + "0123"}
			if from == b {
				boxes, streams = []string{broker.DesiredBox + "lab.2@x"}, []string{broker.HelloStream, broker.SessionStream + "lab.2@x"}
			}
			for _, name := range boxes {
				w := hears(to.Watch(t.Context(), name))
				if err := from.Put(t.Context(), name, []byte("value")); err != nil {
					t.Fatal(err)
				}
				if v := next(t, w); v.Name != name || string(v.Body) != "value" {
					t.Errorf("%s came as %+v", name, v)
				}
				_ = w.Close()
			}
			for _, name := range streams {
				w := hears(to.Subscribe(t.Context(), name))
				if err := from.Send(t.Context(), name, []byte("piece")); err != nil {
					t.Fatal(err)
				}
				if v := next(t, w); v.Name != name || string(v.Body) != "piece" {
					t.Errorf("%s came as %+v", name, v)
				}
				_ = w.Close()
			}
		}
		hostBack, guestBack := b.Back(), g.Back()
		if err := b.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		<-hostBack // until then Put and Send fail at once
		<-guestBack
	}
}

// TestGuest_MayNothingElse: what a stranger who has a worker's credentials could
// try to do with them.
func TestGuest_MayNothingElse(t *testing.T) {
	t.Parallel()
	b := host(t)
	jobs, err := b.Consume(t.Context(), broker.JobsQueue, broker.ConsumeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer jobs.Close()
	conn, ticket, err := b.Admit("lab2")
	if err != nil {
		t.Fatal(err)
	}
	refused := make(chan string, 64) // more than there are attempts
	nc := raw(t, conn, ticket, func(err error) { refused <- err.Error() })
	for _, subject := range []string{
		"turno.queue.turno.jobs", "turno.queue.turno.control", "turno.queue.turno.dead", "turno.topic.a._",
		"turno.mail.desired.lab3", "turno.mail.desired.lab2", "turno.mail.report.lab3", "turno.mail.report.lab2.x",
		"turno.stream.log.lab3", "turno.stream.hello", "turno.stream.session.lab2", "turno.stream.client.a.b",
		"$JS.API.STREAM.NAMES", "$JS.API.STREAM.DELETE.turno=2Equeue-turno=2Ejobs", "$JS.API.CONSUMER.MSG.NEXT.x.y", "$JS.ACK.x", "$SYS.REQ.SERVER.PING", "_INBOX.anybody.x",
	} {
		if err := nc.Publish(subject, []byte("{}")); err != nil {
			t.Fatal(err)
		}
		denied(t, refused, "Publish to "+`"`+subject+`"`)
	}
	for _, subject := range []string{
		">", "turno.>", "turno.mail.>", "turno.mail.desired.*", "turno.mail.desired.lab3", "turno.mail.report.lab2", "turno.stream.>", "turno.stream.session.*",
		"turno.stream.log.lab2", "turno.stream.client.*", "_INBOX.>", "_INBOX.worker.>", "_INBOX.worker.lab3.>", "turno.queue.>", "turno.topic.>", "$JS.>", "$SYS.>",
	} {
		if _, err := nc.SubscribeSync(subject); err != nil {
			t.Fatal(err)
		}
		denied(t, refused, "Subscription to "+`"`+subject+`"`)
	}
	// Nothing of it has reached the queue.
	if err := b.Publish(t.Context(), broker.JobsQueue, broker.Message{ID: "mine"}); err != nil {
		t.Fatal(err)
	}
	got, err := jobs.Receive(t.Context())
	if err != nil || len(got) != 1 || got[0].ID != "mine" {
		t.Errorf("the queue held %+v: %v", got, err)
	}
	if g := guest(t, b, "lab3"); g.Publish(bounded(t), broker.JobsQueue, broker.Message{ID: "1"}) == nil {
		t.Error("a guest has handed in a job")
	}
}

// bounded is for a call that nobody answers.
func bounded(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	t.Cleanup(cancel)
	return ctx
}

func denied(t *testing.T, refused <-chan string, what string) {
	t.Helper()
	select {
	case text := <-refused:
		if !strings.Contains(strings.ToLower(text), "permissions violation for "+strings.ToLower(what)) {
			t.Errorf("%s: %s", what, text)
		}
	case <-time.After(30 * time.Second):
		t.Fatalf("%s was let through", what)
	}
}

// raw is a client that does not behave.
func raw(t *testing.T, conn net.Conn, ticket string, failed func(error)) *natsio.Conn {
	t.Helper()
	nc, err := natsio.Connect("nats://127.0.0.1:4222", natsio.SetCustomDialer(given{conn}), natsio.Token(ticket), natsio.NoReconnect(), natsio.CustomInboxPrefix("_INBOX.worker.lab2"),
		natsio.ErrorHandler(func(_ *natsio.Conn, _ *natsio.Subscription, err error) { failed(err) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

type given struct{ net.Conn }

func (g given) Dial(string, string) (net.Conn, error) { return g.Conn, nil }

// TestGuest_TicketIsGoodOnce: nobody comes in without one, with a wrong one, with
// one that was shown, or with one whose connection is gone.
func TestGuest_TicketIsGoodOnce(t *testing.T) {
	t.Parallel()
	b := host(t)
	conn, used, err := b.Admit("lab2")
	if err != nil {
		t.Fatal(err)
	}
	raw(t, conn, used, func(error) {})
	gone, left, err := b.Admit("lab2")
	if err != nil {
		t.Fatal(err)
	}
	_ = gone.Close()
	for name, ticket := range map[string]string{"none": "", "wrong": "guess", "used": used, "of a connection that is gone": left} {
		conn, _, err := b.Admit("lab2")
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(conn)
		lines.Buffer(nil, 1<<16)
		if !lines.Scan() || !strings.HasPrefix(lines.Text(), "INFO ") {
			t.Fatalf("the server greets with %q: %v", lines.Text(), lines.Err())
		}
		if _, err := fmt.Fprintf(conn, "CONNECT {\"auth_token\":%q}\r\n", ticket); err != nil {
			t.Fatal(err)
		}
		if !lines.Scan() || lines.Text() != "-ERR 'Authorization Violation'" {
			t.Errorf("ticket %s: %q %v", name, lines.Text(), lines.Err())
		}
		_ = conn.Close()
	}
}
