package testenv

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Part is something outside of Go that a test needs. Its text is its name in
// TURNO_TEST_REQUIRE.
type Part string

// The parts there are.
const (
	RabbitMQNeed Part = "rabbitmq"
	PostgresNeed Part = "postgres"
	NATSNeed     Part = "nats"
	PythonNeed   Part = "python" // /usr/bin/python3
	S3Need       Part = "s3"
	PikaNeed     Part = "pika"     // /usr/bin/python3 with RabbitMQ's client
	OpenBLASNeed Part = "openblas" // libopenblas.so.0
	TorchNeed    Part = "torch"    // /usr/bin/python3 with PyTorch
	ChromiumNeed Part = "chromium"
	// TypeScriptNeed is its checker, a binary; AxeNeed are rules of
	// accessibility, a script for a browser.
	TypeScriptNeed Part = "typescript"
	AxeNeed        Part = "axe"
	CgroupNeed     Part = "cgroup"  // version 2, writable, with cgroup.kill
	MountNeed      Part = "mount"   // the right to mount a tmpfs
	GPUNeed        Part = "gpu"     // an NVIDIA device
	NetworkNeed    Part = "network" // the right to make network namespaces, with iptables and tc
	StraceNeed     Part = "strace"  // the right to trace processes
	TeXNeed        Part = "tex"     // pdflatex with IEEE's style, and pdftotext
	PrometheusNeed Part = "prometheus"
	RedisNeed      Part = "redis"   // for bench/peers; no test needs it
	HistoryNeed    Part = "history" // this repository's, to build what was before
	RootNeed       Part = "root"    // user id 0
	SystemdNeed    Part = "systemd" // systemd-analyze, and Debian's dpkg
)

// What the GPU's side needs.
const (
	ClangNeed  Part = "clang"  // clang-16, which makes the kernels' PTX
	DriverNeed Part = "driver" // NVIDIA's libcuda and NVML, loadable without a device
	// ToolkitNeed is NVIDIA's assembler and its run-time compiler, which need no
	// device either.
	ToolkitNeed Part = "toolkit"
)

// RequireVariable names the environment variable that lists, with commas, the
// parts whose absence is a failure and not a skip.
const RequireVariable = "TURNO_TEST_REQUIRE"

// SkipMark begins the reason of every skip, followed by the part's name and a
// colon. cmd/gotest refuses a skip without it.
const SkipMark = "testenv: needs "

// parts says of each part how to see that it is missing, and how to get it.
var parts = map[Part]struct {
	missing func() error
	install string
	server  bool // takes a start: left out with -short
}{
	ClangNeed:      {noFile("/usr/bin/clang-16"), "apt-get install clang-16", false},
	DriverNeed:     {noPath("NVIDIA's driver library", nvidiaDriver), "scripts/test-deps", false},
	ToolkitNeed:    {noPath("NVIDIA's ptxas and libnvrtc", nvidiaToolkit), "scripts/test-deps", false},
	RabbitMQNeed:   {noFile(rabbitServer), "apt-get install rabbitmq-server", true},
	PostgresNeed:   {noPath("PostgreSQL's server", postgresBin), "apt-get install postgresql-15", true},
	NATSNeed:       {noPath("nats-server", natsServer), "apt-get install nats-server", true},
	PythonNeed:     {noFile(systemPython), "apt-get install python3", false},
	S3Need:         {noPath("Versity's S3 gateway", versitygw), "scripts/test-deps", true},
	PikaNeed:       {noModule("pika"), "apt-get install python3-pika", false},
	OpenBLASNeed:   {noFile("/usr/lib/*/libopenblas.so.0"), "apt-get install libopenblas0", false},
	TorchNeed:      {noModule("torch"), "apt-get install python3-torch", false},
	ChromiumNeed:   {noFile("/usr/bin/chromium"), "apt-get install chromium", false},
	TypeScriptNeed: {noPath("TypeScript", typeScript), "scripts/test-deps", false},
	AxeNeed:        {noPath("axe-core", axe), "scripts/test-deps", false},
	CgroupNeed:     {noCgroup, "run as root, or in a delegated cgroup v2 (systemd: Delegate=yes)", false},
	MountNeed:      {noMount, "run as root", false},
	GPUNeed:        {noFile("/dev/nvidia[0-9]*"), "an NVIDIA GPU and its driver", false},
	NetworkNeed:    {noNetwork, "apt-get install iproute2 iptables, and run as root", false},
	StraceNeed:     {noTrace, "apt-get install strace, and run as root", false},
	TeXNeed:        {noTeX, "scripts/test-deps", false},
	PrometheusNeed: {noFile(prometheus), "apt-get install prometheus", true},
	RedisNeed:      {noFile(redisServer), "apt-get install redis-server", true},
	HistoryNeed:    {noHistory, "git fetch --unshallow, in a clone of the repository", false},
	RootNeed:       {noRoot, "run as root", false},
	EngineNeed:     {noEngine, "make test-images", true},
	WineNeed:       {noWine, "make test-wine", true},
	SystemdNeed:    {noFile("/usr/bin/systemd-analyze"), "apt-get install systemd", false},
}

