package api

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"
)

// maxTagged is what an answer may have that gets an ETag: to make one it is held
// until it is whole.
const maxTagged = 1 << 20

// tag serves an answer of JSON with an ETag, and 304 without a body to whoever
// has it already.
func tag(w http.ResponseWriter, r *http.Request, next http.Handler) {
	t := &tagging{ResponseWriter: w, status: http.StatusOK}
	next.ServeHTTP(t, r)
	if t.through {
		return
	}
	if t.status == http.StatusOK {
		etag := etagOf(t.body.Bytes())
		w.Header().Set("ETag", etag)
		if has(r.Header.Values("If-None-Match"), etag) {
			w.Header().Del("Content-Type")
			w.Header().Del("Content-Length")
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	t.pass()
}

// etagOf is the ETag of a body.
func etagOf(body []byte) string {
	sum := sha256.Sum256(body)
	return fmt.Sprintf(`"%x"`, sum[:12])
}

// has tells whether a list of ETags holds one; weak ones compare alike.
func has(lists []string, etag string) bool {
	for _, list := range lists {
		for one := range strings.SplitSeq(list, ",") {
			if one = strings.TrimPrefix(strings.TrimSpace(one), "W/"); one == etag || one == "*" {
				return true
			}
		}
	}
	return false
}

// tagging holds an answer back until it is whole, or too long.
type tagging struct {
	http.ResponseWriter
	status  int
	body    bytes.Buffer
	through bool
}

func (t *tagging) WriteHeader(status int) {
	if t.through {
		t.ResponseWriter.WriteHeader(status)
		return
	}
	t.status = status
}

func (t *tagging) Write(data []byte) (int, error) {
	if t.through {
		return t.ResponseWriter.Write(data)
	}
	if t.body.Len()+len(data) <= maxTagged {
		return t.body.Write(data)
	}
	t.pass()
	return t.ResponseWriter.Write(data)
}

// Unwrap lets http.ResponseController reach what is below.
func (t *tagging) Unwrap() http.ResponseWriter { return t.ResponseWriter }

// pass sends what was held back.
func (t *tagging) pass() {
	t.through = true
	t.ResponseWriter.WriteHeader(t.status)
	_, _ = t.ResponseWriter.Write(t.body.Bytes()) // who has gone needs no answer
}
