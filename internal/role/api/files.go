package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"turno"
	"turno/internal/access"
	"turno/internal/files"
)

const (
	// maxStat hashes fit into a small body.
	maxStat = 10_000
	// pieceTimeout is for each piece of a long body, either way: a line that is
	// slow is waited for, one that is dead is not.
	pieceTimeout = 30 * time.Second
	// maxUploads at a time: each holds a buffer and a file.
	maxUploads = 64
)

// DefaultMaxFile bounds one blob: a checkpoint of the largest models.
const DefaultMaxFile = 256 << 30

const octets = "application/octet-stream"

// streamed tells whether a request's body is not JSON, and has no bound but
// that of its route.
func streamed(r *http.Request) bool {
	rest, ok := strings.CutPrefix(r.URL.Path, base+"/files")
	if !ok {
		return false
	}
	return r.Method == http.MethodPost && rest == ":pack" ||
		r.Method == http.MethodPut && strings.HasPrefix(rest, "/") && !strings.HasPrefix(rest, "/names/")
}

// hashesIn is the body of a question about blobs.
type hashesIn struct {
	Hashes []string `json:"hashes" maxItems:"10000" doc:"SHA-256 in lower-case hex"`
}

// named is the body and the answer of a name.
type named struct {
	Hash string `json:"hash" doc:"SHA-256 in lower-case hex"`
}

type hashIn struct {
	Hash string `path:"hash" doc:"SHA-256 in lower-case hex"`
}

type putIn struct {
	Hash   string `path:"hash" doc:"SHA-256 in lower-case hex"`
	Offset int64  `query:"offset" minimum:"0" doc:"where the body begins: what is stored already"`
	Size   int64  `query:"size" minimum:"0" required:"true" doc:"of the whole file"`
}

type nameIn struct {
	Name string `path:"name"`
}

type artifactIn struct {
	Ref     string `path:"ref" doc:"number (42), task (42_7) or id"`
	Path    string `path:"path" doc:"as in the list; slashes and all"`
	Attempt int    `query:"attempt" minimum:"0" doc:"0 is the last"`
}

type artifactsIn struct {
	Ref     string `path:"ref" doc:"number (42), task (42_7) or id"`
	Attempt int    `query:"attempt" minimum:"0" doc:"0 is the last"`
}

// artifactList is all that an attempt left.
type artifactList struct {
	Items    []turno.File `json:"items"`
	Manifest string       `json:"manifest,omitempty"`
	Problem  string       `json:"problem,omitempty" doc:"what was not kept, and why"`
}

func (a *Role) routeFiles() {
	blob := answers[turno.Blob](a, map[string]string{"200": "What is stored now"})
	raw(a, huma.Operation{
		Method: http.MethodPost, Path: base + "/files:stat", OperationID: "statFiles", Summary: "What is stored of files, by their hashes",
		Description: "One entry a hash, in order. What is asked for is kept for as long as if it had been sent anew.",
		RequestBody: body[hashesIn](a, "At most 10,000"), Responses: answers[items[turno.Blob]](a, map[string]string{"200": "One entry a hash"}),
		Security: roles(access.Submit, access.Store),
	}, a.statFiles)
	raw(a, huma.Operation{
		Method: http.MethodPost, Path: base + "/files:pack", OperationID: "packFiles", Summary: "Store many small files",
		Description: "The body is files one after the other, each: 32 bytes of SHA-256, 4 of length (big-endian), the content of at most 1 MiB. " +
			"When it breaks, ask what is stored and send the rest.",
		RequestBody: octetBody(), Responses: answers[packed](a, map[string]string{"200": "All are stored"}),
		Errors:   []int{http.StatusUnprocessableEntity, http.StatusInsufficientStorage},
		Security: roles(access.Submit, access.Store),
	}, a.packFiles)
	raw(a, huma.Operation{
		Method: http.MethodPut, Path: base + "/files/{hash}", OperationID: "putFile", Summary: "Store a file, or the next part of it",
		Description: "Appends the body from offset on, which must be what is stored. When it breaks, ask what is stored and go on from there.",
		RequestBody: octetBody(), Responses: blob,
		Errors:   []int{http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity, http.StatusInsufficientStorage},
		Security: roles(access.Submit, access.Store),
	}, a.putFile)
	raw(a, huma.Operation{
		Method: http.MethodGet, Path: base + "/files/{hash}", OperationID: "getFile", Summary: "A stored file",
		Description: "Takes Range. Always an attachment.", Responses: octetAnswer(), Security: roles(access.Read, access.Store),
	}, a.getFile)
	raw(a, huma.Operation{
		Method: http.MethodPut, Path: base + "/files/names/{name}", OperationID: "nameFile", Summary: "Give a name to a stored file",
		Description: "Workers keep under job-ID the list of what a job left.",
		RequestBody: body[named](a, "Its hash"), Responses: answers[named](a, map[string]string{"200": "As given"}),
		Security: roles(access.Store),
	}, a.nameFile)
	get(a, page{base + "/files/names/{name}", "fileName", "The file that a name leads to", access.Store}, func(ctx context.Context, in *nameIn) (named, error) {
		s, err := a.files()
		if err != nil {
			return named{}, err
		}
		hash, err := s.Name(ctx, in.Name)
		return named{hash}, explainFile(err)
	})
	get(a, page{base + "/jobs/{ref}/artifacts", "artifacts", "Files that a job left", access.Read}, a.artifacts)
	const artifact = base + "/jobs/{ref}/artifacts/{path...}"
	raw(a, huma.Operation{
		Method: http.MethodGet, Path: artifact, OperationID: "artifact", Summary: "A file that a job left",
		Description: "Takes Range. Always an attachment.", Responses: octetAnswer(), Security: roles(access.Read),
	}, a.artifact)
	paths := a.api.OpenAPI().Paths
	paths[strings.Replace(artifact, "...", "", 1)] = paths[artifact] // {path...} is the mux's way, not OpenAPI's
	delete(paths, artifact)
}

