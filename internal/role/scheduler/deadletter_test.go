package scheduler_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"turno"
	"turno/internal/broker"
	brokermem "turno/internal/broker/mem"
	policies "turno/internal/core/policy/all"
	"turno/internal/role/scheduler"
	storemem "turno/internal/store/mem"
)

// poison is a message that cannot be taken, and what becomes of it.
var poison = map[string]struct {
	body   []byte
	reason turno.DeadReason
	code   turno.Code
}{
	"no JSON":            {[]byte("this is not JSON"), turno.DeadMalformed, turno.CodeMalformed},
	"nothing":            {nil, turno.DeadMalformed, turno.CodeMalformed},
	"a pickle":           {[]byte("\x80\x04\x95\x1f\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x02id\x94\x85\x94R\x94."), turno.DeadMalformed, turno.CodeMalformed},
	"a gob":              {[]byte("\x0f\xff\x81\x03\x01\x01\x01A\x01\xff\x82\x00"), turno.DeadMalformed, turno.CodeMalformed},
	"a list":             {[]byte("[1,2]"), turno.DeadMalformed, turno.CodeMalformed},
	"another schema":     {[]byte(`{"version":1,"jobs":{"task":"os.system","args":["id"]}}`), turno.DeadMalformed, turno.CodeMalformed},
	"a wrong type":       {[]byte(`{"version":1,"jobs":[{"id":"x","spec":{"type":"noop","gpus":"two"}}]}`), turno.DeadMalformed, turno.CodeMalformed},
	"text after it":      {[]byte(`{"version":1,"jobs":[]} {}`), turno.DeadMalformed, turno.CodeMalformed},
	"bad UTF-8":          {[]byte("{\"version\":1,\"jobs\":[{\"id\":\"\xff\"}]}"), turno.DeadMalformed, turno.CodeMalformed},
	"deep nesting":       {[]byte(strings.Repeat("[", 1_000_000)), turno.DeadMalformed, turno.CodeMalformed},
	"no version":         {[]byte(`{"jobs":[]}`), turno.DeadVersion, turno.CodeInvalid},
	"a version to come":  {[]byte(`{"version":2,"jobs":[]}`), turno.DeadVersion, turno.CodeInvalid},
	"too many jobs":      {manyJobs(10_001), turno.DeadTooLarge, turno.CodeTooLarge},
	"a panic over it":    {[]byte(`{"version":1,"jobs":[{"id":"00000000-0000-7000-8000-000000000001","spec":{"type":"breaks"}}]}`), turno.DeadPanic, turno.CodeInternal},
	"zeros":              {make([]byte, 1000), turno.DeadMalformed, turno.CodeMalformed},
	"an endless string":  {append([]byte(`{"version":1,"jobs":[{"id":"`), bytes.Repeat([]byte("a"), 1<<20)...), turno.DeadMalformed, turno.CodeMalformed},
	"a number too large": {[]byte(`{"version":1e400,"jobs":[]}`), turno.DeadMalformed, turno.CodeMalformed},
}

func manyJobs(n int) []byte {
	body, err := json.Marshal(turno.Submission{Version: 1, Jobs: make([]turno.NewJob, n)})
	if err != nil {
		panic(err)
	}
	return body
}

// bench is a scheduler at work, and an inbox for its answers.
type bench struct {
	*testing.T
	b     *brokermem.Broker
	store *storemem.Store
	inbox broker.Inbox
}

func newBench(t *testing.T) *bench {
	t.Helper()
	r := &bench{T: t, b: brokermem.New(), store: storemem.New()}
	start(t, r.b, r.store)
	var err error
	if r.inbox, err = r.b.Inbox(t.Context()); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *bench) publish(m broker.Message) {
	r.Helper()
	if err := r.b.Publish(r.Context(), broker.JobsQueue, m); err != nil {
		r.Fatal(err)
	}
}

// answer is the next one.
func (r *bench) answer() (correlation string, reply turno.SubmissionReply) {
	r.Helper()
	got, err := r.inbox.Receive(r.Context())
	if err != nil {
		r.Fatal(err)
	}
	if err := json.Unmarshal(got[0].Body, &reply); err != nil || len(got) != 1 {
		r.Fatalf("%d answers, %s: %v", len(got), got[0].Body, err)
	}
	return got[0].CorrelationID, reply
}

