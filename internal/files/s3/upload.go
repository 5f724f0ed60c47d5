package s3

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/minio/minio-go/v7"

	"turno/internal/files"
)

// note is how far an upload is.
type note struct {
	Upload string `json:"upload"`
	Part   int64  `json:"part_bytes"`
	// Tags are those of the parts, from the first; each has Part bytes.
	Tags []string `json:"tags"`
	Sum  []byte   `json:"sum"` // state of the sum after them
}

func (n *note) stored() int64 { return int64(len(n.Tags)) * n.Part }

// readNote gives an empty one if there is none.
func (s *Store) readNote(ctx context.Context, hash string) (note, error) {
	var n note
	data, err := s.read(ctx, s.partOf(hash), maxNote)
	if errors.Is(err, files.ErrNotFound) {
		return n, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &n)
	}
	return n, err
}

func (s *Store) read(ctx context.Context, key string, limit int64) ([]byte, error) {
	r, _, _, err := s.core.GetObject(ctx, s.bucket, key, minio.GetObjectOptions{})
	if err != nil {
		return nil, explain("read "+key, err)
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, limit))
	if err != nil {
		return nil, explain("read "+key, err)
	}
	return data, nil
}

func (s *Store) write(ctx context.Context, key string, data []byte) error {
	_, err := s.core.Client.PutObject(ctx, s.bucket, key, bytes.NewReader(data), int64(len(data)), minio.PutObjectOptions{DisableMultipart: true})
	return explain("write "+key, err)
}

// Put implements files.Store.
func (s *Store) Put(ctx context.Context, p files.Part, body io.Reader) (int64, error) {
	if err := valid(p.Hash); err != nil {
		return 0, err
	}
	if !s.busy.Take(p.Hash) {
		return 0, fmt.Errorf("%s: %w", p.Hash, files.ErrBusy)
	}
	defer s.busy.Leave(p.Hash)
	info, err := s.core.StatObject(ctx, s.bucket, s.place(p.Hash), minio.StatObjectOptions{})
	if err == nil {
		return info.Size, nil
	}
	if err := explain("look for a blob", err); !errors.Is(err, files.ErrNotFound) {
		return 0, err
	}
	a := &appender{s: s, p: p, sum: sha256.New()}
	if a.note, err = s.readNote(ctx, p.Hash); err != nil {
		return 0, err
	}
	if a.note.stored() > p.Size { // of another upload that lied of its size
		if err := a.discard(ctx); err != nil {
			return 0, err
		}
	}
	if at := a.note.stored(); at != p.Offset {
		return at, fmt.Errorf("%s: %d bytes are stored: %w", p.Hash, at, files.ErrOffset)
	}
	return a.run(ctx, body)
}

// appender is one Put.
type appender struct {
	s    *Store
	p    files.Part
	note note
	sum  hash.Hash
}

func (a *appender) run(ctx context.Context, body io.Reader) (int64, error) {
	if a.note.Part == 0 {
		a.note.Part = max(a.s.part, (a.p.Size+maxParts-1)/maxParts)
	} else if err := a.sum.(interface{ UnmarshalBinary([]byte) error }).UnmarshalBinary(a.note.Sum); err != nil {
		return 0, fmt.Errorf("go on with an upload: %w", err)
	}
	buf := make([]byte, min(a.note.Part, max(a.p.Size-a.note.stored(), 1)))
	for {
		at := a.note.stored()
		want := min(a.note.Part, a.p.Size-at)
		if _, err := io.ReadFull(body, buf[:want]); err != nil {
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, context.Canceled) {
				return at, nil // the rest comes another time
			}
			return at, fmt.Errorf("take a blob: %w", err)
		}
		a.sum.Write(buf[:want])
		if at+want == a.p.Size {
			return a.finish(ctx, buf[:want])
		}
		if err := a.add(ctx, buf[:want]); err != nil {
			return at, err
		}
	}
}

// add stores a part, and notes it.
func (a *appender) add(ctx context.Context, data []byte) error {
	tag, err := a.send(ctx, data)
	if err != nil {
		return err
	}
	next := a.note
	next.Tags = append(next.Tags[:len(next.Tags):len(next.Tags)], tag)
	if next.Sum, err = a.sum.(interface{ MarshalBinary() ([]byte, error) }).MarshalBinary(); err != nil {
		return fmt.Errorf("note how far an upload is: %w", err)
	}
	text, err := json.Marshal(next)
	if err != nil {
		return fmt.Errorf("note how far an upload is: %w", err)
	}
	if err := a.s.write(ctx, a.s.partOf(a.p.Hash), text); err != nil {
		return err
	}
	a.note = next
	return nil
}

func (a *appender) send(ctx context.Context, data []byte) (tag string, err error) {
	key := a.s.place(a.p.Hash)
	if a.note.Upload == "" {
		if a.note.Upload, err = a.s.core.NewMultipartUpload(ctx, a.s.bucket, key, minio.PutObjectOptions{}); err != nil {
			return "", explain("begin an upload", err)
		}
	}
	part, err := a.s.core.PutObjectPart(ctx, a.s.bucket, key, a.note.Upload, len(a.note.Tags)+1, bytes.NewReader(data), int64(len(data)), minio.PutObjectPartOptions{})
	if err != nil {
		return "", explain("store a part of a blob", err)
	}
	return part.ETag, nil
}

// finish stores the last part, if the whole is what its hash says.
func (a *appender) finish(ctx context.Context, last []byte) (int64, error) {
	at := a.note.stored()
	if hex.EncodeToString(a.sum.Sum(nil)) != a.p.Hash {
		return 0, errors.Join(fmt.Errorf("%s: %w", a.p.Hash, files.ErrMismatch), a.discard(ctx))
	}
	key := a.s.place(a.p.Hash)
	if len(a.note.Tags) == 0 {
		if err := a.s.write(ctx, key, last); err != nil {
			return at, err
		}
		return a.p.Size, nil
	}
	tag, err := a.send(ctx, last)
	if err != nil {
		return at, err
	}
	parts := make([]minio.CompletePart, 0, len(a.note.Tags)+1)
	for i, t := range append(a.note.Tags[:len(a.note.Tags):len(a.note.Tags)], tag) {
		parts = append(parts, minio.CompletePart{PartNumber: i + 1, ETag: t})
	}
	if _, err := a.s.core.CompleteMultipartUpload(ctx, a.s.bucket, key, a.note.Upload, parts, minio.PutObjectOptions{}); err != nil {
		return at, explain("complete an upload", err)
	}
	return a.p.Size, explain("end an upload", a.s.core.RemoveObject(ctx, a.s.bucket, a.s.partOf(a.p.Hash), minio.RemoveObjectOptions{}))
}

// discard forgets what was stored of a blob.
func (a *appender) discard(ctx context.Context) error {
	err := a.s.abort(ctx, a.p.Hash, a.note)
	a.note = note{}
	return err
}

func (s *Store) abort(ctx context.Context, hash string, n note) error {
	var err error
	if n.Upload != "" {
		err = s.core.AbortMultipartUpload(ctx, s.bucket, s.place(hash), n.Upload)
		if minio.ToErrorResponse(err).Code == "NoSuchUpload" {
			err = nil
		}
	}
	return explain("discard an upload", errors.Join(err, s.core.RemoveObject(ctx, s.bucket, s.partOf(hash), minio.RemoveObjectOptions{})))
}
