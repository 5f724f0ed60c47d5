package rabbitmq_test

import (
	"context"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"turno/internal/broker"
	"turno/internal/broker/rabbitmq"
	"turno/internal/testenv"
)

// permit runs the lines of the documentation that make users, and gives the URLs
// of the two.
func permit(t *testing.T, server *testenv.Server) (ofServer, ofWorker string) {
	t.Helper()
	text, err := os.ReadFile("../../../docs/amqp.md")
	if err != nil {
		t.Fatal(err)
	}
	lines := regexp.MustCompile(`(?m)^rabbitmqctl (.+)$`).FindAllStringSubmatch(string(text), -1)
	if len(lines) != 6 {
		t.Fatalf("the documentation has %d lines", len(lines))
	}
	for _, m := range lines {
		words := strings.Fields(m[1])
		for i := range words {
			words[i] = strings.Trim(words[i], "'")
		}
		server.Control(words...)
	}
	u, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	of := func(user string) string {
		c := *u
		c.User = url.UserPassword(user, "PASSWORD")
		return c.String()
	}
	return of("turno-server"), of("worker-lab2")
}

// TestPermissions_OfAWorker: with those of the documentation a worker's user can do
// what a worker does, and nothing else.
func TestPermissions_OfAWorker(t *testing.T) {
	t.Parallel()
	ofServer, ofWorker := permit(t, testenv.RabbitMQ(t))
	open := func(url string) *rabbitmq.Broker {
		t.Helper()
		b, err := rabbitmq.Open(t.Context(), rabbitmq.Options{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = b.Close() })
		return b
	}
	server := open(ofServer)
	if err := server.Publish(t.Context(), broker.JobsQueue, broker.Message{ID: "1", Body: []byte("{}")}); err != nil {
		t.Fatal(err)
	}
	worker := open(ofWorker)
	received(t, server, worker, broker.ReportBox+"lab2")
	received(t, worker, server, broker.DesiredBox+"lab2")

	for what, try := range map[string]func(ch *amqp.Channel) error{
		"hand in a job": func(ch *amqp.Channel) error {
			return ch.PublishWithContext(t.Context(), "", broker.JobsQueue, false, false, amqp.Publishing{Body: []byte("{}")})
		},
		"order another":    publish(t, rabbitmq.MailExchange, broker.DesiredBox+"lab3"),
		"order itself":     publish(t, rabbitmq.MailExchange, broker.DesiredBox+"lab2"),
		"report for other": publish(t, rabbitmq.MailExchange, broker.ReportBox+"lab3"),
		"log of another":   publish(t, rabbitmq.StreamExchange, broker.LogStream+"lab3"),
		"say hello":        publish(t, rabbitmq.StreamExchange, broker.HelloStream),
		"tell a result":    publish(t, rabbitmq.ResultsExchange, "default.exec.succeeded"),
		"read jobs":        func(ch *amqp.Channel) error { _, _, err := ch.Get(broker.JobsQueue, true); return err },
		"drop jobs":        func(ch *amqp.Channel) error { _, err := ch.QueuePurge(broker.JobsQueue, false); return err },
		"delete the queue": func(ch *amqp.Channel) error {
			_, err := ch.QueueDelete(broker.JobsQueue, false, false, false)
			return err
		},
		"delete mail":      func(ch *amqp.Channel) error { return ch.ExchangeDelete(rabbitmq.MailExchange, false, false) },
		"hear all mail":    bind(rabbitmq.MailExchange, "#"),
		"hear for another": bind(rabbitmq.MailExchange, broker.DesiredBox+"lab3"),
		"hear reports":     bind(rabbitmq.MailExchange, broker.ReportBox+"lab2"),
		"hear sessions":    bind(rabbitmq.StreamExchange, broker.SessionStream+"lab3"),
		"hear results":     bind(rabbitmq.ResultsExchange, "#"),
	} {
		refused(t, ofWorker, what, try)
	}
}

// received sends a value by one and waits for it at the other.
func received(t *testing.T, at, from broker.Broker, mailbox string) {
	t.Helper()
	w, err := at.Watch(t.Context(), mailbox)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := from.Put(t.Context(), mailbox, []byte("value")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if vs, err := w.Receive(ctx); err != nil || len(vs) != 1 || string(vs[0].Body) != "value" {
		t.Errorf("%s: %v, %v", mailbox, vs, err)
	}
}

func publish(t *testing.T, exchange, key string) func(*amqp.Channel) error {
	return func(ch *amqp.Channel) error {
		return ch.PublishWithContext(t.Context(), exchange, key, false, false, amqp.Publishing{Body: []byte("{}")})
	}
}

func bind(exchange, key string) func(*amqp.Channel) error {
	return func(ch *amqp.Channel) error {
		q, err := ch.QueueDeclare("", false, true, true, false, nil)
		if err != nil {
			return nil // the queue is no matter of this: it must be let through
		}
		return ch.QueueBind(q.Name, key, exchange, false, nil)
	}
}

// refused wants RabbitMQ to deny what is tried on a channel of its own, in its
// answer or, where there is none, by closing the channel.
func refused(t *testing.T, url, what string, try func(*amqp.Channel) error) {
	t.Helper()
	conn, err := amqp.Dial(url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ch, err := conn.Channel()
	if err != nil {
		t.Fatal(err)
	}
	closed := ch.NotifyClose(make(chan *amqp.Error, 1)) // as the library asks for
	if err := try(ch); err == nil {
		// A round trip: what was refused before it has closed the channel by then.
		_ = ch.ExchangeDeclarePassive("amq.topic", amqp.ExchangeTopic, true, false, false, false, nil)
	}
	select {
	case why := <-closed:
		if why == nil || why.Code != amqp.AccessRefused {
			t.Errorf("%s: %v", what, why)
		}
	case <-time.After(10 * time.Second):
		t.Errorf("%s: RabbitMQ lets it through", what)
	}
}
