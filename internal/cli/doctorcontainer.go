package cli

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"turno/internal/config"
)

// surroundings are what a container is to who is in it. They are found out first
// and judged then, so that a table can hold the judgement.
type surroundings struct {
	kind      string // "docker", "kubernetes", or "" outside of any
	uid       int
	gpuImage  bool     // the image asks NVIDIA's container runtime for devices
	gpus      int      // device nodes of GPUs
	driver    bool     // NVIDIA's driver was put in, as its runtime does
	cannot    []string // folders that turno writes to and cannot
	memory    int64    // that the container may have; 0: no limit
	cpus      float64  // the same
	namespace string   // of Kubernetes
	unknown   []server // names that are not known here
}

// server is a part elsewhere, by its setting and the host in its address.
type server struct{ setting, host string }

// lookAround finds out where this runs.
func (s *session) lookAround(ctx context.Context, cfg config.Config) surroundings {
	at := surroundings{kind: s.containerKind(os.Stat), uid: os.Geteuid()}
	if at.kind == "" {
		return at
	}
	visible := s.env("NVIDIA_VISIBLE_DEVICES")
	at.gpuImage = visible != "" && visible != "void" && visible != "none"
	nodes, _ := filepath.Glob("/dev/nvidia[0-9]*") // the pattern is good
	at.gpus = len(nodes)
	_, err := os.Stat("/dev/nvidiactl")
	at.driver = err == nil
	for _, dir := range []string{cfg.Data, os.TempDir()} {
		if err := writable(existing(dir)); errors.Is(err, syscall.EROFS) || errors.Is(err, fs.ErrPermission) {
			at.cannot = append(at.cannot, dir)
		}
	}
	at.memory, at.cpus = limitsOf(os.DirFS("/"))
	if text, err := os.ReadFile("/var/run/secrets/kubernetes.io/serviceaccount/namespace"); err == nil {
		at.namespace = strings.TrimSpace(string(text))
	}
	for _, part := range serversOf(cfg) {
		if _, err := net.DefaultResolver.LookupHost(ctx, part.host); err != nil {
			at.unknown = append(at.unknown, part)
		}
	}
	return at
}

// containerKind tells containers by what their engines leave in them.
func (s *session) containerKind(stat func(string) (fs.FileInfo, error)) string {
	if s.env("KUBERNETES_SERVICE_HOST") != "" {
		return "kubernetes"
	}
	for _, file := range []string{"/.dockerenv", "/run/.containerenv"} {
		if _, err := stat(file); err == nil {
			return "docker"
		}
	}
	return ""
}

func writable(dir string) error {
	f, err := os.CreateTemp(dir, ".turno-doctor-*")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// limitsOf reads what cgroups, the second kind or the first, let this have.
func limitsOf(root fs.FS) (memory int64, cpus float64) {
	read := func(file string) []string {
		text, _ := fs.ReadFile(root, file) // none: no limit
		return strings.Fields(string(text))
	}
	const none = 1 << 60 // the first kind writes a number like this for no limit
	for _, file := range []string{"sys/fs/cgroup/memory.max", "sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		if words := read(file); len(words) == 1 {
			if n, err := strconv.ParseInt(words[0], 10, 64); err == nil && n < none {
				memory = n
			}
		}
	}
	words := read("sys/fs/cgroup/cpu.max")
	if len(words) == 0 {
		words = append(read("sys/fs/cgroup/cpu/cpu.cfs_quota_us"), read("sys/fs/cgroup/cpu/cpu.cfs_period_us")...)
	}
	if len(words) == 2 {
		quota, bad := strconv.ParseFloat(words[0], 64)
		period, err := strconv.ParseFloat(words[1], 64)
		if bad == nil && err == nil && quota > 0 && period > 0 {
			cpus = quota / period
		}
	}
	return memory, cpus
}

