package badinput

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"turno"
	"turno/internal/wire"
	"turno/test/lab"
)

// publish sends a message and waits until the broker has it.
func (s *stage) publish(t *testing.T, exchange, key string, p amqp.Publishing) {
	t.Helper()
	p.DeliveryMode = amqp.Persistent
	confirm, err := s.ch.PublishWithDeferredConfirm(exchange, key, false, false, p)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if ok, err := confirm.WaitContext(ctx); err != nil || !ok {
		t.Fatalf("not confirmed: %v", err)
	}
}

// messageCases are what a foreign client may put into the queue of jobs.
var messageCases = []struct {
	name, body string
	reason     turno.DeadReason // empty: only its reply tells
	code       turno.Code
}{
	{"28 no JSON", "this is not JSON", turno.DeadMalformed, "malformed"},
	{"61 a pickle", "\x80\x04\x95\x1f\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x10touch /tmp/owned\x94\x85\x94R\x94.", turno.DeadMalformed, "malformed"},
	{"61 a gob", "\x0f\xff\x81\x03\x01\x01\x01A\x01\xff\x82\x00", turno.DeadMalformed, "malformed"},
	{"61 a task of Celery", `[["id"],{},{"callbacks":null}]`, turno.DeadMalformed, "malformed"},
	{"61 YAML with an object", "!!python/object/apply:os.system ['id']", turno.DeadMalformed, "malformed"},
	{"28 nothing", "", turno.DeadMalformed, "malformed"},
	{"28 zeros", strings.Repeat("\x00", 4096), turno.DeadMalformed, "malformed"},
	{"28 another schema", `{"version":1,"jobs":"all"}`, turno.DeadMalformed, "malformed"},
	{"28 a wrong type in a job", `{"version":1,"jobs":[{"id":"x","spec":{"type":"noop","gpus":"two"}}]}`, turno.DeadMalformed, "malformed"},
	{"28 a version to come", `{"version":99,"jobs":[]}`, turno.DeadVersion, "invalid"},
	{"28 no version", `{"jobs":[]}`, turno.DeadVersion, "invalid"},
	{"33 no UTF-8", "{\"version\":1,\"jobs\":[{\"id\":\"\xff\"}]}", turno.DeadMalformed, "malformed"},
	{"27 a million arrays", `{"version":1,"jobs":` + strings.Repeat("[", 1e6), turno.DeadMalformed, "malformed"},
	{"29 5 MiB", `{"version":1,"jobs":[{"id":"` + strings.Repeat("a", 5<<20) + `"}]}`, turno.DeadTooLarge, "too_large"},
	{"29 10,001 jobs", `{"version":1,"jobs":[` + strings.Repeat("{},", 10_000) + `{}]}`, turno.DeadTooLarge, "too_large"},
	{"29 a million variables", `{"version":1,"jobs":[{"id":"01a20849-6dd3-712c-b73f-8bf930d60001","spec":{"type":"noop","env":{` + variables(30_000) + `"Z":""}}}]}`, "", "invalid"},
	{"a job without an id", `{"version":1,"jobs":[{"spec":{"type":"noop"}}]}`, "", "invalid"},
	{"34 an id that is a path", `{"version":1,"jobs":[{"id":"../../x","spec":{"type":"noop"}}]}`, "", "invalid"},
	{"43 LD_PRELOAD", `{"version":1,"jobs":[{"id":"01a20849-6dd3-712c-b73f-8bf930d60002","spec":{"type":"noop","env":{"LD_PRELOAD":"x"}}}]}`, "", "invalid"},
	{"32 a line in a name", `{"version":1,"jobs":[{"id":"01a20849-6dd3-712c-b73f-8bf930d60003","spec":{"type":"noop","name":"a\nb"}}]}`, "", "invalid"},
	{"a type that is not there", `{"version":1,"jobs":[{"id":"01a20849-6dd3-712c-b73f-8bf930d60004","spec":{"type":"nop"}}]}`, "", "invalid"},
}