// packed is the answer to a pack.
type packed struct {
	Files int `json:"files"`
}

func octetBody() *huma.RequestBody {
	return &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		octets: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
	}}
}

func octetAnswer() map[string]*huma.Response {
	return map[string]*huma.Response{"200": {Description: "The bytes", Content: octetBody().Content}}
}

// files is the store, if this server has one.
func (a *Role) files() (files.Store, error) {
	if a.o.Files == nil {
		return nil, turno.Errorf(turno.CodeNotFound, "this server keeps no files").WithHint("see its setting files")
	}
	return a.o.Files, nil
}

// explainFile puts the store's errors into turno's words.
func explainFile(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, files.ErrNotFound):
		return turno.Errorf(turno.CodeNotFound, "the file store does not have it")
	case errors.Is(err, files.ErrOffset):
		return &turno.Error{Code: turno.CodeConflict, Field: "offset", Message: "another part of it is stored", Hint: "ask what is stored: POST files:stat"}
	case errors.Is(err, files.ErrBusy):
		return &turno.Error{Code: turno.CodeConflict, Field: "hash", Message: "somebody else sends it at this moment", Hint: "ask again in a moment what is stored"}
	case errors.Is(err, files.ErrMismatch):
		return turno.Invalid("hash", "the content is not what its hash says; nothing of it was kept")
	case errors.Is(err, files.ErrFull):
		return turno.Errorf(turno.CodeFull, "no room is left where the server keeps files").
			WithHint("make room there, and send it again: what has arrived is not lost")
	}
	return err
}

func (a *Role) statFiles(w http.ResponseWriter, r *http.Request, _ *struct{}) error {
	s, err := a.files()
	if err != nil {
		return err
	}
	var in hashesIn
	if err := a.small(w, r, &in); err != nil {
		return err
	}
	if len(in.Hashes) > maxStat {
		return turno.Errorf(turno.CodeTooLarge, "%d hashes; at most %d in one request", len(in.Hashes), maxStat)
	}
	for _, h := range in.Hashes {
		if !turno.ValidHash(h) {
			return turno.Invalid("hashes", "%.80q is not a SHA-256 in lower-case hex", h)
		}
	}
	out, err := s.Stat(r.Context(), in.Hashes)
	if err != nil {
		return explainFile(err)
	}
	return a.encode(w, items[turno.Blob]{out})
}

// upload gives a place for a long body, and the body with a deadline for each
// of its pieces. done must be called before the answer is written.
func (a *Role) upload(w http.ResponseWriter, r *http.Request) (b io.Reader, done func(), err error) {
	select {
	case a.uploads <- struct{}{}:
	case <-r.Context().Done():
		return nil, nil, context.Cause(r.Context())
	}
	c := http.NewResponseController(w)
	done = func() {
		<-a.uploads
		_ = c.SetReadDeadline(time.Time{}) // a test's writer has none
		_ = c.SetWriteDeadline(time.Now().Add(answerTimeout))
	}
	return &patient{r: r.Body, extend: func(t time.Time) { _ = errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t.Add(answerTimeout))) }}, done, nil
}

