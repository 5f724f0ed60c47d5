package workloadtest

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"turno"
	"turno/internal/workload"
)

const draft = "https://json-schema.org/draft/2020-12/schema"

// checkSchema tests what a form and a reader need; that it is valid is tested
// by compiling it.
func checkSchema(t *testing.T, schema json.RawMessage) {
	var root map[string]any
	if err := json.Unmarshal(schema, &root); err != nil {
		t.Fatal(err)
	}
	if root["$schema"] != draft || root["type"] != "object" || root["description"] == nil {
		t.Errorf("$schema %v, type %v, description %v", root["$schema"], root["type"], root["description"])
	}
	closed(t, "params", root)
}

func closed(t *testing.T, path string, schema map[string]any) {
	properties, _ := schema["properties"].(map[string]any)
	if schema["type"] == "object" && schema["additionalProperties"] != false {
		t.Errorf("%s takes any further parameter", path)
	}
	for name, value := range properties {
		property, _ := value.(map[string]any)
		if text, _ := property["description"].(string); !strings.HasSuffix(text, ".") {
			t.Errorf("%s.%s has no description that is a sentence", path, name)
		}
		if property["enum"] == nil && property["type"] == nil {
			t.Errorf("%s.%s takes values of any type", path, name)
		}
		unbounded(t, path+"."+name, property)
		closed(t, path+"."+name, property)
	}
	if items, ok := schema["items"].(map[string]any); ok {
		unbounded(t, path+"[]", items)
		closed(t, path+"[]", items)
	}
}

// unbounded complains of numbers, texts and lists of any size.
func unbounded(t *testing.T, path string, schema map[string]any) {
	needs := map[string][]string{
		"integer": {"minimum", "maximum"}, "number": {"minimum", "maximum"},
		"string": {"maxLength"}, "array": {"maxItems"},
	}
	kind, _ := schema["type"].(string)
	for _, bound := range needs[kind] {
		exclusive := "exclusiveM" + strings.TrimPrefix(bound, "m")
		if schema[bound] == nil && schema[exclusive] == nil {
			t.Errorf("%s: a %s without %s", path, kind, bound)
		}
	}
}

func parameters(t *testing.T, schema json.RawMessage) map[string]map[string]any {
	t.Helper()
	var root struct {
		Properties map[string]map[string]any `json:"properties"`
	}
	if err := json.Unmarshal(schema, &root); err != nil {
		t.Fatal(err)
	}
	return root.Properties
}

// nonsense makes wrong values of each parameter from its schema; every answer
// must name the parameter and say what is allowed.
func (s Suite) nonsense(t *testing.T, w workload.Workload) {
	for name, schema := range parameters(t, w.Schema) {
		for _, value := range wrong(schema) {
			err := s.Check(&turno.Spec{Type: w.Name, Params: with(t, w.Example, name, value)})
			if err == nil || err.Code != turno.CodeInvalid || !strings.HasPrefix(err.Field, "params."+name) || !strings.Contains(err.Message, "use ") {
				t.Errorf("%s = %v: %v", name, value, err)
			}
		}
	}
	for _, name := range []string{"nonsense", "Seed", "__proto__", ""} {
		err := s.Check(&turno.Spec{Type: w.Name, Params: with(t, w.Example, name, 1)})
		if err == nil || err.Field != "params."+name {
			t.Errorf("%s = 1: %v", name, err)
		}
	}
}

// wrong values of a parameter.
func wrong(schema map[string]any) []any {
	values := []any{nil, map[string]any{"x": 1}}
	kind, _ := schema["type"].(string)
	if kind == "object" {
		values = []any{nil, 1, "x"}
	}
	if low, ok := schema["minimum"].(float64); ok {
		values = append(values, low-1, "x")
	}
	if high, ok := schema["maximum"].(float64); ok {
		values = append(values, high*2+1)
	}
	if kind == "integer" {
		values = append(values, 1.5)
	}
	if kind == "string" || schema["enum"] != nil {
		values = append(values, 1, true)
	}
	if list, ok := schema["enum"].([]any); ok && !slices.Contains(list, any("x")) {
		values = append(values, "x")
	}
	if longest, ok := schema["maxLength"].(float64); ok && longest < 1<<18 {
		values = append(values, strings.Repeat("x", int(longest)+1))
	}
	if kind == "boolean" {
		values = append(values, 0, "true")
	}
	return values
}