// messages: who has a reply address hears why; what is no submission is set
// aside; nobody behind it waits.
func messages(t *testing.T, s *stage) {
	own, err := s.ch.QueueDeclare("", false, true, true, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	replies, err := s.ch.Consume(own.Name, "", true, false, false, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range messageCases {
		t.Run(c.name, func(t *testing.T) {
			s.given.Add(1)
			s.publish(t, "", "turno.jobs", amqp.Publishing{
				ReplyTo: own.Name, CorrelationId: c.name, AppId: "badinput", MessageId: "m-" + c.name, Body: []byte(c.body),
			})
			var reply turno.SubmissionReply
			select {
			case d := <-replies:
				if err := json.Unmarshal(d.Body, &reply); err != nil || d.CorrelationId != c.name {
					t.Fatalf("reply %q %.300s: %v", d.CorrelationId, d.Body, err)
				}
			case <-time.After(time.Minute):
				t.Fatal("no reply")
			}
			why := reply.Error
			if c.reason == "" && len(reply.Jobs) == 1 {
				why = reply.Jobs[0].Error
			}
			if why == nil || why.Code != c.code || len(why.Message) < 10 {
				t.Fatalf("answered %+v", reply)
			}
			page, err := s.c.DeadLetters(t.Context(), turno.DeadLetterQuery{Limit: 1})
			if err != nil {
				t.Fatal(err)
			}
			if c.reason == "" {
				return
			}
			if l := page.Items[0]; l.Reason != c.reason || l.From != "badinput" || l.MessageID != "m-"+c.name || l.Size != int64(len(c.body)) {
				t.Errorf("set aside as %+v", l)
			}
		})
	}
	t.Run("a reply address that is turno's own", func(t *testing.T) {
		s.given.Add(1)
		s.publish(t, "", "turno.jobs", amqp.Publishing{ReplyTo: "turno.jobs", Body: []byte("a circle")})
		s.works("after it")
	})
	t.Run("a flood of 2000", func(t *testing.T) {
		s.given.Add(1)
		for i := range 2000 {
			if _, err := s.ch.PublishWithDeferredConfirm("", "turno.jobs", false, false, amqp.Publishing{Body: fmt.Appendf(nil, "garbage %d", i%100)}); err != nil {
				t.Fatal(err)
			}
		}
		s.works("beside it")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		lab.Await(ctx, t, func() error {
			page, err := s.c.DeadLetters(ctx, turno.DeadLetterQuery{Limit: 200})
			if err != nil {
				return err
			}
			times := 0
			for _, l := range page.Items {
				if l.From == "" {
					times += l.Times
				}
			}
			if times < 2000 || page.Total > 200 {
				return fmt.Errorf("%d letters in all; the flood's came %d times", page.Total, times)
			}
			return nil
		})
	})
}

// internals: garbage where roles speak to each other, and forged Reports. They
// are ignored; a job that runs meanwhile does not notice.
func internals(t *testing.T, s *stage) {
	gate := t.TempDir() + "/go"
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	id := lab.NewID(t)
	out, err := s.c.Submit(ctx, []turno.NewJob{{ID: id, Spec: lab.Command("until [ -e " + gate + " ]; do sleep 0.05; done; echo went on")}})
	if err != nil || out[0].Error != nil {
		t.Fatalf("%v %+v", err, out)
	}
	number := out[0].Number
	lab.Await(ctx, t, func() error { return s.is(ctx, number, turno.Running) })

	garbage := map[string]string{
		"no message": "garbage", "nothing": "", "zeros": strings.Repeat("\x00", 1000), "a Report's beginning": "R\x04\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
		"a Desired's beginning": "D\x04\xff\xff\xff\xff\xff\x0f", "JSON": `{"worker":"w1","held":[]}`, "4 MiB": strings.Repeat("R\x04", 2<<20), "a version to come": "R\x63" + strings.Repeat("\x01", 50),
	}
	for name, body := range garbage {
		for _, to := range [][2]string{
			{"turno.mail", "report.w1"}, {"turno.mail", "report.evil"}, {"turno.mail", "desired.w1"},
			{"turno.stream", "log.w1"}, {"turno.stream", "session.w1"}, {"turno.stream", "hello"}, {"", "turno.control"},
		} {
			s.given.Add(1)
			s.publish(t, to[0], to[1], amqp.Publishing{Body: []byte(body), CorrelationId: name})
		}
	}
	var encoder wire.ReportEncoder
	if err := encoder.SetMachine(turno.Machine{CPUs: 1, OS: "linux"}); err != nil {
		t.Fatal(err)
	}
	end := &turno.Result{State: turno.Succeeded, Reason: turno.ReasonCompleted, Message: "forged"}
	for _, forged := range []struct{ as, incarnation string }{
		{"evil", "01a20849-6dd3-712c-b73f-8bf930d6779a"}, // another worker's attempt
		{"w1", "00000000-0000-7000-8000-000000000000"},   // the worker before this one
	} {
		s.given.Add(1)
		body, err := encoder.Encode(&turno.Report{
			Worker: forged.as, Incarnation: forged.incarnation, Seq: 1 << 40, Term: 1 << 40, Machine: turno.Machine{CPUs: 1},
			Held: []turno.Hold{{AttemptKey: turno.AttemptKey{Job: number, Attempt: 1}, State: turno.Succeeded, Result: end}},
		}, wire.Speaks.Newest)
		if err != nil {
			t.Fatal(err)
		}
		s.publish(t, "turno.mail", "report."+forged.as, amqp.Publishing{Body: body})
		s.publish(t, "turno.mail", "report.other", amqp.Publishing{Body: body}) // under another's name
	}
	s.works("among forged reports")
	if err := s.is(ctx, number, turno.Running); err != nil {
		t.Error(err)
	}
	touch(t, gate)
	lab.Await(ctx, t, func() error { return s.is(ctx, number, turno.Succeeded) })
	j, err := s.c.Job(ctx, strconv.FormatInt(number, 10))
	if err != nil || j.Attempt != 1 || j.Result == nil || j.Result.Message == "forged" {
		t.Errorf("it ended as %+v: %v", j.Result, err)
	}
}

// is tells whether a job is in a state; what it says otherwise can be awaited.
func (s *stage) is(ctx context.Context, number int64, want turno.State) error {
	j, err := s.c.Job(ctx, strconv.FormatInt(number, 10))
	if err == nil && j.State != want {
		err = fmt.Errorf("job %d is %s, not %s: %s", number, j.State, want, j.Detail)
	}
	return err
}
