package testenv

import (
	"fmt"
	"os"
	"path/filepath"
)

// EngineNeed is what scripts/docker-lab makes: Docker's engine, and images that
// stand in for those that cannot be pulled. It is not made for `make test`.
const EngineNeed Part = "engine"

// EngineVariable names that folder.
const EngineVariable = "TURNO_TEST_ENGINE"

func noEngine() error {
	dir := os.Getenv(EngineVariable)
	if dir == "" {
		return fmt.Errorf("%s names no folder", EngineVariable)
	}
	if err := noFile(filepath.Join(dir, "engine", "usr", "sbin", "dockerd"))(); err != nil {
		return err
	}
	return noNetwork()
}
