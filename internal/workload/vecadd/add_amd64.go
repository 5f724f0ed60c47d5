package vecadd

// addFloat32 sets c[i] = a[i] + b[i] for n numbers, a multiple of 16.
//
//go:noescape
func addFloat32(c, a, b *float32, n int)

// addMany adds as many of the numbers as go by sixteens, and says how many.
func addMany(c, a, b []float32) int {
	n := len(c) &^ 15
	if n > 0 {
		addFloat32(&c[0], &a[:n][0], &b[:n][0], n)
	}
	return n
}
