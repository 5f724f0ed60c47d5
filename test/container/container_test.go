package container

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestProblems_EachIsFound(t *testing.T) {
	t.Parallel()
	sound := Container{
		Name: "w", Args: []string{"worker", "--cpus", "2"}, Config: "broker: amqp://a:b@c/\n",
		Env:   map[string]string{"TURNO_METRICS_LISTEN": "0.0.0.0:9464", "TURNO_DATA": "/data/turno", "TURNO_CONFIG": "/run/c", "HOME": "/"},
		Ports: []int{9464}, Probes: []Probe{{Path: "/readyz", Port: 9464}, {Command: []string{"/usr/bin/turno", "health"}}}, Write: []string{"/data"},
	}
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, []byte(sound.Config), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := sound.Problems(file); len(got) != 0 {
		t.Errorf("a sound one: %q", got)
	}
	env := func(name, value string) func(*Container) {
		return func(c *Container) {
			c.Env = map[string]string{name: value, "TURNO_METRICS_LISTEN": "0.0.0.0:9464", "TURNO_DATA": "/data"}
		}
	}
	for _, tt := range []struct {
		what   string
		change func(*Container)
		want   string
	}{
		{"no role", func(c *Container) { c.Args = []string{"serve"} }, "no role"},
		{"a flag of another role", func(c *Container) { c.Args = []string{"worker", "--listen", ":1"} }, `no "--listen"`},
		{"a flag without its value", func(c *Container) { c.Args = []string{"worker", "--cpus"} }, "has no value"},
		{"a misspelt variable", env("TURNO_CPU", "2"), "did you mean TURNO_CPUS?"},
		{"a value that is refused", env("TURNO_HEARTBEAT", "1h"), "heartbeat"},
		{"a value that is none", env("TURNO_MEMORY", "lots"), "memory"},
		{"a file that nobody makes", func(c *Container) { c.Config = "" }, "nothing puts there"},
		{"a port that nothing listens on", func(c *Container) { c.Ports = []int{80} }, "does not listen on port 80"},
		{"a probe elsewhere", func(c *Container) { c.Probes = []Probe{{Path: "/healthz", Port: 80}} }, "asks port 80"},
		{"a probe of another path", func(c *Container) { c.Probes = []Probe{{Path: "/health", Port: 9464}} }, "asks for /health;"},
		{"a probe that cannot reach it", func(c *Container) { c.Args = append(c.Args, "--metrics-listen=127.0.0.1:9464") }, "listens at 127.0.0.1:9464 only"},
		{"a check by a shell", func(c *Container) { c.Probes = []Probe{{Command: []string{"curl", "x"}}} }, "use the program itself"},
		{"nowhere to write", func(c *Container) { c.Write = []string{"/dat"} }, "/data/turno cannot be written to"},
	} {
		c := sound
		tt.change(&c)
		if got := c.Problems(file); !slices.ContainsFunc(got, func(text string) bool { return strings.Contains(text, tt.want) }) {
			t.Errorf("%s: %q, want one with %q", tt.what, got, tt.want)
		}
	}
}
