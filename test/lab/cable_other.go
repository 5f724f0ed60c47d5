//go:build !linux

package lab

import (
	"testing"

	"turno/internal/testenv"
)

// Cable is for Linux.
type Cable struct{}

// NewCable lays none here.
func NewCable(t testing.TB) *Cable {
	t.Helper()
	testenv.Need(t, testenv.NetworkNeed)
	return nil
}

// Reach is for Linux.
func (*Cable) Reach(string) string { return "" }

// Enter is for Linux.
func (*Cable) Enter() []string { return nil }

// Set is for Linux.
func (*Cable) Set(Wire) {}
