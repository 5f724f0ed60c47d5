//go:build unix

package worker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"turno"
	"turno/internal/files"
	"turno/internal/files/folder"
)

func openFolder(t testing.TB, dir string) *folder.Store {
	t.Helper()
	s, err := folder.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// put stores a content.
func put(t testing.TB, s files.Store, data []byte) string {
	t.Helper()
	h := files.Hash(data)
	if _, err := s.Put(t.Context(), files.Part{Hash: h, Size: int64(len(data))}, bytes.NewReader(data)); err != nil {
		t.Fatal(err)
	}
	return h
}

// away is a store that is elsewhere: it has no paths, counts, and can break.
type away struct {
	files.Store
	opens atomic.Int64
	// open may replace what is read; nil: nothing is wrong.
	open func(ctx context.Context, offset int64, r io.ReadCloser) (io.ReadCloser, error)
}

func (a *away) Open(ctx context.Context, hash string, offset int64) (io.ReadCloser, error) {
	a.opens.Add(1)
	r, err := a.Store.Open(ctx, hash, offset)
	if err == nil && a.open != nil {
		return a.open(ctx, offset, r)
	}
	return r, err
}

// cut gives n bytes and then an error.
type cut struct {
	io.ReadCloser
	n int
}

func (c *cut) Read(p []byte) (int, error) {
	if c.n == 0 {
		return 0, io.ErrUnexpectedEOF
	}
	n, err := c.ReadCloser.Read(p[:min(len(p), c.n)])
	c.n -= n
	return n, err
}

func read(t testing.TB, f *os.File, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestCache_OneTransferForMany(t *testing.T) {
	t.Parallel()
	from := &away{Store: openFolder(t, t.TempDir())}
	h := put(t, from.Store, []byte("content"))
	c := newCache(from, openFolder(t, t.TempDir()), 0)
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			f, err := c.open(t.Context(), h, 7)
			if err != nil {
				t.Error(err)
				return
			}
			_ = f.Close()
		})
	}
	group.Wait()
	if n := from.opens.Load(); n != 1 {
		t.Errorf("%d transfers", n)
	}
}

func TestCache_GoesOnWhereItBroke(t *testing.T) {
	t.Parallel()
	data := bytes.Repeat([]byte("0123456789"), 100_000)
	var offsets []int64
	from := &away{Store: openFolder(t, t.TempDir()), open: func(_ context.Context, offset int64, r io.ReadCloser) (io.ReadCloser, error) {
		offsets = append(offsets, offset)
		if len(offsets) < 3 {
			return &cut{r, 300_000}, nil
		}
		return r, nil
	}}
	h := put(t, from.Store, data)
	c := newCache(from, openFolder(t, t.TempDir()), 0)
	f, err := c.open(t.Context(), h, int64(len(data)))
	if got := read(t, f, err); got != string(data) {
		t.Error("another content")
	}
	if fmt.Sprint(offsets) != "[0 300000 600000]" {
		t.Errorf("read at %v", offsets)
	}
}

func TestCache_AnotherGoesOnWhenTheFirstIsCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	entered := make(chan struct{})
	from := &away{Store: openFolder(t, t.TempDir())}
	from.open = func(ctx context.Context, _ int64, r io.ReadCloser) (io.ReadCloser, error) {
		if from.opens.Load() == 1 {
			close(entered)
			<-ctx.Done()
			return nil, errors.Join(context.Cause(ctx), r.Close())
		}
		return r, nil
	}
	h := put(t, from.Store, []byte("content"))
	c := newCache(from, openFolder(t, t.TempDir()), 0)
	first := make(chan error, 1)
	go func() {
		_, err := c.open(ctx, h, 7)
		first <- err
	}()
	<-entered
	second := make(chan string, 1)
	go func() {
		f, err := c.open(context.WithoutCancel(t.Context()), h, 7)
		second <- read(t, f, err)
	}()
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("the first: %v", err)
	}
	if got := <-second; got != "content" {
		t.Errorf("the second: %q", got)
	}
}

func TestCache_ForgetsWhatWasNotUsedForLongest(t *testing.T) {
	t.Parallel()
	from := &away{Store: openFolder(t, t.TempDir())}
	kept := openFolder(t, t.TempDir())
	c := newCache(from, kept, 1000)
	var hashes []string
	for i := range 12 {
		data := bytes.Repeat([]byte{byte(i)}, 100)
		hashes = append(hashes, put(t, from.Store, data))
		f, err := c.open(t.Context(), hashes[i], 100)
		read(t, f, err)
		at := time.Now().Add(time.Duration(i-100) * time.Minute)
		if name, ok := kept.Path(hashes[i]); ok {
			if err := os.Chtimes(name, at, at); err != nil {
				t.Fatal(err)
			}
		}
	}
	var total int64
	for e, err := range kept.List(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		total += e.Stored
	}
	_, first := kept.Path(hashes[0])
	_, last := kept.Path(hashes[11])
	if total > 1000 || first || !last {
		t.Errorf("%d bytes are kept; the first: %v, the last: %v", total, first, last)
	}
}

