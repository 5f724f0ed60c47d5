package cli

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"turno/internal/config"
)

// TestReference_IsWhatTheProgramSays compares docs/reference.md with the
// commands, flags and settings that there are; -update writes it.
func TestReference_IsWhatTheProgramSays(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("# Reference\n\nMade from the program by `go test ./internal/cli -run Reference -update`; do not edit. `turno COMMAND --help` says the same.\n\n" +
		"[Settings](#settings) · [Commands](#commands)\n\n## Settings\n\nA flag beats a variable, that beats the file `config.yaml` in the data folder (or `--config FILE`), that beats the default. " +
		"`turno config` shows each value and where it comes from.\n\n| Key | Variable | Flag | Default | |\n|---|---|---|---|---|\n")
	for _, f := range config.Fields() {
		name := ""
		if f.Flag != "" {
			name = strings.TrimSpace("`--" + f.Flag + "` " + f.Arg)
		}
		fmt.Fprintf(&b, "| %s | `%s` | %s | %s | %s |\n", code(f.Key), f.Env, name, code(f.Default), inTable(f.Help))
	}
	b.WriteString("\n## Commands\n")
	s := &session{io: Stdio{Out: &strings.Builder{}, Err: &strings.Builder{}}, sys: &System{}}
	describeCommand(&b, s.root())
	const file = "../../docs/reference.md"
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != b.String() {
		t.Errorf("%s is not what the program says: go test ./internal/cli -run Reference -update (%v)", file, err)
	}
}

func code(text string) string {
	if text == "" {
		return ""
	}
	return "`" + text + "`"
}

// inTable is a text within a table.
func inTable(text string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;").Replace(text)
}

func describeCommand(b *strings.Builder, cmd *cobra.Command) {
	for _, sub := range cmd.Commands() {
		if sub.Hidden || sub.Name() == "help" || sub.Name() == "completion" {
			continue
		}
		fmt.Fprintf(b, "\n### %s\n\n%s.\n\n```\n%s\n```\n", sub.CommandPath(), sub.Short, sub.UseLine())
		if sub.Long != "" {
			fmt.Fprintf(b, "\n```\n%s\n```\n", strings.TrimSpace(sub.Long))
		}
		var flags []string
		sub.LocalFlags().VisitAll(func(f *pflag.Flag) {
			settings := slices.ContainsFunc(config.Fields(), func(s config.Field) bool { return s.Flag == f.Name })
			if f.Hidden || settings || f.Name == "help" {
				return
			}
			arg, usage := pflag.UnquoteUsage(f)
			name := "--" + f.Name
			if f.Shorthand != "" {
				name = "-" + f.Shorthand + ", " + name
			}
			flags = append(flags, fmt.Sprintf("| `%s` | %s |\n", strings.TrimSpace(name+" "+arg), inTable(usage)))
		})
		if len(flags) > 0 {
			fmt.Fprintf(b, "\n| Flag | |\n|---|---|\n%s", strings.Join(flags, ""))
		}
		describeCommand(b, sub)
	}
}
