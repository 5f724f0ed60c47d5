package transfer_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"turno"
	"turno/internal/files"
	"turno/internal/files/folder"
	"turno/internal/files/transfer"
)

func open(t testing.TB) *folder.Store {
	t.Helper()
	s, err := folder.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// flaky is a store whose calls fail as a test says.
type flaky struct {
	files.Store
	put    func(p files.Part, body io.Reader) (int64, error) // nil: as the store
	putAll func(iter.Seq2[files.Small, error]) error
	stat   func() error
	read   func(r io.ReadCloser) io.ReadCloser
}

func (f *flaky) Put(ctx context.Context, p files.Part, body io.Reader) (int64, error) {
	if f.put != nil {
		return f.put(p, body)
	}
	return f.Store.Put(ctx, p, body)
}

func (f *flaky) PutAll(ctx context.Context, blobs iter.Seq2[files.Small, error]) error {
	if f.putAll != nil {
		return f.putAll(blobs)
	}
	return f.Store.PutAll(ctx, blobs)
}

func (f *flaky) Stat(ctx context.Context, hashes []string) ([]turno.Blob, error) {
	if f.stat != nil {
		if err := f.stat(); err != nil {
			return nil, err
		}
	}
	return f.Store.Stat(ctx, hashes)
}

func (f *flaky) Open(ctx context.Context, hash string, offset int64) (io.ReadCloser, error) {
	r, err := f.Store.Open(ctx, hash, offset)
	if err == nil && f.read != nil {
		r = f.read(r)
	}
	return r, err
}

var errLine = turno.Errorf(turno.CodeUnavailable, "the line broke")

const large = files.MaxSmall + 1000

func source(name string, n int) transfer.Source {
	return transfer.OfBytes(name, bytes.Repeat([]byte(name), n/len(name)+1)[:n])
}

func TestUpload_SendsOnlyWhatIsMissing(t *testing.T) {
	t.Parallel()
	s := open(t)
	list := []transfer.Source{source("a", 10), source("b", large), source("c", 10), source("a", 10), source("d", 0)}
	var progress int64
	up := transfer.Uploader{Store: s, Progress: func(n int64) { progress += n }}
	total := int64(20 + large)
	stats, err := up.Upload(t.Context(), list)
	if err != nil || stats != (transfer.Stats{Files: 4, Bytes: total, BytesSent: total}) || progress != total {
		t.Errorf("%+v, progress %d: %v", stats, progress, err)
	}
	progress = 0
	stats, err = up.Upload(t.Context(), append(list, source("e", 5)))
	if err != nil || stats != (transfer.Stats{Files: 5, Present: 4, Bytes: total + 5, BytesSent: 5}) || progress != total+5 {
		t.Errorf("again: %+v, progress %d: %v", stats, progress, err)
	}
}

func TestUpload_GoesOnAfterCuts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := open(t)
		big := source("b", large)
		cuts := 0
		f := &flaky{Store: s, put: func(p files.Part, body io.Reader) (int64, error) {
			if cuts++; cuts <= 3 {
				stored, err := s.Put(t.Context(), p, io.LimitReader(body, 1000))
				return stored, errors.Join(err, errLine)
			}
			return s.Put(t.Context(), p, body)
		}, putAll: func(blobs iter.Seq2[files.Small, error]) error {
			if cuts++; cuts <= 1 {
				for b, err := range blobs {
					return errors.Join(err, s.PutAll(t.Context(), func(yield func(files.Small, error) bool) { yield(b, nil) }), errLine)
				}
			}
			return s.PutAll(t.Context(), blobs)
		}}
		troubles := 0
		var progress int64
		up := transfer.Uploader{Store: f, Trouble: func(error) { troubles++ }, Progress: func(n int64) { progress += n }}
		stats, err := up.Upload(t.Context(), []transfer.Source{source("a", 10), source("c", 10), big})
		if err != nil || stats.BytesSent != 20+large || progress != 20+large || troubles != 2 {
			t.Errorf("%+v, progress %d, %d troubles: %v", stats, progress, troubles, err)
		}
	})
}

