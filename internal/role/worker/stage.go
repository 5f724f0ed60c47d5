package worker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"turno"
	"turno/internal/files"
	"turno/internal/files/transfer"
)

// fetchers of one attempt's files at a time: small files cost a round trip
// each, and two cores copy no faster with more.
const fetchers = 8

// withFiles tells whether an attempt needs files before it can start.
func withFiles(s *turno.Spec) bool { return len(s.Inputs) > 0 || s.Workdir != nil }

// ordered is the cause of a context that an order ended.
type ordered struct{ why turno.Reason }

func (o *ordered) Error() string { return "ended by order: " + string(o.why) }

// staged takes the end of an attempt's staging.
func (r *Role) staged(ctx context.Context, now time.Time, e event) {
	a := r.live[e.key]
	switch {
	case a == nil:
	case a.order != "":
		e.result = stopped(a.order, "ended before it began")
		r.ended(now, e)
	case e.result != nil:
		r.ended(now, e)
	default:
		a.staged = true
		r.begin(ctx, a)
	}
}

// stage puts an attempt's files into its working folder beside the loop, and
// then lets it start. Until then it is Starting, and can be ended.
func (r *Role) stage(ctx context.Context, a *attempt) {
	own, cancel := context.WithCancelCause(ctx)
	a.stop = func(_ time.Duration, why turno.Reason) {
		a.order = why
		cancel(&ordered{why})
	}
	began := time.Now()
	r.group.Go(func() {
		defer cancel(nil)
		var err error
		if a.owner, err = r.owner(a.task); err == nil {
			err = r.stager.stage(own, a)
		}
		if ctx.Err() != nil {
			return // the agent ends; the next one gives the attempt back
		}
		a.fetched = time.Since(began)
		e := event{key: a.key, staged: true}
		if err != nil {
			e.result = stageFailure(err)
		}
		r.inbox.put(e)
	})
}

// stageFailure says why an attempt's files are not there.
func stageFailure(err error) *turno.Result {
	result := setupFailure(err)
	var full *diskFull
	switch {
	case errors.As(err, &full):
		result.Retryable = true
	case !errors.Is(err, files.ErrNotFound) && !errors.Is(err, errUnusable):
		result.Retryable = transfer.Passing(err)
	}
	return result
}

var errUnusable = errors.New("cannot be used")

// diskFull is an error of this machine's own disk.
type diskFull struct{ err error }

func (d *diskFull) Error() string {
	return "no room is left on the worker's disk for the job's files: " + d.err.Error()
}
func (d *diskFull) Unwrap() error { return d.err }

func localError(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, files.ErrFull) {
		return &diskFull{err}
	}
	return err
}

// stager brings files from the store to this machine, each once: attempts that
// want the same one wait for one transfer. Safe for concurrent use.
type stager struct {
	worker string
	store  files.Store
	local  files.Local // of store; nil: files come through the cache
	cache  *cache
}

func newStager(o *Options) *stager {
	s := &stager{worker: o.Name, store: o.Files}
	if l, ok := o.Files.(files.Local); ok {
		s.local = l
	} else if o.Cache != nil {
		s.cache = newCache(o.Files, o.Cache, o.CacheBytes)
	}
	return s
}

// stage fills an attempt's working folder.
func (s *stager) stage(ctx context.Context, a *attempt) error {
	if s.store == nil {
		return fmt.Errorf("worker %s has no file store: its setting files", s.worker)
	}
	list, err := s.plan(ctx, a.task.Spec)
	if err != nil {
		return err
	}
	work := filepath.Join(a.dir, "work")
	if err := os.MkdirAll(work, 0o700); err != nil {
		return localError(fmt.Errorf("make the job's folder: %w", err))
	}
	if err := errors.Join(a.owner.own(work), a.owner.admit(a.dir)); err != nil {
		return err
	}
	root, err := os.OpenRoot(work)
	if err != nil {
		return fmt.Errorf("open the job's folder: %w", err)
	}
	defer root.Close()
	if err := room(work, list); err != nil {
		return err
	}
	if err := folders(root, list, a.owner); err != nil {
		return err
	}
	return s.each(ctx, list, func(ctx context.Context, f *turno.File) error { return s.put(ctx, root, f, a.owner) })
}

// room looks whether all files fit, before the first is copied: a disk that is
// filled to its end stops more than this job.
func room(dir string, list []turno.File) error {
	var want int64
	for i := range list {
		want += list[i].Size
	}
	if room, err := files.Room(dir); err == nil && room < want {
		return &diskFull{fmt.Errorf("they have %d bytes, there is room for %d", want, max(room, 0))}
	}
	return nil
}

// folders makes those that the files lie in.
func folders(root *os.Root, list []turno.File, o *owner) error {
	made := map[string]bool{".": true}
	for i := range list {
		dir := path.Dir(list[i].Path)
		if made[dir] {
			continue
		}
		if err := root.MkdirAll(filepath.FromSlash(dir), 0o755); err != nil {
			return localError(fmt.Errorf("make the folder %s: %w", dir, err))
		}
		for ; !made[dir]; dir = path.Dir(dir) { // those above it too
			made[dir] = true
			if o == nil {
				continue
			}
			if err := root.Lchown(filepath.FromSlash(dir), int(o.credential.UID), int(o.credential.GID)); err != nil {
				return fmt.Errorf("give the job the folder %s: %w", dir, err)
			}
		}
	}
	return nil
}

