package cli

import (
	"fmt"
	"io"
	"strings"

	"turno"
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

// envLine reads a line as docker does: NAME alone is taken from here, and left
// out if it is not set. Beyond docker, "export " is taken, and quotes around a
// whole value are.
func (b *builder) envLine(file string, n int, line string) {
	if line == "" || line[0] == '#' {
		return
	}
	key, value, given := strings.Cut(strings.TrimPrefix(line, "export "), "=")
	if strings.TrimLeft(key, variableChars) != "" || key == "" {
		b.check("env-file", fmt.Errorf("%s:%d: %q is not NAME=VALUE, and not a variable's name", file, n, clip(line, 40)))
		return
	}
	if !given {
		if value, given = b.s.lookupEnv(key); !given {
			return
		}
	} else if len(value) > 1 && (value[0] == '"' || value[0] == '\'') && value[len(value)-1] == value[0] {
		value = value[1 : len(value)-1]
	}
	if err := turno.CheckVariable(key, value); err != nil {
		b.check("env-file", fmt.Errorf("%s:%d: %w", file, n, err))
		return
	}
	b.setenv(key, value)
}

// variableChars may stand in a variable's name: those of a shell, and the dot
// and the dash, which some programs use.
const variableChars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"

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
		if value, ok = b.s.lookupEnv(key); !ok {
			b.check(flag, fmt.Errorf("the variable %s is not set here", key))
			return
		}
	}
	if err := turno.CheckVariable(key, value); err != nil {
		b.check(flag, err)
		return
	}
	b.setenv(key, value)
}

func (b *builder) setenv(key, value string) {
	if b.spec.Env == nil {
		b.spec.Env = map[string]string{}
	}
	b.spec.Env[key] = value
}

// compat is whose variables a job wants beside turno's own.
func (b *builder) compat() {
	switch b.f.compat {
	case "", compatNone:
	case turno.CompatSlurm:
		b.spec.Compat = turno.CompatSlurm
	default:
		b.check("compat", fmt.Errorf("%q: use slurm or none", b.f.compat))
	}
}

// compatNone turns off what sbatch and #SBATCH lines turn on.
const compatNone = "none"

// lookupEnv is a variable of this process, and whether it is set.
func (s *session) lookupEnv(name string) (string, bool) {
	if s.sys.Config.Env == nil {
		return "", false
	}
	return s.sys.Config.Env(name)
}
