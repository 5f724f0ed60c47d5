package worker

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"turno"
)

// ckptDir is the folder with a folder of checkpoints for each job: what its
// further attempts on this worker go on from.
const ckptDir = "ckpt"

func (r *Role) ckptOf(t *turno.Task) string { return filepath.Join(r.o.Data, ckptDir, t.ID) }

func (r *Role) makeCkpt(t *turno.Task) (string, error) {
	dir := r.ckptOf(t)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make the job's folder for checkpoints: %w", err)
	}
	return dir, nil
}

// dropCkpt removes a job's checkpoints when it has succeeded, and the folder
// in any case if nothing was put there.
func (r *Role) dropCkpt(t *turno.Task, end turno.State) {
	dir := r.ckptOf(t)
	if os.Remove(dir) == nil || end != turno.Succeeded {
		return
	}
	if _, err := os.Lstat(dir); err != nil {
		return // a light workload's, which has none
	}
	r.group.Go(func() {
		if err := os.RemoveAll(dir); err != nil {
			r.log.Warn("cannot remove a job's checkpoints", "path", dir, "err", err)
		}
	})
}

// sweepCkpts removes checkpoints that nothing was added to for as long as
// outputs are kept: their jobs have failed, or went on elsewhere.
func (r *Role) sweepCkpts(live map[turno.AttemptKey]*attempt) {
	known := map[string]bool{}
	for _, a := range live {
		known[a.task.ID] = true
	}
	root := filepath.Join(r.o.Data, ckptDir)
	entries, err := os.ReadDir(root)
	if err != nil {
		return // there are none
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || known[e.Name()] || time.Since(info.ModTime()) < keepOutputs {
			continue
		}
		if err := os.RemoveAll(filepath.Join(root, e.Name())); err != nil {
			r.log.Warn("cannot remove old checkpoints", "path", e.Name(), "err", err)
		}
	}
}
