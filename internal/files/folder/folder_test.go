package folder_test

import (
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"turno/internal/files"
	"turno/internal/files/filestest"
	"turno/internal/files/folder"
)

func open(t testing.TB, dir string) *folder.Store {
	t.Helper()
	s, err := folder.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestContract(t *testing.T) {
	t.Parallel()
	filestest.Run(t, filestest.Factory{
		Keeper: true,
		New:    func(t testing.TB) files.Store { return open(t, t.TempDir()) },
		Again:  func(t testing.TB, s files.Store) files.Store { return open(t, s.(*folder.Store).Dir()) },
		Full: func(t testing.TB, room int64) (files.Store, func()) {
			s := open(t, t.TempDir())
			var left atomic.Int64
			left.Store(room)
			s.SetFault(func(n int64) error {
				if left.Add(-n) < 0 {
					left.Add(n)
					return syscall.ENOSPC
				}
				return nil
			})
			return s, func() { left.Store(1 << 40) }
		},
	})
}

// TestFolder_LeadsNowhereElse puts links where blobs are looked for.
func TestFolder_LeadsNowhereElse(t *testing.T) {
	t.Parallel()
	dir, outside := t.TempDir(), t.TempDir()
	s := open(t, dir)
	const hash = "00e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b8"
	secret := filepath.Join(outside, hash)
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{"00": outside, "part/" + hash: secret, "name/x": secret} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if r, err := s.Open(t.Context(), hash, 0); err == nil {
		_ = r.Close()
		t.Error("a linked folder was read")
	}
	if _, err := s.Put(t.Context(), files.Part{Hash: hash, Offset: 6, Size: 7}, nil); err == nil {
		t.Error("a linked part was written to")
	}
	if _, err := s.Name(t.Context(), "x"); err == nil || errors.Is(err, files.ErrNotFound) {
		t.Errorf("a linked name: %v", err)
	}
	if _, ok := s.Path(hash); ok {
		t.Error("gives the path of a link")
	}
}

func TestTidy_LeavesWhatIsYoung(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	old, young := filepath.Join(dir, "part", ".old"), filepath.Join(dir, "part", ".young")
	for _, p := range []string{old, young} {
		if err := os.WriteFile(p, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	past := time.Now().Add(-2 * time.Hour)
	if err := os.Chtimes(old, past, past); err != nil {
		t.Fatal(err)
	}
	if err := s.Tidy(time.Hour); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(old); err == nil {
		t.Error("the old one is there")
	}
	if _, err := os.Stat(young); err != nil {
		t.Error(err)
	}
}
