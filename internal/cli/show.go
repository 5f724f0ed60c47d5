package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"turno"
	"turno/internal/config"
)

const (
	showShort = "show all about a job: what was asked, each attempt, the result"
	showHelp  = `  turno show 42
  turno show 42_7 -o yaml
  turno show last -o jsonpath='{.result.output}'`
)

func (s *session) showCommand() *cobra.Command {
	var f format
	cmd := &cobra.Command{Use: "show JOB...", Aliases: []string{"describe", "info"}, Short: showShort, Example: showHelp, Args: cobra.MinimumNArgs(1)}
	f.add(cmd.Flags())
	cmd.RunE = s.command(func(ctx context.Context, cmd *cobra.Command, args []string) error {
		svc, cfg, err := s.dial(cmd)
		if err != nil {
			return err
		}
		refs, err := s.refs(ctx, svc, cfg, args)
		if err != nil {
			return err
		}
		for i, ref := range refs {
			j, err := svc.Job(ctx, ref)
			if err != nil {
				return err
			}
			if f.data() {
				if err := f.write(s.io.Out, j); err != nil {
					return err
				}
				continue
			}
			if i > 0 {
				s.printf("\n")
			}
			s.showJob(&j)
		}
		return nil
	})
	return cmd
}

// fact is a line "Name: value".
func (s *session) fact(name, format string, args ...any) {
	text := clean(fmt.Sprintf(format, args...), false)
	if text != "" {
		s.printf("  %-12s %s\n", name, text)
	}
}

func (s *session) showJob(j *turno.Job) {
	sp := j.Spec
	s.printf("%s\n", s.look.bold("Job "+clean(trimmed(j.Display(), sp.Name), false)))
	state := s.stateCell(j)
	text := fmt.Sprintf("%s (%s)", j.State, j.Reason)
	if state.paint != nil {
		text = state.paint(text)
	}
	s.printf("  %-12s %s since %s\n", "State", text, s.moment(j.Since))
	s.fact("", "%s", j.Detail)
	s.fact("User", "%s, queue %s, priority %d", orDash(sp.User), sp.Queue, sp.Priority)
	s.fact("What", "%s", what(sp))
	s.fact("Folder", "%s", sp.Dir)
	s.fact("Files", "%s", taken(sp))
	s.fact("Asked", "%s", asked(sp))
	s.fact("Limits", "%s", s.limits(sp))
	if len(sp.Labels) > 0 {
		s.fact("Labels", "%s", pairs(sp.Labels))
	}
	if len(sp.Env) > 0 {
		s.fact("Variables", "%s", strings.Join(slices.Sorted(maps.Keys(sp.Env)), " "))
	}
	s.fact("After", "%s", after(sp))
	if j.RetryOf > 0 {
		s.fact("Repeats", "%d", j.RetryOf)
	}
	s.fact("Times", "%s", s.times(j))
	if j.Tasks != nil {
		s.fact("Tasks", "%s", tasks(j.Tasks))
	}
	s.fact("Webhook", "%s", s.told(j))
	s.fact("Job id", "%s", j.ID)
	for i := range j.Attempts {
		s.showAttempt(&j.Attempts[i])
	}
	if j.Result != nil && len(j.Result.Output) > 0 {
		s.showOutput(j.Result)
	}
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// what is the command, or the workload and its parameters.
func what(sp *turno.Spec) string {
	var p struct {
		Command []string `json:"command"`
		Script  string   `json:"script"`
		Args    []string `json:"args"`
	}
	if sp.Type == execType && json.Unmarshal(sp.Params, &p) == nil {
		if len(p.Command) > 0 {
			return clip(quoteAll(p.Command), 400)
		}
		text := fmt.Sprintf("a script of %d lines", strings.Count(p.Script, "\n"))
		if len(p.Args) > 0 {
			text += " with " + clip(quoteAll(p.Args), 400)
		}
		return text
	}
	return trimmed(sp.Type, clip(string(sp.Params), 400))
}

// taken is what a job takes along.
func taken(sp *turno.Spec) string {
	var parts []string
	if w := sp.Workdir; w != nil {
		parts = append(parts, fmt.Sprintf("a folder of %d files, %s", w.Files, config.FormatBytes(w.Bytes)))
	}
	for _, f := range sp.Inputs[:min(10, len(sp.Inputs))] {
		if f.From != "" {
			parts = append(parts, f.Path+" from "+f.From)
			continue
		}
		parts = append(parts, fmt.Sprintf("%s (%s)", f.Path, config.FormatBytes(f.Size)))
	}
	if more := len(sp.Inputs) - 10; more > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(parts, ", ")
}

// left is what an attempt left.
func left(a *turno.Artifacts) string {
	if a == nil || a.Files == 0 {
		return ""
	}
	var text strings.Builder
	text.WriteString(fmt.Sprintf("left %d files, %s", a.Files, config.FormatBytes(a.Bytes)))
	for i, f := range a.List {
		sep := ", "
		if i == 0 {
			sep = ": "
		}
		text.WriteString(sep + f.Path)
	}
	return text.String()
}

func clip(text string, n int) string {
	if len(text) > n {
		return text[:n] + "…"
	}
	return text
}

func asked(sp *turno.Spec) string {
	text := fmt.Sprintf("%s CPU", sp.CPUs)
	if sp.Memory > 0 {
		text += ", " + config.FormatBytes(sp.Memory) + " memory"
	}
	if sp.GPUs > 0 && sp.Device != turno.DeviceCPU {
		text += fmt.Sprintf(", %d GPU", sp.GPUs)
		if sp.Device == turno.DeviceAny {
			text += " if one is free"
		}
		text += trimSpaceBefore(sp.GPUModel)
		if sp.GPUMemory > 0 {
			text += " of " + config.FormatBytes(sp.GPUMemory)
		}
	}
	if sp.Engine != "" {
		text += ", engine " + sp.Engine
	}
	if len(sp.Workers) > 0 {
		text += ", on " + strings.Join(sp.Workers, ",")
	}
	if len(sp.Exclude) > 0 {
		text += ", not on " + strings.Join(sp.Exclude, ",")
	}
	if sp.Array != nil {
		text += ", for each task of " + clip(sp.Array.String(), 60)
	}
	return text
}

func trimSpaceBefore(word string) string {
	if word == "" {
		return ""
	}
	return " " + word
}

func (s *session) limits(sp *turno.Spec) string {
	var parts []string
	if sp.TimeLimit > 0 {
		parts = append(parts, "time "+clock(time.Duration(sp.TimeLimit)))
	}
	if sp.Retries > 0 {
		parts = append(parts, fmt.Sprintf("%d retries", sp.Retries))
	}
	if !sp.Begin.IsZero() {
		parts = append(parts, "not before "+s.moment(sp.Begin))
	}
	if !sp.Deadline.IsZero() {
		parts = append(parts, "done by "+s.moment(sp.Deadline))
	}
	if sp.NoRequeue {
		parts = append(parts, "not started again if its worker is lost")
	}
	return strings.Join(parts, ", ")
}

func pairs(m map[string]string) string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, k+"="+m[k])
	}
	return strings.Join(out, " ")
}

