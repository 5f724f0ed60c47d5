//go:build !linux && !windows

package driver

import (
	"errors"
	"runtime"
)

func cudaPlaces() []string                     { return []string{""} }
func nvmlPlaces() []string                     { return []string{""} }
func toolkitPlaces(string, ...string) []string { return []string{""} }
func openLibrary(string) (*library, error) {
	return nil, errors.New("NVIDIA has no driver for " + runtime.GOOS)
}
