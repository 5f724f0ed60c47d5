package testenv

import (
	"fmt"
	"os"
	"path/filepath"
)

// WineNeed is a folder with wine, which runs the Windows program. It is not made
// for `make test`.
const WineNeed Part = "wine"

// WineVariable names that folder: scripts/next-debian makes it, scripts/wine uses it.
const WineVariable = "TURNO_TEST_WINE"

func noWine() error {
	dir := os.Getenv(WineVariable)
	if dir == "" {
		return fmt.Errorf("%s names no folder", WineVariable)
	}
	return noFile(filepath.Join(dir, "usr", "lib", "wine", "wine64"))()
}
