//go:build !linux

package folder

import (
	"errors"
	"os"
	"sync"
)

// syncers sync files at a time: a disk's journal commits those that wait
// together.
const syncers = 8

// syncFiles makes many files durable.
func (s *Store) syncFiles(list []*os.File) error {
	errs := make([]error, syncers)
	var group sync.WaitGroup
	for k := range syncers {
		group.Go(func() {
			for i := k; i < len(list); i += syncers {
				errs[k] = errors.Join(errs[k], list[i].Sync())
			}
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

func (s *Store) syncNames(dirs []string) error { return s.syncDirs(dirs...) }
