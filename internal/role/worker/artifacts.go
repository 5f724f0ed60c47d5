package worker

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"turno"
	"turno/internal/files"
	"turno/internal/files/transfer"
)

// What one attempt may leave, unless Options say otherwise.
const (
	DefaultOutputBytes = 10 << 30
	DefaultOutputFiles = 10_000
	// DefaultStorePatience with a store that fails: the job's devices wait as
	// long.
	DefaultStorePatience = 10 * time.Minute
	// maxNamed of the things that were left out are named.
	maxNamed = 5
)

// outDir is the folder within an attempt's whose files are kept, and keptMark
// the file beside it that says that they are in the store.
const (
	outDir   = "out"
	keptMark = "kept"
)

// collects tells whether an end has to wait, because the attempt has left
// files that are to be stored first: who is told of an end finds its files.
func (r *Role) collects(ctx context.Context, e event) bool {
	a := r.live[e.key]
	if a == nil || e.collected || r.o.Files == nil || e.result.State == turno.Lost || r.light(a.task) {
		return false
	}
	if r.commands.folders.pristine(a.dir) || empty(filepath.Join(a.dir, outDir)) {
		return false
	}
	own, cancel := context.WithCancelCause(ctx)
	a.stop = func(_ time.Duration, why turno.Reason) { cancel(&ordered{why}) }
	a.command, a.over = nil, time.Now() // it has ended
	r.group.Go(func() {
		defer cancel(nil)
		left := r.collect(own, a)
		if ctx.Err() != nil {
			return // the agent ends; the next one finds the end and the files
		}
		e.collected = true
		if order, ok := errors.AsType[*ordered](context.Cause(own)); ok && order.why == turno.ReasonWorkerLost {
			e.result = stopped(order.why, "") // it runs again: its files were not kept
		} else {
			e.result.Artifacts = left
		}
		r.inbox.put(e)
	})
	return true
}

func (r *Role) storePatience() time.Duration {
	if r.o.StorePatience != 0 {
		return r.o.StorePatience
	}
	return DefaultStorePatience
}

// empty tells whether a folder holds nothing, or is none.
func empty(dir string) bool {
	names, err := list(dir)
	return err != nil || len(names) == 0
}

// collect stores what an attempt has left.
func (r *Role) collect(ctx context.Context, a *attempt) *turno.Artifacts {
	c := &collector{r: r, a: a, bytes: r.o.OutputBytes, files: r.o.OutputFiles}
	if c.bytes == 0 {
		c.bytes = DefaultOutputBytes
	}
	if c.files == 0 {
		c.files = DefaultOutputFiles
	}
	left, err := c.run(ctx)
	if err != nil {
		dir := filepath.Join(a.dir, outDir)
		r.log.Warn("did not keep what a job left", "attempt", a.key.String(), "err", err)
		return &turno.Artifacts{Problem: fmt.Sprintf("its files were not kept: %v; they are on worker %s in %s for %d days",
			err, r.o.Name, dir, int(keepOutputs.Hours()/24))}
	}
	if len(c.odd) > 0 {
		names := c.odd[:min(maxNamed, len(c.odd))]
		left.Problem = "left out: " + strings.Join(names, "; ")
		if more := len(c.odd) - len(names); more > 0 {
			left.Problem += fmt.Sprintf("; and %d more", more)
		}
	} else if err := os.WriteFile(filepath.Join(a.dir, keptMark), nil, 0o600); err != nil {
		r.log.Warn("cannot mark what was kept; it stays on the disk", "attempt", a.key.String(), "err", err)
	}
	return left
}

// collector is one collect.
type collector struct {
	r     *Role
	a     *attempt
	bytes int64
	files int

	list  []turno.File
	total int64
	odd   []string // what is no regular file, and why it was left out
}

