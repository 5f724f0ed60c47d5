// Package fake simulates GPUs, so that scheduling can be tried without any. It
// computes nothing; every device is marked simulated, and so is all that comes
// from it.
package fake

import (
	"context"
	"fmt"

	"turno"
)

// Inventory is a fixed list of simulated devices.
type Inventory struct{ devices []turno.GPU }

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

// Clean is always true: nothing ever ran there.
func (inv *Inventory) Clean(context.Context, string) (string, error) { return "", nil }

// Why says that they are not real.
func (inv *Inventory) Why() string {
	return fmt.Sprintf("%d SIMULATED devices (--fake-gpus): for scheduling trials only", len(inv.devices))
}
