package main

import (
	"context"
	"fmt"
	"os/exec"
	"time"

	"github.com/hibiken/asynq"
)

// keepResults is how long Asynq keeps a completed task, which is how its result
// can be known.
const keepResults = time.Hour

// asynqQueue drives Asynq. It has no call for many, and none that waits for an
// end: its inspector is asked.
type asynqQueue struct {
	client    *asynq.Client
	inspector *asynq.Inspector
	queue     string
	sent      int
	id        string // of the task that was handed in last
}

func newAsynqQueue(redis asynq.RedisConnOpt) *asynqQueue {
	return &asynqQueue{client: asynq.NewClient(redis), inspector: asynq.NewInspector(redis), queue: "default"}
}

func (q *asynqQueue) many(ctx context.Context, kind string, n int) error {
	for range n {
		if err := q.one(ctx, kind); err != nil {
			return err
		}
	}
	return nil
}

func (q *asynqQueue) one(ctx context.Context, kind string) error {
	info, err := q.client.EnqueueContext(ctx, asynq.NewTask(kind, []byte("{}")), asynq.Retention(keepResults))
	if err != nil {
		return err
	}
	q.id = info.ID
	q.sent++
	return nil
}

func (q *asynqQueue) all(ctx context.Context) error {
	return until(ctx, 5*lookForAll, func() (bool, error) { // looking walks through samples of the queue
		info, err := q.inspector.GetQueueInfo(q.queue)
		if err != nil {
			return false, err
		}
		if bad := info.Retry + info.Archived; bad > 0 {
			return false, fmt.Errorf("%d tasks did not succeed", bad)
		}
		return info.Completed >= q.sent, nil
	})
}

func (q *asynqQueue) last(ctx context.Context) error {
	return until(ctx, lookForOne, func() (bool, error) {
		info, err := q.inspector.GetTaskInfo(q.queue, q.id)
		if err != nil {
			return false, err
		}
		if info.State == asynq.TaskStateRetry || info.State == asynq.TaskStateArchived {
			return false, fmt.Errorf("task %s: %s", q.id, info.LastErr)
		}
		return info.State == asynq.TaskStateCompleted, nil
	})
}

func (q *asynqQueue) close() {
	q.inspector.Close()
	q.client.Close()
}

// workAsynq is its worker process.
func workAsynq(ctx context.Context, redis asynq.RedisConnOpt, check time.Duration, concurrency int) error {
	server := asynq.NewServer(redis, asynq.Config{Concurrency: concurrency, TaskCheckInterval: check, LogLevel: asynq.WarnLevel})
	mux := asynq.NewServeMux()
	for _, kind := range []string{kindNoop, kindCommand} {
		mux.HandleFunc(kind, func(ctx context.Context, _ *asynq.Task) error { return work(ctx, kind) })
	}
	if err := server.Start(mux); err != nil {
		return fmt.Errorf("start server: %w", err)
	}
	fmt.Println(ready)
	<-ctx.Done()
	server.Shutdown()
	return nil
}

// work is what a worker in Go does for a job.
func work(ctx context.Context, kind string) error {
	if kind == kindNoop {
		return nil
	}
	_, err := exec.CommandContext(ctx, "/bin/true").CombinedOutput()
	return err
}
