package report

import (
	"fmt"
	"strconv"
	"strings"

	"turno/internal/bench/analysis"
	"turno/internal/bench/record"
)

// method is how it was measured, in sentences made of the actual settings.
func (p *report) method() []string {
	set := p.r.Settings
	out := []string{p.say("m queue"), p.say("m warm", set.WarmUps, digits(set.WarmUp)), p.say("m blocks", strconv.FormatUint(set.Seed, 10))}
	if set.Fixed > 0 {
		out = append(out, p.say("m fixed", set.Fixed))
	} else {
		out = append(out, p.say("m adaptive", set.Start, digits(100*set.Precision), set.Most))
	}
	if set.Budget > 0 {
		out = append(out, p.say("m budget", digits(set.Budget)))
	}
	out = append(out, p.say("m times"), p.say("m statistics"))
	return out
}

// threats are what a reader should doubt, of what the data themselves show.
func (p *report) threats() (out []string) {
	if !p.a.GPU {
		out = append(out, p.say("t no gpu"))
	}
	if p.r.Simulated {
		out = append(out, p.say("t simulated"))
	}
	for i := range p.r.Sessions {
		s := &p.r.Sessions[i]
		load, err := strconv.ParseFloat(s.LoadBefore, 64)
		if cpus := float64(s.Machine.CPUs) / 1000; err == nil && load > cpus/2 {
			out = append(out, p.say("t load", i+1, s.LoadBefore, s.Machine.CPUs.String()))
		}
		if !s.Local {
			out = append(out, p.say("t remote", i+1))
		}
	}
	if len(p.r.Sessions) > 1 {
		out = append(out, p.say("t sessions", len(p.r.Sessions)))
	}
	first := &p.r.Sessions[0]
	if v := first.Fact("hypervisor"); v != record.Unknown && v != "none" {
		out = append(out, p.say("t virtual"))
	}
	if first.Fact("cpu_governor") == record.Unknown || first.Fact("cpu_turbo") == record.Unknown {
		out = append(out, p.say("t clocks"))
	}
	return append(out, p.doubts()...)
}

// doubts are those about the samples.
func (p *report) doubts() (out []string) {
	wide, few, flagged, excluded, unverified := 0, 0, 0, 0, 0
	for i := range p.r.Stops {
		if s := &p.r.Stops[i]; s.Width > p.r.Settings.Precision {
			wide++
		}
	}
	for i := range p.a.Rows {
		row := &p.a.Rows[i]
		if row.Phase != record.EndToEnd {
			continue
		}
		flagged, excluded = flagged+row.Flagged, excluded+row.Excluded
		if row.Summary.N < analysis.Enough {
			few++
		}
		if !row.Verified {
			unverified++
		}
	}
	for _, t := range []struct {
		n    int
		text string
	}{{wide, "t wide"}, {few, "t few"}, {flagged, "t outliers"}, {excluded, "t excluded"}, {unverified, "t unverified"}} {
		if t.n > 0 {
			out = append(out, p.say(t.text, t.n))
		}
	}
	if p.r.Settings.Fixed == 0 {
		out = append(out, p.say("t stopping"))
	}
	return append(out, p.say("t one"))
}

// session is a line about a start of the program.
func (p *report) session(i int) string {
	s := &p.r.Sessions[i]
	end := map[string]string{"": "killed", "finished": "finished", "interrupted": "session broke", "failed": "broke down"}[s.End]
	if end == "" {
		end = "killed"
	}
	return p.say("session", i+1, s.At.UTC().Format("2006-01-02 15:04 UTC"), digits(s.Seconds)+" s", s.LoadBefore, s.LoadAfter, p.say(end))
}

// command is the first one, as it was typed.
func (p *report) command() string {
	var out []string
	for _, w := range p.r.Sessions[0].Command {
		if strings.ContainsAny(w, " \t'\"\\$") || w == "" {
			w = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
		out = append(out, w)
	}
	return strings.Join(out, " ")
}

// environment is names and values, in the order of tables.
func (p *report) environment() (out [][2]string) {
	s := &p.r.Sessions[0]
	for _, f := range s.Environment {
		out = append(out, [2]string{fact(f.Name), f.Value})
	}
	for _, g := range s.Machine.GPUs {
		v := fmt.Sprintf("%s, %d MiB", g.Model, g.Memory>>20)
		if g.Simulated {
			v = "SIMULATED " + v
		}
		out = append(out, [2]string{"GPU " + strconv.Itoa(g.Index), v})
	}
	return append(out, [2]string{"turno", s.Version}, [2]string{"Go", s.Go}, [2]string{"worker isolation", s.Machine.Isolation}, [2]string{"server", s.Server})
}
