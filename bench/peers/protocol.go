package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

// What a driver can be ordered to do.
const (
	doBulk    = "bulk"    // n jobs by the client's call for many; then wait for all
	doSingle  = "single"  // n calls of one job each, one after the other; then wait for all
	doLatency = "latency" // for each pause: rest, submit one, wait until its result is known
)

// order is a line that the harness sends to a driver. A driver is the process
// that submits jobs and learns of their ends, whatever language it is in;
// python/driver.py is the other one.
type order struct {
	Do     string    `json:"do"`
	Kind   string    `json:"kind"` // noop, or command: /bin/true
	N      int       `json:"n,omitempty"`
	Pauses []float64 `json:"pauses,omitempty"` // seconds
}

// answer is the line that comes back. Times are measured by the driver.
type answer struct {
	Submitted float64   `json:"submitted,omitempty"` // seconds until every job was accepted
	Known     float64   `json:"known,omitempty"`     // seconds until every result was known
	Samples   []float64 `json:"samples,omitempty"`   // of latency: seconds
	Error     string    `json:"error,omitempty"`
}

// orderLimit ends what hangs: the slowest measurement here takes 40 s on two
// cores under load.
const orderLimit = 4 * time.Minute

// driver is one that runs. Its standard input is its lifeline.
type driver struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines chan []byte // closed at the end of its output
}

func startDriver(argv, env []string) (*driver, error) {
	d := &driver{cmd: exec.Command(argv[0], argv[1:]...), lines: make(chan []byte)}
	d.cmd.Env = append(os.Environ(), env...)
	d.cmd.Stderr = os.Stderr
	var err error
	if d.in, err = d.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("make pipe of driver: %w", err)
	}
	out, err := d.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("make pipe of driver: %w", err)
	}
	if err := d.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start driver: %w", err)
	}
	go func() {
		defer close(d.lines)
		s := bufio.NewScanner(out)
		s.Buffer(nil, 16<<20) // the samples of one order are a line
		for s.Scan() {
			d.lines <- append([]byte(nil), s.Bytes()...)
		}
	}()
	return d, nil
}

// order sends one and waits for its answer.
func (d *driver) order(ctx context.Context, o order) (answer, error) {
	line, err := json.Marshal(o)
	if err != nil {
		return answer{}, fmt.Errorf("encode order: %w", err)
	}
	if _, err := d.in.Write(append(line, '\n')); err != nil {
		return answer{}, fmt.Errorf("send order: %w", err)
	}
	timer := time.NewTimer(orderLimit)
	defer timer.Stop()
	select {
	case line, ok := <-d.lines:
		if !ok {
			return answer{}, errors.New("the driver ended before it answered")
		}
		var a answer
		if err := json.Unmarshal(line, &a); err != nil {
			return answer{}, fmt.Errorf("read answer %.80q: %w", line, err)
		}
		if a.Error != "" {
			return a, errors.New(a.Error)
		}
		return a, nil
	case <-timer.C:
		d.cmd.Process.Kill() // its answer, should it come, would be taken for that to the next order
		return answer{}, fmt.Errorf("%s of %s: no answer within %v", o.Do, o.Kind, orderLimit)
	case <-ctx.Done():
		return answer{}, context.Cause(ctx)
	}
}

// stop ends it: by the end of its input, and if that is not heard, by force.
func (d *driver) stop() error {
	d.in.Close()
	kill := time.AfterFunc(10*time.Second, func() { d.cmd.Process.Kill() })
	defer kill.Stop()
	for range d.lines {
	}
	if err := d.cmd.Wait(); err != nil {
		return fmt.Errorf("end driver: %w", err)
	}
	return nil
}
