// Package python runs the tests of runners/python and of the examples in
// Python, so that they are part of go test.
package python

import (
	"bytes"
	"context"
	"encoding/json"
	"os/exec"
	"slices"
	"testing"
	"time"

	"turno/internal/testenv"
)

// python runs it and returns its output; a hang ends with its time.
func python(t *testing.T, dir string, arguments ...string) []byte {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 5*time.Minute)
	defer stop()
	cmd := exec.CommandContext(ctx, testenv.Python(t), arguments...)
	var out, said bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.WaitDelay = dir, &out, &said, 5*time.Second
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %v\n%s%s", arguments, err, &out, &said)
	}
	t.Logf("%v:\n%s", arguments, &said)
	return out.Bytes()
}

func TestSDK(t *testing.T) {
	t.Parallel()
	python(t, "../../runners/python", "-B", "-m", "unittest", "test_turno_runner")
}

func TestExample_Rhymes(t *testing.T) {
	t.Parallel()
	out := python(t, "../../examples/python-runner", "-B", "rhymes.py", "--try", "rhymes", `{"word": "turno", "most": 2}`)
	var got struct{ Rhymes []string }
	if err := json.Unmarshal(out, &got); err != nil || !slices.Equal(got.Rhymes, []string{"nocturno", "taciturno"}) {
		t.Errorf("%s %v", out, err)
	}
}
