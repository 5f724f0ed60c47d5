package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/pflag"
)

// script is a file to run, with lines #SBATCH or #TURNO that say what it needs.
type script struct {
	name  string
	text  string
	words []string // of the directive lines, as flags
	slurm bool     // there are #SBATCH lines
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
		rest, slurm := strings.CutPrefix(line, "#SBATCH")
		ok := slurm
		if !ok {
			rest, ok = strings.CutPrefix(line, "#TURNO")
		}
		if !ok || rest == strings.TrimLeft(rest, " \t") {
			continue
		}
		sc.slurm = sc.slurm || slurm
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

// params are the workload exec's.
func (sc *script) params(args []string) (json.RawMessage, error) {
	params := map[string]any{"script": sc.text}
	if len(args) > 0 {
		params["args"] = args
	}
	return json.Marshal(params)
}

// commandParams are the workload exec's for a command.
func commandParams(command []string) json.RawMessage {
	data, err := json.Marshal(map[string]any{"command": command})
	if err != nil {
		panic(fmt.Sprintf("cli: marshal a list of strings: %v", err))
	}
	return data
}
