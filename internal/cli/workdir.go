package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"turno"
	"turno/internal/config"
	"turno/internal/files/transfer"
)

// walk lists what a job takes along of a folder.
type walk struct {
	s      *session
	dir    string
	root   *os.Root
	ignore ignoring

	files []turno.File
	bytes int64
	out   []string // left out by a rule
	odd   []string // cannot be taken, and why
}

// readWorkdir lists and hashes the files of a working folder, and says what it
// takes and what not.
func (s *session) readWorkdir(ctx context.Context, f *fileFlags) (*turno.Tree, []transfer.Source, error) {
	limit, err := config.ParseBytes(cmp.Or(f.maxSize, defaultWorkdirBytes), 1)
	if err != nil {
		return nil, nil, usage("--workdir-max: %v", err)
	}
	w := &walk{s: s, dir: s.abs(f.workdir)}
	if w.root, err = os.OpenRoot(w.dir); err != nil {
		return nil, nil, usage("--workdir: %v", err)
	}
	defer w.root.Close() // sources open it anew
	w.above()
	if err := w.folder(ctx, "."); err != nil {
		return nil, nil, err
	}
	w.tell()
	if w.bytes > limit {
		return nil, nil, usage("--workdir %s has %s; at most %s are taken along unless you say so", f.workdir, config.FormatBytes(w.bytes), config.FormatBytes(limit)).
			hint("name what the job does not need in .turnoignore, or give --workdir-max %s", config.FormatBytes(w.bytes+w.bytes/10))
	}
	sources, err := w.hash(ctx)
	if err != nil {
		return nil, nil, err
	}
	m := &turno.Manifest{Files: w.files}
	data, bad := m.Encode()
	if bad != nil {
		return nil, nil, usage("--workdir %s: %s", f.workdir, bad.Message)
	}
	list := transfer.OfBytes("the list of files", data)
	tree := m.Tree(list.Hash)
	return &tree, append(sources, list), nil
}

// above reads the rules of the folders above, if a repository holds this one.
func (w *walk) above() {
	var up []string // the folder itself first
	for dir := w.dir; ; dir = filepath.Dir(dir) {
		up = append(up, dir)
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			break
		}
		if filepath.Dir(dir) == dir {
			return // no repository
		}
	}
	top := up[len(up)-1]
	if data, err := os.ReadFile(filepath.Join(top, ".git", "info", "exclude")); err == nil {
		w.ignore.addAbove(top, w.dir, data)
	}
	for _, dir := range slices.Backward(up[1:]) {
		for _, name := range ignoreFiles {
			if data, err := os.ReadFile(filepath.Join(dir, name)); err == nil {
				w.ignore.addAbove(dir, w.dir, data)
			}
		}
	}
}

// addAbove takes the lines of a file in a folder above: they see the path from
// there on.
func (g *ignoring) addAbove(above, dir string, data []byte) {
	rel, err := filepath.Rel(above, dir)
	if err != nil {
		return
	}
	if rel == "." {
		g.add("", data)
		return
	}
	from := len(g.rules)
	g.add("", data)
	for i := range g.rules[from:] {
		g.rules[from+i].before = filepath.ToSlash(rel) + "/"
	}
}

// folder takes what is in a folder, in order.
func (w *walk) folder(ctx context.Context, dir string) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	base := ""
	if dir != "." {
		base = dir + "/"
	}
	known := len(w.ignore.rules)
	w.ignore.read(w.root.FS(), dir, base)
	defer func() { w.ignore.rules = w.ignore.rules[:known] }()
	entries, err := fs.ReadDir(w.root.FS(), dir)
	if err != nil {
		return fmt.Errorf("read the folder %s: %w", filepath.Join(w.dir, dir), err)
	}
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		switch {
		case e.Name() == ".git":
			w.out = append(w.out, name)
		case w.ignore.out(name, e.IsDir()):
			w.out = append(w.out, name+map[bool]string{true: "/"}[e.IsDir()])
		case e.IsDir():
			if err := w.folder(ctx, name); err != nil {
				return err
			}
		default:
			w.file(name)
		}
	}
	if len(w.files) > turno.MaxFiles {
		return usage("--workdir has more than %d files", turno.MaxFiles).hint("put a data set into an archive, and name the rest in .turnoignore")
	}
	return nil
}

// file takes a file; a link only if it leads to one within the folder.
func (w *walk) file(name string) {
	info, err := w.root.Stat(filepath.FromSlash(name))
	switch bad := turno.CheckPath("", name); {
	case err != nil:
		w.odd = append(w.odd, fmt.Sprintf("%s (leads out of the folder, or nowhere)", name))
	case !info.Mode().IsRegular():
		w.odd = append(w.odd, fmt.Sprintf("%s (no regular file)", name))
	case bad != nil:
		w.odd = append(w.odd, fmt.Sprintf("%q (its name %s)", name, bad.Message))
	default:
		w.files = append(w.files, turno.File{Path: name, Size: info.Size(), Mode: fileMode(info)})
		w.bytes += info.Size()
	}
}

// shownNames of a kind are shown.
const shownNames = 4

func firstOf(names []string) string {
	text := strings.Join(names[:min(shownNames, len(names))], ", ")
	if more := len(names) - shownNames; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return clean(text, false)
}

// tell says what is taken and what not.
func (w *walk) tell() {
	s := w.s
	s.notef("Working folder: %d files, %s.\n", len(w.files), config.FormatBytes(w.bytes))
	if len(w.files) > shownNames && w.bytes > 1<<20 {
		large := slices.Clone(w.files)
		slices.SortFunc(large, func(a, b turno.File) int { return cmp.Compare(b.Size, a.Size) })
		var names []string
		for _, f := range large[:min(3, len(large))] {
			names = append(names, fmt.Sprintf("%s (%s)", f.Path, config.FormatBytes(f.Size)))
		}
		s.notef("%s\n", s.errLook.dim("  largest: "+firstOf(names)))
	}
	if len(w.out) > 0 {
		s.notef("%s\n", s.errLook.dim("  left out: "+firstOf(w.out)))
	}
	if len(w.odd) > 0 {
		s.warnf("not taken along: %s", firstOf(w.odd))
	}
}

// hash reads every file once, some at a time.
func (w *walk) hash(ctx context.Context) ([]transfer.Source, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	bar := w.s.transferBar("read", w.bytes)
	defer bar.stop()
	sources := make([]transfer.Source, len(w.files))
	next := make(chan int)
	var group sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for i := range next {
				if ctx.Err() != nil {
					continue
				}
				f := &w.files[i]
				// By its name from the top, within the folder: a link that leads out
				// was not taken, and one that is put there now is not followed.
				source, err := transfer.OfFile(ctx, f.Path, func() (*os.File, error) { return openWithin(w.dir, f.Path) })
				if err != nil {
					cancel(err)
					continue
				}
				sources[i] = source
				f.Hash, f.Size = source.Hash, source.Size
				bar.add(source.Size)
			}
		})
	}
	for i := range w.files {
		next <- i
	}
	close(next)
	group.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	return sources, nil
}

// openWithin opens a regular file below a folder.
func openWithin(dir, name string) (*os.File, error) {
	f, err := os.OpenInRoot(dir, filepath.FromSlash(name))
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("it is no regular file any more")
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
