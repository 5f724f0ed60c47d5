package python

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"turno/internal/testenv"
)

// TestGPUCheck goes through scripts/gpu-check where no GPU is: the rehearsal on
// the CPU, which must find nothing wrong, and the check itself, which must say
// calmly that there is none. What it does to a GPU is not tried here.
func TestGPUCheck(t *testing.T) {
	t.Parallel()
	bin := testenv.Python(t)
	binary := filepath.Join(t.TempDir(), "turno")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "turno/cmd/turno").CombinedOutput(); err != nil {
		t.Fatalf("build turno: %v\n%s", err, out)
	}
	check := func(arguments ...string) (said string, written struct {
		Rehearsal bool
		Date      string
		Machine   struct{ CPUs int }
		Failed    []struct{ What, Why string }
		NotDone   []string `json:"not_done"`
		Steps     map[string]json.RawMessage
	}, err error) {
		path := filepath.Join(t.TempDir(), "check.json")
		cmd := exec.CommandContext(t.Context(), bin, append([]string{"-B", "../../scripts/gpu-check", "--turno", binary, "--out", path}, arguments...)...)
		out, err := cmd.CombinedOutput()
		data, missing := os.ReadFile(path)
		if missing != nil {
			t.Fatalf("%v: %v\n%s", arguments, missing, out)
		}
		if bad := json.Unmarshal(data, &written); bad != nil {
			t.Fatal(bad)
		}
		return string(out), written, err
	}
	said, r, err := check("--rehearse")
	if err != nil || !r.Rehearsal || len(r.Failed)+len(r.NotDone) > 0 || r.Date == "" || r.Machine.CPUs == 0 || len(r.Steps) != 5 || !strings.Contains(said, "REHEARSAL on the CPU") {
		t.Errorf("%v\n%s\n%+v", err, said, r.Failed)
	}
	if _, err := os.Stat("/dev/nvidiactl"); err == nil {
		return // the rest is for a machine without one
	}
	said, r, err = check()
	if err == nil || r.Rehearsal || len(r.Failed) != 1 || r.Failed[0].What != "a GPU" || r.Failed[0].Why == "" || len(r.Steps) > 0 {
		t.Errorf("%v\n%s", err, said)
	}
}
