package scheduler_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"testing"

	"turno"
	"turno/internal/broker"
	brokermem "turno/internal/broker/mem"
	storemem "turno/internal/store/mem"
)

// asked is a store that counts the looks for ids.
type asked struct {
	*storemem.Store
	looks, ids atomic.Int64
}

func (a *asked) Find(ctx context.Context, refs ...turno.Ref) ([]*turno.Job, error) {
	if len(refs) > 0 {
		a.looks.Add(1)
		a.ids.Add(int64(len(refs)))
	}
	return a.Store.Find(ctx, refs...)
}

// TestLookUp_SharedByMessages: in the first seconds of a term each id may be in
// the store already. Messages that wait are asked for together.
func TestLookUp_SharedByMessages(t *testing.T) {
	t.Parallel()
	b, s := brokermem.New(), &asked{Store: storemem.New()}
	inbox, err := b.Inbox(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const messages, each = 10, 50
	for i := range messages {
		m := turno.Submission{Version: turno.ProtocolVersion}
		for k := range each {
			m.Jobs = append(m.Jobs, job(i*each+k))
		}
		body, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Publish(t.Context(), broker.JobsQueue, broker.Message{ReplyTo: inbox.Address(), CorrelationID: fmt.Sprint(i), Body: body}); err != nil {
			t.Fatal(err)
		}
	}
	start(t, b, s)
	for answered := 0; answered < messages; {
		got, err := inbox.Receive(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		answered += len(got)
	}
	if looks, ids := s.looks.Load(), s.ids.Load(); looks > 2 || ids != messages*each {
		t.Errorf("%d looks for %d ids, for %d messages of %d jobs", looks, ids, messages, each)
	}
}
