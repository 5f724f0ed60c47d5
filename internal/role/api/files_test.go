package api_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"

	"turno"
	"turno/internal/files"
	"turno/internal/files/folder"
	"turno/internal/role/api"
)

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// store is a folder with these contents.
func store(t testing.TB, contents ...string) *folder.Store {
	t.Helper()
	s, err := folder.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	for _, c := range contents {
		if _, err := s.Put(t.Context(), files.Part{Hash: hashOf(c), Size: int64(len(c))}, strings.NewReader(c)); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

const svg = `<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`

// leaves is a job that left these files.
func leaves(list ...turno.File) func(string) (turno.Job, error) {
	return func(string) (turno.Job, error) {
		r := &turno.Result{State: turno.Succeeded, Artifacts: &turno.Artifacts{Tree: turno.Tree{Files: len(list)}, List: list}}
		return turno.Job{Number: 1, State: turno.Succeeded, Spec: &turno.Spec{}, Attempt: 1,
			Attempts: []turno.Attempt{{Number: 1, Result: r}}, Result: r}, nil
	}
}

func TestAttack_C35_PathsOfArtifacts(t *testing.T) {
	t.Parallel()
	f := &fake{job: leaves(turno.File{Path: "a/b.txt", Hash: hashOf("kept"), Size: 4})}
	s := serve(t, api.Options{Service: f, Files: store(t, "kept", "of another job")})
	res, body := s.request(t, "GET", "/api/v1/jobs/1/artifacts/a/b.txt", "")
	if res.StatusCode != http.StatusOK || body != "kept" {
		t.Fatalf("%d %s", res.StatusCode, body)
	}
	for _, path := range []string{
		"/etc/passwd", "//etc/passwd", "%2fetc%2fpasswd", "../../x", "..%2f..%2fx", "a/../../x", "a/../a/b.txt", "a//b.txt", "./a/b.txt",
		"C:%5cx", "C:/x", "a%5cb.txt", "a%00", "%00", "a", "a/", "link", "fifo", hashOf("of another job"), "a/b.txt/", "a/b.txt%0a",
		"%ff", "A/B.TXT", strings.Repeat("a/", 3000) + "x",
	} {
		res, body := s.request(t, "GET", "/api/v1/jobs/1/artifacts/"+path, "")
		if res.StatusCode != http.StatusNotFound && res.StatusCode != http.StatusBadRequest {
			t.Errorf("%.60q: %d %.200s", path, res.StatusCode, body)
		}
	}
	for _, query := range []string{"?attempt=2", "?attempt=-1", "?attempt=x", "?path=/etc/passwd"} {
		if res, _ := s.request(t, "GET", "/api/v1/jobs/1/artifacts/a/b.txt"+query, ""); res.StatusCode == http.StatusOK {
			t.Errorf("%s: %d", query, res.StatusCode)
		}
	}
	// The store itself takes hashes, and nothing that could be a path.
	for _, hash := range []string{"..", "%2e%2e", "../../../etc/passwd", "etc", strings.Repeat("0", 63), strings.Repeat("0", 65),
		strings.Repeat("A", 64), strings.Repeat("0", 62) + "%2f0", "names", strings.Repeat("0", 64) + "%00"} {
		for _, method := range []string{"GET", "PUT"} {
			res, body := s.request(t, method, "/api/v1/files/"+hash+"?size=1", "x", "Content-Type", "application/octet-stream")
			if res.StatusCode < 400 || res.StatusCode >= 500 {
				t.Errorf("%s %q: %d %.200s", method, hash, res.StatusCode, body)
			}
		}
	}
	for _, name := range []string{"..", "%2e%2e%2fx", ".x", "a%2fb", "a%5cb", "a%00b", strings.Repeat("a", 200)} {
		res, _ := s.request(t, "PUT", "/api/v1/files/names/"+name, `{"hash":"`+hashOf("kept")+`"}`)
		if res.StatusCode < 400 || res.StatusCode >= 500 {
			t.Errorf("name %q: %d", name, res.StatusCode)
		}
	}
}

func TestAttack_C36_Packs(t *testing.T) {
	t.Parallel()
	s := serve(t, api.Options{Service: &fake{}, Files: store(t)})
	good := hashOf("x")
	record := func(hash string, length uint32, data string) string {
		raw, _ := hex.DecodeString(hash)
		return string(raw) + string([]byte{byte(length >> 24), byte(length >> 16), byte(length >> 8), byte(length)}) + data
	}
	for name, c := range map[string]struct {
		body   string
		status int
	}{
		"nothing":          {"", 200},
		"one":              {record(good, 1, "x"), 200},
		"twice":            {record(good, 1, "x") + record(good, 1, "x"), 200},
		"another content":  {record(good, 1, "y"), 422},
		"cut in the head":  {record(good, 1, "x")[:20], 400},
		"cut in the data":  {record(good, 100, "x"), 400},
		"too large":        {record(good, 1<<20+1, "x"), 413},
		"4 GiB announced":  {record(good, 1<<32-1, "x"), 413},
		"a tar":            {"../../etc/passwd" + strings.Repeat("\x00", 496), 422},
		"a gzip":           {"\x1f\x8b\x08" + strings.Repeat("\x00", 100), 400},
		"length of nought": {record(good, 0, ""), 422},
	} {
		res, body := s.request(t, "POST", "/api/v1/files:pack", c.body, "Content-Type", "application/octet-stream")
		if res.StatusCode != c.status && !(c.status == 400 && res.StatusCode == 422) {
			t.Errorf("%s: %d, want %d: %s", name, res.StatusCode, c.status, body)
		}
	}
	res, _ := s.request(t, "POST", "/api/v1/files:pack", "\x1f\x8b", "Content-Type", "application/octet-stream", "Content-Encoding", "gzip")
	if res.StatusCode != http.StatusUnsupportedMediaType {
		t.Errorf("compressed: %d", res.StatusCode)
	}
	for _, kind := range []string{"", "text/plain", "application/x-tar", "multipart/form-data", "application/json"} {
		for _, route := range [][2]string{{"POST", "/api/v1/files:pack"}, {"PUT", "/api/v1/files/" + good + "?size=1"}} {
			res, body := s.request(t, route[0], route[1], "x", "Content-Type", kind)
			isProblem(t, res, body, http.StatusUnsupportedMediaType)
		}
	}
}

func TestAttack_C36_Manifests(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"up":            `{"version":1,"files":[{"path":"../x","hash":"H"}]}`,
		"up inside":     `{"version":1,"files":[{"path":"a/../../x","hash":"H"}]}`,
		"absolute":      `{"version":1,"files":[{"path":"/etc/x","hash":"H"}]}`,
		"drive":         `{"version":1,"files":[{"path":"C:x","hash":"H"}]}`,
		"backslash":     `{"version":1,"files":[{"path":"a\\b","hash":"H"}]}`,
		"NUL":           `{"version":1,"files":[{"path":"a\u0000","hash":"H"}]}`,
		"newline":       `{"version":1,"files":[{"path":"a\nb","hash":"H"}]}`,
		"setuid":        `{"version":1,"files":[{"path":"a","hash":"H","mode":2541}]}`,
		"twice":         `{"version":1,"files":[{"path":"a","hash":"H"},{"path":"a","hash":"H"}]}`,
		"out of order":  `{"version":1,"files":[{"path":"b","hash":"H"},{"path":"a","hash":"H"}]}`,
		"file, folder":  `{"version":1,"files":[{"path":"a","hash":"H"},{"path":"a/b","hash":"H"}]}`,
		"between":       `{"version":1,"files":[{"path":"a","hash":"H"},{"path":"a!","hash":"H"},{"path":"a/b","hash":"H"}]}`,
		"no hash":       `{"version":1,"files":[{"path":"a"}]}`,
		"hash a path":   `{"version":1,"files":[{"path":"a","hash":"../../etc/passwd"}]}`,
		"negative":      `{"version":1,"files":[{"path":"a","hash":"H","size_bytes":-1}]}`,
		"from":          `{"version":1,"files":[{"path":"a","from":"job:x/y"}]}`,
		"other version": `{"version":2,"files":[]}`,
		"no JSON":       `tar`,
	} {
		text = strings.ReplaceAll(text, `"H"`, `"`+hashOf("")+`"`)
		if m, err := turno.ParseManifest([]byte(text)); err == nil {
			t.Errorf("%s: taken: %+v", name, m)
		}
	}
	many := `{"version":1,"files":[` + strings.Repeat(`{"path":"a","hash":"`+hashOf("")+`"},`, turno.MaxFiles) + `{"path":"b"}]}`
	if _, err := turno.ParseManifest([]byte(many)); err == nil || err.Code != turno.CodeTooLarge {
		t.Errorf("too many files: %v", err)
	}
}

func TestAttack_C40_ArtifactsAreAttachments(t *testing.T) {
	t.Parallel()
	f := &fake{job: leaves(turno.File{Path: "a\".svg", Hash: hashOf(svg), Size: int64(len(svg))}, turno.File{Path: "x.html", Hash: hashOf(svg), Size: int64(len(svg))})}
	s := serve(t, api.Options{Service: f, Files: store(t, svg)})
	for _, path := range []string{"/api/v1/jobs/1/artifacts/x.html", "/api/v1/jobs/1/artifacts/a%22.svg", "/api/v1/files/" + hashOf(svg)} {
		for _, method := range []string{"GET", "HEAD"} {
			res, body := s.request(t, method, path, "", "Accept", "text/html")
			h := res.Header
			if res.StatusCode != 200 || method == "GET" && body != svg {
				t.Errorf("%s %s: %d %.100q", method, path, res.StatusCode, body)
			}
			if h.Get("Content-Type") != "application/octet-stream" || !strings.HasPrefix(h.Get("Content-Disposition"), "attachment") ||
				h.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(h.Get("Content-Security-Policy"), "sandbox") {
				t.Errorf("%s %s: %v", method, path, h)
			}
		}
	}
}

func TestFiles_Range(t *testing.T) {
	t.Parallel()
	s := serve(t, api.Options{Service: &fake{}, Files: store(t, "0123456789")})
	for header, want := range map[string]string{"bytes=3-": "3456789", "bytes=0-1": "01", "bytes=-2": "89", "": "0123456789"} {
		if _, body := s.request(t, "GET", "/api/v1/files/"+hashOf("0123456789"), "", "Range", header); body != want {
			t.Errorf("%q: %q, want %q", header, body, want)
		}
	}
	if res, _ := s.request(t, "GET", "/api/v1/files/"+hashOf("0123456789"), "", "Range", "bytes=10-"); res.StatusCode != http.StatusRequestedRangeNotSatisfiable {
		t.Errorf("beyond the end: %d", res.StatusCode)
	}
}

func TestFiles_Sizes(t *testing.T) {
	t.Parallel()
	s := serve(t, api.Options{Service: &fake{}, Files: store(t), MaxFile: 100 << 20})
	octet := []string{"Content-Type", "application/octet-stream"}
	large := bytes.Repeat([]byte("0123456789abcdef"), 2<<20) // 32 MiB: more than any other body may have
	res, body := s.request(t, "PUT", "/api/v1/files/"+hashOf(string(large))+"?size=33554432", string(large), octet...)
	if res.StatusCode != 200 || !strings.Contains(body, `"whole":true`) {
		t.Errorf("32 MiB: %d %s", res.StatusCode, body)
	}
	for query, status := range map[string]int{
		"?size=104857601": 413, "?size=-1": 422, "": 422, "?size=1&offset=2": 422, "?size=9223372036854775808": 422, "?size=1&offset=-1": 422, "?size=10&offset=5": 409,
	} {
		res, body := s.request(t, "PUT", "/api/v1/files/"+hashOf("x")+query, "x", octet...)
		isProblem(t, res, body, status)
	}
	many := `{"hashes":[` + strings.Repeat(`"`+hashOf("")+`",`, 10_000) + `"` + hashOf("") + `"]}`
	res, body = s.request(t, "POST", "/api/v1/files:stat", many)
	isProblem(t, res, body, http.StatusRequestEntityTooLarge)
}

func TestFiles_ServerWithout(t *testing.T) {
	t.Parallel()
	s := serve(t, api.Options{Service: &fake{}})
	res, body := s.request(t, "GET", "/api/v1/files/"+hashOf(""), "")
	isProblem(t, res, body, http.StatusNotFound)
	res, body = s.request(t, "POST", "/api/v1/files:stat", `{"hashes":[]}`)
	isProblem(t, res, body, http.StatusNotFound)
}
