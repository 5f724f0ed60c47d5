package cuda

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"turno"
	"turno/internal/gpu"
)

var _ gpu.Health = (*Inventory)(nil)

// TestInventory_Faults: a child's surveys tell of an error that lasts, of one
// that does not, of a device that is gone, and then no more.
func TestInventory_Faults(t *testing.T) {
	t.Parallel()
	const one = `{"index":0,"uuid":"GPU-1","status":{}},{"index":1,"uuid":"GPU-2","status":{}},{"index":2,"uuid":"GPU-3","status":{}}`
	inv := NewInventory([]string{"/bin/sh", "-c", `echo '{"devices":[` + one + `]}'`}, []string{"/bin/sh", "-c", `
		echo '{"devices":[` + one + `]}'
		echo '{"devices":[{"index":0,"uuid":"GPU-1","status":{"xid":31}},{"index":1,"uuid":"GPU-2","status":{"xid":48}},{"index":2,"uuid":"GPU-3","status":{}}]}'
		echo '{"devices":[{"index":0,"uuid":"GPU-1","status":{"xid":31}},{"index":1,"uuid":"GPU-2","status":{"xid":31}}],"why":"device 2: it has fallen off the bus"}'`})
	inv.present = func() error { return nil }
	if devices, err := inv.Devices(t.Context()); err != nil || len(devices) != 3 {
		t.Fatalf("%v, %v", devices, err)
	}
	faults := func() map[string]string {
		t.Helper()
		all, err := inv.Faults(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	if all := faults(); len(all) > 0 {
		t.Errorf("before the first survey: %v", all)
	}
	const ecc = "XID 48: memory error that could not be corrected (reset or replace it, then restart the worker)"
	want := []map[string]string{{}, {"GPU-2": ecc}, {"GPU-2": ecc, "GPU-3": "it is not there any more: device 2: it has fallen off the bus"}}
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	inv.Watch(ctx, func(list []turno.GPU) {
		if len(list) == 0 {
			cancel()
			return
		}
		if diff := cmp.Diff(want[n], faults()); diff != "" {
			t.Errorf("after survey %d: %s", n, diff)
		}
		n++
	})
	if n != len(want) {
		t.Errorf("%d surveys came", n)
	}
	if all, err := inv.Faults(t.Context()); err == nil || !strings.Contains(err.Error(), "does not answer") {
		t.Errorf("after the child has ended: %v, %v", all, err)
	}
}

func TestInventory_Clean(t *testing.T) {
	t.Parallel()
	survey := func(used int64, processes string) Survey {
		d := turno.GPU{UUID: "GPU-1", Status: &turno.GPUStatus{MemoryUsed: used << 20}}
		switch processes {
		case "a job":
			d.Status.Processes = []turno.GPUProcess{{PID: 4711}}
		case "a screen":
			d.Status.Drawing = 1
		}
		return Survey{Devices: []turno.GPU{d}}
	}
	var h health
	for _, c := range []struct {
		used      int64
		processes string
		left      string
	}{
		{9000, "a job", "the first is 4711"},
		{600, "", ""}, // now it is known what is in use when it is idle
		{900, "", "314 MB more"},
		{700, "", ""},
		{2000, "a screen", ""},
		{500, "a job", "the first is 4711"},
	} {
		s := survey(c.used, c.processes)
		h.take(&s)
		if left := h.left(&s.Devices[0]); c.left == "" && left != "" || !strings.Contains(left, c.left) {
			t.Errorf("%d MiB in use, %q: %q is left", c.used, c.processes, left)
		}
	}
}