func after(sp *turno.Spec) string {
	var out []string
	for _, d := range sp.After {
		out = append(out, string(d.When)+":"+d.Job)
	}
	return strings.Join(out, ", ")
}

func (s *session) times(j *turno.Job) string {
	text := "submitted " + s.moment(j.SubmittedAt)
	if !j.StartedAt.IsZero() {
		text += fmt.Sprintf(", started %s (waited %s)", s.moment(j.StartedAt), short(s.waited(j)))
	}
	if !j.EndedAt.IsZero() {
		text += ", ended " + s.moment(j.EndedAt)
		if !j.StartedAt.IsZero() {
			text += fmt.Sprintf(" (ran %s)", short(s.ran(j)))
		}
	}
	return text
}

// short writes a duration with as many digits as are worth reading.
func short(d time.Duration) string {
	switch {
	case d < 0:
		return "0s"
	case d < time.Millisecond:
		return d.Round(time.Microsecond).String()
	case d < time.Second:
		return d.Round(100 * time.Microsecond).String()
	case d < time.Minute:
		return d.Round(10 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

func tasks(t *turno.TaskCount) string {
	var text strings.Builder
	text.WriteString(fmt.Sprintf("%d in all, %d wait, %d active", t.Total, t.Waiting.Len(), t.Active))
	for _, st := range turno.States {
		if n := t.Ended[st]; n > 0 {
			text.WriteString(fmt.Sprintf(", %d %s", n, st))
		}
	}
	return text.String()
}

func (s *session) showAttempt(a *turno.Attempt) {
	s.printf("  %-12s on %s, %s", fmt.Sprintf("Attempt %d", a.Number), clean(orDash(a.Worker), false), a.Device)
	if len(a.GPUs) > 0 {
		s.printf(" %s", clean(strings.Join(a.GPUs, " "), false))
	}
	if !a.StartedAt.IsZero() {
		s.printf(", started %s", s.moment(a.StartedAt))
		if !a.EndedAt.IsZero() {
			s.printf(", ran %s", short(a.EndedAt.Sub(a.StartedAt)))
		}
	}
	s.printf("\n")
	s.fact("", "%s", course(a.Series))
	r := a.Result
	if r == nil {
		return
	}
	text := fmt.Sprintf("%s (%s)", r.State, r.Reason)
	switch {
	case r.Signal != "":
		text += ", signal " + r.Signal
	case r.ExitCode != 0:
		text += fmt.Sprintf(", exit code %d", r.ExitCode)
	}
	if r.Simulated {
		text += ", on a SIMULATED device"
	}
	s.fact("", "%s", text)
	s.fact("", "%s", r.Message)
	s.fact("", "%s", left(r.Artifacts))
	if r.Artifacts != nil {
		s.fact("", "%s", r.Artifacts.Problem)
	}
	if r.UserTime+r.SysTime > 0 || r.MaxMemory > 0 {
		text := fmt.Sprintf("CPU time %s user, %s system", short(time.Duration(r.UserTime)), short(time.Duration(r.SysTime)))
		if r.MaxMemory > 0 {
			text += fmt.Sprintf("; at most %s memory", sizeOr(r.MaxMemory, "?"))
		}
		s.fact("", "%s", text)
	}
	s.around(r)
	s.used(r.GPUs)
}

// around says what the worker did before and after the run, if it took a while.
func (s *session) around(r *turno.Result) {
	const while = turno.Duration(100 * time.Millisecond)
	if max(r.FetchTime, r.StartTime, r.StoreTime) >= while {
		s.fact("", "its worker took %s to fetch its files, %s to start it, %s to store what it left",
			short(time.Duration(r.FetchTime)), short(time.Duration(r.StartTime)), short(time.Duration(r.StoreTime)))
	}
}

// used says how an attempt's devices were.
func (s *session) used(list []turno.GPUUse) {
	for _, u := range list {
		model := u.Model
		if u.Simulated {
			model += " (SIMULATED)"
		}
		text := fmt.Sprintf("%s: used %.0f %% of the time, at most %d %%; memory %s, at most %s", model, u.Utilisation, u.UtilisationPeak,
			sizeOr(u.Memory, "?"), sizeOr(u.MemoryPeak, "?"))
		if u.Joules > 0 {
			text += fmt.Sprintf("; %s at %.0f W, at most %.0f W", energy(u.Joules), u.Watts, u.WattsPeak)
		}
		if len(u.Throttled) > 0 {
			text += "; held down by " + strings.Join(u.Throttled, ", ")
		}
		s.fact("", "%s", text)
	}
}

// energy in the unit that a person would take.
func energy(joules float64) string {
	if joules < 36e3 {
		return fmt.Sprintf("%.0f J", joules)
	}
	return fmt.Sprintf("%.2f kWh", joules/3.6e6)
}

// course tells from what to what the values went that an attempt has told.
func course(points []turno.Point) string {
	if len(points) == 0 {
		return ""
	}
	first, last := map[string]float64{}, points[len(points)-1].Values
	for _, p := range points {
		for name, v := range p.Values {
			if _, seen := first[name]; !seen {
				first[name] = v
			}
		}
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(last)) {
		text := fmt.Sprintf("%s %.4g", clean(name, false), last[name])
		if len(points) > 1 && first[name] != last[name] {
			text = fmt.Sprintf("%s %.4g to %.4g", clean(name, false), first[name], last[name])
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ", ")
}

// outcome is what every warm workload's output holds; see workload.Outcome.
type outcome struct {
	Device    string  `json:"device"`
	Engine    string  `json:"engine"`
	Method    string  `json:"method"`
	Verified  *bool   `json:"verified"`
	Error     float64 `json:"error"`
	Tolerance float64 `json:"tolerance"`
	Rate      float64 `json:"rate"`
	RateUnit  string  `json:"rate_unit"`
	Phases    []struct {
		Name    string  `json:"name"`
		Seconds float64 `json:"seconds"`
	} `json:"phases"`
}

// verdict says whether an answer passed its own check.
func (o *outcome) verdict() string {
	switch {
	case o.Verified == nil:
		return ""
	case *o.Verified:
		return fmt.Sprintf("yes: error %.3g is within %.3g (%s)", o.Error, o.Tolerance, o.Method)
	}
	return fmt.Sprintf("NO: error %.3g is not within %.3g (%s)", o.Error, o.Tolerance, o.Method)
}

func (s *session) showOutput(r *turno.Result) {
	s.printf("  %s\n", s.look.bold("Result"))
	var o outcome
	known := json.Unmarshal(r.Output, &o) == nil && o.Verified != nil
	if known {
		s.fact("Verified", "%s", o.verdict())
		s.fact("Computed by", "%s on %s", o.Engine, o.Device)
		if o.Rate > 0 {
			s.fact("Rate", "%.4g %s", o.Rate, o.RateUnit)
		}
		var phases []string
		for _, p := range o.Phases {
			phases = append(phases, fmt.Sprintf("%s %s", p.Name, short(time.Duration(p.Seconds*1e9))))
		}
		s.fact("Phases", "%s", strings.Join(phases, ", "))
	}
	s.writeRest(r.Output, known)
}

// writeRest shows the members of an output that are not a workload.Outcome's.
func (s *session) writeRest(output json.RawMessage, known bool) {
	members := map[string]json.RawMessage{}
	if json.Unmarshal(output, &members) != nil {
		_, _ = io.WriteString(s.io.Out, "  "+clean(clip(string(output), 2000), false)+"\n")
		return
	}
	if known {
		for _, k := range []string{"device", "engine", "method", "verified", "error", "tolerance", "rate", "rate_unit", "phases"} {
			delete(members, k)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(members)) {
		text := string(members[k])
		var word string
		if json.Unmarshal(members[k], &word) == nil {
			text = word
		}
		s.fact(clean(k, false), "%s", clip(text, 200))
	}
}
