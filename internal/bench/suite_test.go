package bench

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestSuites_AreThoseOfTheForm: the dashboard's form offers each suite's types.
func TestSuites_AreThoseOfTheForm(t *testing.T) {
	t.Parallel()
	form, err := os.ReadFile("../../web/src/components/bench-start.tsx")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range BuiltIn {
		suite, err := Load(name)
		if err != nil {
			t.Fatal(err)
		}
		if line := fmt.Sprintf("%s: ['%s']", name, strings.Join(suite.Types(), "', '")); !strings.Contains(string(form), line) {
			t.Errorf("the form has no %s", line)
		}
	}
}
