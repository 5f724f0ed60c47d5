// Package container looks at how turno is started in a container, whatever
// says so (a Dockerfile, a compose file, a manifest of Kubernetes), and finds
// what the program would not read, refuse, or not answer at. It uses the
// program's own settings, so it cannot fall behind them. It starts nothing.
package container

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"path"
	"slices"
	"strconv"
	"strings"

	"turno/internal/config"
)

// Container is what something says of one that runs turno.
type Container struct {
	Name string // for messages
	// Args follow the program's name: the role, and its flags.
	Args []string
	// Env are its variables. One whose value comes from elsewhere (a secret) has
	// an example of it here.
	Env map[string]string
	// Shared are those of them that containers of all roles have alike; the others
	// must be of use to its own.
	Shared []string
	// Config is a file that TURNO_CONFIG names; "" if the container has none.
	Config string
	Ports  []int    // that it is said to listen on
	Probes []Probe  // that something asks
	Write  []string // folders that it can write to
}

// Probe is what is asked to find out how a container is: over HTTP, or by a
// command in it.
type Probe struct {
	Path    string
	Port    int
	Command []string
}

// roles are the groups of settings that each role's flags are of.
var roles = map[string][]string{
	"scheduler": {"all", "role", "scheduler"},
	"api":       {"all", "role", "api"},
	"worker":    {"all", "role", "worker"},
	"up":        {"all", "role", "scheduler", "api", "worker"},
}

// beside are variables that are read without being settings.
var beside = []string{"TURNO_CONFIG", "TURNO_CUDA_LIBS"}

// Reads tells whether the program reads a variable.
func Reads(name string) bool {
	return slices.Contains(beside, name) || slices.ContainsFunc(config.Fields(), func(f config.Field) bool { return f.Env == name })
}

// Problems is everything that is wrong, a line each. configFile is where a file
// with the content of Config lies on this machine; "" if there is none.
func (c Container) Problems(configFile string) []string {
	var p []string
	add := func(format string, args ...any) { p = append(p, c.Name+": "+fmt.Sprintf(format, args...)) }
	if len(c.Args) == 0 || roles[c.Args[0]] == nil {
		add("runs %q, which is no role", c.Args)
		return p
	}
	role := c.Args[0]
	flags, bad := readFlags(roles[role], c.Args[1:])
	for _, text := range bad {
		add("%s", text)
	}
	c.checkEnv(role, add)
	cfg, err := config.Load(config.Input{Flags: flags, Env: c.lookup(configFile), Home: "/home", Host: "host", File: configFile})
	if err == nil {
		err = cfg.Validate(strings.Replace(role, "up", "all", 1)) // as up calls itself
	}
	if all, ok := errors.AsType[config.Problems](err); ok {
		for _, text := range all {
			add("%s", text)
		}
	} else if err != nil {
		add("%v", err)
	}
	c.checkPorts(role, cfg, add)
	c.checkWrite(role, cfg, add)
	return p
}

type report func(format string, args ...any)

func (c Container) lookup(configFile string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		if name == "TURNO_CONFIG" {
			return configFile, configFile != ""
		}
		v, ok := c.Env[name]
		return v, ok
	}
}

// readFlags takes a role's flags apart; bad is what it does not take.
func readFlags(groups, args []string) (flags map[string]string, bad []string) {
	known := map[string]config.Field{}
	for _, f := range config.Fields() {
		if f.Flag != "" && slices.Contains(groups, f.Group) {
			known[f.Flag] = f
		}
	}
	flags = map[string]string{}
	for i := 0; i < len(args); i++ {
		name, value, given := strings.Cut(strings.TrimPrefix(args[i], "--"), "=")
		f, ok := known[name]
		switch {
		case !strings.HasPrefix(args[i], "--") || !ok:
			bad = append(bad, fmt.Sprintf("the role takes no %q", args[i]))
			continue
		case !given && f.Bool:
			value = "true"
		case !given && i+1 < len(args):
			i++
			value = args[i]
		case !given:
			bad = append(bad, fmt.Sprintf("%s has no value", args[i]))
			continue
		}
		if before, ok := flags[name]; ok && f.List {
			value = before + f.Sep + value
		}
		flags[name] = value
	}
	return flags, bad
}

