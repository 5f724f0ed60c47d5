package image

import (
	"fmt"
	"testing"

	"turno"
	"turno/internal/gpu/cuda"
	"turno/internal/gpu/cuda/driver/drivertest"
	"turno/internal/workload"
)

// TestGPU_EveryOperationAndBorder on a SIMULATED device; the check is the
// workload's own, against float64. Sizes of one, odd, and beyond a tile.
func TestGPU_EveryOperationAndBorder(t *testing.T) {
	t.Parallel()
	operations := []string{`"operation":"blur","sigma":2`, `"operation":"blur","sigma":30,"radius":32`, `"operation":"sharpen"`, `"operation":"edges"`, `"operation":"grayscale"`,
		`"operation":"kernel","kernel":[[0,1,0],[1,-4,1],[0,1,0.5]]`, `"operation":"kernel","kernel":[[0.2,0.3,0.5]]`, `"operation":"kernel","kernel":[[1,2,1],[2,4,2],[1,2,1]]`}
	for i, operation := range operations {
		for j, border := range []Border{Clamp, Mirror, Wrap, Zero} {
			size := [][2]int{{1, 1}, {7, 3}, {131, 35}, {40, 70}}[(i+j)%4]
			t.Run(fmt.Sprintf("%d/%s/%dx%d", i, border, size[0], size[1]), func(t *testing.T) {
				t.Parallel()
				env := &workload.Env{Device: turno.DeviceGPU, GPU: drivertest.UUID, Threads: 1, Log: t.Output(), Progress: func(turno.Progress) {}}
				env.CUDA = cuda.New(cuda.Loader{CUDA: drivertest.New(t, drivertest.Options{}).CUDA})
				params := fmt.Sprintf(`{%s,"border":%q,"synthetic":{"width":%d,"height":%d,"count":2}}`, operation, border, size[0], size[1])
				out, err := run(t.Context(), env, []byte(params))
				if err != nil {
					t.Fatal(err)
				}
				if o := out.(*Output); !o.Verified || o.GPU == "" || o.Device != turno.DeviceGPU {
					t.Errorf("%+v", o)
				}
			})
		}
	}
}
