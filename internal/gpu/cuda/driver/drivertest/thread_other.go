//go:build !linux

package drivertest

// thread is not told apart here.
func thread() int { return 0 }