// Need skips the test if a part is missing, or is a server and the run is
// -short; it fails the test if that part is required by TURNO_TEST_REQUIRE.
func Need(t testing.TB, needed ...Part) {
	t.Helper()
	required, err := requiredParts(os.Getenv(RequireVariable))
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range needed {
		known, ok := parts[part]
		if !ok {
			t.Fatalf("testenv: no part is called %q", part)
		}
		missing := known.missing()
		if missing == nil && known.server && testing.Short() && !slices.Contains(required, part) {
			t.Skipf("%s%s: servers are not started with -short", SkipMark, part)
		}
		switch {
		case missing == nil:
		case slices.Contains(required, part):
			t.Fatalf("%s requires %s: %v; to get it: %s", RequireVariable, part, missing, known.install)
		default:
			t.Skipf("%s%s: %v; to get it: %s", SkipMark, part, missing, known.install)
		}
	}
}

// requiredParts refuses a name that no part has: a misspelt one would require
// nothing.
func requiredParts(list string) ([]Part, error) {
	var required []Part
	for name := range strings.SplitSeq(list, ",") {
		part := Part(strings.TrimSpace(name))
		if part == "" {
			continue
		}
		if _, ok := parts[part]; !ok {
			return nil, fmt.Errorf("%s: no part is called %q; there are %v", RequireVariable, part, slices.Sorted(maps.Keys(parts)))
		}
		required = append(required, part)
	}
	return required, nil
}

func noFile(pattern string) func() error {
	return func() error {
		if found, _ := filepath.Glob(pattern); len(found) == 0 {
			return fmt.Errorf("there is no %s", pattern)
		}
		return nil
	}
}

func noRoot() error {
	if os.Geteuid() != 0 {
		return fmt.Errorf("this is user %d", os.Geteuid())
	}
	return nil
}

func noPath(what string, find func() string) func() error {
	return func() error {
		if find() == "" {
			return fmt.Errorf("%s is not installed", what)
		}
		return nil
	}
}

// noTeX looks for what a paper needs: each is of another package.
func noTeX() error {
	for _, path := range []string{"/usr/bin/pdflatex", "/usr/share/texlive/texmf-dist/tex/latex/ieeetran/IEEEtran.cls",
		"/usr/share/texlive/texmf-dist/tex/generic/babel-spanish/spanish.ldf", "/usr/bin/pdftotext"} {
		if err := noFile(path)(); err != nil {
			return err
		}
	}
	return nil
}

// noModule looks for the module and does not import it: PyTorch takes seconds.
func noModule(name string) func() error {
	return func() error {
		find := "import importlib.util, sys; sys.exit(importlib.util.find_spec('" + name + "') is None)"
		if err := exec.Command(systemPython, "-c", find).Run(); err != nil {
			return fmt.Errorf("find Python module %s: %w", name, err)
		}
		return nil
	}
}

// noCgroup tries: what is mounted may still be read-only or another's.
func noCgroup() error {
	root, err := cgroupRoot()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(root, "turno-testenv-")
	if err != nil {
		return fmt.Errorf("make a cgroup: %w", err)
	}
	defer os.Remove(dir)
	if _, err := os.Stat(filepath.Join(dir, "cgroup.kill")); err != nil {
		return fmt.Errorf("find cgroup.kill (Linux 5.14): %w", err)
	}
	return nil
}

// noHistory finds out whether tests stand in a whole clone.
func noHistory() error {
	out, err := exec.Command("git", "rev-parse", "--is-shallow-repository").CombinedOutput()
	switch text := strings.TrimSpace(string(out)); {
	case err != nil:
		return fmt.Errorf("this is no git repository: %s: %w", text, err)
	case text != "false":
		return errors.New("this clone is shallow: it does not hold the commits that are built and upgraded from")
	}
	return nil
}

// cgroupRoot is where cgroup v2 is mounted, also beside v1.
func cgroupRoot() (string, error) {
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return "", fmt.Errorf("find cgroup v2: %w", err)
	}
	for line := range strings.Lines(string(mounts)) {
		if f := strings.Fields(line); len(f) > 2 && f[2] == "cgroup2" {
			return f[1], nil
		}
	}
	return "", errors.New("cgroup v2 is not mounted")
}

// AllBut lists, for TURNO_TEST_REQUIRE, every part but those named.
func AllBut(except ...Part) string {
	var names []string
	for _, part := range slices.Sorted(maps.Keys(parts)) {
		if !slices.Contains(except, part) {
			names = append(names, string(part))
		}
	}
	return strings.Join(names, ",")
}

// noNetwork tries.
func noNetwork() error {
	out, err := exec.Command("unshare", "--net", "iptables", "-w", "-A", "OUTPUT", "-m", "statistic", "--mode", "random", "--probability", "0.2", "-j", "DROP").CombinedOutput()
	if err != nil {
		return fmt.Errorf("filter packets in a network namespace: %w: %s", err, out)
	}
	return nil
}

// noTrace tries.
func noTrace() error {
	if out, err := exec.Command("strace", "-qq", "-e", "inject=fsync:error=EIO", "-e", "trace=fsync", "true").CombinedOutput(); err != nil {
		return fmt.Errorf("trace a process: %w: %s", err, out)
	}
	return nil
}
