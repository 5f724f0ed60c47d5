package worker

import (
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// stampsOf reads a folder's stamps; not ok if a part is missing.
func stampsOf(dir string) (s stamps, ok bool) {
	for i := range s {
		var st unix.Stat_t
		if unix.Lstat(filepath.Join(dir, parts[i]), &st) != nil {
			return s, false
		}
		s[i] = time.Unix(st.Ctim.Unix())
	}
	return s, true
}
