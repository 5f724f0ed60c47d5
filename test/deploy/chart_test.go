package deploy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/yannh/kubeconform/pkg/validator"
	"gopkg.in/yaml.v3"
)

const chartDir = root + "/deploy/helm/turno"

// TestChart_IsMadeOfTheOverlays: the templates are those that the overlays make.
// With -update they are written.
func TestChart_IsMadeOfTheOverlays(t *testing.T) {
	t.Parallel()
	made, err := chart(overlays(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range made {
		file := filepath.Join(chartDir, "templates", name)
		if *update {
			if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(file); err != nil || string(got) != text {
			t.Errorf("%s is not what the overlays make: go test ./test/deploy -run Chart_IsMade -update (%v)", file, err)
		}
	}
	files, err := filepath.Glob(chartDir + "/templates/*.yaml")
	if err != nil || len(files) != len(made) {
		t.Errorf("%d templates, made are %d: %v", len(files), len(made), err)
	}
}

// decoded reads objects, names without their hashes.
func decoded(t *testing.T, text []byte) map[string]any {
	t.Helper()
	out := map[string]any{}
	decoder := yaml.NewDecoder(bytes.NewReader(hashed.ReplaceAll(text, []byte("$1"))))
	for {
		var o map[string]any
		err := decoder.Decode(&o)
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if o != nil {
			out[o["kind"].(string)+"/"+o["metadata"].(map[string]any)["name"].(string)] = o
		}
	}
}

// TestChart_RendersWhatKustomizeBuilds: for the values that stand for an overlay,
// each object is the same; and all fit the schemas of all versions.
func TestChart_RendersWhatKustomizeBuilds(t *testing.T) {
	t.Parallel()
	on := map[string]any{"enabled": true}
	gpu := map[string]any{"gpu": on}
	for overlay, values := range map[string]map[string]any{
		"dev": {}, "monitoring": {"monitoring": on}, "gpu": {"workers": gpu},
		"gpu-dra": {"workers": map[string]any{"gpu": map[string]any{"enabled": true, "dra": true, "runtimeClass": ""}}}, "keda": {"workers": gpu, "monitoring": on, "keda": on},
	} {
		want := decoded(t, overlays(t)[overlay])
		bare, err := render(chartDir, "turno", values)
		if err != nil {
			t.Fatal(err)
		}
		if _, there := decoded(t, bare)["Namespace/turno"]; there {
			t.Errorf("%s: helm makes the namespace, and so does the chart", overlay)
		}
		all := maps.Clone(values)
		all["namespace"] = map[string]any{"create": true}
		text, err := render(chartDir, "turno", all)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, decoded(t, text)); diff != "" {
			t.Errorf("%s (- kustomize, + chart):\n%s", overlay, diff)
		}
		for _, version := range kubernetes {
			for _, r := range checker(t, version).Validate(overlay, io.NopCloser(bytes.NewReader(text))) {
				if r.Status != validator.Valid && r.Status != validator.Empty {
					t.Errorf("%s for Kubernetes %s: %v\n%s", overlay, version, r.Err, r.Resource.Bytes)
				}
			}
		}
	}
}

// TestChart_EachValueCounts: another value makes another output, and nothing of
// the default stays beside it.
func TestChart_EachValueCounts(t *testing.T) {
	t.Parallel()
	on := map[string]any{"enabled": true}
	base := map[string]any{"workers": map[string]any{"gpu": on}, "monitoring": on, "namespace": map[string]any{"create": true}}
	before, err := render(chartDir, "turno", base)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(chartDir + "/values.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var values map[string]any
	if err := yaml.Unmarshal(data, &values); err != nil {
		t.Fatal(err)
	}
	merge(values, base)
	looked := 0
	for _, path := range leaves(values, nil) {
		over := base
		if path[0] == "keda" && path[1] != "enabled" {
			over = maps.Clone(base)
			over["keda"] = on
		}
		plain, err := render(chartDir, "turno", over)
		if err != nil {
			t.Fatal(err)
		}
		changed := map[string]any{}
		deepCopy(changed, over)
		set(changed, path, other(at(values, path)))
		text, err := render(chartDir, "turno", changed)
		if err != nil {
			t.Fatalf("%v: %v", path, err)
		}
		if bytes.Equal(text, plain) {
			t.Errorf("nothing depends on %s", strings.Join(path, "."))
		}
		looked++
	}
	if looked < 25 {
		t.Errorf("only %d values were looked at", looked)
	}
	elsewhere, err := render(chartDir, "lab", base)
	if err != nil {
		t.Fatal(err)
	}
	if left := regexp.MustCompile(`(?m)namespace: turno$|namespace="turno"`).Find(elsewhere); left != nil || bytes.Equal(before, elsewhere) {
		t.Errorf("in another namespace there is %q", left)
	}
}

// leaves are the paths of all values.
func leaves(values map[string]any, path []string) (out [][]string) {
	for _, key := range slices.Sorted(maps.Keys(values)) {
		here := append(slices.Clone(path), key)
		if below, ok := values[key].(map[string]any); ok {
			out = append(out, leaves(below, here)...)
			continue
		}
		out = append(out, here)
	}
	return out
}

func at(values map[string]any, path []string) any {
	for _, key := range path[:len(path)-1] {
		values = values[key].(map[string]any)
	}
	return values[path[len(path)-1]]
}

func set(values map[string]any, path []string, to any) {
	for _, key := range path[:len(path)-1] {
		below, ok := values[key].(map[string]any)
		if !ok {
			below = map[string]any{}
			values[key] = below
		}
		values = below
	}
	values[path[len(path)-1]] = to
}

// deepCopy copies all the way down.
func deepCopy(to, from map[string]any) {
	for key, v := range from {
		if below, ok := v.(map[string]any); ok {
			own := map[string]any{}
			deepCopy(own, below)
			to[key] = own
			continue
		}
		to[key] = v
	}
}

func other(v any) any {
	switch v := v.(type) {
	case bool:
		return !v
	case int:
		return v + 1
	case string:
		switch {
		case v == "ReadWriteOnce":
			return "ReadWriteMany"
		case v[0] >= '0' && v[0] <= '9': // a quantity or a time
			return "1" + v
		}
		return v + "x"
	}
	panic(fmt.Sprintf("a value is a %T", v))
}

// TestChart_ValuesAreChecked: helm refuses values that the schema does not know.
// It knows those of the chart, and finds what people write instead.
func TestChart_ValuesAreChecked(t *testing.T) {
	t.Parallel()
	schema, err := jsonschema.NewCompiler().Compile(chartDir + "/values.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		values string
		good   bool
	}{
		{"{}", true},
		{"settings: {TURNO_DATA: /data/turno, TURNO_MAX_JOBS: 5}", true},
		{"workers: {gpu: {enabled: true, gpus: 8, runtimeClass: ''}}", true},
		{"wokers: {gpu: {enabled: true}}", false},
		{"workers: {gpu: {enable: true}}", false},
		{"workers: {gpu: {enabled: 'yes'}}", false},
		{"workers: {gpu: {gpus: 0.5}}", false},
		{"workers: {cpu: {memory: 8 GB}}", false},
		{"workers: {cpu: {jobsMemory: most}}", false},
		{"schedulers: 0", false},
		{"host: https://queue.example.org", false},
		{"images: {server: ''}", false},
		{"files: {accessMode: ReadWrite}", false},
		{"settings: {turno_lease: 5m}", false},
		{"keda: {prometheus: prometheus:9090}", false},
	} {
		data, err := os.ReadFile(chartDir + "/values.yaml")
		if err != nil {
			t.Fatal(err)
		}
		values, over := map[string]any{}, map[string]any{}
		if err := errors.Join(yaml.Unmarshal(data, &values), yaml.Unmarshal([]byte(c.values), &over)); err != nil {
			t.Fatal(err)
		}
		merge(values, over)
		if err := schema.Validate(values); (err == nil) != c.good {
			t.Errorf("%s: %v", c.values, err)
		}
	}
}
