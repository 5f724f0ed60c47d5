// Package exec is the job that runs any command or script. It has no Run: the
// worker starts it as a process of its own, with the job's environment, folder
// and limits. This package says what such a job may ask for.
package exec

import (
	_ "embed"
	"encoding/json"
	"path"
	"strconv"
	"strings"

	"turno"
	"turno/internal/workload"
)

//go:embed schema.json
var schema []byte

// Name of the workload: turno.Spec.Type of a command.
const Name = "exec"

// Linux refuses one argument of 128 KiB (MAX_ARG_STRLEN) and, with the usual
// stack of 8 MiB, 2 MiB in all; a spec's parameters hold 256 KiB at most.
const (
	maxArguments = 4096
	maxArgument  = 128<<10 - 1
	maxScript    = 192 << 10
)

// Params are what to run: a command or a script, and a script's arguments.
type Params struct {
	Command []string `json:"command,omitempty"` // program and arguments, no shell
	Script  string   `json:"script,omitempty"`  // text that begins with #!
	Args    []string `json:"args,omitempty"`    // of the script
}

// New is the workload.
func New() workload.Workload {
	return workload.Workload{
		Name:      Name,
		Summary:   "runs a command or a script",
		Devices:   []turno.Device{turno.DeviceCPU, turno.DeviceGPU},
		Schema:    schema,
		Example:   json.RawMessage(`{"command": ["/bin/sh", "-c", "echo hello from $(hostname)"]}`),
		Normalize: normalize,
		Check:     func(params json.RawMessage) *turno.Error { _, err := Parse(params); return err },
	}
}

// normalize names a job after its program, so that a listing says more than
// "exec".
func normalize(s *turno.Spec) {
	if s.Name != "" {
		return
	}
	var p Params
	if json.Unmarshal(s.Params, &p) != nil {
		return // Parse says what is wrong with it
	}
	name := "script"
	if len(p.Command) > 0 {
		name = path.Base(p.Command[0])
	}
	if p.Script != "" || len(p.Command) > 0 {
		if turno.CheckName("name", name) == nil {
			s.Name = name
		}
	}
}

// Parse reads and checks the parameters.
func Parse(params json.RawMessage) (Params, *turno.Error) {
	var p Params
	if err := workload.Decode(params, &p); err != nil {
		return p, err
	}
	switch {
	case len(p.Command) == 0 && p.Script == "":
		return p, turno.Invalid("params.command", "must be given, or a script").
			WithHint(`such as {"command": ["python", "train.py"]}`)
	case len(p.Command) > 0 && p.Script != "":
		return p, turno.Invalid("params.script", "is given beside a command; use one of them")
	case len(p.Command) > 0 && len(p.Args) > 0:
		return p, turno.Invalid("params.args", "are those of a script; a command holds its own")
	case p.Script != "":
		if err := checkScript(p.Script); err != nil {
			return p, err
		}
		return p, checkArguments("params.args", p.Args)
	case p.Command[0] == "":
		return p, turno.Invalid("params.command[0]", "is the program's name and must not be empty")
	}
	return p, checkArguments("params.command", p.Command)
}

func checkArguments(field string, arguments []string) *turno.Error {
	if len(arguments) > maxArguments {
		return turno.Invalid(field, "%d arguments; at most %d are allowed", len(arguments), maxArguments).
			WithHint("put them into a file and pass its name")
	}
	for i, argument := range arguments {
		at := field + "[" + strconv.Itoa(i) + "]"
		if len(argument) > maxArgument {
			return turno.Invalid(at, "has %d bytes; Linux takes %d at most", len(argument), maxArgument)
		}
		if strings.ContainsRune(argument, 0) {
			return turno.Invalid(at, "holds a NUL byte, which no program can be given")
		}
	}
	return nil
}

func checkScript(script string) *turno.Error {
	first, _, _ := strings.Cut(script, "\n")
	interpreter := strings.TrimSpace(strings.TrimPrefix(first, "#!"))
	switch {
	case len(script) > maxScript:
		return turno.Invalid("params.script", "has %d bytes; at most %d are allowed", len(script), maxScript).
			WithHint("put it where the workers can read it, and run it as a command")
	case strings.ContainsRune(script, 0):
		return turno.Invalid("params.script", "holds a NUL byte: it is not a text")
	case strings.HasSuffix(first, "\r"):
		return turno.Invalid("params.script", "has Windows line ends, which an interpreter's name cannot have").
			WithHint("convert it, for example with dos2unix")
	case !strings.HasPrefix(first, "#!") || !strings.HasPrefix(interpreter, "/"):
		return turno.Invalid("params.script", "does not begin with #! and the path of an interpreter").
			WithHint("let its first line be #!/bin/sh or #!/usr/bin/env python3")
	}
	return nil
}
