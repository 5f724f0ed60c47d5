package api_test

import (
	"context"
	"iter"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"turno"
	"turno/internal/role/api"
)

// counting is a service whose lists take a second each.
type counting struct {
	fake
	reads atomic.Int64
}

func (s *counting) Jobs(context.Context, turno.JobQuery) (turno.JobPage, error) {
	n := s.reads.Add(1)
	<-time.After(time.Second)
	return turno.JobPage{Items: []turno.Job{{Number: n}}}, nil
}

// TestShared_OneReadForAllWhoAsk: who comes while it is being read gets what is
// read afterwards; another question does not wait.
func TestShared_OneReadForAllWhoAsk(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &counting{}
		s := api.Shared(f)
		var all sync.WaitGroup
		ask := func(q turno.JobQuery, want int64, within time.Duration) {
			all.Go(func() {
				began := time.Now()
				page, err := s.Jobs(t.Context(), q)
				if err != nil || page.Items[0].Number != want || time.Since(began) > within {
					t.Errorf("got %+v, %v after %s; want the answer %d", page.Items, err, time.Since(began), want)
				}
			})
		}
		ask(turno.JobQuery{}, 1, time.Second)
		<-time.After(time.Second / 2)
		ask(turno.JobQuery{User: "bea"}, 2, time.Second)
		<-time.After(time.Millisecond)
		for range 50 {
			ask(turno.JobQuery{}, 3, 1500*time.Millisecond)
		}
		synctest.Wait()
		gone, leave := context.WithTimeout(t.Context(), time.Millisecond)
		defer leave()
		if _, err := s.Jobs(gone, turno.JobQuery{}); err == nil {
			t.Error("who has gone waits for an answer")
		}
		all.Wait()
		if n := f.reads.Load(); n != 3 {
			t.Errorf("%d reads", n)
		}
	})
}

// TestShared_PaceOfOneQuestion: asked again and again it is read ten times a
// second, after twenty times at once.
func TestShared_PaceOfOneQuestion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := api.Shared(&fake{})
		began := time.Now()
		for range 50 {
			if _, err := s.Summary(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began).Round(time.Millisecond); took != 3*time.Second {
			t.Errorf("50 reads took %s", took)
		}
	})
}

func TestEvents_Gathered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		news := make(chan []turno.Event)
		f := &changing{news: news}
		ctx, cancel := context.WithCancel(t.Context())
		var told []string
		var all sync.WaitGroup
		all.Go(func() { api.Digests(ctx, f, func(text string) { told = append(told, text) }) })
		many := make([]turno.Event, 201)
		for i := range many {
			many[i] = turno.Event{Revision: uint64(10 + i), Number: int64(i + 1)}
		}
		for _, c := range []struct {
			name   string
			events []turno.Event
			want   string
		}{
			{"a beginning", []turno.Event{{Revision: 3, Reset: true}}, "id: 3\nevent: reset\ndata: {\"revision\":3,\"reset\":true}\n\n"},
			{"nothing", nil, ""},
			{"a job twice, and another", []turno.Event{
				{Revision: 4, Number: 7, State: turno.Running}, {Revision: 5, Number: 8, State: turno.Held}, {Revision: 6, Number: 7, State: turno.Succeeded},
			}, "id: 6\nevent: job\ndata: {\"revision\":6,\"number\":7,\"state\":\"succeeded\"}\n\n" +
				"id: 6\nevent: job\ndata: {\"revision\":6,\"number\":8,\"state\":\"held\"}\n\n"},
			{"more than can be told", many, "id: 210\nevent: reset\ndata: {\"revision\":210,\"reset\":true}\n\n"},
			{"as before", []turno.Event{{Revision: 211, Number: 1}}, "id: 211\nevent: job\ndata: {\"revision\":211,\"number\":1}\n\n"},
		} {
			news <- c.events
			<-time.After(300 * time.Millisecond)
			synctest.Wait()
			if got := strings.Join(told, "|"); got != c.want {
				t.Errorf("%s: told %q, want %q", c.name, got, c.want)
			}
			told = nil
		}
		cancel()
		all.Wait() // and with it who follows
	})
}

// changing is a service whose changes a test makes.
type changing struct {
	fake
	news chan []turno.Event
}

func (f *changing) Events(ctx context.Context, _ turno.EventQuery) iter.Seq2[turno.Event, error] {
	return func(yield func(turno.Event, error) bool) {
		for {
			select {
			case events := <-f.news:
				for _, e := range events {
					if !yield(e, nil) {
						return
					}
				}
			case <-ctx.Done():
				return
			}
		}
	}
}
