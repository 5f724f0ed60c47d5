package deploy

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"turno/internal/config"
	"turno/internal/testenv"
	"turno/test/lab"
)

func TestMain(m *testing.M) { lab.Main(m) }

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// reads tells whether the program reads a variable.
func reads(name string) bool {
	return slices.ContainsFunc(config.Fields(), func(f config.Field) bool { return f.Env == name })
}

var roles = []string{"scheduler", "api", "worker"}

// TestManifests_SayWhatTheProgramReads compares every container of turno with
// the program: it knows each variable, for that role, and takes each value; it
// listens where the ports and the probes say.
func TestManifests_SayWhatTheProgramReads(t *testing.T) {
	t.Parallel()
	made := secret(t)
	for name, text := range overlays(t) {
		seen := map[string]int{}
		for _, c := range containersOf(t, text) {
			if !strings.HasPrefix(c.Image, "turno-") {
				continue
			}
			at := name + ": " + c.Name
			if len(c.Args) != 1 || !slices.Contains(roles, c.Args[0]) {
				t.Errorf("%s: the arguments are %q, and no role", at, c.Args)
				continue
			}
			seen[c.Args[0]]++
			compare(t, at, c, made)
		}
		for _, role := range roles {
			if seen[role] == 0 {
				t.Errorf("%s: nobody is %s", name, role)
			}
		}
	}
}

func compare(t *testing.T, at string, c container, made map[string]string) {
	t.Helper()
	role, env := c.Args[0], asked(made, c)
	for name := range env {
		i := slices.IndexFunc(config.Fields(), func(f config.Field) bool { return f.Env == name })
		if i < 0 {
			t.Errorf("%s: the program does not read %s", at, name)
			continue
		}
		own := slices.ContainsFunc(c.Env, func(e struct {
			Name, Value string
			ValueFrom   struct {
				SecretKeyRef struct{ Name, Key string } `yaml:"secretKeyRef"`
			} `yaml:"valueFrom"`
		}) bool {
			return e.Name == name
		})
		if f := config.Fields()[i]; own && !slices.Contains([]string{"", "all", "role", role}, f.Group) {
			t.Errorf("%s: %s is of no use to that role", at, name)
		}
	}
	cfg, err := config.Load(config.Input{Host: c.Name, Home: "/", Env: func(k string) (string, bool) { v, ok := env[k]; return v, ok }})
	if err == nil {
		err = cfg.Validate(role)
	}
	if err != nil {
		t.Errorf("%s: %v", at, err)
		return
	}
	ports := map[string]string{}
	for _, p := range c.Ports {
		ports[p.Name] = fmt.Sprint(p.ContainerPort)
	}
	serves := map[string]string{"metrics": portOf(cfg.MetricsListen)}
	if role == "api" {
		serves["http"] = portOf(cfg.Listen)
	}
	for port, number := range serves {
		if ports[port] != number {
			t.Errorf("%s: port %s is %q, and the program listens on %q", at, port, ports[port], number)
		}
	}
	if len(ports) != len(serves) {
		t.Errorf("%s: ports %v, and the program has %v", at, ports, serves)
	}
	for _, p := range []probe{c.StartupProbe, c.LivenessProbe, c.ReadinessProbe} {
		if serves[p.HTTPGet.Port] == "" || p.HTTPGet.Path == "" {
			t.Errorf("%s: a probe asks %q of %q", at, p.HTTPGet.Path, p.HTTPGet.Port)
		}
	}
	if c.LivenessProbe.HTTPGet.Path != "/healthz" || c.LivenessProbe.HTTPGet.Port != "metrics" {
		t.Errorf("%s: alive is who answers %+v: broker and store must not matter", at, c.LivenessProbe)
	}
	if need := cfg.Drain + 30*time.Second; time.Duration(c.grace)*time.Second < need {
		t.Errorf("%s: has %d s to end, and needs %s", at, c.grace, need)
	}
	if limit, err := config.ParseBytes(c.Resources.Limits["memory"], 1); err != nil || cfg.Memory >= limit {
		t.Errorf("%s: gives jobs %d bytes of the %d that it may have: %v", at, cfg.Memory, limit, err)
	}
	if role == "worker" && (cfg.Drain == 0 || !cfg.EndJobs) {
		t.Errorf("%s: its jobs end with the pod, and it neither waits for them nor ends them", at)
	}
	paths(t, at, c, cfg)
}

