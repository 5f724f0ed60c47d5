// Package gpu is the port to the GPUs of a machine: what there is, how it is,
// who uses it. It runs nothing on them: that is the runner's. Adapters: fake
// (scheduling trials, marked SIMULATED), and cuda, by NVML.
package gpu

import (
	"context"

	"turno"
)

// Inventory finds devices. Safe for concurrent use.
type Inventory interface {
	// Devices lists the devices in PCI order. A machine without any is an empty
	// list and no error.
	Devices(ctx context.Context) ([]turno.GPU, error)
	// Clean tells whether nothing of a finished attempt is left on a device: no
	// process, memory back at its baseline. Otherwise it says what is.
	Clean(ctx context.Context, uuid string) (left string, err error)
	// Why says in a sentence why there is no device, for doctor and nodes.
	Why() string
}

// Health is what an Inventory is too if it can tell which devices must take no
// job: fallen off the bus, with broken memory, in need of a reset. Safe for
// concurrent use.
type Health interface {
	// Faults says what is wrong, by UUID; a device that is well is left out. A
	// call may hang for ever: callers give up on it.
	Faults(ctx context.Context) (map[string]string, error)
}

// Watcher is an Inventory that tells how its devices are, about once a second,
// until ctx is done.
type Watcher interface {
	Watch(ctx context.Context, tell func([]turno.GPU))
}

// None is the inventory of a machine without a driver.
type None struct{ Reason string }

// Devices is empty.
func (None) Devices(context.Context) ([]turno.GPU, error) { return nil, nil }

// Clean has nothing to look at.
func (None) Clean(context.Context, string) (string, error) { return "", nil }

// Why is the reason given.
func (n None) Why() string { return n.Reason }
