package cuda

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"sync"
	"time"

	"turno"
	"turno/internal/gpu/cuda/driver"
)

// Watch writes a Survey as a line of JSON, at once and then every period; a
// period of 0 is once. It returns when ctx is done or nobody reads. It is what
// the child does: the libraries of a broken device may hang, and would hang the
// worker with it.
func Watch(ctx context.Context, open func() (*driver.NVML, error), out io.Writer, period time.Duration) error {
	encoder := json.NewEncoder(out)
	o, err := newObserver(open, time.Now)
	if err != nil {
		return encoder.Encode(Survey{Devices: []turno.GPU{}, Why: err.Error()})
	}
	defer o.close()
	for {
		if err := encoder.Encode(o.look()); err != nil || period == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(period):
		}
	}
}

// probeTime is how long a look at the devices may take: loading the driver
// takes 2 or 3 s on a machine of eight GPUs without persistence.
const probeTime = 20 * time.Second

// Inventory is this machine's devices, seen by a child process. Safe for
// concurrent use.
type Inventory struct {
	once    []string // a command that writes one Survey
	watch   []string // one that writes one a second
	present func() error

	mu     sync.Mutex // guards what follows
	last   Survey     // the first one
	seen   bool
	health health
}

// NewInventory looks with a command that runs Watch once, and one that goes on.
// Where this machine cannot have a device, by what the system shows, nothing is
// run.
func NewInventory(once, watch []string) *Inventory {
	return &Inventory{once: once, watch: watch, present: present}
}

// Devices lists them. What was seen once is remembered: devices do not come and
// go while a worker runs.
func (inv *Inventory) Devices(ctx context.Context) ([]turno.GPU, error) {
	inv.mu.Lock()
	defer inv.mu.Unlock()
	if !inv.seen {
		inv.last, inv.seen = inv.look(ctx), true
		first := inv.last
		inv.health.take(&first)
		inv.health.now = nil // nobody watches yet
	}
	return inv.last.Devices, nil
}

// Why there is no device, or what is wrong with some.
func (inv *Inventory) Why() string {
	inv.mu.Lock()
	defer inv.mu.Unlock()
	return inv.last.Why
}

// Clean tells what is left on a device.
func (inv *Inventory) Clean(ctx context.Context, uuid string) (string, error) {
	s := inv.look(ctx)
	for i := range s.Devices {
		if d := &s.Devices[i]; d.UUID == uuid {
			inv.mu.Lock()
			defer inv.mu.Unlock()
			return inv.health.left(d), nil
		}
	}
	return "", fmt.Errorf("look at %s: it is not there: %s", uuid, s.Why)
}

// look asks the child.
func (inv *Inventory) look(ctx context.Context) Survey {
	if err := inv.present(); err != nil {
		return Survey{Why: err.Error()}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, probeTime, fmt.Errorf("it did not answer within %s", probeTime))
	defer cancel()
	s, err := inv.ask(ctx)
	if err != nil {
		return Survey{Why: fmt.Sprintf("an NVIDIA driver is there, and looking for its devices failed: %v", err)}
	}
	return s
}

func (inv *Inventory) ask(ctx context.Context) (Survey, error) {
	command := exec.CommandContext(ctx, inv.once[0], inv.once[1:]...)
	command.WaitDelay = time.Second // for pipes that what it started holds open
	out, err := command.Output()
	var s Survey
	if err == nil {
		err = json.Unmarshal(firstLine(out), &s)
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && len(exit.Stderr) > 0 {
		err = fmt.Errorf("%w: %s", err, firstLine(exit.Stderr))
	}
	return s, err
}

func firstLine(text []byte) []byte {
	_, line, _ := bufio.ScanLines(text, true)
	return line
}

// Between two tries to look again after the child has ended or hung.
const watchAgain = 10 * time.Second

// Watch tells how the devices are, as a child sees them once a second, until
// ctx is done. A child that says nothing for probeTime is replaced: its library
// hangs. Meanwhile nothing is known.
func (inv *Inventory) Watch(ctx context.Context, tell func([]turno.GPU)) {
	for ctx.Err() == nil {
		inv.follow(ctx, tell)
		inv.learn(nil)
		tell([]turno.GPU{})
		select {
		case <-ctx.Done():
		case <-time.After(watchAgain):
		}
	}
}

func (inv *Inventory) learn(s *Survey) {
	inv.mu.Lock()
	defer inv.mu.Unlock()
	inv.health.take(s)
}

// follow runs one child until it ends.
func (inv *Inventory) follow(ctx context.Context, tell func([]turno.GPU)) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	command := exec.CommandContext(ctx, inv.watch[0], inv.watch[1:]...)
	command.WaitDelay = time.Second
	lifeline, err := command.StdinPipe() // it ends with this process
	if err != nil {
		return
	}
	defer lifeline.Close()
	out, err := command.StdoutPipe()
	if err != nil || command.Start() != nil {
		return
	}
	silent := time.AfterFunc(probeTime, cancel)
	defer silent.Stop()
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 4<<20) // 128 processes on each of 64 devices are 0.5 MiB
	for lines.Scan() {
		var s Survey
		if json.Unmarshal(lines.Bytes(), &s) != nil {
			break
		}
		silent.Reset(probeTime)
		inv.learn(&s)
		tell(s.Devices)
	}
	cancel()
	_ = command.Wait() // how it ended does not matter: another one follows
}
