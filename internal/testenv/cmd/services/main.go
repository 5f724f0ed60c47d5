// Command services runs a command beside one RabbitMQ and one PostgreSQL that
// all its tests share, and ends them afterwards. Its exit status is the
// command's.
//
//	go run ./internal/testenv/cmd/services -- go test ./...
//
// With -durable first, PostgreSQL syncs what it stores, as one in use does.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"turno/internal/testenv"
)

func main() {
	args := os.Args[1:]
	durable := len(args) > 0 && args[0] == "-durable"
	if i := slices.Index(args, "--"); i >= 0 {
		args = args[i+1:]
	}
	if len(args) == 0 {
		fmt.Fprintln(os.Stderr, "usage: services [-durable] -- command [argument ...]")
		os.Exit(2)
	}
	status, err := run(args, durable)
	if err != nil {
		fmt.Fprintln(os.Stderr, "services:", err)
	}
	os.Exit(status)
}

func run(args []string, durable bool) (status int, err error) {
	begun := time.Now()
	env, stop, err := testenv.StartServices(durable)
	if err != nil {
		return 1, err
	}
	defer func() {
		if stopErr := stop(); stopErr != nil {
			status, err = 1, errors.Join(err, stopErr)
		}
	}()
	fmt.Fprintf(os.Stderr, "services: started %d in %.1f s\n", len(env), time.Since(begun).Seconds())

	ctx, done := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer done()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	// The command ends first, in its own way, and then the servers.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err = cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return max(1, exit.ExitCode()), nil
	}
	if err != nil {
		return 1, fmt.Errorf("run %s: %w", args[0], err)
	}
	return 0, nil
}
