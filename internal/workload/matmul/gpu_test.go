package matmul

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"turno"
	"turno/internal/gpu/cuda"
	"turno/internal/gpu/cuda/driver/drivertest"
	"turno/internal/workload"
)

func simulated(t *testing.T, o drivertest.Options) *workload.Env {
	env := quiet(2)
	env.Device, env.GPU = turno.DeviceGPU, drivertest.UUID
	env.CUDA = cuda.New(cuda.Loader{CUDA: drivertest.New(t, o).CUDA})
	return env
}

// TestGPU_EveryKernelAndShape: sizes of one, odd ones, and around the tiles'
// edges, on a SIMULATED device.
func TestGPU_EveryKernelAndShape(t *testing.T) {
	t.Parallel()
	shapes := [][3]int{{1, 1, 1}, {3, 5, 7}, {33, 17, 31}, {129, 40, 130}, {128, 64, 256}, {5, 300, 270}, {257, 33, 9}}
	for _, d := range []string{"float32", "float64", "tf32", "float16", "bfloat16"} {
		for _, s := range shapes {
			t.Run(fmt.Sprintf("%s/%dx%dx%d", d, s[0], s[1], s[2]), func(t *testing.T) {
				t.Parallel()
				out, err := run(t.Context(), simulated(t, drivertest.Options{}), fmt.Appendf(nil, `{"m":%d,"k":%d,"n":%d,"dtype":%q}`, s[0], s[1], s[2], d))
				if err != nil {
					t.Fatal(err)
				}
				o := out.(*Output)
				if o.Error > o.Tolerance/2 || o.Engine != "cuda sm_80 own kernel" || o.Peak == 0 {
					t.Errorf("%+v", o.Outcome)
				}
			})
		}
	}
}

// TestGPU_CuBLASLt thinks column by column: shapes that differ in all three
// sizes come out right, with what the library is told of them.
func TestGPU_CuBLASLt(t *testing.T) {
	t.Parallel()
	fake := drivertest.New(t, drivertest.Options{})
	env := quiet(2)
	env.Device, env.GPU = turno.DeviceGPU, drivertest.UUID
	env.CUDA = cuda.New(cuda.Loader{CUDA: fake.CUDA, BLASLt: fake.BLASLt})
	for _, s := range [][3]int{{1, 1, 1}, {3, 50, 7}, {33, 17, 130}} {
		out, err := run(t.Context(), env, fmt.Appendf(nil, `{"m":%d,"k":%d,"n":%d}`, s[0], s[1], s[2]))
		if err != nil {
			t.Fatal(err)
		}
		if o := out.(*Output); o.Error > o.Tolerance/2 || o.Engine != "cuda sm_80 cuBLASLt 130000" {
			t.Errorf("%v: %+v", s, o.Outcome)
		}
	}
}

// TestGPU_LargeTile is the kernel for large matrices, which small ones do not
// choose: four multiprocessors need four tiles.
func TestGPU_LargeTile(t *testing.T) {
	t.Parallel()
	if k := chooseKernel(Params{M: 200, N: 200, DType: "float32"}, &cuda.Info{Multiprocessors: 4}); k.name != "sgemm_nn" {
		t.Error(k)
	}
	out, err := run(t.Context(), simulated(t, drivertest.Options{}), []byte(`{"m":150,"k":37,"n":201}`))
	if err != nil || out.(*Output).Error > out.(*Output).Tolerance/2 {
		t.Errorf("%+v, %v", out, err)
	}
}

func TestGPU_WhatADeviceLacks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ params, want string }{
		{`{"dtype":"bfloat16"}`, "capability 8.0, and this device has 7.0"},
		{`{"library":"cublas"}`, "cuBLAS is not on this machine"},
	} {
		_, err := run(t.Context(), simulated(t, drivertest.Options{Major: 7}), json.RawMessage(c.params))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.params, err)
		}
	}
	if _, err := run(t.Context(), quiet(1), []byte(`{"dtype":"tf32"}`)); err == nil || !strings.Contains(err.Error(), "needs a GPU") {
		t.Error(err)
	}
}

// TestHalf_Rounding: every binary16 is itself again, and what is between two
// goes to the nearer, ties to the even one.
func TestHalf_Rounding(t *testing.T) {
	t.Parallel()
	for h := range 1 << 16 {
		v := fromF16(uint16(h))
		if v != v || math.IsInf(float64(v), 0) {
			continue
		}
		if got := toF16(v); got != uint16(h) {
			t.Fatalf("%#x is %g, and that %#x", h, v, got)
		}
		if h&0x7fff >= 0x7bff || h >= 0x8000 {
			continue
		}
		next := fromF16(uint16(h + 1))
		middle := (v + next) / 2
		even := uint16(h + h&1)
		if got := toF16(middle); got != even {
			t.Fatalf("between %#x and the next: %#x", h, got)
		}
		if toF16(math.Nextafter32(middle, 0)) != uint16(h) || toF16(math.Nextafter32(middle, 1e9)) != uint16(h+1) {
			t.Fatalf("near the middle of %#x and the next", h)
		}
	}
	for v, want := range map[float32]uint16{1: 0x3f80, 1 + 0x1p-8: 0x3f80, 1 + 0x1.8p-7: 0x3f82, -2: 0xc000} {
		if got := toBF16(v); got != want {
			t.Errorf("%g is %#x, want %#x", v, got, want)
		}
	}
	if roundTF32(1+0x1p-11) != 1 || roundTF32(1+0x1.8p-10) != 1+0x1p-9 {
		t.Error("tf32")
	}
}
