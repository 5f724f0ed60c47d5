package deploy

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"gopkg.in/yaml.v3"
)

// The Helm chart is made of what kustomize builds: each object of the overlays
// becomes a template, in which edits put values in the place of what they name.
// Nobody writes templates by hand, so chart and overlays cannot differ.

// edit puts a template where an object has a text. Object is kind/name, or empty
// for all; times says how often the text is there, 0 for any number.
type edit struct {
	object, from, to string
	times            int
}

// affinity wants nodes that are labelled as having a GPU.
const affinity = `      affinity:
        nodeAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
            nodeSelectorTerms:
            - matchExpressions:
              - key: nvidia.com/gpu.present
                operator: In
                values:
                - "true"
`

// dra is that GPUs are given out by claims instead of a limit.
const dra = ".Values.workers.gpu.dra"

func whenever(value, text string) string { return "{{- if " + value + " }}\n" + text + "{{- end }}\n" }

func unless(value, text string) string { return whenever("not "+value, text) }

// edits of single objects come before those of all.
var edits = []edit{
	{"Deployment/turno-scheduler", "replicas: 2", "replicas: {{ .Values.schedulers }}", 1},
	{"Deployment/turno-worker-cpu", "  replicas: 2\n", "{{- if not .Values.keda.enabled }}\n  replicas: {{ .Values.workers.cpu.replicas }}\n{{- end }}\n", 1},
	{"Deployment/turno-worker-cpu", `cpu: "4"`, "cpu: {{ .Values.workers.cpu.cpus | quote }}", 2},
	{"Deployment/turno-worker-cpu", "memory: 8Gi", "memory: {{ .Values.workers.cpu.memory }}", 2},
	{"Deployment/turno-worker-cpu", "value: 7G", "value: {{ .Values.workers.cpu.jobsMemory }}", 1},
	{"Deployment/turno-worker-gpu", "  replicas: 1\n", "{{- if not .Values.keda.enabled }}\n  replicas: {{ .Values.workers.gpu.replicas }}\n{{- end }}\n", 1},
	{"Deployment/turno-worker-gpu", `cpu: "8"`, "cpu: {{ .Values.workers.gpu.cpus | quote }}", 2},
	{"Deployment/turno-worker-gpu", "memory: 32Gi", "memory: {{ .Values.workers.gpu.memory }}", 2},
	{"Deployment/turno-worker-gpu", "value: 30G", "value: {{ .Values.workers.gpu.jobsMemory }}", 1},
	{"Deployment/turno-worker-gpu", "            nvidia.com/gpu: 1\n", unless(dra, "            nvidia.com/gpu: {{ .Values.workers.gpu.gpus }}\n"), 1},
	{"Deployment/turno-worker-gpu", "        resources:\n", "        resources:\n" + whenever(dra, "          claims:\n          - name: gpu\n"), 1},
	{"Deployment/turno-worker-gpu", "      enableServiceLinks: false\n", "      enableServiceLinks: false\n" + whenever(dra, "      resourceClaims:\n      - name: gpu\n        resourceClaimTemplateName: turno-gpu\n"), 1},
	{"Deployment/turno-worker-gpu", affinity, unless(dra, affinity), 1},
	{"ResourceClaimTemplate/turno-gpu", "count: 1", "count: {{ .Values.workers.gpu.gpus }}", 1},
	{"Deployment/turno-worker-gpu", "      runtimeClassName: nvidia\n", "{{- with .Values.workers.gpu.runtimeClass }}\n      runtimeClassName: {{ . }}\n{{- end }}\n", 1},
	{"PersistentVolumeClaim/turno-files", "storage: 50Gi", "storage: {{ .Values.files.size }}", 1},
	{"PersistentVolumeClaim/turno-files", "ReadWriteOnce", "{{ .Values.files.accessMode }}", 1},
	{"Ingress/turno", "turno-tls", "{{ .Values.ingress.tlsSecret }}", 1},
	{"NetworkPolicy/turno-api", "kubernetes.io/metadata.name: ingress-nginx", "kubernetes.io/metadata.name: {{ .Values.ingress.namespace }}", 1},
	{"NetworkPolicy/metrics", "kubernetes.io/metadata.name: monitoring", "kubernetes.io/metadata.name: {{ .Values.monitoring.namespace }}", 1},
	{"StatefulSet/turno-rabbitmq", "image: rabbitmq:4.0.5", "image: {{ .Values.rabbitmq.image }}", 1},
	{"StatefulSet/turno-rabbitmq", "storage: 10Gi", "storage: {{ .Values.rabbitmq.size }}", 1},
	{"StatefulSet/turno-postgres", "image: postgres:17.2", "image: {{ .Values.postgres.image }}", 1},
	{"StatefulSet/turno-postgres", "storage: 20Gi", "storage: {{ .Values.postgres.size }}", 1},
	{"ScaledObject/turno-worker-cpu", "maxReplicaCount: 20", "maxReplicaCount: {{ .Values.keda.maxCPU }}", 1},
	{"ScaledObject/turno-worker-cpu", `threshold: "4"`, "threshold: {{ .Values.workers.cpu.cpus | quote }}", 1},
	{"ScaledObject/turno-worker-gpu", "maxReplicaCount: 8", "maxReplicaCount: {{ .Values.keda.maxGPU }}", 1},
	{"ScaledObject/turno-worker-gpu", `threshold: "1"`, "threshold: {{ .Values.workers.gpu.gpus | quote }}", 1},
	{"", "http://prometheus-operated.monitoring.svc:9090", "{{ .Values.keda.prometheus }}", 0},
	{"", `namespace="turno"`, `namespace="{{ .Release.Namespace }}"`, 0},
	{"", "namespace: turno\n", "namespace: {{ .Release.Namespace }}\n", 0},
	{"", "turno.example.org", "{{ .Values.host }}", 0},
	{"", "image: turno-server:latest", "image: {{ .Values.images.server }}", 0},
	{"", "image: turno-worker-cpu:latest", "image: {{ .Values.images.workerCPU }}", 0},
	{"", "image: turno-worker-gpu:latest", "image: {{ .Values.images.workerGPU }}", 0},
}

