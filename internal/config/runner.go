package config

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"turno"
)

// Runner is one entry of the setting runners: NAME(OPTION,…)=COMMAND.
type Runner struct {
	Engine  string   // by which jobs ask for it
	Command []string // without a shell
	Mode    string   // warm, zygote or cold
	Jobs    int      // after so many a child is replaced; 0: never for that
	Growth  int64    // bytes by which a child's memory may grow; 0: any
}

// RunnerModes there are, the default first. See docs/python.md.
var RunnerModes = []string{"warm", "zygote", "cold"}

const (
	// DefaultRunnerJobs bounds what a slow leak that nobody looks for can cost:
	// a start of seconds is then a millisecond for each of many jobs.
	DefaultRunnerJobs = 10_000
	// DefaultRunnerGrowth is room for caches of compiled kernels and freed
	// memory that an allocator keeps.
	DefaultRunnerGrowth = 2 << 30
)

// ParseRunners reads the setting runners.
func (c Config) ParseRunners() ([]Runner, error) {
	var out []Runner
	for _, text := range c.Runners {
		r, err := parseRunner(text)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", text, err)
		}
		if slices.ContainsFunc(out, func(o Runner) bool { return o.Engine == r.Engine }) {
			return nil, fmt.Errorf("two runners are called %q", r.Engine)
		}
		out = append(out, r)
	}
	return out, nil
}

// reservedEngines mean something else.
var reservedEngines = []string{turno.EngineNative, "auto", "compute", "light"}

func parseRunner(text string) (Runner, error) {
	r := Runner{Mode: RunnerModes[0], Jobs: DefaultRunnerJobs, Growth: DefaultRunnerGrowth}
	head, command, ok := strings.Cut(text, "=")
	if name, rest, options := strings.Cut(head, "("); options {
		var inner string
		if inner, command, ok = strings.Cut(rest+"="+command, ")="); !ok {
			return r, errors.New("the options end with a bracket: NAME(OPTION,OPTION)=COMMAND")
		}
		if err := r.options(inner); err != nil {
			return r, err
		}
		head = name
	}
	r.Engine = strings.TrimSpace(head)
	if !ok || r.Engine == "" || len(r.Engine) > maxWord || strings.Trim(r.Engine, wordChars) != "" || strings.ContainsAny(r.Engine[:1], "-_.@") {
		return r, errors.New("use NAME=COMMAND, such as torch=python3 runner.py; a name is letters, digits and - _ . @")
	}
	if slices.Contains(reservedEngines, r.Engine) {
		return r, fmt.Errorf("%s is not a name for a runner: it means turno's own", r.Engine)
	}
	var err error
	if r.Command, err = splitWords(command); err == nil && len(r.Command) == 0 {
		err = errors.New("it has no command")
	}
	return r, err
}

func (r *Runner) options(text string) error {
	for option := range strings.SplitSeq(text, ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(option), "=")
		var err error
		switch {
		case slices.Contains(RunnerModes, key) && value == "":
			r.Mode = key
		case key == "jobs":
			if r.Jobs, err = strconv.Atoi(value); err != nil || r.Jobs < 0 {
				return fmt.Errorf("jobs=%s: use a number of jobs; 0 is no bound", value)
			}
		case key == "growth":
			if r.Growth, err = ParseBytes(value, 1); err != nil {
				return fmt.Errorf("growth: %w", err)
			}
		default:
			return fmt.Errorf("there is no option %q: use %s, jobs=N or growth=SIZE", option, strings.Join(RunnerModes, ", "))
		}
	}
	return nil
}

// splitWords splits a command as a shell would that knows quotes and nothing
// else.
func splitWords(text string) ([]string, error) {
	var out []string
	var word strings.Builder
	quote, in := rune(0), false
	for _, r := range text {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '"' || r == '\'':
			quote, in = r, true
		case r == ' ' || r == '\t' || r == '\n':
			if in {
				out = append(out, word.String())
				word.Reset()
			}
			in = false
		default:
			word.WriteRune(r)
			in = true
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("a quote %c is not closed", quote)
	}
	if in {
		out = append(out, word.String())
	}
	return out, nil
}