// paths compares what the program writes to with what is mounted: the rest of
// the disk cannot be written to.
func paths(t *testing.T, at string, c container, cfg config.Config) {
	t.Helper()
	folders := []string{cfg.Data, os.TempDir()}
	if strings.HasPrefix(cfg.Files, "/") {
		folders = append(folders, cfg.Files)
	}
	for _, folder := range folders {
		if !slices.ContainsFunc(c.VolumeMounts, func(m struct {
			MountPath string `yaml:"mountPath"`
		}) bool {
			return folder == m.MountPath || strings.HasPrefix(folder, m.MountPath+"/")
		}) {
			t.Errorf("%s: %s is on no volume", at, folder)
		}
	}
}

func portOf(address string) string {
	_, port, _ := net.SplitHostPort(address)
	return port
}

// TestManifests_ProbesAreAnswered starts the real program as the manifests say,
// on other addresses and folders: each probe is answered, whoever asks by an
// address; the token of the Secret is taken; told to stop, each ends in time.
func TestManifests_ProbesAreAnswered(t *testing.T) {
	t.Parallel()
	made := secret(t)
	made["broker"], made["store"] = testenv.NATS(t).URL(), testenv.SharedPostgres(t)
	binary, dir := lab.Binary(t, lab.Build{}), t.TempDir()
	seen, api := map[string]bool{}, ""
	for _, c := range containersOf(t, overlays(t)["dev"]) {
		if !strings.HasPrefix(c.Image, "turno-") || seen[c.Args[0]] {
			continue
		}
		seen[c.Args[0]] = true
		env := asked(made, c)
		at := map[string]string{"metrics": fmt.Sprintf("127.0.0.1:%d", testenv.FreePort(t)), "http": fmt.Sprintf("127.0.0.1:%d", testenv.FreePort(t))}
		if c.Args[0] == "api" {
			env["TURNO_LISTEN"], env["TURNO_FILES"], api = at["http"], dir+"/files", at["http"]
		} else if c.Args[0] == "worker" {
			env["TURNO_SERVER"], env["TURNO_ALLOW_ROOT"] = "http://"+api, "true" // the test may be root; pods are not
		}
		env["TURNO_METRICS_LISTEN"], env["TURNO_DATA"] = at["metrics"], dir+"/"+c.Name
		start(t, binary, c.Args, env)
		for _, p := range []probe{c.StartupProbe, c.LivenessProbe, c.ReadinessProbe} {
			answered(t, "http://"+at[p.HTTPGet.Port]+p.HTTPGet.Path)
		}
	}
	if len(seen) != len(roles) {
		t.Errorf("started %v", seen)
	}
	cmd := exec.CommandContext(t.Context(), binary, "run", "--", "echo", "hello")
	cmd.Env = append(os.Environ(), "TURNO_SERVER=http://"+api, "TURNO_TOKEN="+made["token"], "TURNO_DATA="+dir)
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "hello") {
		t.Errorf("a job: %v\n%s", err, out)
	}
}

// start runs a role until the test ends, and then sees it stop when it is told.
func start(t *testing.T, binary string, args []string, env map[string]string) {
	t.Helper()
	cmd := exec.Command(binary, args...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}
	for k, v := range env {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	var log strings.Builder
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		late := time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() })
		if err := cmd.Wait(); err != nil || !late.Stop() || t.Failed() {
			t.Errorf("%v: %v\n%s", args, err, &log)
		}
	})
}

// answered asks until the answer is 200; a connection that is refused is asked
// again when the port can be open.
func answered(t *testing.T, url string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond) // the kubelet's part: a probe is asked until it is answered
	defer tick.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(req)
		if err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%s is not answered: %v", url, err)
		}
	}
}
