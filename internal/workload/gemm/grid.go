package gemm

// leastWork is how many multiply-adds are worth a goroutine of their own: 6 to
// 12 µs on an AVX2 core, several times the 1 to 2 µs of starting and awaiting one.
const leastWork = 64 * 64 * 64

// packingWeight is what packing one number costs in multiply-adds: about a
// cycle, in which an AVX2 core does 8 (float64) to 16 (float32) of them.
const packingWeight = 16

// rectangle is a part of C.
type rectangle struct{ row, col, rows, cols int }

// grid divides C into down by across rectangles of whole tiles.
type grid struct {
	down, across     int // number of rectangles
	height, width    int // of each, in rows and columns of C; the last ones are smaller
	allRows, allCols int // of C
}

func (g grid) parts() int { return g.down * g.across }

// part is rectangle i of the grid, 0 to parts()-1.
func (g grid) part(i int) rectangle {
	row, col := i/g.across*g.height, i%g.across*g.width
	return rectangle{
		row: row, rows: min(g.height, g.allRows-row),
		col: col, cols: min(g.width, g.allCols-col),
	}
}

// split is the grid of at most so many parts that is done first. Parts share
// nothing, each packs what it needs itself: a barrier per block would cost more
// than the packing done twice, which also decides between tall and wide.
func (p product[T]) split(threads int) grid {
	m, n := p.c.Rows, p.c.Cols
	// In float64, because the count of multiply-adds may overflow an int.
	work := float64(m) * float64(n) * float64(p.depth)
	if limit := work / leastWork; limit < float64(threads) {
		threads = max(1, int(limit))
	}
	best, least := grid{}, 0.0
	for down := 1; down <= threads; down++ {
		g := grid{allRows: m, allCols: n}
		g.height = even(m, ceil(m, down), p.kernel.rows)
		g.width = even(n, ceil(n, threads/down), p.kernel.cols)
		g.down, g.across = ceil(m, g.height), ceil(n, g.width)
		height, width := float64(g.height), float64(g.width)
		cost := height*width + packingWeight*(height+width)
		if best.down == 0 || cost < least {
			best, least = g, cost
		}
	}
	return best
}

// even is the size of the pieces when total is cut into as few pieces of at most
// limit as possible, all alike but for the last, rounded up to a multiple of
// unit. Limit may be exceeded by that rounding.
func even(total, limit, unit int) int {
	pieces := ceil(total, limit)
	return ceil(ceil(total, pieces), unit) * unit
}

// ceil is a/b rounded up, for positive numbers.
func ceil(a, b int) int { return (a + b - 1) / b }
