package cuda

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"turno"
)

// broken are the critical errors after which a device computes wrongly or not
// at all until it was reset or repaired, by their XID (NVIDIA, "XID Errors").
// Others, such as 13 and 31, are a program's own.
var broken = map[int]string{
	48: "memory error that could not be corrected", 62: "its controller halted", 64: "a broken row of memory could not be replaced",
	74: "NVLink error", 79: "fallen off the bus", 95: "memory error that was not contained",
	119: "its system processor does not answer", 120: "its system processor failed", 140: "memory error that was not recovered", 143: "it did not start",
}

// memoryLeft is how much more than when it was idle may be in use on a device
// that nobody computes on: drivers keep some of what they once took.
const memoryLeft = 256 << 20

// health is what surveys have told of devices. The zero value knows nothing.
type health struct {
	now    *Survey           // the last one; nil: there is none, or it is not known any more
	silent bool              // surveys came, and do not come any more
	faults map[string]string // by UUID; they last as long as the worker
	idle   map[string]int64  // by UUID: the least memory in use while nobody computed
}

// take learns from a survey; nil: none can be had.
func (h *health) take(s *Survey) {
	h.silent = s == nil && (h.now != nil || h.silent)
	h.now = s
	if s == nil {
		return
	}
	if h.faults == nil {
		h.faults, h.idle = map[string]string{}, map[string]int64{}
	}
	for i := range s.Devices {
		d := &s.Devices[i]
		if d.Status == nil {
			continue
		}
		if what := broken[d.Status.XID]; what != "" {
			h.faults[d.UUID] = fmt.Sprintf("XID %d: %s (reset or replace it, then restart the worker)", d.Status.XID, what)
		}
		if least, known := h.idle[d.UUID]; len(d.Status.Processes) == 0 && (!known || d.Status.MemoryUsed < least) {
			h.idle[d.UUID] = d.Status.MemoryUsed
		}
	}
}

// left is what is on a device, by a survey of this moment.
func (h *health) left(d *turno.GPU) string {
	if d.Status == nil {
		return ""
	}
	if n := len(d.Status.Processes); n > 0 {
		return fmt.Sprintf("%d processes compute on it, the first is %d", n, d.Status.Processes[0].PID)
	}
	least, known := h.idle[d.UUID]
	if d.Status.Drawing > 0 {
		return "" // what its screen's programs take comes and goes
	}
	if more := d.Status.MemoryUsed - least; known && more > memoryLeft {
		return fmt.Sprintf("%d MB more of its memory are in use than when it was idle, by no process that can be seen", more/1e6)
	}
	return ""
}

var errSilent = errors.New("NVIDIA's management library does not answer any more")

// Faults says which of the devices that there were at first have had an error
// that outlasts a job, or are gone, by the surveys that Watch gets: it does not
// wait for any. Before the first it knows of none.
func (inv *Inventory) Faults(context.Context) (map[string]string, error) {
	inv.mu.Lock()
	defer inv.mu.Unlock()
	if inv.health.silent {
		return nil, errSilent
	}
	faults := maps.Clone(inv.health.faults)
	if s := inv.health.now; s != nil {
		there := map[string]bool{}
		for i := range s.Devices {
			there[s.Devices[i].UUID] = true
		}
		for i := range inv.last.Devices {
			if uuid := inv.last.Devices[i].UUID; !there[uuid] && faults[uuid] == "" {
				faults[uuid] = "it is not there any more: " + s.Why
			}
		}
	}
	return faults, nil
}