// submits hands in a good message and waits for its answer: what was published
// before it has been dealt with.
func (r *bench) submits(n int) {
	r.Helper()
	ask(r.T, r.b, "good", job(n))
}

func (r *bench) letters() []turno.DeadLetter {
	r.Helper()
	page, err := r.store.DeadLetters(r.Context(), turno.DeadLetterQuery{})
	if err != nil {
		r.Fatal(err)
	}
	return page.Items
}

// act orders something of dead letters.
func (r *bench) act(verb turno.Verb, letters ...int64) []turno.Acted {
	r.Helper()
	a := turno.Action{Verb: verb}
	for _, n := range letters {
		a.Letters = append(a.Letters, fmt.Sprint(n))
	}
	body, err := json.Marshal(turno.Ask{Version: 1, Act: &a})
	if err != nil {
		r.Fatal(err)
	}
	if err := r.b.Publish(r.Context(), broker.ControlQueue, broker.Message{ReplyTo: r.inbox.Address(), Body: body}); err != nil {
		r.Fatal(err)
	}
	got, err := r.inbox.Receive(r.Context())
	if err != nil {
		r.Fatal(err)
	}
	var answer turno.Answer
	if err := json.Unmarshal(got[len(got)-1].Body, &answer); err != nil || answer.Error != nil {
		r.Fatalf("%s: %v", got[len(got)-1].Body, err)
	}
	return answer.Acted
}

// TestPoison_IsSetAside: with its reason, and with what it was; who asked hears
// of it, and nobody else is held up.
func TestPoison_IsSetAside(t *testing.T) {
	t.Parallel()
	for name, p := range poison {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newBench(t)
			r.publish(broker.Message{
				ID: "m1", CorrelationID: "c1", ReplyTo: r.inbox.Address(), ContentType: "application/x", Sender: "mallory", Body: p.body,
			})
			correlation, reply := r.answer()
			if reply.Error == nil || reply.Error.Code != p.code || correlation != "c1" {
				t.Errorf("answered %q: %+v", correlation, reply.Error)
			}
			r.submits(2)
			letters := r.letters()
			if len(letters) != 1 {
				t.Fatalf("%d letters", len(letters))
			}
			l := letters[0]
			if l.Reason != p.reason || l.Detail == "" || l.Queue != broker.JobsQueue || l.From != "mallory" || l.MessageID != "m1" ||
				l.CorrelationID != "c1" || l.ReplyTo != r.inbox.Address() || l.ContentType != "application/x" || l.Size != int64(len(p.body)) || l.Times != 1 {
				t.Errorf("set aside as %+v", l)
			}
			page, err := r.store.DeadLetters(t.Context(), turno.DeadLetterQuery{Number: l.Number})
			if err != nil || !bytes.Equal(page.Items[0].Body, p.body) {
				t.Errorf("its body is another: %v", err)
			}
			if acted := r.act(turno.Redrive, l.Number); acted[0].Error == nil || acted[0].Error.Code != p.code {
				t.Errorf("re-driven: %+v", acted)
			}
			if len(r.letters()) != 1 {
				t.Error("what is still refused is gone")
			}
			if acted := r.act(turno.Drop, l.Number, l.Number+7); acted[0].State != "dropped" || acted[1].Error == nil {
				t.Errorf("dropped: %+v", acted)
			}
			if letters := r.letters(); len(letters) != 0 {
				t.Errorf("dropped and there: %+v", letters)
			}
			r.submits(3)
		})
	}
}

