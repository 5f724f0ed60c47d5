package gemm

// product is one call's work. Its fields are constant after construction.
type product[T Float] struct {
	kernel      *kernel[T]
	c           Matrix[T] // not transposed
	a, b        operand[T]
	depth       int // columns of A, rows of B
	alpha, beta T
}

// workspace is what one goroutine needs to compute a rectangle. It is pooled by
// its kernel and belongs to one goroutine at a time.
type workspace[T Float] struct {
	a, b []T     // packed blocks
	edge []T     // one whole tile, for tiles that C's border cuts
	tile tile[T] // the kernel's argument; here because an argument of a function value escapes
}

// block is a rectangle of C and the range of the depth that is added to it.
type block struct {
	rectangle
	first, depth int
}

// run computes one rectangle of C: for each block of columns and each slice of
// the depth it packs B once, and for each block of rows A.
func (p *product[T]) run(area rectangle) {
	k := p.kernel
	w := k.workspace()
	defer k.release(w)
	rows := even(area.rows, k.blockRows, k.rows)
	cols := even(area.cols, k.blockCols, k.cols)
	depth := even(p.depth, k.blockDepth, 1)
	for col := 0; col < area.cols; col += cols {
		for first := 0; first < p.depth; first += depth {
			at := block{first: first, depth: min(depth, p.depth-first)}
			at.col, at.cols = area.col+col, min(cols, area.cols-col)
			w.b = pack(w.b, p.b, panels{at.col, at.cols, k.cols, at.first, at.depth})
			for row := 0; row < area.rows; row += rows {
				at.row, at.rows = area.row+row, min(rows, area.rows-row)
				w.a = pack(w.a, p.a, panels{at.row, at.rows, k.rows, at.first, at.depth})
				p.tiles(w, at)
			}
		}
	}
}

// tiles adds the product of the packed blocks to C, tile by tile. A panel of B
// stays in the first cache while all panels of A pass by.
func (p *product[T]) tiles(w *workspace[T], at block) {
	k, t := p.kernel, &w.tile
	t.depth, t.alpha, t.beta = at.depth, p.alpha, p.beta
	if at.first > 0 { // C already holds beta*C and a part of the product
		t.beta = 1
	}
	for j := 0; j < at.cols; j += k.cols {
		t.b = w.b[j*at.depth:][:k.cols*at.depth]
		cols := min(k.cols, at.cols-j)
		for i := 0; i < at.rows; i += k.rows {
			t.a = w.a[i*at.depth:][:k.rows*at.depth]
			rows := min(k.rows, at.rows-i)
			c := p.c.Data[(at.row+i)*p.c.Stride+at.col+j:]
			if rows == k.rows && cols == k.cols {
				t.c, t.stride = c, p.c.Stride
				k.run(t)
			} else {
				p.edge(w, c, rows, cols)
			}
		}
	}
}

// edge computes a tile of which only rows by cols lie inside C, by way of a
// whole tile. It copies C in and out around the kernel, so that an element's
// bits do not depend on which kind of tile it fell into.
func (p *product[T]) edge(w *workspace[T], c []T, rows, cols int) {
	k, t := p.kernel, &w.tile
	if t.beta != 0 {
		for i := range rows {
			copy(w.edge[i*k.cols:], c[i*p.c.Stride:][:cols])
		}
	}
	t.c, t.stride = w.edge, k.cols
	k.run(t)
	for i := range rows {
		copy(c[i*p.c.Stride:][:cols], w.edge[i*k.cols:])
	}
}
