package cli

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"turno"
	"turno/internal/config"
)

// TestDoctor_InAContainer: what it says of each thing that a container can lack.
func TestDoctor_InAContainer(t *testing.T) {
	t.Parallel()
	const gib = 1 << 30
	docker := surroundings{kind: "docker", uid: 65532, memory: 8 * gib}
	pod := surroundings{kind: "kubernetes", uid: 65532, memory: 8 * gib, namespace: "lab"}
	with := func(at surroundings, change func(*surroundings)) surroundings {
		change(&at)
		return at
	}
	for _, c := range []struct {
		what string
		at   surroundings
		cfg  config.Config
		want []string // a state, a name and a word of the text or the advice
	}{
		{"no container", surroundings{uid: 0, gpuImage: true}, config.Config{}, nil},
		{"all is well", docker, config.Config{Memory: 7 * gib}, []string{"ok container docker, as user 65532", "ok memory 8G at most"}},
		{"root", with(docker, func(at *surroundings) { at.uid = 0 }), config.Config{}, []string{"warn container no --user 0", "ok memory "}},
		{"root in a pod", with(pod, func(at *surroundings) { at.uid = 0 }), config.Config{}, []string{"warn container runAsNonRoot", "ok memory "}},
		{"read-only folders", with(docker, func(at *surroundings) { at.cannot = []string{"/data", "/tmp"} }), config.Config{}, []string{"ok container ", "fail folder cannot write to /data", "fail folder --tmpfs /tmp", "ok memory "}},
		{"read-only in a pod", with(pod, func(at *surroundings) { at.cannot = []string{"/data"} }), config.Config{}, []string{"ok container ", "fail folder fsGroup", "ok memory "}},
		{"GPU image, no toolkit", with(docker, func(at *surroundings) { at.gpuImage = true }), config.Config{}, []string{"ok container ", "warn devices container toolkit", "ok memory "}},
		{"GPU image, driver, no device", with(docker, func(at *surroundings) { at.gpuImage, at.driver = true, true }), config.Config{}, []string{"ok container ", "fail devices --gpus all", "ok memory "}},
		{"the same in a pod", with(pod, func(at *surroundings) { at.gpuImage, at.driver = true, true }), config.Config{}, []string{"ok container ", "fail devices nvidia.com/gpu: 1", "ok memory "}},
		{"GPU image in a pod without", with(pod, func(at *surroundings) { at.gpuImage = true }), config.Config{}, []string{"ok container ", "warn devices runtimeClassName: nvidia", "ok memory "}},
		{"GPUs", with(docker, func(at *surroundings) { at.gpuImage, at.driver, at.gpus = true, true, 4 }), config.Config{}, []string{"ok container ", "ok devices 4 of NVIDIA's", "ok memory "}},
		{"no limit", with(docker, func(at *surroundings) { at.memory = 0 }), config.Config{}, []string{"ok container ", "warn memory --memory"}},
		{"no limit in a pod", with(pod, func(at *surroundings) { at.memory = 0 }), config.Config{}, []string{"ok container ", "warn memory limits.memory"}},
		{"jobs have it all", docker, config.Config{Memory: 8 * gib}, []string{"ok container ", "fail memory TURNO_MEMORY below"}},
		{"more CPUs than there are", with(docker, func(at *surroundings) { at.cpus = 1.5 }), config.Config{CPUs: 4 * turno.CPU}, []string{"ok container ", "ok memory ", "warn cpus jobs may have 4 CPUs and the container has 1.5"}},
		{"names", with(docker, func(at *surroundings) { at.unknown = []server{{"broker", "rabbitmq"}, {"store", "postgres"}} }), config.Config{}, []string{"ok container ", "ok memory ", "fail name docker network connect", "fail name postgres of the store"}},
		{"names in a pod", with(pod, func(at *surroundings) { at.unknown = []server{{"broker", "turno-rabbitmq"}} }), config.Config{}, []string{"ok container ", "ok memory ", "fail name Service turno-rabbitmq in lab"}},
	} {
		got := checkContainer(c.at, c.cfg)
		if len(got) != len(c.want) {
			t.Errorf("%s: %+v", c.what, got)
			continue
		}
		for i, want := range c.want {
			state, rest, _ := strings.Cut(want, " ")
			name, word, _ := strings.Cut(rest, " ")
			if g := got[i]; g.State != state || g.Name != name || !strings.Contains(g.Text+" → "+g.Fix, word) || state != "ok" && g.Fix == "" {
				t.Errorf("%s: %+v, want %q", c.what, g, want)
			}
		}
	}
}

// TestDoctor_FindsOutWhereItIs: kinds of containers, limits of both kinds of
// cgroups, names in settings.
func TestDoctor_FindsOutWhereItIs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ env, file, want string }{
		{"", "", ""}, {"", "/.dockerenv", "docker"}, {"", "/run/.containerenv", "docker"}, {"10.0.0.1", "", "kubernetes"}, {"10.0.0.1", "/.dockerenv", "kubernetes"},
	} {
		s := &session{sys: &System{Config: config.Input{Env: func(name string) (string, bool) { return c.env, name == "KUBERNETES_SERVICE_HOST" }}}}
		got := s.containerKind(func(path string) (fs.FileInfo, error) {
			if path == c.file {
				return nil, nil
			}
			return nil, fs.ErrNotExist
		})
		if got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
	for _, c := range []struct {
		files  map[string]string
		memory int64
		cpus   float64
	}{
		{nil, 0, 0},
		{map[string]string{"memory.max": "max", "cpu.max": "max 100000"}, 0, 0},
		{map[string]string{"memory.max": "1073741824", "cpu.max": "150000 100000"}, 1 << 30, 1.5},
		{map[string]string{"memory/memory.limit_in_bytes": "9223372036854771712", "cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 0, 0},
		{map[string]string{"memory/memory.limit_in_bytes": "536870912", "cpu/cpu.cfs_quota_us": "200000", "cpu/cpu.cfs_period_us": "100000"}, 512 << 20, 2},
		{map[string]string{"memory.max": "nonsense", "cpu.max": "1"}, 0, 0},
	} {
		root := fstest.MapFS{}
		for name, text := range c.files {
			root["sys/fs/cgroup/"+name] = &fstest.MapFile{Data: []byte(text + "\n")}
		}
		if memory, cpus := limitsOf(root); memory != c.memory || cpus != c.cpus {
			t.Errorf("%v: %d, %g", c.files, memory, cpus)
		}
	}
	cfg := config.Config{Broker: "amqp://u:p@rabbitmq:5672/", Store: "postgres://u:p@10.0.0.1/turno", Server: "http://localhost:5000"}
	if got := fmt.Sprint(serversOf(cfg)); got != "[{broker rabbitmq}]" {
		t.Errorf("servers %s", got)
	}
	cfg = config.Config{Broker: "embedded", Store: "sqlite", Server: "http://api:5000"}
	if got := fmt.Sprint(serversOf(cfg)); got != "[{server api}]" {
		t.Errorf("servers %s", got)
	}
}
