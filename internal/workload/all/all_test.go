package all_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"turno"
	"turno/internal/workload"
	"turno/internal/workload/all"
)

// shapes is a workload with every kind of parameter.
var shapes = workload.Workload{
	Name: "shapes", Devices: []turno.Device{turno.DeviceCPU},
	Schema: json.RawMessage(`{
		"type": "object", "additionalProperties": false, "required": ["size"],
		"properties": {
			"size": {"type": "integer", "minimum": 1, "maximum": 65536},
			"rate": {"type": "number", "exclusiveMinimum": 0},
			"dtype": {"enum": ["float32", "float64"]},
			"fast": {"type": "boolean"},
			"name": {"type": "string", "minLength": 1, "maxLength": 8},
			"kernel": {"type": "array", "minItems": 1, "maxItems": 3,
				"items": {"type": "array", "items": {"type": "number"}}},
			"batch": {"type": "object", "additionalProperties": false, "properties": {"count": {"type": "integer"}}}
		}
	}`),
	Check: func(params json.RawMessage) *turno.Error {
		if strings.Contains(string(params), "unlucky") {
			return turno.Invalid("params.name", "is unlucky")
		}
		return nil
	},
}

func TestCatalog_CheckNamesTheMistake(t *testing.T) {
	t.Parallel()
	catalog, err := all.NewCatalog([]workload.Workload{shapes})
	if err != nil {
		t.Fatal(err)
	}
	deep := `{"size": 1, "batch": ` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + "}"
	for _, c := range []struct{ params, field, message string }{
		{`{"size": 0}`, "params.size", "0 is given: use a whole number from 1 to 65536"},
		{`{"size": 1.5}`, "params.size", "1.5 is given: use a whole number from 1 to 65536"},
		{`{"size": "12"}`, "params.size", `the text "12" is given: use a whole number from 1 to 65536`},
		{`{"size": null}`, "params.size", "null is given: use a whole number"},
		{``, "params.size", "must be given: a whole number from 1 to 65536"},
		{`{}`, "params.size", "must be given"},
		{`{"size": 1, "rate": 0}`, "params.rate", "0 is given: use a number above 0"},
		{`{"size": 1, "dtype": "float16"}`, "params.dtype", `the text "float16" is given: use one of float32, float64`},
		{`{"size": 1, "fast": 1}`, "params.fast", "1 is given: use true or false"},
		{`{"size": 1, "name": ""}`, "params.name", `the text "" is given: use a text of 1 to 8 characters`},
		{`{"size": 1, "kernel": [[1], [2, "x"]]}`, "params.kernel[1][1]", `the text "x" is given: use a number`},
		{`{"size": 1, "kernel": []}`, "params.kernel", "a list of 0 is given: use a list of 1 to 3 entries"},
		{`{"size": 1, "batch": {"coutn": 1}}`, "params.batch.coutn", "is not a parameter of this workload"},
		{`{"size": 1, "batch": 7}`, "params.batch", "7 is given: use a JSON object"},
		{`[]`, "params", "a list of 0 is given: use a JSON object"},
		{`null`, "params", "null is given: use a JSON object"},
		{`{"size": 1, "size": 2}`, "params.size", "is given twice"},
		{`{"size": 1, "Size": 2}`, "params.Size", `is given twice, as "size" and as "Size"`},
		{`{"size": 1, "ſize": 2}`, "params.ſize", `is given twice, as "size" and as "ſize"`},
		{`{"size": 1, "batch": {"count": 1, "COUNT": 2}}`, "params.batch.COUNT", "is given twice"},
		{`{"size": 1} {"size": 2}`, "params", "text follows"},
		{`{"size": NaN}`, "params.size", "is not JSON"},
		{`{"size": 1`, "params", "ends too early"},
		{`{"size": 1,}`, "params", "is not JSON"},
		{`{'size': 1}`, "params", "is not JSON"},
		{`{"size": 1e999}`, "params.size", "1e999 is too large"},
		{`{"size": 1e-999999999}`, "params.size", "is too small"},
		{`{"size": 1` + strings.Repeat("0", 100) + `}`, "params.size", "is a number of 101 characters"},
		{"{\"size\": 1, \"name\": \"\xff\"}", "params", "not valid UTF-8"},
		{deep, "params", "more than 32 objects and lists"},
		{`{"size": 1, "name": "unlucky"}`, "params.name", "is unlucky"},
	} {
		for range 2 { // a refusal must not become a pass
			err := catalog.Check(&turno.Spec{Type: "shapes", Params: json.RawMessage(c.params)})
			if err == nil || err.Code != turno.CodeInvalid || err.Field != c.field || !strings.Contains(err.Message, c.message) {
				t.Errorf("%.80s\ngot  %v\nwant %s: %s", c.params, err, c.field, c.message)
			}
		}
	}
	for _, good := range []string{`{"size": 1}`, `{"size": 65536, "kernel": [[1, 2.5], []], "fast": true, "rate": 1e-9}`} {
		for range 2 {
			if err := catalog.Check(&turno.Spec{Type: "shapes", Params: json.RawMessage(good)}); err != nil {
				t.Errorf("%s: %v", good, err)
			}
		}
	}
}

