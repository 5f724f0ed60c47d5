package deploy

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/yannh/kubeconform/pkg/validator"
	"gopkg.in/yaml.v3"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// overlays are all there are, by name, as kustomize builds them.
func overlays(t *testing.T) map[string][]byte {
	t.Helper()
	all, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// build is done once for all tests.
var build = sync.OnceValues(func() (map[string][]byte, error) {
	dirs, err := filepath.Glob(root + "/deploy/kubernetes/overlays/*")
	if err != nil || len(dirs) == 0 {
		return nil, fmt.Errorf("no overlays: %w", err)
	}
	out := map[string][]byte{}
	for _, dir := range dirs {
		resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), dir)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", dir, err)
		}
		if out[filepath.Base(dir)], err = resources.AsYaml(); err != nil {
			return nil, err
		}
	}
	return out, nil
})

func checker(t *testing.T, version string) validator.Validator {
	t.Helper()
	v, err := validator.New([]string{
		schemas + "/{{.NormalizedKubernetesVersion}}/{{.ResourceKind}}{{.KindSuffix}}.json",
		schemas + "/operators/{{.ResourceKind}}{{.KindSuffix}}.json",
	}, validator.Opts{KubernetesVersion: version, Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestManifests_FitTheirSchemas builds each overlay, and checks each object
// strictly: no unknown field, no missing one, no wrong type, no unknown kind.
func TestManifests_FitTheirSchemas(t *testing.T) {
	t.Parallel()
	built := overlays(t)
	for _, version := range kubernetes {
		check := checker(t, version)
		for name, text := range built {
			for _, r := range check.Validate(name, io.NopCloser(bytes.NewReader(text))) {
				if r.Status != validator.Valid {
					t.Errorf("%s for Kubernetes %s: %v\n%s", name, version, r.Err, r.Resource.Bytes)
				}
			}
		}
	}
}

// TestManifests_MistakesAreFound plants mistakes, each of which the check must
// refuse: a check that refuses nothing proves nothing.
func TestManifests_MistakesAreFound(t *testing.T) {
	t.Parallel()
	good := string(overlays(t)["prod-rabbitmq"])
	check := checker(t, kubernetes[0])
	for _, m := range []struct{ what, from, to string }{
		{"an unknown field", "replicas: 2", "replica: 2"},
		{"a text for a number", "terminationGracePeriodSeconds: 30", "terminationGracePeriodSeconds: soon"},
		{"a word that is none of those", "type: RollingUpdate", "type: Rolling"},
		{"a field that is missing", "containerPort: 9464", "hostIP: 127.0.0.1"},
		{"an older version", "policy/v1\n", "policy/v1beta1\n"},
		{"an unknown field of KEDA's", "cooldownPeriod:", "coolDownPeriod:"},
		{"an unknown field of Prometheus's operator", "scrapeTimeout:", "timeout:"},
		{"an unknown field of RabbitMQ's operator", "additionalConfig:", "config:"},
		{"a key twice", "kind: Namespace", "kind: Namespace\nkind: Namespace"},
	} {
		bad := strings.Replace(good, m.from, m.to, 1)
		if bad == good {
			t.Errorf("%s: %q is nowhere", m.what, m.from)
			continue
		}
		found := slices.ContainsFunc(check.Validate(m.what, io.NopCloser(strings.NewReader(bad))), func(r validator.Result) bool { return r.Status != validator.Valid })
		if !found {
			t.Errorf("%s is not found", m.what)
		}
	}
}

// TestSecret_FitsWhatIsAskedFor runs the script that makes the Secret: it is
// valid, other each time, and has each key that a manifest asks for.
func TestSecret_FitsWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	made := secret(t)
	if again := secret(t); again["token"] == made["token"] || again["broker"] == made["broker"] {
		t.Error("twice the same secret")
	}
	for name, text := range overlays(t) {
		for _, c := range containersOf(t, text) {
			for _, e := range c.Env {
				ref := e.ValueFrom.SecretKeyRef
				if ref.Name == "turno" && made[ref.Key] == "" {
					t.Errorf("%s: %s asks for %q of the secret, which has none", name, c.Name, ref.Key)
				}
			}
		}
	}
}

// secret is what the script puts into the Secret.
func secret(t *testing.T) map[string]string {
	t.Helper()
	out := run(t, root+"/deploy/kubernetes/secret")
	for _, r := range checker(t, kubernetes[0]).Validate("secret", io.NopCloser(strings.NewReader(out))) {
		if r.Status != validator.Valid {
			t.Errorf("secret: %v", r.Err)
		}
	}
	var s struct {
		StringData map[string]string `yaml:"stringData"`
	}
	if err := yaml.Unmarshal([]byte(out), &s); err != nil {
		t.Fatal(err)
	}
	return s.StringData
}

// container is what is compared of a container of a pod.
type container struct {
	Name, Image string
	Args        []string
	EnvFrom     []struct {
		ConfigMapRef struct{ Name string } `yaml:"configMapRef"`
	} `yaml:"envFrom"`
	Env   []variable
	Ports []struct {
		Name          string
		ContainerPort int `yaml:"containerPort"`
	}
	StartupProbe   probe `yaml:"startupProbe"`
	LivenessProbe  probe `yaml:"livenessProbe"`
	ReadinessProbe probe `yaml:"readinessProbe"`
	Resources      struct {
		Limits map[string]string
	}
	VolumeMounts []struct {
		MountPath string `yaml:"mountPath"`
	} `yaml:"volumeMounts"`

	grace    int               // seconds that its pod has to end
	settings map[string]string // of all variables that have a value here
}

// variable is one of a container alone.
type variable struct {
	Name, Value string
	ValueFrom   struct {
		SecretKeyRef struct{ Name, Key string } `yaml:"secretKeyRef"`
	} `yaml:"valueFrom"`
}

type probe struct {
	HTTPGet struct{ Path, Port string } `yaml:"httpGet"`
}

// containersOf lists the containers of all pods, with their variables.
func containersOf(t *testing.T, text []byte) []container {
	t.Helper()
	var out []container
	shared := map[string]map[string]string{}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var o struct {
			Kind     string
			Metadata struct{ Name string }
			Data     map[string]string
			Spec     struct {
				Template struct {
					Spec struct {
						Containers []container
						Grace      int `yaml:"terminationGracePeriodSeconds"`
					}
				}
			}
		}
		err := decoder.Decode(&o)
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if o.Kind == "ConfigMap" {
			shared[o.Metadata.Name] = o.Data
		}
		for _, c := range o.Spec.Template.Spec.Containers {
			c.grace = o.Spec.Template.Spec.Grace
			out = append(out, c)
		}
	}
	for i := range out {
		c := &out[i]
		c.settings = map[string]string{}
		for _, from := range c.EnvFrom {
			if shared[from.ConfigMapRef.Name] == nil {
				t.Errorf("%s: there is no ConfigMap %s", c.Name, from.ConfigMapRef.Name)
			}
			maps.Copy(c.settings, shared[from.ConfigMapRef.Name])
		}
		for _, e := range c.Env {
			c.settings[e.Name] = e.Value
		}
	}
	return out
}

// asked are the variables that a container of turno gets from a Secret or its
// own limits, with values like those that will be there.
func asked(made map[string]string, c container) map[string]string {
	all := map[string]string{}
	maps.Copy(all, c.settings)
	for _, e := range c.Env {
		switch ref := e.ValueFrom.SecretKeyRef; {
		case ref.Key == "connection_string":
			all[e.Name] = made["broker"]
		case ref.Key != "":
			all[e.Name] = made[ref.Key]
		case e.Value == "":
			all[e.Name] = c.Resources.Limits["cpu"]
		}
	}
	return all
}
