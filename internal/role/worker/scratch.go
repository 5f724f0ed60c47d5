package worker

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"turno"
	"turno/internal/files"
	"turno/internal/role/worker/child"
)

const (
	// scratchEvery is how long a job may fill a disk unseen: at 2 GB/s a tenth
	// of a small one.
	scratchEvery = 2 * time.Second
	// scratchShare bounds the time that looking may take: a folder of a million
	// files takes seconds, and is looked at the more seldom.
	scratchShare = 20
	// scratchSpared is what no job is ended for when the disk is full: others
	// have filled it.
	scratchSpared = 64 << 20
)

// watchScratch ends commands whose folders have outgrown what they may have,
// and, when the disk is about to be full, the one that has most: before every
// other job, and the worker's own journal, meet its end. Until ctx is done.
func (c *commands) watchScratch(ctx context.Context) {
	root := filepath.Join(c.data, attemptsDir)
	timer := time.NewTimer(scratchEvery)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		began := time.Now()
		room, err := files.Room(root)
		if full := err == nil && room <= 0; full || c.role.o.ScratchBytes > 0 {
			c.weigh(full)
		}
		timer.Reset(max(scratchEvery, scratchShare*time.Since(began)))
	}
}

// weigh looks at the folders of all commands that run.
func (c *commands) weigh(full bool) {
	type command struct {
		key     turno.AttemptKey
		process *child.Process
	}
	var running []command
	c.mu.Lock()
	for k, p := range c.kept {
		if p == nil {
			continue
		}
		select {
		case <-p.Done():
		default:
			running = append(running, command{k, p})
		}
	}
	c.mu.Unlock()
	limit := c.role.o.ScratchBytes
	var most command
	var size int64
	for _, x := range running {
		n := weight(c.role.dirOf(x.key))
		if limit > 0 && n > limit {
			c.overfill(x.key, x.process, fmt.Sprintf("its folders held %d MB, and a job may have %d MB on worker %s (its setting scratch_bytes)", n/1e6, limit/1e6, c.role.o.Name))
			continue
		}
		if n > size {
			most, size = x, n
		}
	}
	if full && size > scratchSpared {
		c.overfill(most.key, most.process, fmt.Sprintf("the disk of worker %s was full, and its folders held most: %d MB", c.role.o.Name, size/1e6))
	}
}

// overfill ends a command for what it has on the disk.
func (c *commands) overfill(k turno.AttemptKey, p *child.Process, why string) {
	c.mu.Lock()
	_, known := c.overfull[k]
	c.overfull[k] = why
	c.mu.Unlock()
	if !known {
		c.role.log.Warn("ended a job for what it has on the disk", "attempt", k.String(), "err", why)
	}
	_ = p.Stop(0) // Wait tells what came of it
}

// weighed says of a command that was ended for what it had on the disk why it
// was.
func (c *commands) weighed(k turno.AttemptKey, result *turno.Result) {
	c.mu.Lock()
	why := c.overfull[k]
	delete(c.overfull, k)
	c.mu.Unlock()
	if why == "" || result == nil || result.State == turno.Succeeded {
		return
	}
	result.State, result.Reason, result.Retryable = turno.Failed, turno.ReasonSignal, false
	result.Message = "it was killed: " + why
}

// weight is what lies in a folder, in bytes of the disk.
func weight(dir string) (bytes int64) {
	_ = filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err == nil {
			bytes += diskUse(path)
		}
		return nil // what is gone weighs nothing
	})
	return bytes
}
