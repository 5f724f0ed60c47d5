package folder

import (
	"os"

	"golang.org/x/sys/unix"
)

// syncFiles makes many files durable at once: a sync of the file system costs
// about as much as one of a file, and a batch has hundreds.
func (s *Store) syncFiles([]*os.File) error { return s.syncNames(nil) }

func (s *Store) syncNames([]string) error {
	d, err := s.root.Open(".")
	if err != nil {
		return err
	}
	defer d.Close()
	return unix.Syncfs(int(d.Fd()))
}
