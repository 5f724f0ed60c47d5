//go:build failpoints

package failpoint

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Enabled tells whether this program obeys.
const Enabled = true

// ErrHit is what a step fails with that is told to.
var ErrHit = errors.New("failed at a failpoint")

type rule struct {
	act   string // kill, delay or error
	delay time.Duration
	at    int64 // which hit; 0: each
	hits  atomic.Int64
	// marked: this process has seen it marked; so that a rule that acts at each
	// hit does not write each time.
	marked atomic.Bool
}

// fixed are the rules of the variable, read once. A list that is not understood
// is a broken test: it ends the program.
var fixed = sync.OnceValue(func() map[string]*rule { return must(os.Getenv(Variable)) })

// changing are the rules of a file, read again whenever it is another.
var changing struct {
	mu    sync.Mutex // guards both
	file  os.FileInfo
	rules map[string]*rule
}

func must(list string) map[string]*rule {
	m, err := parse(list)
	if err != nil {
		panic(fmt.Sprintf("%s: %v", Variable, err))
	}
	return m
}

func rules() map[string]*rule {
	path, ok := strings.CutPrefix(os.Getenv(Variable), "@")
	if !ok {
		return fixed()
	}
	c := &changing
	c.mu.Lock()
	defer c.mu.Unlock()
	file, err := os.Stat(path)
	if err != nil {
		c.file, c.rules = nil, nil
		return nil
	}
	if c.file == nil || !os.SameFile(c.file, file) || !c.file.ModTime().Equal(file.ModTime()) {
		if list, err := os.ReadFile(path); err == nil {
			c.file, c.rules = file, must(strings.TrimSpace(string(list)))
		}
	}
	return c.rules
}

// Hit is called at a step. It may not return.
func Hit(name string) error {
	r := rules()[name]
	if r == nil {
		return nil
	}
	if n := r.hits.Add(1); r.at != 0 && n < r.at || !mark(name, r) {
		return nil
	}
	switch r.act {
	case "kill":
		self, err := os.FindProcess(os.Getpid())
		if err == nil {
			err = self.Kill()
		}
		if err != nil {
			panic(err)
		}
		select {}
	case "delay":
		time.Sleep(r.delay)
		return nil
	}
	return fmt.Errorf("%w: %s", ErrHit, name)
}

// Environ is what a child process needs to obey too.
func Environ() []string {
	var env []string
	for _, name := range []string{Variable, Folder} {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	return env
}

// mark notes that a name is acted at. A rule with a number: only the first
// process may, and only once.
func mark(name string, r *rule) bool {
	dir, once := os.Getenv(Folder), r.at != 0
	before := r.marked.Swap(true)
	if before || dir == "" {
		return !before || !once
	}
	file, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	switch {
	case err == nil:
		return file.Close() == nil
	case errors.Is(err, os.ErrExist):
		return !once
	}
	panic(err)
}

func parse(list string) (map[string]*rule, error) {
	m := map[string]*rule{}
	for text := range strings.SplitSeq(list, ";") {
		if text == "" {
			continue
		}
		name, act, ok := strings.Cut(text, "=")
		if !ok || !slices.Contains(Names(), name) {
			return nil, fmt.Errorf("%q is not one of %s, with = and kill, delay(TIME) or error", text, strings.Join(Names(), " "))
		}
		r := &rule{}
		act, at, numbered := strings.Cut(act, "#")
		if numbered {
			var err error
			if r.at, err = strconv.ParseInt(at, 10, 64); err != nil || r.at < 1 {
				return nil, fmt.Errorf("%q: %q is not the number of a hit", text, at)
			}
		}
		r.act = act
		if d, ok := strings.CutPrefix(act, "delay("); ok {
			var err error
			if r.delay, err = time.ParseDuration(strings.TrimSuffix(d, ")")); err != nil {
				return nil, fmt.Errorf("%q: %w", text, err)
			}
			r.act = "delay"
		}
		if r.act != "kill" && r.act != "delay" && r.act != "error" {
			return nil, fmt.Errorf("%q: there is no %q, but kill, delay(TIME) and error", text, act)
		}
		m[name] = r
	}
	return m, nil
}
