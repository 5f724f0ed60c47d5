//go:build !amd64

package vecadd

// addMany leaves all of them to the loop.
func addMany(c, a, b []float32) int { return 0 }