// each calls do for every file, some at a time, until one fails.
func (s *stager) each(ctx context.Context, list []turno.File, do func(context.Context, *turno.File) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan *turno.File)
	var group sync.WaitGroup
	for range min(fetchers, len(list)) {
		group.Go(func() {
			for f := range next {
				if ctx.Err() != nil {
					continue
				}
				if err := do(ctx, f); err != nil {
					cancel(fmt.Errorf("input %s: %w", f.Path, err))
				}
			}
		})
	}
	for i := range list {
		next <- &list[i]
	}
	close(next)
	group.Wait()
	return context.Cause(ctx)
}

// plan is what has to lie in the working folder: the workdir's files, and the
// inputs, which win. All of it is in the store.
func (s *stager) plan(ctx context.Context, spec *turno.Spec) ([]turno.File, error) {
	byPath := map[string]turno.File{}
	if spec.Workdir != nil {
		m, err := files.ReadManifest(ctx, s.store, spec.Workdir.Manifest)
		if err != nil {
			return nil, fmt.Errorf("the list of the workdir's files: %w", err)
		}
		for _, f := range m.Files {
			byPath[f.Path] = f
		}
	}
	for _, f := range spec.Inputs {
		if f.From != "" {
			source, err := s.find(ctx, f.From)
			if err != nil {
				return nil, fmt.Errorf("input %s: %w", f.Path, err)
			}
			f.Hash, f.Size, f.Mode = source.Hash, source.Size, max(f.Mode, source.Mode)
		}
		byPath[f.Path] = f
	}
	list := make([]turno.File, 0, len(byPath))
	hashes := make([]string, 0, len(byPath))
	for _, f := range byPath {
		list, hashes = append(list, f), append(hashes, f.Hash)
	}
	found, err := s.store.Stat(ctx, hashes)
	if err != nil {
		return nil, fmt.Errorf("look for the job's files: %w", err)
	}
	for i := range list {
		if !found[i].Whole {
			return nil, fmt.Errorf("input %s (%s): %w", list[i].Path, list[i].Hash, files.ErrNotFound)
		}
		list[i].Size = found[i].Stored
	}
	return list, nil
}

// find gives the file that another job left.
func (s *stager) find(ctx context.Context, from string) (*turno.File, error) {
	job, file, err := turno.ParseFrom(from)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUnusable, err)
	}
	hash, err := s.store.Name(ctx, files.OfJob(job))
	if errors.Is(err, files.ErrNotFound) {
		return nil, fmt.Errorf("job %s left no files: %w", job, files.ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	m, err := files.ReadManifest(ctx, s.store, hash)
	if err != nil {
		return nil, err
	}
	if f := m.Find(file); f != nil {
		return f, nil
	}
	return nil, fmt.Errorf("job %s left no file %q; it left %s: %w", job, file, some(m), files.ErrNotFound)
}

// some names the first files of a list.
func some(m *turno.Manifest) string {
	var names []string
	for i := range m.Files[:min(5, len(m.Files))] {
		names = append(names, m.Files[i].Path)
	}
	text := strings.Join(names, ", ")
	if len(m.Files) > 5 {
		text += fmt.Sprintf(" and %d more", len(m.Files)-5)
	}
	return text
}

// put copies one file into the working folder. It is a copy, not a link: a job
// may run as the agent's own user, and could change what others get.
func (s *stager) put(ctx context.Context, root *os.Root, f *turno.File, o *owner) error {
	source, err := s.open(ctx, f)
	if err != nil {
		return err
	}
	defer source.Close()
	mode := fs.FileMode(0o644)
	if f.Mode != 0 {
		mode = fs.FileMode(f.Mode)&0o755 | 0o600
	}
	to, err := root.OpenFile(filepath.FromSlash(f.Path), os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return localError(fmt.Errorf("make the file: %w", err))
	}
	n, err := copyFile(ctx, to, source)
	if err == nil && runtime.GOOS != "windows" {
		err = to.Chmod(mode) // whatever the umask
	}
	if err == nil && o != nil {
		err = to.Chown(int(o.credential.UID), int(o.credential.GID))
	}
	if err = errors.Join(err, to.Close()); err != nil {
		return localError(fmt.Errorf("copy the file: %w", err))
	}
	if n != f.Size {
		return fmt.Errorf("copy the file: it has %d bytes, not %d", n, f.Size)
	}
	return nil
}

// copyBytes is copied between two looks at the context: on Linux by the kernel
// (copy_file_range), which shares the blocks where the file system can.
const copyBytes = 64 << 20

func copyFile(ctx context.Context, to *os.File, from io.Reader) (int64, error) {
	var total int64
	for {
		n, err := io.CopyN(to, from, copyBytes)
		total += n
		if errors.Is(err, io.EOF) {
			return total, nil
		}
		if err == nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			return total, err
		}
	}
}

// open gives a file of this machine with the content.
func (s *stager) open(ctx context.Context, f *turno.File) (*os.File, error) {
	if s.local != nil {
		name, ok := s.local.Path(f.Hash)
		if !ok {
			return nil, files.ErrNotFound
		}
		return os.Open(name)
	}
	if s.cache == nil {
		return nil, fmt.Errorf("worker %s has no cache: %w", s.worker, errUnusable)
	}
	return s.cache.open(ctx, f.Hash, f.Size)
}
