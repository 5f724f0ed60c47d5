package api

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"slices"
	"strings"

	"turno/web"
)

// pagePolicy lets a page load what this server serves and nothing else, run no
// script that stands in it, and be framed by nobody. blob: is for pictures that
// jobs left: the page has looked at their first bytes.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; " +
	"worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types turno"

// views are the addresses of the dashboard's pages: all get the same file,
// whose script shows the right one.
var views = []string{"jobs", "workers", "queues", "benchmarks", "submit", "settings", "sign-in"}

// asset is a file as it is sent.
type asset struct {
	kind       string // Content-Type
	tag        string
	plain, zip []byte // zip is nil where it would not be smaller
	forever    bool   // its name holds a hash of its content
}

// loadAssets reads the built files and compresses each once.
func loadAssets(files fs.FS) (map[string]*asset, error) {
	out := map[string]*asset{}
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(text)
		out[name] = &asset{
			kind: mime.TypeByExtension(path.Ext(name)), tag: `"` + hex.EncodeToString(sum[:8]) + `"`,
			plain: text, zip: compressed(text), forever: strings.HasPrefix(name, "assets/"),
		}
		return nil
	})
	if err == nil && out["index.html"] == nil {
		err = fmt.Errorf("there is no index.html")
	}
	return out, err
}

func compressed(text []byte) []byte {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is valid
	_, _ = z.Write(text)                                  // to memory
	_ = z.Close()
	if b.Len() >= len(text) {
		return nil
	}
	return b.Bytes()
}

func (a *Role) routePages() error {
	assets, err := loadAssets(web.Files())
	if err != nil {
		return fmt.Errorf("api: read the dashboard: %w", err)
	}
	index := a.send(assets["index.html"])
	a.mux.HandleFunc("GET /{$}", index)
	for _, view := range views {
		a.mux.HandleFunc("GET /"+view, index)
		a.mux.HandleFunc("GET /"+view+"/{rest...}", index)
	}
	for name, file := range assets {
		if name != "index.html" {
			a.mux.HandleFunc("GET /"+name, a.send(file))
		}
	}
	return nil
}

// send serves a file, compressed for who takes that.
func (a *Role) send(file *asset) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", pagePolicy)
		h.Set("Content-Type", file.kind)
		h.Set("ETag", file.tag)
		h.Set("Vary", "Accept-Encoding")
		h.Set("Cache-Control", "no-cache")
		if file.forever {
			h.Set("Cache-Control", "public, max-age=31536000, immutable")
		}
		if r.Header.Get("If-None-Match") == file.tag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		text := file.plain
		if file.zip != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			text = file.zip
			h.Set("Content-Encoding", "gzip")
		}
		if _, err := w.Write(text); err != nil {
			a.log.Debug("did not write a file", "err", err)
		}
	}
}

// open tells whether anybody may have it: probes, the dashboard's files, which
// are the same for all and tell nothing, and the way in.
func (a *Role) open(r *http.Request) bool {
	if r.URL.Path == "/metrics" && a.o.Metrics != nil {
		return !a.hosts.anyIP // Prometheus on this machine needs no token
	}
	return public[r.URL.Path] || r.URL.Path == base+"/session" || a.isPage(r)
}

// isPage tells whether a request is for a file of the dashboard.
func (a *Role) isPage(r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if r.URL.Path == "/" || first == "assets" || first == "favicon.svg" {
		return true
	}
	return slices.Contains(views, first)
}
