package gemm

import "testing"

// TestSplit_CoversEverythingOnce splits matrices among threads and counts how
// often each element is covered, and whether parts begin at whole tiles.
func TestSplit_CoversEverythingOnce(t *testing.T) {
	t.Parallel()
	k := &kernel[float32]{rows: 6, cols: 16}
	for _, m := range []int{1, 6, 7, 100, 211} {
		for _, n := range []int{1, 16, 17, 100, 400} {
			for threads := 1; threads <= 17; threads++ {
				p := product[float32]{kernel: k, c: Matrix[float32]{Rows: m, Cols: n}, depth: 1 << 20}
				grid := p.split(threads)
				if grid.parts() > threads {
					t.Fatalf("%d by %d for %d threads has %d parts", m, n, threads, grid.parts())
				}
				covered := make([]int, m*n)
				for i := range grid.parts() {
					part := grid.part(i)
					if part.row%k.rows != 0 || part.col%k.cols != 0 || part.rows < 1 || part.cols < 1 {
						t.Fatalf("%d by %d for %d threads: part %d is %+v", m, n, threads, i, part)
					}
					for row := part.row; row < part.row+part.rows; row++ {
						for col := part.col; col < part.col+part.cols; col++ {
							covered[row*n+col]++
						}
					}
				}
				for i, times := range covered {
					if times != 1 {
						t.Fatalf("%d by %d for %d threads: element %d is covered %d times", m, n, threads, i, times)
					}
				}
			}
		}
	}
}

func TestSplit_Shapes(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name                 string
		m, n, depth, threads int
		down, across         int
	}{
		{"one thread", 1000, 1000, 1000, 1, 1, 1},
		{"square among four", 1024, 1024, 1024, 4, 2, 2},
		{"tall", 10000, 32, 1000, 4, 4, 1},
		{"wide", 12, 10000, 1000, 4, 1, 4},
		{"too small for a second goroutine", 64, 64, 127, 8, 1, 1},
		{"large enough for two", 64, 64, 128, 8, 1, 2},
		{"fewer tiles than threads", 6, 32, 1 << 20, 8, 1, 2},
	}
	for _, test := range cases {
		p := product[float32]{
			kernel: &kernel[float32]{rows: 6, cols: 16},
			c:      Matrix[float32]{Rows: test.m, Cols: test.n}, depth: test.depth,
		}
		if g := p.split(test.threads); g.down != test.down || g.across != test.across {
			t.Errorf("%s: %d by %d, want %d by %d", test.name, g.down, g.across, test.down, test.across)
		}
	}
}

func TestEven(t *testing.T) {
	t.Parallel()
	cases := []struct{ total, limit, unit, want int }{
		{257, 256, 1, 129}, {256, 256, 1, 256}, {1, 256, 1, 1}, {1024, 192, 6, 174}, {5, 192, 6, 6}, {193, 192, 6, 102},
	}
	for _, test := range cases {
		if got := even(test.total, test.limit, test.unit); got != test.want {
			t.Errorf("even(%d, %d, %d) is %d, want %d", test.total, test.limit, test.unit, got, test.want)
		}
	}
}
