package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"turno"
	"turno/internal/config"
	"turno/internal/files"
	"turno/internal/files/transfer"
)

// copying is one turno cp.
type copying struct {
	s     *session
	o     cpOptions
	job   string // as the user names it
	store files.Store

	all     bool // not a single file
	prefix  string
	files   []turno.File
	problem string
}

// artifactsOf gives what an attempt of a job left; nil: nothing.
func artifactsOf(j *turno.Job, attempt int) (*turno.Artifacts, error) {
	result := j.Result
	if last := j.Current(); result == nil && attempt == 0 && last != nil {
		result = last.Result
	}
	if attempt != 0 {
		result = nil
		for i := range j.Attempts {
			if j.Attempts[i].Number == attempt {
				result = j.Attempts[i].Result
			}
		}
	}
	switch {
	case result != nil:
		return result.Artifacts, nil
	case j.Tasks != nil:
		return nil, failed(exitNotFound, "job %s is an array; its tasks have files", j.Display()).hint("such as turno cp %s_0: .", j.Display())
	case attempt != 0:
		return nil, failed(exitNotFound, "job %s has no attempt %d that has ended", j.Display(), attempt).hint("turno show %s", j.Display())
	}
	return nil, failed(exitNotFound, "job %s has not ended: its files are kept when it has", j.Display()).hint("turno wait %s", j.Display())
}

// listOf gives all files of an attempt.
func listOf(ctx context.Context, store files.Store, left *turno.Artifacts) ([]turno.File, error) {
	if left == nil || len(left.List) == left.Files {
		if left == nil {
			return nil, nil
		}
		return left.List, nil
	}
	m, err := files.ReadManifest(ctx, store, left.Manifest)
	if err != nil {
		return nil, err
	}
	return m.Files, nil
}

// find chooses the files that the name means.
func (c *copying) find(ctx context.Context, svc turno.Service, ref, file string) error {
	j, err := svc.Job(ctx, ref)
	if err != nil {
		return err
	}
	left, err := artifactsOf(&j, c.o.attempt)
	if err != nil {
		return err
	}
	list, err := listOf(ctx, c.store, left)
	if err != nil {
		return err
	}
	if left != nil {
		c.problem = left.Problem
	}
	file = strings.TrimPrefix(file, "./")
	c.all = file == "" || strings.HasSuffix(file, "/")
	if c.all {
		c.prefix = file
	}
	for _, f := range list {
		// Data from a stranger: it becomes names on this disk.
		if bad := turno.CheckPath("", f.Path); bad != nil {
			return failed(exitFailed, "the list of job %s's files is broken: %s", j.Display(), bad.Message)
		}
		if c.all && strings.HasPrefix(f.Path, file) || f.Path == file {
			c.files = append(c.files, f)
		}
	}
	if len(c.files) == 0 && !c.all && c.problem == "" {
		return failed(exitNotFound, "job %s left no file %q", j.Display(), file).hint("turno cp %s: lists those that it left", j.Display())
	}
	if len(c.files) == 0 && !c.all {
		return failed(exitNotFound, "job %s: %s", j.Display(), clean(c.problem, false))
	}
	return nil
}

// list shows the files.
func (c *copying) list() error {
	s := c.s
	if c.o.format.data() {
		return c.o.format.write(s.io.Out, map[string]any{"items": c.files, "problem": c.problem})
	}
	if len(c.files) > 0 {
		t := s.table("SIZE", "PATH")
		for _, f := range c.files {
			t.cells(cell{text: config.FormatBytes(f.Size)}, cell{text: clean(f.Path, false)})
		}
		t.write(s.io.Out)
	} else if c.problem == "" {
		s.notef("It left no files: a job's files go to the folder that $TURNO_OUTPUT_DIR names.\n")
	}
	if c.problem != "" {
		s.warnf("%s", clean(c.problem, false))
	}
	return nil
}

// run copies to dest.
func (c *copying) run(ctx context.Context, dest string) error {
	if c.problem != "" {
		c.s.warnf("%s", clean(c.problem, false))
	}
	if len(c.files) == 0 {
		return failed(exitNotFound, "there is nothing to copy")
	}
	if dest == "-" {
		if len(c.files) != 1 {
			return usage("standard output takes one file; these are %d", len(c.files))
		}
		_, err := transfer.Downloader{Store: c.store}.Download(ctx, c.files[0].Hash, c.s.io.Out)
		return c.explain(&c.files[0], err)
	}
	var total int64
	for i := range c.files {
		total += c.files[i].Size
	}
	bar := c.s.transferBar("download", total)
	defer bar.stop()
	full := c.s.abs(dest)
	info, err := os.Stat(full)
	isDir := err == nil && info.IsDir()
	if !c.all && !isDir && !strings.HasSuffix(dest, "/") {
		return c.one(ctx, &c.files[0], filepath.Dir(full), filepath.Base(full), bar)
	}
	if err := os.MkdirAll(full, 0o755); err != nil {
		return err
	}
	for i := range c.files {
		name := strings.TrimPrefix(c.files[i].Path, c.prefix)
		if !c.all {
			name = path.Base(name)
		}
		if err := c.one(ctx, &c.files[i], full, name, bar); err != nil {
			return err
		}
	}
	bar.stop()
	if c.all {
		c.s.notef("Copied %d files, %s.\n", len(c.files), config.FormatBytes(total))
	}
	return nil
}

// one copies a file to a name below a folder, which no link leads out of. It
// has its name only when it is whole.
func (c *copying) one(ctx context.Context, f *turno.File, dir, name string, bar *transferBar) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	name = filepath.FromSlash(name)
	if _, err := root.Lstat(name); err == nil && !c.o.force {
		return failed(exitRefused, "%s is there already", filepath.Join(dir, name)).hint("--force writes over it")
	}
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	part := name + ".part"
	out, err := root.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, fs.FileMode(0o644|f.Mode&0o111))
	if err != nil {
		return err
	}
	_, err = transfer.Downloader{Store: c.store, Progress: bar.add}.Download(ctx, f.Hash, out)
	err = errors.Join(err, out.Close())
	if err == nil {
		err = root.Rename(part, name)
	}
	if err != nil {
		_ = root.Remove(part) // it is worth nothing
	}
	return c.explain(f, err)
}

func (c *copying) explain(f *turno.File, err error) error {
	switch {
	case err == nil || errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, files.ErrNotFound):
		return failed(exitNotFound, "the file store no longer has %s", f.Path)
	case errors.Is(err, io.ErrShortWrite):
		return failed(exitFailed, "write %s: no room is left on the disk", f.Path)
	}
	return fmt.Errorf("copy %s: %w", f.Path, err)
}
