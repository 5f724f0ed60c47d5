// Package s3 keeps files in a bucket of an S3-compatible store.
//
//	<prefix>/blob/ab/abcdef…   a whole blob
//	<prefix>/part/<hash>       how far an upload is: its parts, and the state of its sum
//	<prefix>/name/<name>       the hash that a name leads to
//
// A blob of more than a part is a multipart upload, completed only when its sum
// is right: until then nobody sees it. What broke off goes on after its last
// part, from the state that was written then. Several processes may use one
// prefix: an upload is completed by the tags of the parts that were summed, so
// that another one's parts cannot get in. Safe for concurrent use.
package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"turno"
	"turno/internal/files"
)

const (
	// partBytes are held in memory by each upload, and lost when it breaks.
	// S3 takes no less than 5 MiB.
	partBytes = 8 << 20
	// maxParts is a little less than S3's 10,000: larger blobs have larger parts.
	maxParts = 9000
	// requests at a time of one call: each is a round trip of some milliseconds.
	requests = 32
	// wantedAfter a blob's time is made new when it is asked for. It costs a
	// copy within the store, so not more often.
	wantedAfter = 24 * time.Hour
	// maxCopy is what S3 copies at once.
	maxCopy = 5 << 30
	maxNote = 4 << 20
)

// Store is a prefix in a bucket.
type Store struct {
	core   minio.Core
	bucket string
	prefix string
	part   int64

	busy files.Busy
}

var _ files.Keeper = (*Store)(nil)

// Open reaches a bucket, which must be there:
//
//	s3://BUCKET/PREFIX?endpoint=HOST:PORT&region=…&tls=false
//
// Without an endpoint it is Amazon's. The keys are AWS_ACCESS_KEY_ID and
// AWS_SECRET_ACCESS_KEY, those of the AWS configuration, or the machine's role.
func Open(ctx context.Context, address string) (*Store, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "s3" || u.Host == "" {
		return nil, errors.New("use s3://BUCKET/PREFIX?endpoint=HOST:PORT")
	}
	q := u.Query()
	for key := range q {
		if key != "endpoint" && key != "region" && key != "tls" {
			return nil, fmt.Errorf("%q is no setting of an s3 address: use endpoint, region and tls", key)
		}
	}
	endpoint := q.Get("endpoint")
	if endpoint == "" {
		endpoint = "s3.amazonaws.com"
	}
	client, err := minio.New(endpoint, &minio.Options{
		Creds: credentials.NewChainCredentials([]credentials.Provider{
			&credentials.EnvAWS{}, &credentials.FileAWSCredentials{}, &credentials.IAM{Client: &http.Client{Timeout: 5 * time.Second}},
		}),
		Secure: q.Get("tls") != "false", Region: q.Get("region"),
	})
	if err != nil {
		return nil, fmt.Errorf("reach the file store at %s: %w", endpoint, err)
	}
	s := &Store{core: minio.Core{Client: client}, bucket: u.Host, prefix: strings.Trim(u.Path, "/"), part: partBytes}
	there, err := client.BucketExists(ctx, s.bucket)
	if err != nil {
		return nil, fmt.Errorf("reach the bucket %s at %s: %w", s.bucket, endpoint, err)
	}
	if !there {
		return nil, fmt.Errorf("there is no bucket %s at %s", s.bucket, endpoint)
	}
	return s, nil
}

func (s *Store) place(hash string) string  { return path.Join(s.prefix, "blob", hash[:2], hash) }
func (s *Store) partOf(hash string) string { return path.Join(s.prefix, "part", hash) }
func (s *Store) nameOf(name string) string { return path.Join(s.prefix, "name", name) }

func valid(hash string) error {
	if !turno.ValidHash(hash) {
		return fmt.Errorf("%.80q is not a hash: %w", hash, files.ErrNotFound)
	}
	return nil
}