// patient reads for as long as something comes.
type patient struct {
	r      io.Reader
	extend func(time.Time)
}

func (p *patient) Read(b []byte) (int, error) {
	p.extend(time.Now().Add(pieceTimeout))
	return p.r.Read(b)
}

func (a *Role) putFile(w http.ResponseWriter, r *http.Request, in *putIn) error {
	s, err := a.files()
	switch {
	case err != nil:
		return err
	case !turno.ValidHash(in.Hash):
		return turno.Invalid("hash", "%.80q is not a SHA-256 in lower-case hex", in.Hash)
	case in.Size > a.o.MaxFile:
		return turno.Errorf(turno.CodeTooLarge, "the file has %d bytes; this server takes at most %d", in.Size, a.o.MaxFile)
	case in.Offset > in.Size:
		return turno.Invalid("offset", "%d is beyond the file's %d bytes", in.Offset, in.Size)
	}
	b, done, err := a.upload(w, r)
	if err != nil {
		return err
	}
	stored, err := s.Put(r.Context(), files.Part{Hash: in.Hash, Offset: in.Offset, Size: in.Size}, b)
	done()
	if err != nil {
		return explainFile(broke(r, err))
	}
	return a.encode(w, turno.Blob{Hash: in.Hash, Stored: stored, Whole: stored == in.Size})
}

// broke tells a body that did not arrive whole from an error of this server.
func broke(r *http.Request, err error) error {
	for _, known := range []error{files.ErrBusy, files.ErrFull, files.ErrMismatch, files.ErrOffset} {
		if errors.Is(err, known) {
			return err
		}
	}
	if r.Context().Err() != nil || errors.Is(err, io.ErrUnexpectedEOF) || strings.Contains(err.Error(), "i/o timeout") {
		return turno.Errorf(turno.CodeMalformed, "the body did not arrive whole, or is no pack of files; what came is kept").
			WithHint("send it again")
	}
	return err
}

func (a *Role) packFiles(w http.ResponseWriter, r *http.Request, _ *struct{}) error {
	s, err := a.files()
	if err != nil {
		return err
	}
	b, done, err := a.upload(w, r)
	if err != nil {
		return err
	}
	n := 0
	err = s.PutAll(r.Context(), func(yield func(files.Small, error) bool) {
		for small, err := range files.ReadPack(b) {
			n++
			if !yield(small, err) {
				return
			}
		}
	})
	done()
	if err != nil {
		return explainFile(broke(r, err))
	}
	return a.encode(w, packed{n})
}

func (a *Role) getFile(w http.ResponseWriter, r *http.Request, in *hashIn) error {
	if !turno.ValidHash(in.Hash) {
		return turno.Errorf(turno.CodeNotFound, "%.80q is not a SHA-256 in lower-case hex", in.Hash)
	}
	return a.sendFile(w, r, in.Hash, in.Hash)
}

// sendFile serves a blob as an attachment.
func (a *Role) sendFile(w http.ResponseWriter, r *http.Request, hash, name string) error {
	s, err := a.files()
	if err != nil {
		return err
	}
	found, err := s.Stat(r.Context(), []string{hash})
	if err != nil {
		return explainFile(err)
	}
	if !found[0].Whole {
		return turno.Errorf(turno.CodeNotFound, "the file store does not have %s", hash)
	}
	h := w.Header()
	h.Set("Content-Type", octets)
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	h.Set("ETag", `"`+hash+`"`)
	c := http.NewResponseController(w)
	content := &content{ctx: r.Context(), store: s, hash: hash, size: found[0].Stored, extend: func() {
		_ = c.SetWriteDeadline(time.Now().Add(pieceTimeout)) // a test's writer has none
	}}
	defer content.close()
	http.ServeContent(w, r, "", time.Time{}, content)
	if content.err != nil {
		a.log.Warn("did not send a whole file", "hash", hash, "err", content.err)
		panic(http.ErrAbortHandler) // so that the client sees that it is not whole
	}
	return nil
}

// content reads a blob for http.ServeContent, which seeks before it reads.
type content struct {
	ctx    context.Context //nolint:containedctx // of one request
	store  files.Store
	hash   string
	size   int64
	extend func()

	at   int64
	open io.ReadCloser
	err  error // that ended it too early
}

