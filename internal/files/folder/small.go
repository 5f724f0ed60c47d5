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
	"maps"
	"os"
	"slices"
	"time"

	"turno/internal/files"
)

// PutAll implements files.Store. A batch is written, synced and renamed
// together: a sync a file would take ten times as long.
func (s *Store) PutAll(ctx context.Context, blobs iter.Seq2[files.Small, error]) error {
	b := batch{s: s, dirs: map[string]bool{}}
	defer b.drop()
	for small, err := range blobs {
		if err == nil {
			err = context.Cause(ctx)
		}
		if err == nil {
			err = b.add(small)
		}
		if err != nil {
			return errors.Join(err, b.flush(), b.settle())
		}
		if b.bytes >= batchBytes || len(b.files) >= batchFiles {
			if err := b.flush(); err != nil {
				return err
			}
		}
	}
	return errors.Join(b.flush(), b.settle())
}

// batch is small blobs that are written and have not got their places.
type batch struct {
	s     *Store
	files []written
	bytes int64
	dirs  map[string]bool // folders with new names, of all batches
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
		return nil
	}
	if len(b.files) == 0 {
		if err := b.s.room(); err != nil {
			return fmt.Errorf("write blobs: %w", err)
		}
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

// flush gives each blob of the batch its place, once its content is on the
// disk. The names are, after settle.
func (b *batch) flush() error {
	if len(b.files) == 0 {
		return nil
	}
	open := make([]*os.File, len(b.files))
	for i := range b.files {
		open[i], b.files[i].file = b.files[i].file, nil
	}
	err := b.s.syncFiles(open)
	for _, f := range open {
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return full("sync blobs", err)
	}
	for len(b.files) > 0 {
		w := b.files[len(b.files)-1]
		if err := b.s.move(w.temp, w.hash); err != nil {
			return err
		}
		b.dirs[w.hash[:2]] = true
		b.files = b.files[:len(b.files)-1]
	}
	b.bytes = 0
	return nil
}

// settle makes the names of all batches durable.
func (b *batch) settle() error {
	if len(b.dirs) == 0 {
		return nil
	}
	if err := b.s.syncNames(slices.Sorted(maps.Keys(b.dirs))); err != nil {
		return full("sync folders", err)
	}
	return nil
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
