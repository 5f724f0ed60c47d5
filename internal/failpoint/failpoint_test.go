package failpoint

import (
	"os/exec"
	"slices"
	"testing"
)

func TestHit_DoesNothingWithoutTheTag(t *testing.T) {
	if Enabled {
		return // this is the run with the tag
	}
	t.Setenv(Variable, APIAsked+"=kill")
	if err := Hit(APIAsked); err != nil || Environ() != nil {
		t.Errorf("failpoints are on: %v", err)
	}
	out, err := exec.CommandContext(t.Context(), "go", "test", "-tags", "failpoints", ".").CombinedOutput()
	if err != nil {
		t.Errorf("with the tag: %v\n%s", err, out)
	}
}

func TestNames_AreUnique(t *testing.T) {
	names := slices.Sorted(slices.Values(Names()))
	if n := len(slices.Compact(slices.Clone(names))); n != len(names) {
		t.Errorf("%d of %d names are different", n, len(names))
	}
}
