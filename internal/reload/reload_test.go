package reload

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestValue_FollowsItsFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	load := func() (string, error) {
		data, err := os.ReadFile(path)
		if string(data) == "bad" {
			err = errors.New("bad")
		}
		return string(data), err
	}
	write("one")
	failures := 0
	v, err := New(load, func(error) { failures++ }, path)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for i, step := range []struct {
		text, want string
		failures   int
	}{{"one", "one", 0}, {"second", "second", 0}, {"bad", "second", 1}, {"bad", "second", 1}, {"third one", "third one", 1}} {
		if step.text == "bad" && i == 3 {
			// the same again: nothing was written
		} else {
			write(step.text)
		}
		now = now.Add(2 * every)
		if got := v.get(now); got != step.want || failures != step.failures {
			t.Errorf("step %d: %q after %d failures, want %q after %d", i, got, failures, step.want, step.failures)
		}
	}
	write("soon")
	if got := v.get(now); got != "third one" {
		t.Errorf("it looks more often than it should: %q", got)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if got := v.get(now.Add(2 * every)); got != "third one" || failures != 2 {
		t.Errorf("without its file it is %q after %d failures", got, failures)
	}
}
