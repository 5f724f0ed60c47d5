package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"turno"
)

// Files are known by their SHA-256, in lower-case hex. To upload one: StatFiles
// tells what the server has, PutFile brings the rest. The server checks it.

// StatFiles tells what is stored of files, in the order of the hashes, of which
// one request takes 10,000.
func (c *Client) StatFiles(ctx context.Context, hashes []string) ([]turno.Blob, error) {
	body, err := json.Marshal(map[string][]string{"hashes": hashes})
	if err != nil {
		return nil, fmt.Errorf("encode hashes: %w", err)
	}
	var out items[turno.Blob]
	err = c.call(ctx, request{method: http.MethodPost, path: "/files:stat", body: body, again: true}, &out)
	if err == nil && len(out.Items) != len(hashes) {
		err = fmt.Errorf("the server answered for %d of %d files", len(out.Items), len(hashes))
	}
	return out.Items, err
}

// PutFile sends what of a file comes after offset, which must be what the
// server has. A body that ends early is no error: the answer tells what is
// stored. So the rest can follow, also after the connection broke.
func (c *Client) PutFile(ctx context.Context, hash string, offset, size int64, body io.Reader) (turno.Blob, error) {
	var b turno.Blob
	if !turno.ValidHash(hash) {
		return b, turno.Invalid("hash", "%.80q is not a SHA-256 in lower-case hex", hash)
	}
	query := url.Values{"offset": {number(offset)}, "size": {number(size)}}
	err := c.stream(ctx, http.MethodPut, "/files/"+hash+"?"+query.Encode(), body, &b)
	return b, err
}

// PackFiles sends many small files as a pack, whose form docs/files.md has.
func (c *Client) PackFiles(ctx context.Context, pack io.Reader) (int, error) {
	var out struct {
		Files int `json:"files"`
	}
	err := c.stream(ctx, http.MethodPost, "/files:pack", pack, &out)
	return out.Files, err
}

// stream sends a body of any length, once.
func (c *Client) stream(ctx context.Context, method, path string, body io.Reader, into any) error {
	r, err := http.NewRequestWithContext(ctx, method, c.url+base+path, onlyReader{body})
	if err != nil {
		return fmt.Errorf("make a request: %w", err)
	}
	r.ContentLength = -1
	c.sign(r)
	r.Header.Set("Content-Type", "application/octet-stream")
	res, err := c.http.Do(r)
	if err != nil {
		if ctx.Err() != nil {
			return fmt.Errorf("%s %s: %w", method, path, context.Cause(ctx))
		}
		return c.unreachable(err)
	}
	if res, err = c.check(res); err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := readAll(res)
	if err != nil {
		return c.unreachable(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("read the answer to %s %s: %w", method, path, err)
	}
	return nil
}

// onlyReader hides a body's length and its Close, which is its owner's.
type onlyReader struct{ io.Reader }

// OpenFile reads a stored file from an offset on.
func (c *Client) OpenFile(ctx context.Context, hash string, offset int64) (io.ReadCloser, error) {
	if !turno.ValidHash(hash) {
		return nil, turno.Invalid("hash", "%.80q is not a SHA-256 in lower-case hex", hash)
	}
	q := request{method: http.MethodGet, path: "/files/" + hash, again: true}
	if offset > 0 {
		q.header = map[string]string{"Range": fmt.Sprintf("bytes=%d-", offset)}
	}
	res, err := c.do(ctx, q)
	if past, ok := errors.AsType[*turno.Error](err); ok && past.Code == turno.CodeInternal && offset > 0 {
		// A range that begins at the end is refused without a problem's body.
		if b, err := c.StatFiles(ctx, []string{hash}); err == nil && b[0].Whole && offset >= b[0].Stored {
			return http.NoBody, nil
		}
	}
	if err != nil {
		return nil, err
	}
	if offset > 0 && res.StatusCode != http.StatusPartialContent {
		_ = res.Body.Close()
		return nil, fmt.Errorf("the server sent the whole of %s, not its end", hash)
	}
	return res.Body, nil
}

// FileName tells which file a name leads to.
func (c *Client) FileName(ctx context.Context, name string) (hash string, err error) {
	var out struct {
		Hash string `json:"hash"`
	}
	err = c.get(ctx, "/files/names/"+url.PathEscape(name), nil, &out)
	return out.Hash, err
}

// NameFile gives a name to a file.
func (c *Client) NameFile(ctx context.Context, name, hash string) error {
	body, err := json.Marshal(map[string]string{"hash": hash})
	if err != nil {
		return fmt.Errorf("encode a name: %w", err)
	}
	var out struct{}
	return c.call(ctx, request{method: http.MethodPut, path: "/files/names/" + url.PathEscape(name), body: body, again: true}, &out)
}

// Artifacts are the files that an attempt of a job left, all of them. Attempt 0
// is the last. Problem says what was not kept.
func (c *Client) Artifacts(ctx context.Context, job string, attempt int) (list []turno.File, problem string, err error) {
	path, err := jobPath(job)
	if err != nil {
		return nil, "", err
	}
	v := url.Values{}
	if attempt != 0 {
		v.Set("attempt", number(int64(attempt)))
	}
	var out struct {
		items[turno.File]
		Problem string `json:"problem"`
	}
	err = c.get(ctx, path+"/artifacts", v, &out)
	return out.Items, out.Problem, err
}