// staged stages a spec from a store, and gives the folder.
func stagedIn(t testing.TB, s files.Store, spec *turno.Spec) (string, error) {
	t.Helper()
	dir := t.TempDir()
	st := newStager(&Options{Name: "w", Files: s, Cache: openFolder(t, t.TempDir())})
	return filepath.Join(dir, "work"), st.stage(t.Context(), &attempt{dir: dir, task: &turno.Task{Spec: spec}})
}

func TestStage_PutsFilesInTheirPlaces(t *testing.T) {
	t.Parallel()
	local := openFolder(t, t.TempDir())
	one, two := put(t, local, []byte("one")), put(t, local, []byte("two"))
	m := &turno.Manifest{Files: []turno.File{{Path: "a/b/one", Hash: one, Size: 3}, {Path: "run.sh", Hash: two, Size: 3, Mode: 0o755}, {Path: "won", Hash: one, Size: 3}}}
	data, bad := m.Encode()
	if bad != nil {
		t.Fatal(bad)
	}
	spec := &turno.Spec{Workdir: &turno.Tree{Manifest: put(t, local, data)}, Inputs: []turno.File{{Path: "won", Hash: two}, {Path: "m", From: "job:0192f0c4-1b2c-7d3e-8f40-5a6b7c8d9e0f/a/b/one"}}}
	if err := local.SetName(t.Context(), files.OfJob("0192f0c4-1b2c-7d3e-8f40-5a6b7c8d9e0f"), spec.Workdir.Manifest); err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]files.Store{"here": local, "elsewhere": &away{Store: local}} {
		work, err := stagedIn(t, s, spec)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for path, want := range map[string]string{"a/b/one": "one", "run.sh": "two", "won": "two", "m": "one"} {
			got, err := os.ReadFile(filepath.Join(work, path))
			if err != nil || string(got) != want {
				t.Errorf("%s: %s: %q %v", name, path, got, err)
			}
			if err := os.WriteFile(filepath.Join(work, path), []byte("changed"), 0o600); err != nil {
				t.Errorf("a job cannot write to its own copy: %v", err)
			}
		}
		if info, err := os.Stat(filepath.Join(work, "run.sh")); err != nil || info.Mode().Perm() != 0o755 {
			t.Errorf("%s: run.sh: %v %v", name, info.Mode(), err)
		}
		if h := files.Hash([]byte("one")); read2(t, local, h) != "one" {
			t.Error("a job has changed what others get")
		}
	}
}

