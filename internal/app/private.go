package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"turno/internal/config"
)

// checkPrivate refuses a data folder in which others could put files in turno's
// place, and a store that they can read: it holds everybody's jobs and output.
// What turno makes itself is private; a copy or a restored backup may not be.
func checkPrivate(data string) error {
	if runtime.GOOS == "windows" {
		return nil // modes say nothing there
	}
	for _, f := range []struct {
		path, can string
		bad       fs.FileMode
		repair    string
	}{
		{data, "be written to by every user of this machine", 0o002, "700"},
		{filepath.Join(data, "turno.db"), "be read by every user of this machine", 0o006, "600"},
		{filepath.Join(data, config.JoinedName), "be read by every user of this machine", 0o006, "600"},
		{filepath.Join(data, "turno.db-wal"), "be read by every user of this machine", 0o006, "600"},
	} {
		info, err := os.Stat(f.path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("look at the data folder: %w", err)
		}
		if mode := info.Mode().Perm(); mode&f.bad != 0 {
			return fmt.Errorf("%s can %s (mode %04o): chmod %s %s", f.path, f.can, mode, f.repair, f.path)
		}
	}
	return nil
}
