package deploy

import (
	"context"
	"fmt"
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
	checks "turno/test/container"
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

// compare holds a container against the program, by the checker that compose and
// the Dockerfile have too, and then against what is Kubernetes' alone.
func compare(t *testing.T, at string, c container, made map[string]string) {
	t.Helper()
	role, env := c.Args[0], asked(made, c)
	check := checks.Container{Name: at, Args: c.Args, Env: env, Shared: shared(c)}
	ports := map[string]int{}
	for _, p := range c.Ports {
		ports[p.Name] = p.ContainerPort
		check.Ports = append(check.Ports, p.ContainerPort)
	}
	for _, p := range []probe{c.StartupProbe, c.LivenessProbe, c.ReadinessProbe} {
		check.Probes = append(check.Probes, checks.Probe{Path: p.HTTPGet.Path, Port: ports[p.HTTPGet.Port]})
	}
	for _, m := range c.VolumeMounts {
		check.Write = append(check.Write, m.MountPath)
	}
	for _, text := range check.Problems("") {
		t.Error(text)
	}
	if !slices.Contains(check.Write, os.TempDir()) {
		t.Errorf("%s: %s is on no volume", at, os.TempDir())
	}
	cfg, err := config.Load(config.Input{Host: c.Name, Home: "/", Env: func(k string) (string, bool) { v, ok := env[k]; return v, ok }})
	if err != nil {
		return // the checker has said so
	}
	if want := map[string]int{"scheduler": 1, "api": 2, "worker": 1}[role]; len(ports) != want {
		t.Errorf("%s: ports %v, and the program has %d", at, ports, want)
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
}

// shared are the variables that a container has from a ConfigMap, as all have.
func shared(c container) (names []string) {
	for name := range c.settings {
		if !slices.ContainsFunc(c.Env, func(e variable) bool { return e.Name == name }) {
			names = append(names, name)
		}
	}
	return names
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