func TestUpload_GivesUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		away := &flaky{Store: open(t), stat: func() error { return errLine }}
		_, err := transfer.Uploader{Store: away}.Upload(t.Context(), []transfer.Source{source("a", 10)})
		if took := time.Since(began); !errors.Is(err, errLine) || took < time.Minute || took > 2*time.Minute {
			t.Errorf("after %s: %v", took, err)
		}
		full := &flaky{Store: open(t), putAll: func(iter.Seq2[files.Small, error]) error { return files.ErrFull }}
		began = time.Now()
		_, err = transfer.Uploader{Store: full}.Upload(t.Context(), []transfer.Source{source("a", 10)})
		if took := time.Since(began); !errors.Is(err, files.ErrFull) || took > 0 {
			t.Errorf("full, after %s: %v", took, err)
		}
		began = time.Now()
		full.putAll = func(blobs iter.Seq2[files.Small, error]) error {
			if time.Since(began) < 40*time.Second {
				return files.ErrFull
			}
			return full.Store.PutAll(t.Context(), blobs)
		}
		if _, err = (transfer.Uploader{Store: full, WaitForRoom: true}).Upload(t.Context(), []transfer.Source{source("a", 10)}); err != nil {
			t.Errorf("with room after 40 s: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(3*time.Second, cancel)
		began = time.Now()
		_, err = transfer.Uploader{Store: away}.Upload(ctx, []transfer.Source{source("a", 10)})
		if took := time.Since(began); err == nil || took > 4*time.Second {
			t.Errorf("cancelled, after %s: %v", took, err)
		}
	})
}

func TestUpload_FilesThatChange(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, size := range map[string]int{"small": 100, "large": large} {
		for change, text := range map[string]string{"another": strings.Repeat("y", size), "shorter": "y", "longer": strings.Repeat("x", size+1)} {
			path := filepath.Join(dir, name+change)
			if err := os.WriteFile(path, bytes.Repeat([]byte("x"), size), 0o600); err != nil {
				t.Fatal(err)
			}
			s, err := transfer.OfFile(t.Context(), name, func() (*os.File, error) { return os.Open(path) })
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			store := open(t)
			_, err = transfer.Uploader{Store: store}.Upload(t.Context(), []transfer.Source{s})
			if name == "large" && change == "longer" { // what was looked at is still there
				if err != nil {
					t.Errorf("%s, %s: %v", name, change, err)
				}
				continue
			}
			if err == nil || !strings.Contains(err.Error(), "change") {
				t.Errorf("%s, %s: %v", name, change, err)
			}
			if b, _ := store.Stat(t.Context(), []string{s.Hash}); b[0].Whole {
				t.Errorf("%s, %s: is stored as whole", name, change)
			}
		}
	}
}

// cut ends with an error after n bytes.
type cut struct {
	io.ReadCloser
	n int
}

func (c *cut) Read(p []byte) (int, error) {
	if c.n <= 0 {
		return 0, io.ErrUnexpectedEOF
	}
	n, err := c.ReadCloser.Read(p[:min(len(p), c.n)])
	c.n -= n
	return n, err
}

func TestDownload(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := open(t)
		src := source("b", large)
		if _, err := (transfer.Uploader{Store: s}).Upload(t.Context(), []transfer.Source{src}); err != nil {
			t.Fatal(err)
		}
		reads := 0
		f := &flaky{Store: s, read: func(r io.ReadCloser) io.ReadCloser {
			if reads++; reads <= 3 {
				return &cut{r, 300_000}
			}
			return r
		}}
		var to bytes.Buffer
		n, err := transfer.Downloader{Store: f}.Download(t.Context(), src.Hash, &to)
		if err != nil || n != large || files.Hash(to.Bytes()) != src.Hash || reads != 4 {
			t.Errorf("%d bytes in %d reads: %v", n, reads, err)
		}
		f.read = func(r io.ReadCloser) io.ReadCloser { return io.NopCloser(strings.NewReader("another")) }
		if _, err := (transfer.Downloader{Store: f}).Download(t.Context(), src.Hash, io.Discard); !errors.Is(err, files.ErrMismatch) {
			t.Errorf("another content: %v", err)
		}
		if _, err := (transfer.Downloader{Store: s}).Download(t.Context(), files.Hash(nil), io.Discard); !errors.Is(err, files.ErrNotFound) {
			t.Errorf("what is not there: %v", err)
		}
	})
}
