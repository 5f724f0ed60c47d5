// Package reload keeps what stands in files, and reads it again when they have
// changed: certificates and tokens are replaced while a server runs. What cannot
// be read leaves the last that could in force.
//
// It watches nothing: who asks has the files looked at, once a second at most.
package reload

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

// every is how seldom files are looked at: a look is a few microseconds, and
// who replaces one can wait a second.
const every = time.Second

// Value is what load makes of some files. It is safe for concurrent use.
type Value[T any] struct {
	// Constant.
	load   func() (T, error)
	files  []string
	failed func(error)

	mu    sync.Mutex // guards all below
	value T
	seen  string // of the files, when they were last read, whether they could be or not
	at    time.Time
}

// New reads the files for the first time. Failed is told when a later time
// fails, once for each change; nil: nobody wants to know.
func New[T any](load func() (T, error), failed func(error), files ...string) (*Value[T], error) {
	if failed == nil {
		failed = func(error) {}
	}
	v := &Value[T]{load: load, files: files, failed: failed}
	v.seen, v.at = v.look(), time.Now()
	var err error
	v.value, err = load()
	return v, err
}

// Get gives what the files hold, or held when they were last good.
func (v *Value[T]) Get() T { return v.get(time.Now()) }

func (v *Value[T]) get(now time.Time) T {
	v.mu.Lock()
	defer v.mu.Unlock()
	if now.Sub(v.at) < every {
		return v.value
	}
	v.at = now
	seen := v.look() // before they are read: a change meanwhile is seen the next time
	if seen == v.seen {
		return v.value
	}
	v.seen = seen
	fresh, err := v.load()
	if err != nil {
		v.failed(err)
		return v.value
	}
	v.value = fresh
	return v.value
}

// look tells files apart from those that were there before.
func (v *Value[T]) look() string {
	var text strings.Builder
	for _, name := range v.files {
		info, err := os.Stat(name)
		if err != nil {
			fmt.Fprintf(&text, "%v;", err)
			continue
		}
		fmt.Fprintf(&text, "%d %d;", info.ModTime().UnixNano(), info.Size())
	}
	return text.String()
}