// when is the condition of objects that are not of the base, by what is in their
// kind and name; the first that fits counts.
var when = []struct{ object, condition string }{
	{"Namespace/", ".Values.namespace.create"},
	{"ScaledObject/turno-worker-gpu", "and .Values.keda.enabled .Values.workers.gpu.enabled"},
	{"ScaledObject/", ".Values.keda.enabled"},
	{"ResourceClaimTemplate/", "and .Values.workers.gpu.enabled " + dra},
	{"/turno-worker-gpu", ".Values.workers.gpu.enabled"},
	{"NetworkPolicy/turno-to-rabbitmq", "not .Values.rabbitmq.enabled"},
	{"NetworkPolicy/turno-store-elsewhere", "not .Values.postgres.enabled"},
	{"/turno-rabbitmq", ".Values.rabbitmq.enabled"},
	{"/turno-postgres", ".Values.postgres.enabled"},
	{"ServiceMonitor/", ".Values.monitoring.enabled"},
	{"Service/turno-metrics", ".Values.monitoring.enabled"},
}

// hashed is the end that kustomize gives to names of ConfigMaps, so that pods begin
// anew with other settings.
var hashed = regexp.MustCompile(`\b(turno-(?:settings|rabbitmq))-[a-z0-9]{8,10}\b`)

// settingsName does the same in the chart.
const settingsName = `turno-settings-{{ toJson .Values.settings | sha256sum | trunc 8 }}`

// objects are those of a built overlay, by kind and name without a hash.
func objects(text []byte) (map[string]string, error) {
	out := map[string]string{}
	for part := range strings.SplitSeq(string(text), "\n---\n") {
		var o struct {
			Kind     string
			Metadata struct{ Name string }
		}
		if err := yaml.Unmarshal([]byte(part), &o); err != nil {
			return nil, err
		}
		if o.Kind != "" {
			out[o.Kind+"/"+hashed.ReplaceAllString(o.Metadata.Name, "$1")] = strings.TrimSpace(part) + "\n"
		}
	}
	return out, nil
}

