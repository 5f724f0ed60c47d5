// Package isolate holds tests of what jobs cannot do to each other, to turno and
// to the machine, on the real binary. It has nothing but tests.
package isolate
