package folder

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"slices"
	"sync"
	"time"

	"turno/internal/files"
)

// PutAll implements files.Store. A batch is written, synced and renamed
// together: a sync a file would take ten times as long.
func (s *Store) PutAll(ctx context.Context, blobs iter.Seq2[files.Small, error]) error {
	b := batch{s: s}
	defer b.drop()
	for small, err := range blobs {
		if err == nil {
			err = context.Cause(ctx)
		}
		if err == nil {
			err = b.add(small)
		}
		if err != nil {
			return errors.Join(err, b.flush())
		}
		if b.bytes >= batchBytes || len(b.files) >= batchFiles {
			if err := b.flush(); err != nil {
				return err
			}
		}
	}
	return b.flush()
}

// batch is small blobs that are written and have not got their places.
type batch struct {
	s     *Store
	files []written
	bytes int64
}

type written struct {
	hash, temp string
	file       *os.File
}

func (b *batch) add(small files.Small) error {
	if err := valid(small.Hash); err != nil {
		return err
	}
	if sum := sha256.Sum256(small.Data); hex.EncodeToString(sum[:]) != small.Hash {
		return fmt.Errorf("%s: %w", small.Hash, files.ErrMismatch)
	}
	if b.s.whole(small.Hash) >= 0 {
		now := time.Now()
		_ = b.s.root.Chtimes(place(small.Hash), now, now) // only tells that it is wanted
		return nil
	}
	w := written{hash: small.Hash, temp: partDir + "/." + rand.Text()}
	f, err := b.s.root.OpenFile(w.temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o400)
	if err != nil {
		return full("write a blob", err)
	}
	w.file = f
	b.files = append(b.files, w)
	b.bytes += int64(len(small.Data))
	if b.s.fault != nil {
		err = b.s.fault(int64(len(small.Data)))
	}
	if err == nil {
		_, err = f.Write(small.Data)
	}
	if err != nil {
		// It is not whole: it must not get its place.
		b.files = b.files[:len(b.files)-1]
		return errors.Join(full("write a blob", err), f.Close(), b.s.root.Remove(w.temp))
	}
	return nil
}

// flush makes the batch durable and gives each blob its place.
func (b *batch) flush() error {
	if len(b.files) == 0 {
		return nil
	}
	if err := b.sync(); err != nil {
		return full("sync blobs", err)
	}
	dirs := map[string]bool{}
	for len(b.files) > 0 {
		w := b.files[len(b.files)-1]
		if err := b.s.move(w.temp, w.hash); err != nil {
			return err
		}
		dirs[w.hash[:2]] = true
		b.files = b.files[:len(b.files)-1]
	}
	b.bytes = 0
	names := make([]string, 0, len(dirs))
	for d := range dirs {
		names = append(names, d)
	}
	slices.Sort(names)
	return b.s.syncDirs(names...)
}

// sync syncs and closes the files.
func (b *batch) sync() error {
	errs := make([]error, syncers)
	var group sync.WaitGroup
	for k := range syncers {
		group.Go(func() {
			for i := k; i < len(b.files); i += syncers {
				f := b.files[i].file
				b.files[i].file = nil
				errs[k] = errors.Join(errs[k], f.Sync(), f.Close())
			}
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

// drop removes what has not got its place.
func (b *batch) drop() {
	for _, w := range b.files {
		if w.file != nil {
			_ = w.file.Close()
		}
		_ = b.s.root.Remove(w.temp) // else Tidy does
	}
}

// Tidy removes what small blobs of killed processes have left for longer than
// age.
func (s *Store) Tidy(age time.Duration) error {
	entries, err := fs.ReadDir(s.root.FS(), partDir)
	if err != nil {
		return fmt.Errorf("tidy up: %w", err)
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && isTemp(e.Name()) && time.Since(info.ModTime()) > age {
			_ = s.root.Remove(partDir + "/" + e.Name()) // the next Tidy tries again
		}
	}
	return nil
}