// chart makes the templates, by the names of their files.
func chart(built map[string][]byte) (map[string]string, error) {
	all := map[string]string{}
	for _, overlay := range []string{"monitoring", "keda", "gpu-dra", "gpu"} { // gpu last: its workers have a number, and their GPUs as a limit
		from, err := objects(built[overlay])
		if err != nil {
			return nil, err
		}
		maps.Copy(all, from)
	}
	elsewhere, err := objects(built["prod-rabbitmq"])
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"NetworkPolicy/turno-store-elsewhere", "NetworkPolicy/turno-to-rabbitmq"} {
		all[name] = elsewhere[name]
	}
	out := map[string]string{}
	for name, text := range all {
		edited, err := edited(name, text)
		if err != nil {
			return nil, err
		}
		kind, own, _ := strings.Cut(strings.ToLower(name), "/")
		out[own+"-"+kind+".yaml"] = edited
	}
	return out, nil
}

// edited is an object as a template.
func edited(name, text string) (string, error) {
	for _, e := range edits {
		if e.object != "" && e.object != name {
			continue
		}
		if n := strings.Count(text, e.from); n != e.times && e.times > 0 {
			return "", fmt.Errorf("%s has %q %d times, and not %d times", name, e.from, n, e.times)
		}
		text = strings.ReplaceAll(text, e.from, e.to)
	}
	if name == "Namespace/turno" {
		text = strings.ReplaceAll(text, "name: turno\n", "name: {{ .Release.Namespace }}\n")
	}
	if name == "ConfigMap/turno-settings" {
		text = "apiVersion: v1\ndata:\n{{- range $name, $value := .Values.settings }}\n  {{ $name }}: {{ $value | quote }}\n{{- end }}\n" + text[strings.Index(text, "kind: "):]
	}
	text = hashed.ReplaceAllStringFunc(text, func(found string) string {
		if strings.HasPrefix(found, "turno-settings") {
			return settingsName
		}
		return found // of files that no value changes
	})
	i := slices.IndexFunc(when, func(w struct{ object, condition string }) bool { return strings.Contains(name, w.object) })
	if i >= 0 {
		text = "{{- if " + when[i].condition + " }}\n" + text + "{{- end }}\n"
	}
	return "# Made of deploy/kubernetes by go test ./test/deploy -run Chart -update; do not edit.\n" + text, nil
}

// helmVariable names a helm, which then renders instead of templates do: make
// test-helm.
const helmVariable = "TURNO_TEST_HELM"

// render is what helm template gives: by helm itself where there is one, else by
// Go's templates with the few functions that are used here.
func render(dir, namespace string, change map[string]any) ([]byte, error) {
	if helm := os.Getenv(helmVariable); helm != "" {
		return renderByHelm(helm, dir, namespace, change)
	}
	data, err := os.ReadFile(filepath.Join(dir, "values.yaml"))
	if err != nil {
		return nil, err
	}
	values := map[string]any{}
	if err := yaml.Unmarshal(data, &values); err != nil {
		return nil, err
	}
	merge(values, change)
	files, err := filepath.Glob(filepath.Join(dir, "templates", "*"))
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var to io.Writer = &out
		if strings.HasSuffix(file, ".txt") {
			to = io.Discard
		}
		t, err := template.New(filepath.Base(file)).Option("missingkey=error").Funcs(functions).Parse(string(text))
		if err == nil {
			err = t.Execute(to, map[string]any{"Values": values, "Release": map[string]any{"Namespace": namespace, "Name": "turno"}})
		}
		if err != nil {
			return nil, err
		}
		out.WriteString("\n---\n")
	}
	return out.Bytes(), nil
}

// renderByHelm gives helm the changed values on its standard input.
func renderByHelm(helm, dir, namespace string, change map[string]any) ([]byte, error) {
	values, err := yaml.Marshal(change)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(helm, "template", "turno", dir, "--namespace", namespace, "--kube-version", kubernetes[0], "--values", "-")
	cmd.Stdin = bytes.NewReader(values)
	out, err := cmd.Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		return nil, fmt.Errorf("helm template: %s", failed.Stderr)
	}
	return out, err
}

var functions = template.FuncMap{
	"quote":     func(v any) string { return fmt.Sprintf("%q", fmt.Sprint(v)) },
	"toJson":    func(v any) string { return fmt.Sprint(v) },
	"sha256sum": func(text string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(text))) },
	"trunc":     func(n int, text string) string { return text[:n] },
}

// merge lays values over others, as helm does.
func merge(values, over map[string]any) {
	for key, v := range over {
		below, ok := values[key].(map[string]any)
		if more, is := v.(map[string]any); ok && is {
			merge(below, more)
		} else {
			values[key] = v
		}
	}
}