func read2(t testing.TB, s files.Store, hash string) string {
	t.Helper()
	r, err := s.Open(t.Context(), hash, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	data, _ := io.ReadAll(r)
	return string(data)
}

func TestStage_FailuresSayWhy(t *testing.T) {
	t.Parallel()
	local := openFolder(t, t.TempDir())
	h := put(t, local, []byte("x"))
	evil := put(t, local, []byte(`{"version":1,"files":[{"path":"../../evil","hash":"`+h+`"}]}`))
	empty := files.Hash([]byte(`never stored`))
	const job = "0192f0c4-1b2c-7d3e-8f40-5a6b7c8d9e0f"
	for name, c := range map[string]struct {
		spec  turno.Spec
		text  string
		again bool
	}{
		"no such content":  {turno.Spec{Inputs: []turno.File{{Path: "data.csv", Hash: empty}}}, "data.csv", false},
		"no such workdir":  {turno.Spec{Workdir: &turno.Tree{Manifest: empty}}, "workdir", false},
		"no such job":      {turno.Spec{Inputs: []turno.File{{Path: "m", From: "job:" + job + "/m"}}}, "left no files", false},
		"evil workdir":     {turno.Spec{Workdir: &turno.Tree{Manifest: evil}}, "..", false},
		"workdir, no list": {turno.Spec{Workdir: &turno.Tree{Manifest: h}}, "list", false},
		"file as a folder": {turno.Spec{Inputs: []turno.File{{Path: "a", Hash: h}, {Path: "a/b", Hash: h}}}, "a", true},
	} {
		work, err := stagedIn(t, local, &c.spec)
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		result := stageFailure(err)
		if result.Reason != turno.ReasonSetupFailed || !strings.Contains(result.Message, c.text) {
			t.Errorf("%s: %+v", name, result)
		}
		if result.Retryable && !c.again {
			t.Errorf("%s: is to be tried again: %s", name, result.Message)
		}
		if _, err := os.Lstat(filepath.Join(work, "..", "..", "evil")); err == nil {
			t.Error("a file lies outside")
		}
	}
	broken := stageFailure(fmt.Errorf("look: %w", turno.Errorf(turno.CodeUnavailable, "nothing listens")))
	full := stageFailure(localError(fmt.Errorf("copy: %w", syscall.ENOSPC)))
	if !broken.Retryable || !full.Retryable || !strings.Contains(full.Message, "no room") {
		t.Errorf("%+v %+v", broken, full)
	}
}

// collected has an attempt leave what make puts into its folder.
func collected(t *testing.T, o Options, make func(out string)) (*turno.Artifacts, *attempt) {
	t.Helper()
	r := &Role{o: o, log: slog.New(slog.DiscardHandler), inbox: newInbox()}
	a := &attempt{dir: t.TempDir(), task: &turno.Task{ID: "0192f0c4-1b2c-7d3e-8f40-5a6b7c8d9e0f", Spec: &turno.Spec{}}}
	out := filepath.Join(a.dir, outDir)
	if err := os.Mkdir(out, 0o700); err != nil {
		t.Fatal(err)
	}
	make(out)
	return r.collect(t.Context(), a), a
}

func TestAttack_C35_WhatAJobLeaves(t *testing.T) {
	t.Parallel()
	s := openFolder(t, t.TempDir())
	left, a := collected(t, Options{Name: "w", Files: s}, func(out string) {
		for _, err := range []error{
			os.MkdirAll(filepath.Join(out, "d", "e"), 0o700), os.WriteFile(filepath.Join(out, "d", "e", "f"), []byte("kept"), 0o700),
			os.Symlink("/etc/passwd", filepath.Join(out, "passwd")), os.Symlink("/etc", filepath.Join(out, "etc")),
			os.Symlink("d/e/f", filepath.Join(out, "within")), os.Symlink("../..", filepath.Join(out, "up")),
			syscall.Mkfifo(filepath.Join(out, "pipe"), 0o600), os.WriteFile(filepath.Join(out, "a\nb"), nil, 0o600),
			os.WriteFile(filepath.Join(out, `back\slash`), nil, 0o600), os.WriteFile(filepath.Join(out, "\xff"), nil, 0o600),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
	})
	if left.Files != 1 || len(left.List) != 1 || left.List[0].Path != "d/e/f" || left.List[0].Size != 4 {
		t.Errorf("%+v", left)
	}
	for _, text := range []string{`"etc" is a link`, `"pipe" is a pipe`, "U+000A", "3 more"} {
		if !strings.Contains(left.Problem, text) {
			t.Errorf("%q does not say %q", left.Problem, text)
		}
	}
	m, err := files.ReadManifest(t.Context(), s, left.Manifest)
	if err != nil || len(m.Files) != 1 || read2(t, s, m.Files[0].Hash) != "kept" {
		t.Errorf("%+v %v", m, err)
	}
	if hash, err := s.Name(t.Context(), files.OfJob(a.task.ID)); err != nil || hash != left.Manifest {
		t.Errorf("its name leads to %s %v", hash, err)
	}
	if _, err := os.Stat(filepath.Join(a.dir, keptMark)); err == nil {
		t.Error("what was left out is to be removed")
	}
}

func TestCollect_Caps(t *testing.T) {
	t.Parallel()
	many := func(n, size int) func(string) {
		return func(out string) {
			for i := range n {
				if err := os.WriteFile(filepath.Join(out, fmt.Sprintf("f%03d", i)), make([]byte, size), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	for name, c := range map[string]struct {
		n, size, kept int
		problem       string
	}{
		"fits":       {20, 50, 20, ""},
		"many files": {21, 1, 0, "more than 20"},
		"too large":  {11, 100, 0, "more than the 1000 bytes"},
	} {
		left, a := collected(t, Options{Name: "w", Files: openFolder(t, t.TempDir()), OutputBytes: 1000, OutputFiles: 20}, many(c.n, c.size))
		if left.Files != c.kept || !strings.Contains(left.Problem, c.problem) || (c.problem == "") != (left.Problem == "") {
			t.Errorf("%s: %+v", name, left)
		}
		if c.problem != "" && !strings.Contains(left.Problem, a.dir) {
			t.Errorf("%s: does not say where they are: %s", name, left.Problem)
		}
		if c.kept > turno.MaxListed && left.List != nil {
			t.Errorf("%s: %d are listed in the result itself", name, len(left.List))
		}
	}
}

// failing is a store that cannot take anything.
type failing struct {
	files.Store
	err error
}

func (f *failing) Stat(_ context.Context, hashes []string) ([]turno.Blob, error) {
	return make([]turno.Blob, len(hashes)), nil
}

func (f *failing) Put(context.Context, files.Part, io.Reader) (int64, error) { return 0, f.err }

func (f *failing) PutAll(context.Context, iter.Seq2[files.Small, error]) error { return f.err }

func TestCollect_FullStore(t *testing.T) {
	t.Parallel()
	left, a := collected(t, Options{Name: "w", Files: &failing{err: files.ErrFull}, StorePatience: time.Nanosecond}, func(out string) {
		if err := os.WriteFile(filepath.Join(out, "large"), make([]byte, files.MaxSmall+1), 0o600); err != nil {
			t.Fatal(err)
		}
	})
	if left.Files != 0 || !strings.Contains(left.Problem, "no room") {
		t.Errorf("%+v", left)
	}
	if _, err := os.Stat(filepath.Join(a.dir, outDir, "large")); err != nil {
		t.Errorf("what was not kept is gone: %v", err)
	}
}
