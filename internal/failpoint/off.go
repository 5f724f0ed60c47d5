//go:build !failpoints

package failpoint

// Enabled tells whether this program obeys.
const Enabled = false

// Hit is called at a step.
func Hit(string) error { return nil }

// Environ is what a child process needs to obey too.
func Environ() []string { return nil }