// serversOf are the parts that the settings say are elsewhere, by name.
func serversOf(cfg config.Config) (out []server) {
	for _, part := range []server{{"broker", cfg.Broker}, {"store", cfg.Store}, {"server", cfg.Server}} {
		u, err := url.Parse(part.host)
		if err != nil || u.Hostname() == "" || net.ParseIP(u.Hostname()) != nil || u.Hostname() == "localhost" {
			continue
		}
		out = append(out, server{part.setting, u.Hostname()})
	}
	return out
}

// checkContainer says what a container lacks; outside of one it says nothing.
func checkContainer(at surroundings, cfg config.Config) (checks []check) {
	if at.kind == "" {
		return nil
	}
	kubernetes := at.kind == "kubernetes"
	by := func(docker, cluster string) string {
		if kubernetes {
			return cluster
		}
		return docker
	}
	if at.uid == 0 {
		checks = append(checks, warn("container", by("start it as 65532:65532, as the images do: no --user 0", "runAsNonRoot: true, runAsUser: 65532, as deploy/kubernetes has it"), "%s, as root: jobs may become any user of it", at.kind))
	} else {
		checks = append(checks, okay("container", "%s, as user %d", at.kind, at.uid))
	}
	for _, dir := range at.cannot {
		checks = append(checks, fail("folder", by("give it a volume, or --tmpfs "+dir+", that user "+strconv.Itoa(at.uid)+" may write to", "mount a volume at "+dir+", with fsGroup 65532"), "user %d cannot write to %s", at.uid, dir))
	}
	checks = append(checks, checkDevices(at, by)...)
	return append(append(checks, checkLimits(at, cfg, by)...), checkNames(at, by)...)
}

// checkDevices is for the images that are made for GPUs.
func checkDevices(at surroundings, by func(docker, cluster string) string) []check {
	switch {
	case !at.gpuImage:
		return nil
	case at.gpus > 0:
		return []check{okay("devices", "%d of NVIDIA's", at.gpus)}
	case at.driver:
		return []check{fail("devices", by("--gpus all, or the device reservation of deploy/compose: its profile gpu", "ask for some: limits: {nvidia.com/gpu: 1}"), "the image is for GPUs and the driver is here, but no GPU was given to it")}
	}
	return []check{warn("devices", by("install NVIDIA's container toolkit on the machine, and start with --gpus all; it works with CPUs until then",
		"limits: {nvidia.com/gpu: 1}, and where the cluster needs it runtimeClassName: nvidia; it works with CPUs until then"), "the image is for GPUs, and neither a device nor the driver is here")}
}

func checkLimits(at surroundings, cfg config.Config, by func(docker, cluster string) string) []check {
	var checks []check
	switch {
	case at.memory == 0:
		checks = append(checks, warn("memory", by("bound it with --memory, or mem_limit", "set limits.memory"), "the container has no limit: a job can take all of the machine's"))
	case cfg.Memory >= at.memory:
		checks = append(checks, fail("memory", "set TURNO_MEMORY below the limit: the rest is turno's own", "jobs may have %s of the %s of the container: it is killed with all of them", config.FormatBytes(cfg.Memory), config.FormatBytes(at.memory)))
	default:
		checks = append(checks, okay("memory", "%s at most, by the container", config.FormatBytes(at.memory)))
	}
	if asked := float64(cfg.CPUs) / 1000; at.cpus > 0 && asked > at.cpus {
		checks = append(checks, warn("cpus", "set TURNO_CPUS to what the container has", "jobs may have %g CPUs and the container has %g: all are slower", asked, at.cpus))
	}
	return checks
}

func checkNames(at surroundings, by func(docker, cluster string) string) (checks []check) {
	for _, s := range at.unknown {
		in := at.namespace
		if in == "" {
			in = "this namespace"
		}
		checks = append(checks, fail("name", by("is it on one network with the service "+s.host+"? see networks: in compose.yaml, or docker network connect",
			"is there a Service "+s.host+" in "+in+"? one of another namespace is NAME.NAMESPACE.svc; and may this pod ask for names (port 53 in a NetworkPolicy)?"), "%s of the %s is not known here", s.host, s.setting))
	}
	return checks
}