// explain puts the store's errors into the port's.
func explain(what string, err error) error {
	var answer minio.ErrorResponse
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &answer):
		return fmt.Errorf("%s: %w", what, err)
	case answer.Code == "NoSuchKey" || answer.StatusCode == http.StatusNotFound:
		return fmt.Errorf("%s: %w: %w", what, files.ErrNotFound, err)
	case answer.StatusCode == http.StatusInsufficientStorage || strings.Contains(answer.Code, "StorageFull") || answer.Code == "QuotaExceeded":
		return fmt.Errorf("%s: %w: %w", what, files.ErrFull, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// Stat implements files.Store.
func (s *Store) Stat(ctx context.Context, hashes []string) ([]turno.Blob, error) {
	for _, h := range hashes {
		if err := valid(h); err != nil {
			return nil, err
		}
	}
	out := make([]turno.Blob, len(hashes))
	err := each(len(hashes), func(i int) error {
		b, err := s.stat(ctx, hashes[i])
		out[i] = b
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// each calls do for 0 to n-1, some at a time.
func each(n int, do func(i int) error) error {
	errs := make([]error, min(n, requests))
	var group sync.WaitGroup
	for k := range errs {
		group.Go(func() {
			for i := k; i < n && errs[k] == nil; i += requests {
				errs[k] = do(i)
			}
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

func (s *Store) stat(ctx context.Context, hash string) (turno.Blob, error) {
	b := turno.Blob{Hash: hash}
	info, err := s.core.StatObject(ctx, s.bucket, s.place(hash), minio.StatObjectOptions{})
	if err = explain("look for a blob", err); err == nil {
		b.Stored, b.Whole = info.Size, true
		if time.Since(info.LastModified) > wantedAfter && info.Size <= maxCopy {
			src := minio.CopySrcOptions{Bucket: s.bucket, Object: s.place(hash)}
			dst := minio.CopyDestOptions{Bucket: s.bucket, Object: s.place(hash), ReplaceMetadata: true}
			_, err = s.core.Client.CopyObject(ctx, dst, src)
			err = explain("note that a blob is wanted", err)
		}
		return b, err
	}
	if !errors.Is(err, files.ErrNotFound) {
		return b, err
	}
	n, err := s.readNote(ctx, hash)
	b.Stored = n.stored()
	return b, err
}

// Open implements files.Store.
func (s *Store) Open(ctx context.Context, hash string, offset int64) (io.ReadCloser, error) {
	if err := valid(hash); err != nil {
		return nil, err
	}
	var o minio.GetObjectOptions
	if offset > 0 {
		if err := o.SetRange(offset, 0); err != nil {
			return nil, fmt.Errorf("open a blob at %d: %w", offset, err)
		}
	}
	r, _, _, err := s.core.GetObject(ctx, s.bucket, s.place(hash), o)
	var answer minio.ErrorResponse
	if errors.As(err, &answer) && answer.StatusCode == http.StatusRequestedRangeNotSatisfiable {
		return http.NoBody, nil // at its end
	}
	return r, explain("open a blob", err)
}

// PutAll implements files.Store.
func (s *Store) PutAll(ctx context.Context, blobs iter.Seq2[files.Small, error]) error {
	places := make(chan struct{}, requests)
	var group sync.WaitGroup
	var failed failures
	for b, err := range blobs {
		if err == nil {
			err = valid(b.Hash)
		}
		if err == nil && files.Hash(b.Data) != b.Hash {
			err = fmt.Errorf("%s: %w", b.Hash, files.ErrMismatch)
		}
		if err == nil {
			err = failed.first()
		}
		if err != nil {
			failed.add(err)
			break
		}
		places <- struct{}{}
		group.Go(func() {
			failed.add(s.write(ctx, s.place(b.Hash), b.Data))
			<-places
		})
	}
	group.Wait()
	return failed.first()
}

// failures keep the first error of some requests.
type failures struct {
	mu  sync.Mutex // guards err
	err error
}

func (f *failures) add(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err == nil {
		f.err = err
	}
}

func (f *failures) first() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

// SetName implements files.Store.
func (s *Store) SetName(ctx context.Context, name, hash string) error {
	if err := valid(hash); err != nil {
		return err
	}
	if !files.ValidName(name) {
		return fmt.Errorf("%.80q is not a name", name)
	}
	return s.write(ctx, s.nameOf(name), []byte(hash))
}

// Name implements files.Store.
func (s *Store) Name(ctx context.Context, name string) (string, error) {
	if !files.ValidName(name) {
		return "", fmt.Errorf("%.80q is not a name: %w", name, files.ErrNotFound)
	}
	data, err := s.read(ctx, s.nameOf(name), 100)
	if err == nil && !turno.ValidHash(string(data)) {
		err = fmt.Errorf("the name %s leads to no hash", name)
	}
	return string(data), err
}

// List implements files.Keeper.
func (s *Store) List(ctx context.Context) iter.Seq2[files.Entry, error] {
	return func(yield func(files.Entry, error) bool) {
		for _, folder := range []string{"blob", "part"} {
			o := minio.ListObjectsOptions{Prefix: path.Join(s.prefix, folder) + "/", Recursive: true}
			for info := range s.core.ListObjectsIter(ctx, s.bucket, o) {
				if info.Err != nil {
					yield(files.Entry{}, explain("list blobs", info.Err))
					return
				}
				b := turno.Blob{Hash: path.Base(info.Key), Stored: info.Size, Whole: folder == "blob"}
				if !turno.ValidHash(b.Hash) {
					continue // none of ours
				}
				if !yield(files.Entry{Blob: b, At: info.LastModified}, nil) {
					return
				}
			}
		}
	}
}

// Delete implements files.Keeper.
func (s *Store) Delete(ctx context.Context, hash string) error {
	if err := valid(hash); err != nil {
		return err
	}
	n, err := s.readNote(ctx, hash)
	if err == nil && n.Upload != "" {
		err = s.abort(ctx, hash, n)
	}
	if err != nil {
		return err
	}
	err = explain("delete a blob", s.core.RemoveObject(ctx, s.bucket, s.place(hash), minio.RemoveObjectOptions{}))
	if errors.Is(err, files.ErrNotFound) {
		return nil
	}
	return err
}
