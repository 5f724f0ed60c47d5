package bundle_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"turno"
	"turno/internal/workload/all"
)

// schema is what a form is made of.
type schema struct {
	Properties map[string]schema `json:"properties"`
}

// names are the parameters of a schema, those of objects by their way.
func (s schema) names(within string) []string {
	var out []string
	for name, inner := range s.Properties {
		if len(inner.Properties) > 0 {
			out = append(out, inner.names(within+name+".")...)
			continue
		}
		out = append(out, within+name)
	}
	return out
}

// That es.ts has every text of en.ts the compiler sees; this is about texts
// whose English stands with the types.
func TestSpanish_EveryParameterOfEveryType(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(root, "src", "i18n", "es-params.ts"))
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range all.List() {
		var s schema
		if err := json.Unmarshal(w.Schema, &s); err != nil {
			t.Fatal(err)
		}
		if !regexp.MustCompile(`(?m)^  ` + w.Name + `: '`).Match(text) {
			t.Errorf("no Spanish text for the type %s", w.Name)
		}
		for _, name := range s.names("") {
			if !regexp.MustCompile(`(?m)^  '` + regexp.QuoteMeta(w.Name+"."+name) + `': '`).Match(text) {
				t.Errorf("no Spanish text for the parameter %s of %s", name, w.Name)
			}
		}
	}
}

// TestTexts_EveryRole: what the server may say that a token is for has a name.
func TestTexts_EveryRole(t *testing.T) {
	t.Parallel()
	types, err := os.ReadFile(filepath.Join(root, "src", "lib", "types.ts"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "src", "i18n", "en.ts"))
	if err != nil {
		t.Fatal(err)
	}
	of := regexp.MustCompile(`(?m)^export type Role = .*$`).Find(types)
	for _, role := range turno.Roles {
		if !regexp.MustCompile(`'` + string(role) + `'`).Match(of) {
			t.Errorf("types.ts does not know the role %s", role)
		}
		for _, key := range []string{"role." + string(role), "role." + string(role) + ".help"} {
			if !regexp.MustCompile(`(?m)^  '` + regexp.QuoteMeta(key) + `': '`).Match(text) {
				t.Errorf("no text %s", key)
			}
		}
	}
}
