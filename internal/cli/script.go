package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"
)

// script is a file to run, with lines #SBATCH or #TURNO that say what it needs.
type script struct {
	name  string
	text  string
	words []string // of the directive lines, as flags
}

// parseScript takes the directives of the head of a script: like sbatch, up to
// its first line that is neither empty nor a comment.
func parseScript(name string, data []byte) (*script, error) {
	sc := &script{name: name, text: string(data)}
	first, _, _ := strings.Cut(sc.text, "\n")
	switch {
	case !strings.HasPrefix(first, "#!"):
		return nil, usage("%s does not begin with #! and an interpreter", name).hint("let its first line be #!/bin/bash")
	case bytes.ContainsRune(data, 0):
		return nil, usage("%s is not a text", name)
	}
	n := 0
	for line := range strings.Lines(sc.text) {
		line, n = strings.TrimSpace(line), n+1
		if line != "" && line[0] != '#' {
			break
		}
		rest, ok := strings.CutPrefix(line, "#SBATCH")
		if !ok {
			rest, ok = strings.CutPrefix(line, "#TURNO")
		}
		if !ok || rest == strings.TrimLeft(rest, " \t") {
			continue
		}
		words, err := splitWords(rest)
		if err != nil {
			return nil, usage("%s:%d: %v", name, n, err)
		}
		sc.words = append(sc.words, words...)
	}
	return sc, nil
}

// merge makes the flags of a script: its directives, and over them those of
// the command line.
func (sc *script) merge(line *pflag.FlagSet) (*specFlags, error) {
	f := &specFlags{}
	flags := pflag.NewFlagSet(sc.name, pflag.ContinueOnError)
	flags.Usage = func() {}
	f.add(flags, true)
	if err := flags.Parse(sc.words); err != nil {
		return nil, usage("%s: %v", sc.name, err).hint("turno sbatch --help lists what #SBATCH lines may say")
	}
	if flags.NArg() > 0 {
		return nil, usage("%s: %q is not a flag", sc.name, flags.Arg(0))
	}
	var err error
	line.Visit(func(given *pflag.Flag) {
		to := flags.Lookup(given.Name)
		if to == nil || err != nil {
			return
		}
		if from, ok := given.Value.(*words); ok {
			list := to.Value.(*words)
			*list = append(*list, *from...)
			return
		}
		err = to.Value.Set(given.Value.String())
	})
	return f, err
}

// params are the workload exec's. A script with arguments goes as the text of
// its interpreter's -c, since a stored script takes none.
func (sc *script) params(args []string) (json.RawMessage, error) {
	if len(args) == 0 {
		return json.Marshal(map[string]any{"script": sc.text})
	}
	first, _, _ := strings.Cut(sc.text, "\n")
	interpreter := strings.Fields(strings.TrimPrefix(first, "#!"))
	if len(interpreter) == 0 {
		return nil, usage("%s does not name its interpreter after #!", sc.name)
	}
	switch base := path.Base(interpreter[len(interpreter)-1]); {
	case base == "sh" || base == "bash" || base == "dash" || base == "zsh" || base == "ksh" || strings.HasPrefix(base, "bash"):
		interpreter = append(interpreter, "-c", sc.text, filepath.Base(sc.name))
	case strings.HasPrefix(base, "python"):
		interpreter = append(interpreter, "-c", sc.text)
	default:
		return nil, usage("arguments of a script work with shells and Python, not with %s", base).
			hint("turno submit -- %s %s runs the file itself, where the workers can read it", quote(sc.name), quoteAll(args))
	}
	return json.Marshal(map[string]any{"command": append(interpreter, args...)})
}

// commandParams are the workload exec's for a command.
func commandParams(command []string) json.RawMessage {
	data, err := json.Marshal(map[string]any{"command": command})
	if err != nil {
		panic(fmt.Sprintf("cli: marshal a list of strings: %v", err))
	}
	return data
}
