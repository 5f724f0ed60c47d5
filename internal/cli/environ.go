package cli

import (
	"fmt"
	"io"
	"strings"
)

// maxFile bounds what is read into a spec: the server takes 256 KiB of
// parameters, and a few thousand jobs fit in this.
const maxFile = 16 << 20

func readAll(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("more than %d MiB", maxFile>>20)
	}
	return data, err
}

// environment collects --env-file, --export and --env, each beating the one
// before.
func (b *builder) environment() {
	for _, name := range b.f.envFile {
		data, err := b.s.readFile(name)
		b.check("env-file", err)
		n := 0
		for line := range strings.Lines(string(data)) {
			n++
			b.envLine(name, n, strings.TrimSpace(line))
		}
	}
	b.exports()
	for _, text := range b.f.env {
		b.variable("env", text)
	}
}

func (b *builder) envLine(file string, n int, line string) {
	if line == "" || line[0] == '#' {
		return
	}
	line = strings.TrimPrefix(line, "export ")
	key, value, ok := strings.Cut(line, "=")
	if !ok {
		b.check("env-file", fmt.Errorf("%s:%d: %q is not NAME=VALUE", file, n, line))
		return
	}
	if len(value) > 1 && (value[0] == '"' || value[0] == '\'') && value[len(value)-1] == value[0] {
		value = value[1 : len(value)-1]
	}
	b.setenv(strings.TrimSpace(key), value)
}

// exports reads sbatch's --export. ALL is not done: an environment holds
// passwords, and a spec is stored and shown.
func (b *builder) exports() {
	for _, name := range commaList(b.f.export) {
		switch strings.ToUpper(name) {
		case "NONE", "NIL":
		case "ALL":
			b.s.warnf("--export=ALL: turno does not copy a whole environment, it may hold secrets; name the variables: --export=NAME,NAME")
		default:
			b.variable("export", name)
		}
	}
}

// variable takes NAME=VALUE, or NAME with its value from here.
func (b *builder) variable(flag, text string) {
	key, value, ok := strings.Cut(text, "=")
	if !ok {
		if b.s.sys.Config.Env != nil {
			value, ok = b.s.sys.Config.Env(key)
		}
		if !ok {
			b.check(flag, fmt.Errorf("the variable %s is not set here", key))
			return
		}
	}
	b.setenv(key, value)
}

func (b *builder) setenv(key, value string) {
	if b.spec.Env == nil {
		b.spec.Env = map[string]string{}
	}
	b.spec.Env[key] = value
}
