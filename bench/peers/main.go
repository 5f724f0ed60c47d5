// Command peers measures turno beside the job queues that users would pick
// instead: the same work, on one machine, in one run, in alternating blocks.
//
//	peers ──starts──▶ servers, workers      one contestant at a time
//	  └──orders──▶ driver ──jobs──▶ contestant ──results──▶ driver
//
// It is no part of turno: a module of its own, so that turno's does not know
// what it is compared with. README.md says how to run it and what it measures.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/hibiken/asynq"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) > 1 {
		switch args[0] {
		case "drive":
			return runDriver(ctx, args[1], args[2:])
		case "work":
			return runWorker(ctx, args[1], args[2:])
		}
	}
	return measure(ctx, args)
}

// runDriver is the process that drives a queue in Go.
func runDriver(ctx context.Context, name string, args []string) error {
	var q queue
	var err error
	switch name {
	case "turno":
		q, err = newTurnoQueue(args[0], args[1])
	case "river":
		q, err = newRiverQueue(ctx, args[0])
	case "asynq":
		var redis asynq.RedisConnOpt
		if redis, err = asynq.ParseRedisURI(args[0]); err == nil {
			q = newAsynqQueue(redis)
		}
	default:
		return fmt.Errorf("there is no driver %q", name)
	}
	if err != nil {
		return fmt.Errorf("drive %s: %w", name, err)
	}
	return drive(ctx, q, os.Stdin, os.Stdout)
}

// runWorker is a worker process in Go: its URL, how often it looks, and how
// much it does at once.
func runWorker(ctx context.Context, name string, args []string) error {
	every, err := time.ParseDuration(args[1])
	most, numberErr := strconv.Atoi(args[2])
	if err := errors.Join(err, numberErr); err != nil {
		return err
	}
	switch name {
	case "river":
		return workRiver(ctx, args[0], every, most)
	case "asynq":
		redis, err := asynq.ParseRedisURI(args[0])
		if err != nil {
			return err
		}
		return workAsynq(ctx, redis, every, most)
	}
	return fmt.Errorf("there is no worker %q", name)
}
