package container

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

const deploy = "../../deploy/"

// target is a stage of the Dockerfile, as far as it says how turno is started.
type target struct {
	name, base, user string
	env              map[string]string
	ports            []int
	volumes          []string
	health, entry    []string
	command, labels  []string
	runsShell        bool
}

// targets reads the Dockerfile: its instructions, lines joined, one after the other.
func targets(t *testing.T) map[string]*target {
	t.Helper()
	data, err := os.ReadFile(deploy + "docker/Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	text := regexp.MustCompile(`(?m)^\s*#.*\n`).ReplaceAllString(string(data), "")
	text = strings.ReplaceAll(text, "\\\n", " ")
	all, args, now := map[string]*target{}, map[string]string{}, (*target)(nil)
	for line := range strings.Lines(text) {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		rest = strings.TrimSpace(rest)
		switch {
		case word == "ARG" && now == nil:
			name, value, _ := strings.Cut(rest, "=")
			args[name] = expand(value, args)
		case word == "FROM":
			f := strings.Fields(rest)
			now = &target{name: f[len(f)-1], base: expand(f[len(f)-3], args), env: map[string]string{}}
			all[now.name] = now
		case now != nil:
			now.take(t, word, rest)
		}
	}
	return all
}

func expand(text string, values map[string]string) string {
	return os.Expand(text, func(name string) string { return values[name] })
}

func (s *target) take(t *testing.T, word, rest string) {
	t.Helper()
	list := func(text string) (out []string) {
		if err := json.Unmarshal([]byte(text), &out); err != nil {
			t.Errorf("%s: %s %s is not in the form of a list, so a shell would run it: %v", s.name, word, rest, err)
		}
		return out
	}
	switch word {
	case "ENV":
		for _, m := range regexp.MustCompile(`(\w+)=("[^"]*"|\S+)`).FindAllStringSubmatch(rest, -1) {
			s.env[m[1]] = strings.Trim(m[2], `"`)
		}
	case "EXPOSE":
		for p := range strings.FieldsSeq(rest) {
			n, _ := strconv.Atoi(p)
			s.ports = append(s.ports, n)
		}
	case "VOLUME":
		s.volumes = append(s.volumes, strings.Fields(rest)...)
	case "USER":
		s.user = rest
	case "ENTRYPOINT":
		s.entry = list(rest)
	case "CMD":
		s.command = list(rest)
	case "HEALTHCHECK":
		_, check, _ := strings.Cut(rest, "CMD ")
		s.health = list(check)
	case "LABEL":
		s.labels = append(s.labels, rest)
	case "RUN":
		s.runsShell = true
	}
}

// turnos are the targets that run turno.
var turnos = []string{"server", "worker-cpu", "worker-gpu", "worker-torch"}

func TestDockerfile_EachImageIsClosedAndPinned(t *testing.T) {
	t.Parallel()
	all := targets(t)
	for _, name := range append([]string{"monitor"}, turnos...) {
		s := all[name]
		if s == nil {
			t.Fatalf("there is no target %s", name)
		}
		if s.user != "65532:65532" {
			t.Errorf("%s: USER %q: a number for the group too, else it is 0", name, s.user)
		}
		if !strings.Contains(strings.Join(s.labels, " "), "org.opencontainers.image.version") || len(s.volumes) == 0 || len(s.entry) == 0 || len(s.health) == 0 {
			t.Errorf("%s: labels, volume, entry point or health check are missing: %+v", name, s)
		}
	}
	for _, s := range all {
		_, version, pinned := strings.Cut(s.base, ":")
		if s.base != "scratch" && all[s.base] == nil && (!pinned || !strings.ContainsAny(version, "0123456789")) {
			t.Errorf("%s: base %q has no version", s.name, s.base)
		}
	}
	if all["server"].runsShell || all["server"].base != "scratch" {
		t.Error("server: it has a shell's work or a base")
	}
}

func TestDockerfile_SaysWhatTurnoReads(t *testing.T) {
	t.Parallel()
	all := targets(t)
	for _, name := range turnos {
		s := all[name]
		args := s.command
		if name == "server" {
			args = []string{"api"} // it is told by who starts it
		}
		for _, text := range s.container(args).problems(t) {
			// What a deployment gives, not an image.
			if !strings.Contains(text, "embedded is for turno up") && !strings.Contains(text, "sqlite is for turno up") {
				t.Error(text)
			}
		}
	}
}

func (s *target) container(args []string) Container {
	return Container{Name: s.name, Args: args, Env: s.env, Ports: s.ports, Probes: []Probe{{Command: s.health}}, Write: s.volumes}
}

// problems writes the configuration where it can be read.
func (c Container) problems(t *testing.T) []string {
	t.Helper()
	if c.Config == "" {
		return c.Problems("")
	}
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, []byte(c.Config), 0o600); err != nil {
		t.Fatal(err)
	}
	return c.Problems(file)
}

