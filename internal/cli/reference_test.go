package cli

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"turno/internal/config"
)

// language is what a reference is written in. The program speaks English; of is
// what a text of it is called.
type language struct {
	file, intro              string
	settings, commands, flag string
	of                       func(text string) string
}

const madeBy = "`go test ./internal/cli -run Reference -update`"

func english() language {
	return language{
		file: "../../docs/reference.md",
		intro: "# Reference\n\n[En español](reference.es.md). Made from the program by " + madeBy + "; do not edit. `turno COMMAND --help` says the same.\n\n" +
			"[Settings](#settings) · [Commands](#commands)\n\n## Settings\n\nA flag beats a variable, that beats the file `config.yaml` in the data folder (or `--config FILE`), that beats the default. " +
			"`turno config` shows each value and where it comes from.\n",
		settings: "| Key | Variable | Flag | Default | |", commands: "Commands", flag: "| Flag | |",
		of: func(text string) string { return text },
	}
}

func spanish(t *testing.T) language {
	texts := translated(t)
	return language{
		file: "../../docs/reference.es.md",
		intro: "# Referencia\n\n[In English](reference.md). Hecha del programa, con las traducciones de `internal/cli/testdata/reference.es.txt`, por " + madeBy + "; no la edite. " +
			"`turno COMMAND --help` dice lo mismo en inglés.\n\n" +
			"[Ajustes](#ajustes) · [Comandos](#comandos)\n\n## Ajustes\n\nUna opción gana a una variable, esta al archivo `config.yaml` de la carpeta de datos (o `--config FILE`), y este al valor por defecto. " +
			"`turno config` muestra cada valor y de dónde viene.\n",
		settings: "| Clave | Variable | Opción | Por defecto | |", commands: "Comandos", flag: "| Opción | |",
		of: func(text string) string {
			if text = strings.TrimSpace(text); text == "" {
				return ""
			}
			if texts[text] == nil {
				t.Errorf("%s has no Spanish for:\n%s", spanishTexts, text)
				return text
			}
			texts[text].used = true
			return texts[text].spanish
		},
	}
}

// spanishTexts are what commands, flags and settings say, and below a line "----"
// the same in Spanish, up to a line "====".
const spanishTexts = "testdata/reference.es.txt"

type translation struct {
	spanish string
	used    bool
}

// names are what is the same in every language: flags, variables, arguments.
var names = regexp.MustCompile(`--[a-z][a-z-]+|\$?[A-Z][A-Z_]{3,}|[a-z]+_[a-z_]+|#[A-Z]+`)

// translated reads the texts. At the end of the test it complains of those that
// nothing says any more.
func translated(t *testing.T) map[string]*translation {
	t.Helper()
	data, err := os.ReadFile(spanishTexts)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]*translation{}
	for pair := range strings.SplitSeq(strings.TrimSpace(string(data)), "\n====") {
		from, to, ok := strings.Cut(strings.TrimSpace(pair), "\n----\n")
		switch {
		case from == "":
			continue
		case !ok || to == "" || out[from] != nil:
			t.Errorf("%s: %q: it must be there once, and its Spanish below a line ----", spanishTexts, from)
		}
		for _, name := range names.FindAllString(from, -1) {
			if !strings.Contains(to, name) {
				t.Errorf("%s: the Spanish of %q lacks %s", spanishTexts, from, name)
			}
		}
		out[from] = &translation{spanish: to}
	}
	t.Cleanup(func() {
		for text, is := range out {
			if !is.used && !t.Failed() {
				t.Errorf("%s: nothing says this any more: %q", spanishTexts, text)
			}
		}
	})
	return out
}

// TestReference_IsWhatTheProgramSays compares docs/reference.md and its Spanish
// page with the commands, flags and settings that there are; -update writes them.
func TestReference_IsWhatTheProgramSays(t *testing.T) {
	t.Parallel()
	for _, in := range []language{english(), spanish(t)} {
		var b strings.Builder
		b.WriteString(in.intro + "\n" + in.settings + "\n|---|---|---|---|---|\n")
		for _, f := range config.Fields() {
			name := ""
			if f.Flag != "" {
				name = strings.TrimSpace("`--" + f.Flag + "` " + f.Arg)
			}
			fmt.Fprintf(&b, "| %s | `%s` | %s | %s | %s |\n", code(f.Key), f.Env, name, code(f.Default), inTable(in.of(f.Help)))
		}
		b.WriteString("\n## " + in.commands + "\n")
		s := &session{io: Stdio{Out: &strings.Builder{}, Err: &strings.Builder{}}, sys: &System{}}
		in.describe(&b, s.root())
		if flag.Lookup("update").Value.String() == "true" {
			if err := os.WriteFile(in.file, []byte(b.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(in.file); err != nil || string(got) != b.String() {
			t.Errorf("%s is not what the program says: go test ./internal/cli -run Reference -update (%v)", in.file, err)
		}
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

// describe writes of all commands below one.
func (in language) describe(b *strings.Builder, cmd *cobra.Command) {
	for _, sub := range cmd.Commands() {
		if sub.Hidden || sub.Name() == "help" || sub.Name() == "completion" {
			continue
		}
		fmt.Fprintf(b, "\n### %s\n\n%s.\n\n```\n%s\n```\n", sub.CommandPath(), in.of(sub.Short), sub.UseLine())
		if sub.Long != "" {
			fmt.Fprintf(b, "\n```\n%s\n```\n", in.of(strings.TrimSpace(sub.Long)))
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
			flags = append(flags, fmt.Sprintf("| `%s` | %s |\n", strings.TrimSpace(name+" "+arg), inTable(in.of(usage))))
		})
		if len(flags) > 0 {
			fmt.Fprintf(b, "\n%s\n|---|---|\n%s", in.flag, strings.Join(flags, ""))
		}
		in.describe(b, sub)
	}
}
