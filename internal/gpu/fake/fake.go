// Package fake simulates GPUs, so that scheduling can be tried without any. It
// computes nothing; every device is marked simulated, and so is all that comes
// from it.
package fake

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"turno"
)

// Inventory is a fixed list of simulated devices.
type Inventory struct {
	devices []turno.GPU
	// Trouble names a file that says at each look what is wrong with them, a line
	// each: "0 fault TEXT", "1 left TEXT", or "hang" for a driver that does not
	// answer any more. Empty, or no such file: nothing is.
	Trouble string
}

// memory of a simulated device: 24 GiB, a usual workstation card's.
const memory = 24 << 30

// New simulates n devices on the named worker.
func New(worker string, n int) *Inventory {
	inv := &Inventory{}
	for i := range n {
		inv.devices = append(inv.devices, turno.GPU{
			Index: i, UUID: fmt.Sprintf("SIMULATED-%s-%d", worker, i), Model: "SIMULATED GPU",
			Memory: memory, PCI: fmt.Sprintf("0000:%02x:00.0", i), Simulated: true,
		})
	}
	return inv
}

// Devices lists them.
func (inv *Inventory) Devices(context.Context) ([]turno.GPU, error) { return inv.devices, nil }

// Clean tells what Trouble says; otherwise nothing ever ran there.
func (inv *Inventory) Clean(ctx context.Context, uuid string) (string, error) {
	all, err := inv.trouble(ctx, "left")
	return all[uuid], err
}

// Faults tells what Trouble says.
func (inv *Inventory) Faults(ctx context.Context) (map[string]string, error) {
	return inv.trouble(ctx, "fault")
}

func (inv *Inventory) trouble(ctx context.Context, kind string) (map[string]string, error) {
	all := map[string]string{}
	if inv.Trouble == "" {
		return all, nil
	}
	data, err := os.ReadFile(inv.Trouble)
	if errors.Is(err, fs.ErrNotExist) {
		return all, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read what is wrong with simulated devices: %w", err)
	}
	for line := range strings.Lines(string(data)) {
		word := strings.SplitN(strings.TrimSpace(line), " ", 3)
		if word[0] == "hang" {
			inv.hang(ctx)
			return nil, errors.New("SIMULATED: the driver hung")
		}
		index, err := strconv.Atoi(word[0])
		if err != nil || len(word) < 3 || index < 0 || index >= len(inv.devices) || word[1] != kind {
			continue
		}
		all[inv.devices[index].UUID] = "SIMULATED: " + word[2]
	}
	return all, nil
}

// hang is a driver's call: it does not heed the context, and never returns
// while the process lives.
func (inv *Inventory) hang(context.Context) { <-(chan struct{})(nil) }

// Why says that they are not real.
func (inv *Inventory) Why() string {
	return fmt.Sprintf("%d SIMULATED devices (--fake-gpus): for scheduling trials only", len(inv.devices))
}
