package worker

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// parts are the folders that every attempt of a command has: where it starts,
// what it leaves to keep, and what ends with it.
var parts = []string{outDir, "tmp", "work"} // sorted

// maxSpare folders are kept for the next attempts: more than run at once on
// most machines, and nothing on any disk.
const maxSpare = 256

// attemptFolders gives attempts their folders. Most commands leave them empty, so a
// folder that is still as it was made goes to the next attempt by one rename:
// making and removing four directories costs a short command more than its
// start does (ext4 looks long for an inode that was not freed a moment ago).
type attemptFolders struct {
	others bool // owners are other users than the worker
	spare  spares

	mu sync.Mutex // guards stamps
	// stamps are of folders in use, as they were when they were known to be
	// empty: the same ones again spare a look inside.
	stamps map[string]stamps
}

// stamps are the times of the last change of a folder's parts, its owner among
// what can change. A job can set what a file's other times say, but not this one.
type stamps [3]time.Time

// tick is how coarse stamps may be: a change within one is not seen.
const tick = 20 * time.Millisecond

// make gives an attempt its folder, with its parts in it, which are its
// owner's: the folder itself is not, if that is another user. A folder that is
// there already is taken as it is.
func (f *attemptFolders) make(dir string, o *owner) error {
	if old := f.spare.take("", o.uid()); old != "" {
		if err := os.Rename(old, dir); err == nil {
			f.stamp(dir)
			return nil
		}
		_ = os.RemoveAll(old)
	}
	for _, name := range parts {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(path, 0o700); err != nil {
			return fmt.Errorf("make the job's folder: %w", err)
		}
		if err := o.own(path); err != nil {
			return fmt.Errorf("give the job its folder: %w", err)
		}
	}
	return o.admit(dir)
}

// admit lets an owner through a folder that stays the worker's.
func (o *owner) admit(dir string) error {
	if o == nil {
		return nil
	}
	err := os.Lchown(dir, -1, int(o.credential.GID))
	if err == nil {
		err = os.Chmod(dir, 0o710)
	}
	if err != nil {
		return fmt.Errorf("let the job into its folder: %w", err)
	}
	return nil
}

// stamp remembers the times of an empty folder.
func (f *attemptFolders) stamp(dir string) {
	s, ok := stampsOf(dir)
	if !ok || slices.ContainsFunc(s[:], func(at time.Time) bool { return time.Since(at) < tick }) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stamps == nil {
		f.stamps = map[string]stamps{}
	}
	f.stamps[dir] = s
}

// pristine tells that an attempt has left its folder's parts alone. It may be
// so and not be told.
func (f *attemptFolders) pristine(dir string) bool {
	f.mu.Lock()
	old, known := f.stamps[dir]
	f.mu.Unlock()
	if !known {
		return false
	}
	now, ok := stampsOf(dir)
	return ok && now == old
}

// clean removes what an attempt left, but for files in its output folder.
func (f *attemptFolders) clean(dir string) error {
	names, err := list(dir)
	uid := int64(-1)
	if f.others {
		uid = ownerOf(filepath.Join(dir, "work"))
	}
	reuse := err == nil && slices.Equal(slices.Sorted(slices.Values(names)), parts) && (f.pristine(dir) || untouched(dir))
	f.mu.Lock()
	delete(f.stamps, dir)
	f.mu.Unlock()
	if reuse && f.spare.keep(dir, uid) {
		return nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil // gone
	}
	_, err = os.Lstat(filepath.Join(dir, keptMark))
	kept := err == nil // what is in its output folder is in the store too
	var errs []error
	for _, e := range entries {
		if path := filepath.Join(dir, e.Name()); e.Name() != outDir || kept || os.Remove(path) == nil {
			errs = append(errs, os.RemoveAll(path))
		}
	}
	_ = os.Remove(dir) // stays while there are outputs
	return errors.Join(errs...)
}

// untouched tells whether a folder's parts are as make left them: empty, and
// still the owner's alone.
func untouched(dir string) bool {
	for _, name := range parts {
		path := filepath.Join(dir, name)
		if info, err := os.Lstat(path); err != nil || info.Mode() != os.ModeDir|0o700 {
			return false
		}
		if names, err := list(path); err != nil || len(names) > 0 {
			return false
		}
	}
	return true
}

// spares are empty folders that wait for their next use, by an attempt of the
// same owner. The zero value is none. Safe for concurrent use.
type spares struct {
	mu   sync.Mutex // guards list
	list []spareFolder
}

type spareFolder struct {
	dir string
	uid int64 // of its owner
}

// take gives the owner's folder of that name if it is one, else any of theirs;
// "" if there is none.
func (s *spares) take(name string, uid int64) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := -1
	for i := len(s.list) - 1; i >= 0; i-- {
		if s.list[i].uid != uid {
			continue
		}
		if found < 0 {
			found = i
		}
		if name == "" || s.list[i].dir == name {
			found = i
			break
		}
	}
	if found < 0 {
		return ""
	}
	dir := s.list[found].dir
	s.list = slices.Delete(s.list, found, found+1)
	return dir
}

// keep takes a folder, unless there are enough.
func (s *spares) keep(dir string, uid int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.list) == maxSpare {
		return false
	}
	s.list = append(s.list, spareFolder{dir, uid})
	return true
}