func (c *content) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += c.at
	case io.SeekEnd:
		offset += c.size
	}
	if offset < 0 {
		return 0, errors.New("seek before the beginning")
	}
	if offset != c.at {
		c.close()
	}
	c.at = offset
	return offset, nil
}

func (c *content) Read(p []byte) (int, error) {
	c.extend()
	if c.at >= c.size {
		return 0, io.EOF
	}
	if c.open == nil {
		if c.open, c.err = c.store.Open(c.ctx, c.hash, c.at); c.err != nil {
			return 0, c.err
		}
	}
	n, err := c.open.Read(p)
	c.at += int64(n)
	if err != nil && c.at < c.size {
		c.err = fmt.Errorf("read at %d of %d: %w", c.at, c.size, err)
	}
	return n, err
}

func (c *content) close() {
	if c.open != nil {
		_ = c.open.Close() // of a reader
		c.open = nil
	}
}

func (a *Role) nameFile(w http.ResponseWriter, r *http.Request, in *nameIn) error {
	s, err := a.files()
	if err != nil {
		return err
	}
	var to named
	if err := a.small(w, r, &to); err != nil {
		return err
	}
	if !turno.ValidHash(to.Hash) || !files.ValidName(in.Name) {
		return turno.Invalid("hash", "a name of letters, digits, - and _ leads to a SHA-256 in lower-case hex")
	}
	if err := s.SetName(r.Context(), in.Name, to.Hash); err != nil {
		return explainFile(err)
	}
	return a.encode(w, to)
}

// left is what an attempt of a job left; nil: nothing.
func (a *Role) left(ctx context.Context, ref string, attempt int) (*turno.Artifacts, error) {
	job, err := a.gate.Job(ctx, ref)
	if err != nil {
		return nil, err
	}
	result := job.Result
	if last := job.Current(); attempt != 0 || result == nil && last != nil && last.Result != nil {
		if result = nil; attempt == 0 {
			attempt = last.Number
		}
		for i := range job.Attempts {
			if job.Attempts[i].Number == attempt {
				result = job.Attempts[i].Result
			}
		}
	}
	switch {
	case result != nil:
		return result.Artifacts, nil
	case attempt != 0:
		return nil, turno.Errorf(turno.CodeNotFound, "job %s has no attempt %d that has ended", job.Display(), attempt)
	case job.Tasks != nil:
		return nil, turno.Errorf(turno.CodeNotFound, "job %s is an array; its tasks have files", job.Display()).
			WithHint("such as %s_0", job.Display())
	case !job.State.Ended():
		return nil, turno.Errorf(turno.CodeNotFound, "job %s has not ended: its files are kept when it has", job.Display())
	}
	return nil, nil
}

// listed gives all files of an attempt: those of the list, or of its manifest.
func (a *Role) filesOf(ctx context.Context, left *turno.Artifacts) ([]turno.File, error) {
	if left == nil || left.Files == len(left.List) {
		if left == nil || left.List == nil {
			return []turno.File{}, nil // a list is never null
		}
		return left.List, nil
	}
	s, err := a.files()
	if err != nil {
		return nil, err
	}
	m, err := files.ReadManifest(ctx, s, left.Manifest)
	if err != nil {
		return nil, explainFile(err)
	}
	return m.Files, nil
}

func (a *Role) artifacts(ctx context.Context, in *artifactsIn) (artifactList, error) {
	left, err := a.left(ctx, in.Ref, in.Attempt)
	if err != nil {
		return artifactList{}, err
	}
	list, err := a.filesOf(ctx, left)
	out := artifactList{Items: list}
	if left != nil {
		out.Manifest, out.Problem = left.Manifest, left.Problem
	}
	return out, err
}

// artifact serves a file that the job's result lists, and no other.
func (a *Role) artifact(w http.ResponseWriter, r *http.Request, in *artifactIn) error {
	if bad := turno.CheckPath("path", in.Path); bad != nil {
		return turno.Errorf(turno.CodeNotFound, "%s", bad.Message)
	}
	left, err := a.left(r.Context(), in.Ref, in.Attempt)
	if err != nil {
		return err
	}
	list, err := a.filesOf(r.Context(), left)
	if err != nil {
		return err
	}
	m := turno.Manifest{Files: list}
	if f := m.Find(in.Path); f != nil {
		return a.sendFile(w, r, f.Hash, path.Base(f.Path))
	}
	return turno.Errorf(turno.CodeNotFound, "job %s left no file %q", in.Ref, in.Path).WithHint("GET jobs/%s/artifacts lists them", in.Ref)
}