// TestRefused_WithNobodyToTell: it is set aside, and can be handed in again when
// its cause is gone; what had been accepted is not taken twice.
func TestRefused_WithNobodyToTell(t *testing.T) {
	t.Parallel()
	r := newBench(t)
	refused := job(2)
	refused.Spec = &turno.Spec{Type: "not yet"}
	body, err := json.Marshal(turno.Submission{Version: 1, Jobs: []turno.NewJob{job(1), refused}})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		r.publish(broker.Message{Body: body})
	}
	r.submits(3)
	letters := r.letters()
	if len(letters) != 1 || letters[0].Reason != turno.DeadRefused || letters[0].Times != 3 {
		t.Fatalf("letters: %+v", letters)
	}
	n := letters[0].Number
	if acted := r.act(turno.Redrive, n); acted[0].Error == nil || len(acted[0].Jobs) != 2 || acted[0].Jobs[0].Number != 1 {
		t.Errorf("re-driven too early: %+v", acted)
	}
	known.Store("not yet", true)
	defer known.Delete("not yet")
	acted := r.act(turno.Redrive, n)
	if acted[0].Error != nil || len(acted[0].Jobs) != 2 || acted[0].Jobs[0].Number != 1 || acted[0].Jobs[1].Number == 0 {
		t.Errorf("re-driven: %+v", acted)
	}
	if letters := r.letters(); len(letters) != 0 {
		t.Errorf("re-driven and there: %+v", letters)
	}
	if acted := r.act(turno.Redrive, n); acted[0].Error == nil || acted[0].Error.Code != turno.CodeNotFound {
		t.Errorf("re-driven twice: %+v", acted)
	}
	page, err := r.store.Jobs(t.Context(), turno.JobQuery{})
	if err != nil || len(page.Items) != 3 {
		t.Errorf("%d jobs, %v; want 3", len(page.Items), err)
	}
}

// TestDeadQueue_IsEmptied: what stands there without a word from the broker is set
// aside as it is.
func TestDeadQueue_IsEmptied(t *testing.T) {
	t.Parallel()
	b, s := brokermem.New(), storemem.New()
	if err := b.Publish(t.Context(), broker.DeadQueue, broker.Message{ID: "m", Body: []byte("x")}); err != nil {
		t.Fatal(err)
	}
	terms := start(t, b, s)
	<-terms
	for r := (&bench{T: t, b: b, store: s}); ; r.submits(1) { // as often as it takes: another queue
		if letters := r.letters(); len(letters) == 1 {
			if l := letters[0]; l.Reason != turno.DeadUnfinished || l.Queue != broker.DeadQueue || l.MessageID != "m" {
				t.Errorf("set aside as %+v", l)
			}
			return
		}
	}
}

// TestDelivered_AgainAndAgain: what no scheduler lives to acknowledge is set
// aside without being looked at.
func TestDelivered_AgainAndAgain(t *testing.T) {
	t.Parallel()
	r := &bench{T: t, b: brokermem.New(), store: storemem.New()}
	body, err := json.Marshal(turno.Submission{Version: 1, Jobs: []turno.NewJob{job(1)}})
	if err != nil {
		t.Fatal(err)
	}
	r.publish(broker.Message{Body: body})
	for range 50 { // schedulers that died over it
		c, err := r.b.Consume(t.Context(), broker.JobsQueue, broker.ConsumeOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Receive(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	start(t, r.b, r.store)
	letters := r.letters()
	for len(letters) == 0 { // what came with it goes first
		r.submits(2)
		letters = r.letters()
	}
	if len(letters) != 1 || letters[0].Reason != turno.DeadUnfinished || !strings.Contains(letters[0].Detail, "51 times") {
		t.Fatalf("letters: %+v", letters)
	}
	if r.inbox, err = r.b.Inbox(t.Context()); err != nil {
		t.Fatal(err)
	}
	if acted := r.act(turno.Redrive, letters[0].Number); acted[0].Error != nil || acted[0].Jobs[0].Number == 0 {
		t.Errorf("re-driven: %+v", acted)
	}
}

// TestPoison_Flood: the list is bounded, by number.
func TestPoison_Flood(t *testing.T) {
	t.Parallel()
	r := &bench{T: t, b: brokermem.New(), store: storemem.New()}
	role := scheduler.New(scheduler.Options{
		Name: "test", Broker: r.b, Store: r.store, Order: policies.List()[0], Check: check, DeadLetters: 20,
	})
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- role.Run(ctx) }()
	defer func() { stop(); <-done }()
	for i := range 500 {
		r.publish(broker.Message{Body: fmt.Appendf(nil, "garbage %d", i)})
	}
	r.submits(1)
	if letters := r.letters(); len(letters) != 20 || letters[0].Number != 500 {
		t.Errorf("%d letters, the newest is %d", len(letters), letters[0].Number)
	}
}
