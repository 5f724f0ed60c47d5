package child

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// MayBecome tells what keeps this process from starting jobs as other users,
// of the ids first to last.
func MayBecome(first, last uint32) error {
	if os.Geteuid() != 0 {
		return errors.New("only a worker that runs as root can run jobs as other users")
	}
	caps := uint64(0)
	eachLine("/proc/self/status", func(line string) {
		if text, ok := strings.CutPrefix(line, "CapEff:"); ok {
			caps, _ = strconv.ParseUint(strings.TrimSpace(text), 16, 64)
		}
	})
	for _, need := range []struct {
		bit  int
		name string
	}{{unix.CAP_SETUID, "CAP_SETUID"}, {unix.CAP_SETGID, "CAP_SETGID"}, {unix.CAP_CHOWN, "CAP_CHOWN"}, {unix.CAP_KILL, "CAP_KILL"}, {unix.CAP_DAC_OVERRIDE, "CAP_DAC_OVERRIDE"}} {
		if caps&(1<<need.bit) == 0 {
			return fmt.Errorf("this worker runs as root, but without %s, which it needs to run jobs as other users", need.name)
		}
	}
	for _, file := range []string{"uid_map", "gid_map"} {
		if !mapped("/proc/self/"+file, first, last) {
			return fmt.Errorf("not all of the user ids %d to %d are there in this container (its %s)", first, last, file)
		}
	}
	return nil
}

// mapped tells whether a namespace has these ids, all of them in one piece.
func mapped(path string, first, last uint32) bool {
	found := false
	eachLine(path, func(line string) {
		f := strings.Fields(line)
		if len(f) != 3 {
			return
		}
		start, _ := strconv.ParseUint(f[0], 10, 64)
		count, _ := strconv.ParseUint(f[2], 10, 64)
		found = found || start <= uint64(first) && uint64(last) < start+count
	})
	return found
}

// CanEnter tells whether a user may make a directory the current one. Its
// supplementary groups are not looked at: one that only they may enter counts
// as one that it may not.
func CanEnter(c Credential, dir string) bool {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	group, err := unix.SetfsgidRetGid(int(c.GID))
	user, err2 := unix.SetfsuidRetUid(int(c.UID)) // takes root's rights over files away too
	if err != nil || err2 != nil {
		return true // the start will tell
	}
	fd, err := unix.Open(dir+"/.", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err == nil {
		_ = unix.Close(fd)
	}
	_, err2 = unix.SetfsuidRetUid(user)
	_, err3 := unix.SetfsgidRetGid(group)
	if err := errors.Join(err2, err3); err != nil {
		panic(fmt.Sprintf("child: this thread cannot become what it was: %v", err))
	}
	return !errors.Is(err, unix.EACCES)
}
