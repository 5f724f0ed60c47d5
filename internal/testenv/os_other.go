//go:build !unix

package testenv

import (
	"errors"
	"os"
	"os/exec"
)

// Servers are started on Unix only; elsewhere Need skips before any of this is
// reached. It exists so that packages with such tests compile everywhere.

func lockFile(*os.File) error { return nil }

func joinGroup(*exec.Cmd, int, int, int) {}

func enterRoot(*exec.Cmd, string) {}

func killGroup(int) {}

func killWithChildren(int) {}

func unprivileged() (uid, gid int, err error) {
	return 0, 0, errors.New("test servers are started on Unix only")
}
