// Command gotest runs go test with the arguments it is given, requires every
// part that tests may need but the GPU, and refuses a skip that does not say,
// in testenv's words, which part it lacks.
//
//	go run ./internal/testenv/cmd/gotest -race ./...
//
// It prints a line per package, what failed, the slowest packages and, last
// and alone on its line, "N passed, N failed, N skipped" (tests and subtests).
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"

	"turno/internal/testenv"
)

func main() {
	ok, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "gotest:", err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}

func run(args []string) (ok bool, err error) {
	cmd := exec.Command("go", append([]string{"test", "-json"}, args...)...)
	cmd.Env = os.Environ()
	if os.Getenv(testenv.RequireVariable) == "" {
		cmd.Env = append(cmd.Env, testenv.RequireVariable+"="+testenv.AllBut(testenv.GPUNeed, testenv.DriverNeed, testenv.ToolkitNeed, testenv.EngineNeed, testenv.WineNeed))
	}
	cmd.Stderr = os.Stderr
	events, err := cmd.StdoutPipe()
	if err != nil {
		return false, fmt.Errorf("make pipe of go test: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return false, fmt.Errorf("start go test: %w", err)
	}
	r := newReport(os.Stdout)
	readErr := r.read(events)
	waitErr := cmd.Wait()
	ok = r.finish()
	if _, exited := errors.AsType[*exec.ExitError](waitErr); exited {
		return false, readErr // what failed is in the report
	}
	return ok, errors.Join(readErr, waitErr)
}
