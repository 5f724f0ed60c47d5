package lab

import (
	"maps"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/nats-io/nats.go"
	amqp "github.com/rabbitmq/amqp091-go"
)

// again is the header of a message that is a repetition, so that it is not
// repeated once more.
const again = "x-again"

// RepeatRabbit publishes every message that passes RabbitMQ a second time,
// until the test ends: to queues, mailboxes, streams and reply addresses alike.
// Its tracing (rabbitmqctl trace_on) must be on. count is how many there were.
func RepeatRabbit(t testing.TB, url string) (count *atomic.Int64) {
	t.Helper()
	conn, err := amqp.Dial(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	ch, err := conn.Channel()
	if err != nil {
		t.Fatal(err)
	}
	q, err := ch.QueueDeclare("", false, true, true, false, nil)
	if err == nil {
		err = ch.QueueBind(q.Name, "publish.#", "amq.rabbitmq.trace", false, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	seen, err := ch.ConsumeWithContext(t.Context(), q.Name, "", true, true, false, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	count = new(atomic.Int64)
	go func() { // ends with the connection
		for d := range seen {
			exchange, _ := d.Headers["exchange_name"].(string)
			keys, _ := d.Headers["routing_keys"].([]any)
			properties, _ := d.Headers["properties"].(amqp.Table)
			headers, _ := properties["headers"].(amqp.Table)
			if headers[again] != nil || len(keys) != 1 {
				continue
			}
			key, _ := keys[0].(string)
			if ch.PublishWithContext(t.Context(), exchange, key, false, false, repetition(properties, headers, d.Body)) != nil {
				return
			}
			count.Add(1)
		}
	}()
	return count
}

// repetition is a message as tracing tells it.
func repetition(properties, headers amqp.Table, body []byte) amqp.Publishing {
	text := func(name string) string { s, _ := properties[name].(string); return s }
	mode, _ := properties["delivery_mode"].(int32)
	marked := amqp.Table{again: true}
	maps.Copy(marked, headers)
	return amqp.Publishing{
		Headers: marked, ContentType: text("content_type"), DeliveryMode: uint8(mode), Body: body,
		CorrelationId: text("correlation_id"), ReplyTo: text("reply_to"), MessageId: text("message_id"), Type: text("type"),
	}
}

// RepeatNATS does the same on a NATS server, for all subjects of turno's.
// Without the id by which the server would know a repetition.
func RepeatNATS(t testing.TB, url string) (count *atomic.Int64) {
	t.Helper()
	nc, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	count = new(atomic.Int64)
	_, err = nc.Subscribe("turno.>", func(m *nats.Msg) {
		if m.Header.Get(again) != "" {
			return
		}
		copied := &nats.Msg{Subject: m.Subject, Data: m.Data, Header: nats.Header{again: []string{"1"}}}
		for name, values := range m.Header {
			if !strings.HasPrefix(name, "Nats-") {
				copied.Header[name] = values
			}
		}
		if nc.PublishMsg(copied) == nil {
			count.Add(1)
		}
	})
	if err == nil {
		err = nc.Flush()
	}
	if err != nil {
		t.Fatal(err)
	}
	return count
}
