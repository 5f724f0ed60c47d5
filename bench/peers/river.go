package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"
)

type (
	noopArgs    struct{}
	commandArgs struct{}
)

func (noopArgs) Kind() string    { return kindNoop }
func (commandArgs) Kind() string { return kindCommand }

func riverArgs(kind string) river.JobArgs {
	if kind == kindCommand {
		return commandArgs{}
	}
	return noopArgs{}
}

// riverQueue drives River. The process that submits is not the one that works,
// so it learns of ends from the table of jobs.
type riverQueue struct {
	pool   *pgxpool.Pool
	client *river.Client[pgx.Tx]
	id     int64 // of the job that was handed in last
}

func newRiverQueue(ctx context.Context, url string) (*riverQueue, error) {
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	c, err := river.NewClient(riverpgxv5.New(pool), &river.Config{Logger: riverLog()})
	if err != nil {
		return nil, fmt.Errorf("make client: %w", err)
	}
	return &riverQueue{pool: pool, client: c}, nil
}

func riverLog() *slog.Logger {
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
}

func (q *riverQueue) many(ctx context.Context, kind string, n int) error {
	jobs := make([]river.InsertManyParams, n)
	for i := range jobs {
		jobs[i].Args = riverArgs(kind)
	}
	_, err := q.client.InsertManyFast(ctx, jobs)
	return err
}

func (q *riverQueue) one(ctx context.Context, kind string) error {
	done, err := q.client.Insert(ctx, riverArgs(kind), nil)
	if err != nil {
		return err
	}
	q.id = done.Job.ID
	return nil
}

// all asks for one job that has not ended: a look at an index.
func (q *riverQueue) all(ctx context.Context) error {
	return until(ctx, lookForAll, func() (bool, error) {
		var states []string
		rows, err := q.pool.Query(ctx, `SELECT state::text FROM river_job
			WHERE state IN ('available', 'running', 'retryable', 'scheduled', 'pending', 'discarded', 'cancelled') LIMIT 1`)
		if err == nil {
			states, err = pgx.CollectRows(rows, pgx.RowTo[string])
		}
		if err != nil || len(states) == 0 {
			return err == nil, err
		}
		switch s := rivertype.JobState(states[0]); s {
		case rivertype.JobStateRetryable, rivertype.JobStateDiscarded, rivertype.JobStateCancelled:
			return false, fmt.Errorf("a job is %s", s)
		}
		return false, nil
	})
}

func (q *riverQueue) last(ctx context.Context) error {
	return until(ctx, lookForOne, func() (bool, error) {
		j, err := q.client.JobGet(ctx, q.id)
		if err != nil {
			return false, err
		}
		if len(j.Errors) > 0 {
			return false, fmt.Errorf("job %d: %s", j.ID, j.Errors[0].Error)
		}
		return j.State == rivertype.JobStateCompleted, nil
	})
}

func (q *riverQueue) close() { q.pool.Close() }

// riverWorker does both kinds.
type riverWorker[T river.JobArgs] struct{ river.WorkerDefaults[T] }

func (riverWorker[T]) Work(ctx context.Context, j *river.Job[T]) error { return work(ctx, j.Kind) }

// workRiver is its worker process; it makes the tables too.
func workRiver(ctx context.Context, url string, cooldown time.Duration, most int) error {
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	defer pool.Close()
	driver := riverpgxv5.New(pool)
	m, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: riverLog()})
	if err == nil {
		_, err = m.Migrate(ctx, rivermigrate.DirectionUp, nil)
	}
	if err != nil {
		return fmt.Errorf("make tables: %w", err)
	}
	workers := river.NewWorkers()
	river.AddWorker(workers, riverWorker[noopArgs]{})
	river.AddWorker(workers, riverWorker[commandArgs]{})
	c, err := river.NewClient(driver, &river.Config{
		FetchCooldown: cooldown, Logger: riverLog(), Workers: workers,
		Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: most}},
	})
	if err != nil {
		return fmt.Errorf("make client: %w", err)
	}
	if err := c.Start(ctx); err != nil {
		return fmt.Errorf("start: %w", err)
	}
	fmt.Println(ready)
	<-ctx.Done()
	return c.Stop(context.WithoutCancel(ctx))
}
