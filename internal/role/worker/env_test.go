package worker

import (
	"fmt"
	"testing"

	"turno"
)

// TestDevices_AreShown as programs look for them: numbers in PCI order, a MIG
// instance by its UUID, nothing to a job without a device, no device that is
// SIMULATED; and what torchrun asks for.
func TestDevices_AreShown(t *testing.T) {
	t.Parallel()
	r := &Role{}
	r.gpus = []turno.GPU{{Index: 0, UUID: "GPU-a"}, {Index: 3, UUID: "GPU-b"}, {Index: 1, UUID: "MIG-c", MIG: true}, {Index: 9, UUID: "S", Simulated: true}}
	for _, c := range []struct {
		gpus             []string
		device           turno.Device
		visible, nvidia  string
		count, simulated string
	}{
		{nil, turno.DeviceCPU, "", "", "0", ""},
		{[]string{"GPU-b", "GPU-a"}, turno.DeviceGPU, "3,0", "GPU-b,GPU-a", "2", ""},
		{[]string{"MIG-c"}, turno.DeviceGPU, "MIG-c", "MIG-c", "1", ""},
		{[]string{"S"}, turno.DeviceGPU, "", "", "1", "1"},
	} {
		env := map[string]string{}
		key := turno.AttemptKey{Job: 12_345, Attempt: 2}
		r.devices(env, &attempt{key: key, task: &turno.Task{GPUs: c.gpus, Device: c.device, Spec: &turno.Spec{GPUMemory: 12 << 30}}})
		for name, want := range map[string]string{"CUDA_VISIBLE_DEVICES": c.visible, "NVIDIA_VISIBLE_DEVICES": c.nvidia, "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
			"TURNO_GPUS_PER_NODE": c.count, "TURNO_SIMULATED": c.simulated, "TURNO_NUM_NODES": "1", "TURNO_NODE_RANK": "0", "TURNO_MASTER_ADDR": "127.0.0.1",
			"TURNO_MASTER_PORT": fmt.Sprint(r.ports.of(key)), "TURNO_VRAM_LIMIT_MB": "12288"} {
			if env[name] != want {
				t.Errorf("%v: %s is %q, not %q", c.gpus, name, env[name], want)
			}
		}
	}
}
