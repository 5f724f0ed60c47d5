package folder_test

import (
	"bytes"
	"errors"
	"testing"

	"turno/internal/files"
	"turno/internal/testenv"
)

// TestFull_RealDisk fills a real, small disk, and goes on when there is room.
func TestFull_RealDisk(t *testing.T) {
	t.Parallel()
	dir, grow := testenv.Tmpfs(t, 3<<20)
	s := open(t, dir)
	data := bytes.Repeat([]byte("0123456789abcdef"), 8<<20/16)
	part := files.Part{Hash: files.Hash(data), Size: int64(len(data))}
	at, err := s.Put(t.Context(), part, bytes.NewReader(data))
	if !errors.Is(err, files.ErrFull) || at < 1<<20 || at > 3<<20 {
		t.Fatalf("put on a full disk: %d stored, %v", at, err)
	}
	err = s.PutAll(t.Context(), func(yield func(files.Small, error) bool) {
		for i := range 8 {
			small := bytes.Repeat([]byte{byte(i)}, 1<<20)
			if !yield(files.Small{Hash: files.Hash(small), Data: small}, nil) {
				return
			}
		}
	})
	if !errors.Is(err, files.ErrFull) {
		t.Errorf("put small ones on a full disk: %v", err)
	}
	if err := s.SetName(t.Context(), "x", part.Hash); err != nil && !errors.Is(err, files.ErrFull) {
		t.Errorf("give a name on a full disk: %v", err)
	}
	blobs, err := s.Stat(t.Context(), []string{part.Hash})
	if err != nil || blobs[0].Stored != at {
		t.Fatalf("told %d, has %+v: %v", at, blobs, err)
	}
	grow(32 << 20)
	part.Offset = at
	if stored, err := s.Put(t.Context(), part, bytes.NewReader(data[at:])); err != nil || stored != part.Size {
		t.Fatalf("with room again: %d: %v", stored, err)
	}
	if err := s.SetName(t.Context(), "x", part.Hash); err != nil {
		t.Error(err)
	}
}

// TestFull_LeavesAReserve: what else lies on the disk can go on.
func TestFull_LeavesAReserve(t *testing.T) {
	t.Parallel()
	dir, _ := testenv.Tmpfs(t, 100<<20)
	s := open(t, dir)
	for i := 0; ; i++ {
		data := bytes.Repeat([]byte{byte(i)}, 1<<20)
		err := s.PutAll(t.Context(), func(yield func(files.Small, error) bool) { yield(files.Small{Hash: files.Hash(data), Data: data}, nil) })
		if errors.Is(err, files.ErrFull) {
			if i < 90 || i > 96 {
				t.Errorf("full after %d of 100 MiB", i)
			}
			return
		}
		if err != nil || i == 100 {
			t.Fatalf("after %d MiB: %v", i, err)
		}
	}
}
