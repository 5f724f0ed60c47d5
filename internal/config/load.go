package config

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// Kinds of Origin.
const (
	fromDefault = "default"
	fromFile    = "file"
	fromEnv     = "environment"
	fromFlag    = "flag"
	fromServer  = "found"
)

// Origin is where a value came from: its kind, and the flag, the variable or
// the file and line.
type Origin struct{ Kind, Place string }

func (o Origin) String() string { return strings.TrimSpace(o.Kind + " " + o.Place) }

// Input is what Load may look at. Flags holds the values given, by flag name;
// values of a list are joined with its separator.
type Input struct {
	Flags map[string]string
	File  string // --config; then it must exist
	Env   func(string) (string, bool)
	Root  bool // runs as root
	Home  string
	Host  string // the host's name
}

// System is the Input of this process.
func System() Input {
	home, _ := os.UserHomeDir()
	host, _ := os.Hostname()
	return Input{Env: os.LookupEnv, Root: os.Geteuid() == 0, Home: home, Host: host}
}

// Problems is everything that is wrong, one line each.
type Problems []string

func (p Problems) Error() string { return strings.Join(p, "\n") }

// Load reads every setting. Its error is Problems with all of them; the Config
// is then what could be read. Call Validate on the result.
func Load(in Input) (Config, error) {
	l := &loader{in: in, c: Config{origins: map[string]Origin{}}}
	for _, f := range fields {
		l.set(f, l.fallback(f), Origin{Kind: fromDefault})
	}
	l.data() // says where a configuration file may lie
	if path := l.file(); path != "" {
		l.readFile(path)
	}
	for _, f := range fields {
		if v, ok := l.env(f.Env); ok {
			l.set(f, v, Origin{fromEnv, f.Env})
		}
		if v, ok := in.Flags[f.Flag]; ok && f.Flag != "" {
			l.set(f, v, Origin{fromFlag, "--" + f.Flag})
		}
	}
	l.absolute()
	l.findServer()
	if len(l.problems) > 0 {
		return l.c, l.problems
	}
	return l.c, nil
}

type loader struct {
	in       Input
	c        Config
	problems Problems
}

func (l *loader) set(f Field, text string, from Origin) {
	if from.Kind != fromDefault || text != "" {
		if err := f.set(&l.c, text); err != nil {
			l.problems = append(l.problems, fmt.Sprintf("%s (%s): %v", f.label(), from, err))
			return
		}
	}
	l.c.origins[f.name] = from
}

// env takes an empty variable as not set.
func (l *loader) env(name string) (string, bool) {
	if name == "" || l.in.Env == nil {
		return "", false
	}
	v, ok := l.in.Env(name)
	return v, ok && v != ""
}

func (l *loader) fallback(f Field) string {
	switch f.Key {
	case "data":
		if l.in.Root {
			return "/var/lib/turno"
		}
		if xdg, ok := l.env("XDG_DATA_HOME"); ok {
			return filepath.Join(xdg, "turno")
		}
		return filepath.Join(l.in.Home, ".local", "share", "turno")
	case "worker":
		return workerName(l.in.Host)
	case "trace_ratio":
		return l.sampled(f.Default)
	}
	return f.Default
}

// sampled is the ratio that OpenTelemetry's own variables ask for. They may be
// meant for other programs: what turno does not know changes nothing.
func (l *loader) sampled(otherwise string) string {
	sampler, _ := l.env("OTEL_TRACES_SAMPLER")
	text, _ := l.env("OTEL_TRACES_SAMPLER_ARG")
	ratio, err := strconv.ParseFloat(text, 64)
	switch strings.TrimPrefix(sampler, "parentbased_") {
	case "always_off":
		return "0"
	case "traceidratio":
		if err == nil && ratio >= 0 && ratio <= 1 {
			return text
		}
	}
	return otherwise
}

// workerName makes a worker's name of a host's.
func workerName(host string) string {
	clean := strings.Map(func(r rune) rune {
		if strings.ContainsRune(wordChars, r) {
			return r
		}
		return '-'
	}, host)
	clean = strings.TrimLeft(clean, "-_.@")
	if len(clean) > maxWord {
		clean = clean[:maxWord]
	}
	if clean == "" {
		return "worker"
	}
	return clean
}

// data settles the data folder before the file is looked for, since the file
// may lie in it.
func (l *loader) data() {
	f := fields[0]
	if v, ok := l.env(f.Env); ok {
		l.set(f, v, Origin{fromEnv, f.Env})
	}
	if v, ok := l.in.Flags[f.Flag]; ok {
		l.set(f, v, Origin{fromFlag, "--" + f.Flag})
	}
}

