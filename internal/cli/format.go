package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
	"gopkg.in/yaml.v3"
)

// format is the value of -o: how an answer is shown. The zero value is for
// people. It is a pflag.Value.
type format struct {
	kind string // "", wide, json, yaml, name, jsonpath
	path string
	wide bool // this command knows wide and name
}

const (
	formatHelp     = "how to show it: json, yaml or jsonpath=PATH"
	formatHelpWide = "how to show it: wide, json, yaml, name or jsonpath=PATH, as kubectl"
)

func (f *format) add(flags *pflag.FlagSet) {
	help := formatHelp
	if f.wide {
		help = formatHelpWide
	}
	flags.VarP(f, "output", "o", help)
}

func (f *format) String() string { return f.kind }
func (f *format) Type() string   { return "FORMAT" }

// Set reads the flag.
func (f *format) Set(text string) error {
	kind, path, _ := strings.Cut(text, "=")
	switch {
	case kind == "json" || kind == "yaml" || kind == "table" || (f.wide && (kind == "wide" || kind == "name")):
	case kind == "jsonpath" && path != "":
		f.path = path
	default:
		return fmt.Errorf("%q is not one of %s", text, strings.TrimPrefix(f.help(), "how to show it: "))
	}
	f.kind = kind
	if kind == "table" {
		f.kind = ""
	}
	return nil
}

func (f *format) help() string {
	if f.wide {
		return formatHelpWide
	}
	return formatHelp
}

// data tells whether the answer goes to a program.
func (f *format) data() bool { return f.kind == "json" || f.kind == "yaml" || f.kind == "jsonpath" }

// write shows v as data. Call it only if data says so.
func (f *format) write(w io.Writer, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	switch f.kind {
	case "yaml":
		return writeYAML(w, text)
	case "jsonpath":
		return writePath(w, text, f.path)
	}
	_, err = fmt.Fprintf(w, "%s\n", text)
	return err
}

// writeYAML keeps the order of the JSON's keys.
func writeYAML(w io.Writer, text []byte) error {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return err
	}
	plain(&doc)
	e := yaml.NewEncoder(w)
	e.SetIndent(2)
	if err := e.Encode(&doc); err != nil {
		return err
	}
	return e.Close()
}

// plain takes JSON's brackets and quotes away; the encoder quotes again what
// needs it.
func plain(n *yaml.Node) {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!str" {
		n.Style = 0
	}
	for _, c := range n.Content {
		plain(c)
	}
}

// writePath writes what a kubectl path finds, one a line: .items[0].number,
// {.items[*].spec.name}.
func writePath(w io.Writer, text []byte, path string) error {
	var v any
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return err
	}
	found, err := follow([]any{v}, strings.Trim(path, "{}"))
	if err != nil {
		return err
	}
	for _, v := range found {
		line := fmt.Sprint(v)
		switch v.(type) {
		case map[string]any, []any:
			data, _ := json.Marshal(v)
			line = string(data)
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}

func follow(at []any, path string) ([]any, error) {
	path = strings.TrimPrefix(path, "$")
	for path != "" {
		step := path
		switch {
		case path[0] == '[':
			end := strings.IndexByte(path, ']')
			if end < 0 {
				return nil, usage("jsonpath %q: a [ is not closed", path)
			}
			step, path = path[1:end], path[end+1:]
		default:
			path = strings.TrimPrefix(path, ".")
			end := strings.IndexAny(path, ".[")
			if end < 0 {
				end = len(path)
			}
			step, path = path[:end], path[end:]
		}
		var next []any
		for _, v := range at {
			next = append(next, into(v, strings.Trim(step, `'"`))...)
		}
		at = next
	}
	return at, nil
}

// into is one step: a key, an index (negative from the end), or * for all.
func into(v any, step string) []any {
	switch x := v.(type) {
	case map[string]any:
		if child, ok := x[step]; ok {
			return []any{child}
		}
		if step == "" {
			return []any{v}
		}
	case []any:
		i, err := strconv.Atoi(step)
		switch {
		case step == "*":
			return x
		case err == nil && i < 0 && -i <= len(x):
			return []any{x[len(x)+i]}
		case err == nil && i >= 0 && i < len(x):
			return []any{x[i]}
		}
	}
	return nil
}