func TestCatalog_CheckOfTypeAndDevice(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		spec        turno.Spec
		field, hint string
	}{
		{turno.Spec{Type: "matmull"}, "type", "did you mean matmul?"},
		{turno.Spec{Type: "NOOP"}, "type", "did you mean noop?"},
		{turno.Spec{Type: "quantum-annealing"}, "type", "known are exec"},
		{turno.Spec{}, "type", "known are exec"},
		{turno.Spec{Type: strings.Repeat("x", 1<<20)}, "type", "known are exec"},
	} {
		err := all.Check(&c.spec)
		if err == nil || err.Field != c.field || !strings.Contains(err.Hint, c.hint) || len(err.Message) > 200 {
			t.Errorf("%.40q: %v, hint %q", c.spec.Type, err, err.Hint)
		}
	}
	if err := all.Check(&turno.Spec{Type: "noop", Device: turno.DeviceAny}); err != nil {
		t.Error(err)
	}
	noop, _ := all.Find("noop")
	noop.Devices = []turno.Device{turno.DeviceCPU}
	c, err := all.NewCatalog([]workload.Workload{noop})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Check(&turno.Spec{Type: "noop", Device: turno.DeviceGPU}); err == nil || err.Field != "device" {
		t.Errorf("a device that it has not: %v", err)
	}
}

func TestNormalize(t *testing.T) {
	t.Parallel()
	s := turno.Spec{Type: "noop"}
	all.Normalize(&s)
	if s.CPUs != 1 || s.Queue != "default" || s.Device != turno.DeviceCPU {
		t.Errorf("%+v", s)
	}
	s = turno.Spec{Type: "exec", Params: json.RawMessage(`{"command": ["/usr/bin/python3", "train.py"]}`)}
	all.Normalize(&s)
	if s.Name != "python3" || s.CPUs != turno.CPU {
		t.Errorf("%+v", s)
	}
	s = turno.Spec{Type: "unknown"}
	all.Normalize(&s)
	if s.Queue != "default" {
		t.Errorf("%+v", s)
	}
}

func TestExec_Check(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ params, field, message string }{
		{``, "params.command", "must be given, or a script"},
		{`{"command": []}`, "params.command", "a list of 0 is given"},
		{`{"command": [""]}`, "params.command[0]", "must not be empty"},
		{`{"command": ["a", "b\u0000"]}`, "params.command[1]", "NUL"},
		{`{"command": "ls"}`, "params.command", `the text "ls" is given: use a list of 1 to 4096 entries`},
		{`{"command": ["ls"], "script": "#!/bin/sh"}`, "params.script", "use one of them"},
		{`{"script": "echo hi"}`, "params.script", "#!"},
		{`{"script": "#! python"}`, "params.script", "path of an interpreter"},
		{`{"script": "#!/bin/sh\r\necho"}`, "params.script", "Windows line ends"},
		{`{"script": "#!/bin/sh\n\u0000"}`, "params.script", "NUL"},
		{`{"command": ["` + strings.Repeat("é", 70_000) + `"]}`, "params.command[0]", "140000 bytes"},
	} {
		err := all.Check(&turno.Spec{Type: "exec", Params: json.RawMessage(c.params)})
		if err == nil || err.Field != c.field || !strings.Contains(err.Message, c.message) {
			t.Errorf("%.60s: got %v, want %s: %s", c.params, err, c.field, c.message)
		}
	}
	for _, good := range []string{`{"command": ["ls", ""]}`, `{"script": "#!/bin/sh"}`, `{"script": "#!/usr/bin/env python3\nprint(1)\n"}`} {
		if err := all.Check(&turno.Spec{Type: "exec", Params: json.RawMessage(good)}); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
}

func TestNewCatalog_RefusesABadList(t *testing.T) {
	t.Parallel()
	twice := []workload.Workload{shapes, shapes}
	if _, err := all.NewCatalog(twice); err == nil || !strings.Contains(err.Error(), `two workloads are called "shapes"`) {
		t.Error(err)
	}
	for _, schema := range []string{``, `{`, `{"type": "objekt"}`, `{"$ref": "https://example.com/x.json"}`} {
		w := workload.Workload{Name: "bad", Schema: json.RawMessage(schema)}
		if _, err := all.NewCatalog([]workload.Workload{w}); err == nil || !strings.Contains(err.Error(), "schema of bad") {
			t.Errorf("%s: %v", schema, err)
		}
	}
}

func TestCheck_ManyAtOnce(t *testing.T) {
	t.Parallel()
	var wait sync.WaitGroup
	for i := range 4 {
		wait.Go(func() {
			for j := range 300 {
				good := turno.Spec{Type: "noop", Params: fmt.Appendf(nil, `{"seconds": %d}`, (i+j)%7)}
				bad := turno.Spec{Type: "noop", Params: fmt.Appendf(nil, `{"seconds": -%d}`, 1+j%7)}
				if all.Check(&good) != nil || all.Check(&bad) == nil {
					t.Errorf("%s or %s", good.Params, bad.Params)
				}
			}
		})
	}
	wait.Wait()
}

func BenchmarkCheck(b *testing.B) {
	b.Run("same", func(b *testing.B) {
		spec := turno.Spec{Type: "noop", Params: json.RawMessage(`{"seconds": 0, "retryable": true}`)}
		for b.Loop() {
			if err := all.Check(&spec); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("different", func(b *testing.B) {
		i := 0
		for b.Loop() {
			i++
			spec := turno.Spec{Type: "noop", Params: fmt.Appendf(nil, `{"seconds": %d, "retryable": true}`, i%1000000)}
			if err := all.Check(&spec); err != nil {
				b.Fatal(err)
			}
		}
	})
}