// file is the configuration file to read, or "".
func (l *loader) file() string {
	if l.in.File != "" {
		return l.in.File
	}
	if v, ok := l.env("TURNO_CONFIG"); ok {
		return v
	}
	dir := filepath.Join(l.in.Home, ".config")
	if xdg, ok := l.env("XDG_CONFIG_HOME"); ok {
		dir = xdg
	}
	for _, path := range []string{filepath.Join(dir, "turno", FileName), filepath.Join(l.c.Data, FileName)} {
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			return path
		}
	}
	return ""
}

func (l *loader) readFile(path string) {
	data, err := os.ReadFile(path)
	if err != nil {
		l.problems = append(l.problems, fmt.Sprintf("read the configuration: %v", err))
		return
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		l.problems = append(l.problems, fmt.Sprintf("%s: %v", path, err))
		return
	}
	if len(doc.Content) == 0 {
		return
	}
	root := doc.Content[0]
	if root.Kind != yaml.MappingNode {
		l.problems = append(l.problems, fmt.Sprintf("%s: is not a list of lines such as \"listen: 127.0.0.1:5000\"", path))
		return
	}
	l.checkPrivate(path, root)
	for i := 0; i+1 < len(root.Content); i += 2 {
		l.entry(path, root.Content[i], root.Content[i+1])
	}
}

func (l *loader) entry(path string, key, value *yaml.Node) {
	place := fmt.Sprintf("%s:%d", path, key.Line)
	for _, f := range fields {
		if f.Key == key.Value && f.Key != "" {
			l.set(f, nodeText(value, f.Sep), Origin{fromFile, place})
			return
		}
	}
	var keys []string
	for _, f := range fields {
		if f.Key != "" {
			keys = append(keys, f.Key)
		}
	}
	message := fmt.Sprintf("%s: there is no setting %q", place, key.Value)
	if near := Nearest(key.Value, keys); near != "" {
		message += fmt.Sprintf("; did you mean %q?", near)
	}
	l.problems = append(l.problems, message)
}

// nodeText is a scalar, or the items of a list joined.
func nodeText(n *yaml.Node, sep string) string {
	if n.Kind == yaml.SequenceNode {
		var parts []string
		for _, item := range n.Content {
			parts = append(parts, item.Value)
		}
		return strings.Join(parts, sep)
	}
	if n.Tag == "!!null" {
		return ""
	}
	return n.Value
}

// absolute makes paths mean the same wherever a role is started.
func (l *loader) absolute() {
	for _, p := range []*string{&l.c.Data, &l.c.TokenFile, &l.c.CA, &l.c.TLSCert, &l.c.TLSKey, &l.c.BrokerCA, &l.c.BrokerCert, &l.c.BrokerKey, &l.c.OTLPCA} {
		if rest, ok := strings.CutPrefix(*p, "~/"); ok {
			*p = filepath.Join(l.in.Home, rest)
		}
		if abs, err := filepath.Abs(*p); err == nil && *p != "" {
			*p = abs
		}
	}
}

// findServer takes the address that a running turno up has left in the data
// folder, so that its clients find it on whichever port it is.
func (l *loader) findServer() {
	if l.c.Server != "" {
		l.c.Server = strings.TrimRight(l.c.Server, "/")
		return
	}
	path := filepath.Join(l.c.Data, ServerName)
	data, err := os.ReadFile(path)
	if url, fingerprint, _ := strings.Cut(strings.TrimSpace(string(data)), " "); err == nil && url != "" { // empty: of a disk that was full
		l.c.Server, l.c.origins["Server"] = url, Origin{fromServer, "in " + path}
		if fingerprint != "" && l.c.CA == "" && l.c.Fingerprint == "" {
			l.c.Fingerprint, l.c.origins["Fingerprint"] = fingerprint, Origin{fromServer, "in " + path}
		}
		return
	}
	l.c.Server = "http://127.0.0.1:5000"
}

// checkPrivate refuses a file with a password in it that everybody can read.
// A group may: containers are given secrets that way.
func (l *loader) checkPrivate(path string, root *yaml.Node) {
	info, err := os.Stat(path)
	if err != nil || runtime.GOOS == "windows" || info.Mode().Perm()&0o004 == 0 {
		return
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		u, err := url.Parse(root.Content[i+1].Value)
		if err != nil || u.User == nil {
			continue
		}
		if _, has := u.User.Password(); has {
			l.problems = append(l.problems, fmt.Sprintf("%s holds a password (%s) and can be read by every user of this machine (mode %04o): chmod 600 %s",
				path, root.Content[i].Value, info.Mode().Perm(), path))
			return
		}
	}
}
