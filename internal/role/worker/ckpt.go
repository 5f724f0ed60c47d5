package worker

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"turno"
)

// ckptDir is the folder with a folder of checkpoints for each job: what its
// further attempts on this worker go on from.
const ckptDir = "ckpt"

// checkpoints gives jobs those folders. Most put nothing there: an empty one
// goes to the next job by a rename, as those of attemptFolders do.
type checkpoints struct {
	root   string
	others bool   // owners are other users than the worker
	spare  spares // below root, each with its last job's name
}

func (c *checkpoints) of(t *turno.Task) string { return filepath.Join(c.root, t.ID) }

// make gives a job its folder, with what earlier attempts left there.
func (c *checkpoints) make(t *turno.Task, o *owner) (string, error) {
	dir := c.of(t)
	old := c.spare.take(dir, o.uid())
	if old == dir {
		return dir, nil
	}
	if _, err := os.Lstat(dir); old != "" && err == nil {
		c.spare.keep(old, o.uid())
		return dir, o.inherit(dir) // from an earlier attempt
	}
	if old != "" && os.Rename(old, dir) == nil {
		return dir, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make the job's folder for checkpoints: %w", err)
	}
	return dir, o.inherit(dir)
}

// inherit gives a folder to its owner, with all that whoever had it before has
// left there: a worker's settings may have changed between two attempts. What
// was linked there and is somebody else's stays theirs.
func (o *owner) inherit(dir string) error {
	before := ownerOf(dir)
	if o == nil || before == o.uid() {
		return nil
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("open the job's checkpoints: %w", err)
	}
	defer root.Close()
	err = fs.WalkDir(root.FS(), ".", func(name string, _ fs.DirEntry, err error) error {
		if err != nil || ownerOf(filepath.Join(dir, name)) != before {
			return err
		}
		return root.Lchown(name, int(o.credential.UID), int(o.credential.GID))
	})
	if err != nil {
		return fmt.Errorf("give the job its checkpoints: %w", err)
	}
	return nil
}

// drop gives up a job's folder if nothing was put there. Otherwise it tells
// whether its checkpoints are of no use any more: the job has succeeded.
func (c *checkpoints) drop(t *turno.Task, end turno.State) (useless bool) {
	dir := c.of(t)
	if !empty(dir) {
		return end == turno.Succeeded
	}
	info, err := os.Lstat(dir)
	if err != nil || info.Mode() != os.ModeDir|0o700 {
		return err == nil
	}
	uid := int64(-1)
	if c.others {
		uid = ownerOf(dir)
	}
	return !c.spare.keep(dir, uid)
}

// sweep removes checkpoints that nothing was added to for as long as outputs
// are kept: their jobs have failed, or went on elsewhere.
func (c *checkpoints) sweep(live map[turno.AttemptKey]*attempt) error {
	known := map[string]bool{}
	for _, a := range live {
		known[a.task.ID] = true
	}
	entries, err := os.ReadDir(c.root)
	if err != nil {
		return nil // there are none
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || known[e.Name()] || time.Since(info.ModTime()) < keepOutputs {
			continue
		}
		if err := os.RemoveAll(filepath.Join(c.root, e.Name())); err != nil {
			return fmt.Errorf("remove old checkpoints: %w", err)
		}
	}
	return nil
}
