package deploy

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"turno/test/deploy/gotypes"
)

var update = flag.Bool("update", false, "make the schemas anew from the modules of Kubernetes and its operators (network)")

// kubernetes are the versions that manifests are checked for: the newest, and
// the two before it, as far as those are supported by their makers.
var kubernetes = []string{"1.37.2", "1.36.6", "1.35.9"}

// schemas is where they are kept, and root the module's folder.
const (
	root    = "../.."
	schemas = root + "/deploy/kubernetes/schema"
)

// kinds that manifests use, by what kubeconform calls their files.
var kinds = map[string]string{
	"namespace-v1": "k8s.io/api/core/v1.Namespace", "service-v1": "k8s.io/api/core/v1.Service",
	"configmap-v1": "k8s.io/api/core/v1.ConfigMap", "secret-v1": "k8s.io/api/core/v1.Secret",
	"serviceaccount-v1": "k8s.io/api/core/v1.ServiceAccount", "persistentvolumeclaim-v1": "k8s.io/api/core/v1.PersistentVolumeClaim",
	"deployment-apps-v1": "k8s.io/api/apps/v1.Deployment", "statefulset-apps-v1": "k8s.io/api/apps/v1.StatefulSet",
	"poddisruptionbudget-policy-v1":     "k8s.io/api/policy/v1.PodDisruptionBudget",
	"ingress-networking-v1":             "k8s.io/api/networking/v1.Ingress",
	"networkpolicy-networking-v1":       "k8s.io/api/networking/v1.NetworkPolicy",
	"resourceclaimtemplate-resource-v1": "k8s.io/api/resource/v1.ResourceClaimTemplate",
}

// operators' kinds, and the modules that they are from. RabbitMQ's cluster
// operator is no Go module that can be had: its schema, of what is used here,
// is written by hand beside these.
var (
	operatorKinds = map[string]string{
		"scaledobject-keda-v1alpha1":   "github.com/kedacore/keda/v2/apis/keda/v1alpha1.ScaledObject",
		"servicemonitor-monitoring-v1": "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1.ServiceMonitor",
		"podmonitor-monitoring-v1":     "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1.PodMonitor",
	}
	operators = map[string]string{
		"github.com/kedacore/keda/v2":                                            "v2.21.0",
		"github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring": "v0.95.1",
	}
)

// TestSchemas_MadeAnew writes the schemas, when it is asked to; otherwise it
// looks that there is one of each kind.
func TestSchemas_MadeAnew(t *testing.T) {
	t.Parallel()
	for i, version := range kubernetes {
		libraries := map[string]string{"k8s.io/api": "v0" + version[1:], "k8s.io/apimachinery": "v0" + version[1:]}
		write(t, "v"+version, kinds, libraries)
		if i == 0 {
			maps.Copy(libraries, operators)
			write(t, "operators", operatorKinds, libraries)
		}
	}
}

func write(t *testing.T, folder string, kinds, modules map[string]string) {
	t.Helper()
	dir := filepath.Join(schemas, folder)
	if !*update {
		for name := range kinds {
			if _, err := os.Stat(filepath.Join(dir, name+".json")); err != nil {
				t.Errorf("%v: make it with go test ./test/deploy -run Schemas -update", err)
			}
		}
		return
	}
	reader := gotypes.Reader{Modules: map[string]string{}}
	for path, version := range modules {
		reader.Modules[path] = download(t, path+"@"+version)
	}
	var roots []string
	for _, root := range kinds {
		roots = append(roots, root)
	}
	slices.Sort(roots)
	defs, err := reader.Definitions(roots)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	save(t, filepath.Join(dir, "definitions.json"), map[string]any{"$defs": defs})
	for name, root := range kinds {
		save(t, filepath.Join(dir, name+".json"), map[string]any{"$ref": "definitions.json" + gotypes.Ref(root)["$ref"].(string)})
	}
}

// save writes one definition a line: small, and a diff can be read.
func save(t *testing.T, file string, value any) {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.ReplaceAll(text, []byte(`},"k8s.io/`), []byte("},\n\"k8s.io/"))
	text = bytes.ReplaceAll(text, []byte(`},"github.com/`), []byte("},\n\"github.com/"))
	if err := os.WriteFile(file, append(text, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

// download is the folder of a module's sources.
func download(t *testing.T, module string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "mod", "download", "-json", module)
	cmd.Dir, cmd.Env = t.TempDir(), append(os.Environ(), "GOFLAGS=-mod=mod")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v: %s", module, err, strings.TrimSpace(string(out)))
	}
	var found struct{ Dir string }
	if err := json.Unmarshal(out, &found); err != nil {
		t.Fatal(err)
	}
	return found.Dir
}
