package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"

	"turno"
	"turno/client"
)

// turnoQueue drives a turno through its HTTP API, as any client in Go would.
type turnoQueue struct {
	c      *client.Client
	queue  string // anew after each all
	sent   int64
	number int64 // of the job that was handed in last
	runs   int
	next   func() (turno.Event, error, bool) // nil until the first last
	stop   func()
}

func newTurnoQueue(url, tokenFile string) (*turnoQueue, error) {
	token, err := os.ReadFile(tokenFile)
	if err != nil {
		return nil, fmt.Errorf("read token: %w", err)
	}
	c, err := client.New(client.Options{URL: url, Token: strings.TrimSpace(string(token))})
	if err != nil {
		return nil, fmt.Errorf("make client: %w", err)
	}
	q := &turnoQueue{c: c}
	q.begin()
	return q, nil
}

func (q *turnoQueue) begin() {
	q.runs++
	q.queue, q.sent = fmt.Sprintf("peers-%d", q.runs), 0
}

func (q *turnoQueue) job(kind string) turno.NewJob {
	s := &turno.Spec{Type: "noop", Queue: q.queue}
	if kind == kindCommand {
		s.Type, s.Params = "exec", json.RawMessage(`{"command":["/bin/true"]}`)
	}
	return turno.NewJob{Spec: s}
}

func (q *turnoQueue) many(ctx context.Context, kind string, n int) error {
	jobs := make([]turno.NewJob, n)
	for i := range jobs {
		jobs[i] = q.job(kind)
	}
	return q.submit(ctx, jobs)
}

func (q *turnoQueue) one(ctx context.Context, kind string) error {
	return q.submit(ctx, []turno.NewJob{q.job(kind)})
}

func (q *turnoQueue) submit(ctx context.Context, jobs []turno.NewJob) error {
	done, err := q.c.Submit(ctx, jobs)
	if err != nil {
		q.begin() // some may have been taken: they must not be counted
		return err
	}
	for i := range done {
		if done[i].Error != nil {
			q.begin()
			return done[i].Error
		}
		q.number = done[i].Number
	}
	q.sent += int64(len(jobs))
	return nil
}

func (q *turnoQueue) all(ctx context.Context) error {
	defer q.begin()
	return until(ctx, lookForAll, func() (bool, error) {
		sum, err := q.c.Summary(ctx)
		if err != nil {
			return false, err
		}
		states := sum.Queues[q.queue]
		if bad := states[turno.Failed] + states[turno.Lost] + states[turno.Cancelled]; bad > 0 {
			return false, fmt.Errorf("%d jobs did not succeed", bad)
		}
		return states[turno.Succeeded] >= q.sent, nil
	})
}

// last hears of the end from the stream of events.
func (q *turnoQueue) last(ctx context.Context) error {
	if q.next == nil {
		q.next, q.stop = iter.Pull2(q.c.Events(ctx, turno.EventQuery{}))
		// The stream may begin after the end of this first job.
		return until(ctx, lookForOne, func() (bool, error) {
			j, err := q.c.Job(ctx, fmt.Sprint(q.number))
			if err == nil && j.State.Ended() && j.State != turno.Succeeded {
				err = fmt.Errorf("job %d: %s", q.number, j.State)
			}
			return err == nil && j.State.Ended(), err
		})
	}
	for {
		e, err, ok := q.next()
		if !ok {
			err = io.EOF
		}
		if err != nil {
			return fmt.Errorf("read events: %w", err)
		}
		if e.Number == q.number && e.State.Ended() {
			if e.State != turno.Succeeded {
				return fmt.Errorf("job %d: %s", e.Number, e.State)
			}
			return nil
		}
	}
}

func (q *turnoQueue) close() {
	if q.stop != nil {
		q.stop()
	}
	q.c.Close()
}
