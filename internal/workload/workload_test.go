package workload_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"sync/atomic"
	"testing"

	"turno/internal/workload"
)

func TestParallel_EveryIndexOnce(t *testing.T) {
	t.Parallel()
	for _, threads := range []int{1, 2, 7} {
		for _, n := range []int{0, 1, 9, 10, 11, 95} {
			seen := make([]atomic.Int32, n)
			err := workload.Parallel(t.Context(), threads, n, 10, func(low, high int) {
				for i := low; i < high; i++ {
					seen[i].Add(1)
				}
			})
			for i := range seen {
				if seen[i].Load() != 1 || err != nil {
					t.Fatalf("%d threads: index %d of %d was visited %d times, %v", threads, i, n, seen[i].Load(), err)
				}
			}
		}
	}
}

func TestParallel_StopsBetweenPieces(t *testing.T) {
	t.Parallel()
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	var pieces atomic.Int32
	err := workload.Parallel(ctx, 2, 1000, 1, func(low, high int) {
		pieces.Add(1)
		cancel(why)
	})
	if !errors.Is(err, why) || pieces.Load() > 2 {
		t.Errorf("%d pieces after the cancel, %v", pieces.Load(), err)
	}
}

func TestParallel_PanicComesOut(t *testing.T) {
	t.Parallel()
	defer func() {
		if text, _ := recover().(string); !strings.Contains(text, "bad piece") {
			t.Errorf("recovered %q", text)
		}
	}()
	workload.Parallel(t.Context(), 3, 100, 1, func(low, high int) {
		if low == 50 {
			panic("bad piece")
		}
	})
	t.Error("no panic")
}

func TestRandom_LooksEven(t *testing.T) {
	t.Parallel()
	const n = 1 << 20
	for stream := range uint64(3) {
		a := make([]float32, n)
		if err := workload.Fill(t.Context(), a, workload.NewRandom(5, stream), 2); err != nil {
			t.Fatal(err)
		}
		var sum, square, next float64
		for i, v := range a {
			if v < -1 || v >= 1 || float64(v) != workload.NewRandom(5, stream).Unit(i) {
				t.Fatalf("number %d is %g", i, v)
			}
			sum += float64(v)
			square += float64(v) * float64(v)
			next += float64(v) * float64(a[(i+1)%n])
		}
		// Standard errors: 0.577, 0.298 and 0.333 over the root of n; 5 of them.
		root := math.Sqrt(n)
		if math.Abs(sum/n) > 2.9/root || math.Abs(square/n-1.0/3) > 1.5/root || math.Abs(next/n) > 1.7/root {
			t.Errorf("stream %d: mean %g, square %g, neighbours %g", stream, sum/n, square/n, next/n)
		}
	}
}

func TestChecksum_SeesPlaceAndBits(t *testing.T) {
	t.Parallel()
	sum := func(threads int, values ...float64) string {
		s, err := workload.Checksum(t.Context(), values, threads)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	if sum(1, 1, 2, 3) != sum(2, 1, 2, 3) {
		t.Error("threads change it")
	}
	if sum(1, 1, 2) == sum(1, 2, 1) || sum(1, 0) == sum(1, math.Copysign(0, -1)) || sum(1, 0) == sum(1, 0, 0) {
		t.Error("different answers have the same sum")
	}
}

func TestDecode(t *testing.T) {
	t.Parallel()
	type params struct {
		N int     `json:"n"`
		F float64 `json:"f"`
	}
	for text, field := range map[string]string{
		``: "", `{}`: "", `{"n": 3}`: "",
		`{"n": 1.0}`: "params.n", `{"n": 1e3}`: "params.n", `{"f": "x"}`: "params.f", `{"g": 1}`: "params", `{} 1`: "params", `{`: "params",
		`{"n": 99999999999999999999}`: "params.n",
	} {
		p := params{N: 7}
		err := workload.Decode([]byte(text), &p)
		if (err == nil) != (field == "") || err != nil && err.Field != field {
			t.Errorf("%s: %v", text, err)
		}
	}
}
