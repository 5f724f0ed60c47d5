package gemm

// operand is A or B as packing sees it: a set of lines, each depth numbers long;
// the lines are A's rows or B's columns.
type operand[T Float] struct {
	data   []T
	stride int
	deep   bool // neighbours in memory belong to one line; otherwise to neighbouring lines
}

// panels is the part of an operand to pack: count lines from first on, width of
// them to a panel, and depth numbers of each line from start on.
type panels struct{ first, count, width, start, depth int }

// pack copies a part of an operand into dst, which it grows if needed, in the
// order in which the kernel reads it: panel by panel, and in each panel the
// first number of every line, then the second of every line, and so on. The
// last panel is filled up with lines of zeros.
func pack[T Float](dst []T, from operand[T], part panels) []T {
	size := ceil(part.count, part.width) * part.width * part.depth
	if cap(dst) < size {
		dst = make([]T, size)
	}
	dst = dst[:size]
	if from.deep {
		packDeep(dst, from, part)
	} else {
		packWide(dst, from, part)
	}
	return dst
}

// packWide packs lines that lie side by side. It reads memory in order and lets
// the writes jump: the other way round took 3 to 9 times as long at 1024 columns
// and more, where every read would be from another page.
func packWide[T Float](dst []T, from operand[T], part panels) {
	for p := range part.depth {
		row := from.data[(part.start+p)*from.stride+part.first:][:part.count]
		for line := 0; line < part.count; line += part.width {
			to := dst[line*part.depth+p*part.width:][:part.width]
			clear(to[copy(to, row[line:]):])
		}
	}
}

// packDeep packs lines that lie one behind the other: it transposes. Four
// lines at once take 3/4 of the time of one by one, six lines 1/2.
func packDeep[T Float](dst []T, from operand[T], part panels) {
	for line := 0; line < part.count; line += part.width {
		panel := dst[line*part.depth:][:part.width*part.depth]
		src := from.data[(part.first+line)*from.stride+part.start:]
		count := min(part.width, part.count-line)
		switch {
		case count < part.width:
			clear(panel)
			for i := range count {
				for p, v := range src[i*from.stride:][:part.depth] {
					panel[p*part.width+i] = v
				}
			}
		case count == 6:
			transposeSix(panel, src, from.stride, part.depth)
		default: // a multiple of 4, as all tiles are but for those of 6 rows
			for i := 0; i < count; i += 4 {
				transposeFour(panel[i:], src[i*from.stride:], from.stride, part)
			}
		}
	}
}

// transposeSix interleaves six lines of src to a panel of that width.
func transposeSix[T Float](panel, src []T, stride, depth int) {
	line0, line1 := src[:depth], src[stride:][:depth]
	line2, line3 := src[2*stride:][:depth], src[3*stride:][:depth]
	line4, line5 := src[4*stride:][:depth], src[5*stride:][:depth]
	for p, v := range line0 {
		if len(panel) < 6 { // never; it spares six checks of the index
			break
		}
		panel[0], panel[1], panel[2] = v, line1[p], line2[p]
		panel[3], panel[4], panel[5] = line3[p], line4[p], line5[p]
		panel = panel[6:]
	}
}

// transposeFour interleaves four lines of src to the first four columns of a
// panel.
func transposeFour[T Float](panel, src []T, stride int, part panels) {
	line0, line1 := src[:part.depth], src[stride:][:part.depth]
	line2, line3 := src[2*stride:][:part.depth], src[3*stride:][:part.depth]
	for p, v := range line0 {
		to := panel[p*part.width:][:4]
		to[0], to[1], to[2], to[3] = v, line1[p], line2[p], line3[p]
	}
}