// service is one of the compose file, as far as it is looked at.
type service struct {
	Image       string
	Build       struct{ Target string }
	User        string
	ReadOnly    bool     `yaml:"read_only"`
	CapDrop     []string `yaml:"cap_drop"`
	SecurityOpt []string `yaml:"security_opt"`
	Restart     string
	Command     []string
	Environment map[string]string
	Networks    []string
	Ports       []string
	Volumes     []string
	Tmpfs       []string
	Profiles    []string
	Privileged  bool
}

type composition struct {
	Services map[string]service
	Networks map[string]struct{ Internal bool }
	Volumes  map[string]any
}

// compose reads the file with what it leaves open left open.
func compose(t *testing.T) composition {
	t.Helper()
	data, err := os.ReadFile(deploy + "compose/compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var c composition
	if err := yaml.Unmarshal(regexp.MustCompile(`\$\{\w+:-([^}]*)\}`).ReplaceAll(data, []byte("$1")), &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// once are services that do something and end.
var once = []string{"secrets", "worker-token"}

// secret is what deploy/compose/secrets.sh writes for a role.
var secret = map[string]string{
	"secrets-server": "broker: amqp://turno:0a@broker:5672/\nstore: \"postgres://turno:0a@store:5432/turno?sslmode=disable\"\n",
	"secrets-worker": "broker: amqp://turno:0a@broker:5672/\n",
}

func TestCompose_SaysWhatTurnoReads(t *testing.T) {
	t.Parallel()
	all, c := targets(t), compose(t)
	for name, s := range c.Services {
		image := all[s.Build.Target]
		if image == nil || !slices.Contains(turnos, image.name) || slices.Contains(once, name) {
			continue
		}
		is := image.container(s.Command)
		is.Name = name
		is.Env = map[string]string{}
		for _, env := range []map[string]string{image.env, s.Environment} {
			maps.Copy(is.Env, env)
		}
		is.Ports, is.Write = inner(s.Ports), slices.Clone(image.volumes)
		for _, v := range s.Volumes {
			source, rest, _ := strings.Cut(v, ":")
			at, mode, _ := strings.Cut(rest, ":")
			if mode != "ro" {
				is.Write = append(is.Write, at)
			}
			if secret[source] != "" && is.Env["TURNO_CONFIG"] == at+"/config.yaml" {
				is.Config = secret[source]
			}
		}
		for _, text := range is.problems(t) {
			t.Error(text)
		}
	}
}

// inner are the ports within, of those that are published.
func inner(ports []string) (out []int) {
	for _, p := range ports {
		n, _ := strconv.Atoi(p[strings.LastIndex(p, ":")+1:])
		out = append(out, n)
	}
	return out
}

func TestCompose_IsClosed(t *testing.T) {
	t.Parallel()
	c := compose(t)
	if len(c.Services) < 10 || !c.Networks["control"].Internal {
		t.Errorf("%d services; control: %+v", len(c.Services), c.Networks["control"])
	}
	for name, s := range c.Services {
		for _, text := range s.open(name) {
			t.Errorf("%s: %s", name, text)
		}
		for _, v := range s.Volumes {
			source, _, _ := strings.Cut(v, ":")
			if _, ok := c.Volumes[source]; !ok && !strings.HasPrefix(source, "./") {
				t.Errorf("%s: nobody declares the volume %s", name, source)
			}
		}
		base := s.Image
		if _, version, ok := strings.Cut(base, ":"); s.Build.Target == "" && (!ok || version == "latest") {
			t.Errorf("%s: image %q has no version", name, base)
		}
	}
}

// open is what is wider than it has to be.
func (s service) open(name string) (found []string) {
	add := func(bad bool, format string, args ...any) {
		if bad {
			found = append(found, fmt.Sprintf(format, args...))
		}
	}
	add(s.Privileged, "is privileged")
	add(!slices.Contains(s.CapDrop, "ALL"), "keeps capabilities")
	add(!slices.Contains(s.SecurityOpt, "no-new-privileges:true"), "may gain privileges")
	add(!slices.Contains(once, name) && s.Restart != "unless-stopped", "is not started again: %q", s.Restart)
	add(s.Build.Target != "" && !s.ReadOnly, "its root is not read-only")
	add(s.Build.Target != "" && name != "secrets" && s.User != "65532:65532", "its user is %q", s.User)
	for _, p := range s.Ports {
		add(!strings.HasPrefix(p, "127.0.0.1:"), "publishes %s beyond this machine", p)
	}
	for k := range s.Environment {
		add(regexp.MustCompile(`PASS|TOKEN$|SECRET`).MatchString(k) && !strings.HasSuffix(k, "_FILE"), "has a secret in %s", k)
	}
	return found
}