func (c Container) checkEnv(role string, add report) {
	known := slices.Clone(beside)
	for _, f := range config.Fields() {
		if f.Env == "" {
			continue
		}
		known = append(known, f.Env)
		if _, ok := c.Env[f.Env]; ok && f.Group != "" && !slices.Contains(roles[role], f.Group) && !slices.Contains(c.Shared, f.Env) {
			add("%s is of no use to that role", f.Env)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Env)) {
		if !strings.HasPrefix(name, "TURNO_") || slices.Contains(known, name) {
			continue
		}
		hint := ""
		if near := config.Nearest(name, known); near != "" {
			hint = "; did you mean " + near + "?"
		}
		add("nothing reads the variable %s%s", name, hint)
	}
	if c.Env["TURNO_CONFIG"] != "" && c.Config == "" {
		add("TURNO_CONFIG names %s, which nothing puts there", c.Env["TURNO_CONFIG"])
	}
}

// portOf is the port of an address, or 0.
func portOf(address string) int {
	_, text, err := net.SplitHostPort(address)
	n, bad := strconv.Atoi(text)
	if err != nil || bad != nil {
		return 0
	}
	return n
}

// checkPorts holds ports and probes against what the role listens on and
// answers there.
func (c Container) checkPorts(role string, cfg config.Config, add report) {
	own := map[int]string{}
	if role == "api" || role == "up" {
		own[portOf(cfg.Listen)] = cfg.Listen
	}
	if cfg.MetricsListen != "" {
		own[portOf(cfg.MetricsListen)] = cfg.MetricsListen
	}
	for _, n := range c.Ports {
		if own[n] == "" {
			add("it does not listen on port %d, but on %v", n, slices.Sorted(maps.Keys(own)))
		}
	}
	for _, probe := range c.Probes {
		switch {
		case probe.Command != nil:
			checkHealth(probe.Command, len(own) > 0, add)
			continue
		case own[probe.Port] == "":
			add("a probe asks port %d, and it listens on %v", probe.Port, slices.Sorted(maps.Keys(own)))
		case loopback(own[probe.Port]):
			add("a probe from outside asks port %d, which listens at %s only", probe.Port, own[probe.Port])
		}
		if probe.Path != "/healthz" && probe.Path != "/readyz" {
			add("a probe asks for %s; there are /healthz and /readyz", probe.Path)
		}
	}
}

func loopback(address string) bool {
	host, _, _ := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func checkHealth(command []string, listens bool, add report) {
	if len(command) < 2 || path.Base(command[0]) != "turno" || command[1] != "health" {
		add("its health check is %q: use the program itself, turno health", command)
		return
	}
	for _, arg := range command[2:] {
		if arg != "--alive" {
			add("turno health takes no %q here", arg)
		}
	}
	if !listens {
		add("its health check has nothing to ask: set TURNO_METRICS_LISTEN")
	}
}

// checkWrite looks whether what the role writes can be written.
func (c Container) checkWrite(role string, cfg config.Config, add report) {
	can := func(dir string) bool {
		return slices.ContainsFunc(c.Write, func(w string) bool { return dir == w || strings.HasPrefix(dir, strings.TrimSuffix(w, "/")+"/") })
	}
	if !can(cfg.Data) {
		add("its data folder %s cannot be written to: there are %v", cfg.Data, c.Write)
	}
	if role == "worker" {
		return
	}
	if f := cfg.Files; strings.HasPrefix(f, "/") && !can(f) {
		add("the files of jobs go to %s, which cannot be written to", f)
	}
}