func (c *collector) run(ctx context.Context) (*turno.Artifacts, error) {
	root, err := os.OpenRoot(filepath.Join(c.a.dir, outDir))
	if err != nil {
		return nil, fmt.Errorf("open the output folder: %w", err)
	}
	defer root.Close()
	if err := fs.WalkDir(root.FS(), ".", c.look(ctx)); err != nil {
		return nil, err
	}
	if len(c.list) == 0 {
		return &turno.Artifacts{}, nil
	}
	sources := make([]transfer.Source, 0, len(c.list)+1)
	for i := range c.list {
		s, err := transfer.OfFile(ctx, c.list[i].Path, func() (*os.File, error) { return openRegular(root, c.list[i].Path) })
		if err != nil {
			return nil, err
		}
		c.list[i].Hash, c.list[i].Size = s.Hash, s.Size
		sources = append(sources, s)
	}
	m := &turno.Manifest{Files: c.list}
	data, bad := m.Encode()
	if bad != nil {
		return nil, bad
	}
	list := transfer.OfBytes("the list of files", data)
	up := transfer.Uploader{
		Store: c.r.o.Files, Patience: c.r.storePatience(), WaitForRoom: true,
		Progress: c.progress(), Trouble: func(err error) { c.say("has ended; tries again to store its files: " + err.Error()) },
	}
	if _, err := up.Upload(ctx, append(sources, list)); err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, err
	}
	if err := c.r.o.Files.SetName(ctx, files.OfJob(c.a.task.ID), list.Hash); err != nil {
		return nil, err
	}
	left := &turno.Artifacts{Tree: m.Tree(list.Hash)}
	if len(m.Files) <= turno.MaxListed {
		left.List = m.Files
	}
	return left, nil
}

// sayEvery keeps what is said of a long upload below what is listened to.
const sayEvery = time.Second

// progress says how far the upload is.
func (c *collector) progress() func(int64) {
	var done int64
	said := time.Now()
	return func(n int64) {
		done += n
		if now := time.Now(); now.Sub(said) >= sayEvery {
			said = now
			c.say(fmt.Sprintf("has ended; stores its files: %d of %d MB", done/1e6, c.total/1e6))
		}
	}
}

func (c *collector) say(text string) {
	c.r.inbox.put(event{key: c.a.key, progress: &turno.Progress{Fraction: -1, Message: text}})
}

// look takes regular files into the list, and notes all else.
func (c *collector) look(ctx context.Context) fs.WalkDirFunc {
	return func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return fmt.Errorf("look into the output folder: %w", err)
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case d.IsDir():
			return nil
		case !d.Type().IsRegular():
			c.odd = append(c.odd, fmt.Sprintf("%q is %s", name, kind(d.Type())))
			return nil
		}
		if bad := turno.CheckPath("", name); bad != nil {
			c.odd = append(c.odd, fmt.Sprintf("the name %.200q %s", name, bad.Message))
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return fmt.Errorf("look at an output: %w", err)
		}
		c.list = append(c.list, turno.File{Path: name, Size: info.Size(), Mode: uint32(info.Mode().Perm())})
		c.total += info.Size()
		switch {
		case len(c.list) > c.files:
			return fmt.Errorf("there are more than %d; an archive of them would be one", c.files)
		case c.total > c.bytes:
			return fmt.Errorf("they have more than the %d bytes that are allowed", c.bytes)
		}
		return nil
	}
}

func kind(t fs.FileMode) string {
	switch {
	case t&fs.ModeSymlink != 0:
		return "a link"
	case t&fs.ModeNamedPipe != 0:
		return "a pipe"
	case t&fs.ModeSocket != 0:
		return "a socket"
	case t&fs.ModeDevice != 0:
		return "a device"
	}
	return "no file"
}

// openRegular opens a file and nothing else: no link is followed out of root,
// and what became a pipe or a device meanwhile is refused.
func openRegular(root *os.Root, name string) (*os.File, error) {
	info, err := root.Lstat(filepath.FromSlash(name))
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%q is %s", name, kind(info.Mode().Type()))
	}
	file, err := root.OpenFile(filepath.FromSlash(name), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	// The worker may read more than the job: a file that is somebody else's can
	// be linked here where the machine lets it.
	if now, err := file.Stat(); err != nil || !now.Mode().IsRegular() || !sameOwner(root, now) {
		return nil, errors.Join(fmt.Errorf("%q is not a file of the job's own", name), err, file.Close())
	}
	return file, nil
}
