package report

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"turno"
	"turno/internal/bench/record"
)

// page is a Markdown text.
type page struct{ bytes.Buffer }

func (m *page) line(format string, args ...any) { fmt.Fprintf(m, format+"\n", args...) }

func (m *page) head(level int, text string) {
	m.line("\n%s %s\n", strings.Repeat("#", level), text)
}

func (m *page) row(cells ...string) {
	for i, c := range cells {
		cells[i] = strings.NewReplacer("|", `\|`, "\n", " ").Replace(c)
	}
	m.line("| %s |", strings.Join(cells, " | "))
}

func (m *page) table(heads ...string) {
	m.row(heads...)
	m.line("|%s", strings.Repeat("---|", len(heads)))
}

// markdown is the report in sentences.
func (p *report) markdown(figures []figure) []byte {
	m := &page{}
	first := &p.r.Sessions[0]
	m.line("# %s", p.say("title"))
	m.line("\n%s", p.say("made by", p.r.Suite, p.r.Worker, first.At.UTC().Format("2006-01-02"), first.Version, p.hash()))
	if p.r.Simulated {
		m.line("\n%s", p.say("simulated"))
	}
	if !p.a.GPU {
		m.line("\n%s", p.say("no gpu"))
	}
	p.mdResults(m)
	p.mdTimes(m)
	p.mdStatistics(m)
	p.mdQuality(m)
	if len(p.a.Queue) > 0 {
		m.head(2, p.say("queue"))
		for _, q := range p.a.Queue {
			s := q.Summary
			m.line("- %s", p.say("queue line", strings.ToUpper(q.Device), seconds(s.Median), seconds(s.Lo), seconds(s.Hi), seconds(s.P95), seconds(q.P99), s.N))
		}
	}
	m.head(2, p.say("charts"))
	for _, f := range figures {
		m.line("![%s](charts/%s.png)\n\n*%s* [SVG](charts/%s.svg) · [PDF](charts/%s.pdf)\n", f.chart.Title, f.name, f.caption, f.name, f.name)
	}
	m.head(2, p.say("environment"))
	m.table("", "")
	for _, e := range p.environment() {
		m.row(e[0], e[1])
	}
	m.line("\n%s", p.say("unknown note"))
	m.head(2, p.say("method"))
	m.line("%s", strings.Join(p.method(), " "))
	m.head(2, p.say("threats"))
	for _, t := range p.threats() {
		m.line("- %s", t)
	}
	m.head(2, p.say("reproduce"))
	m.line("%s\n\n```\n%s\n```\n", p.say("seed line", p.r.Settings.Seed), p.command())
	for i := range p.r.Sessions {
		m.line("- %s", p.session(i))
	}
	return m.Bytes()
}

func (p *report) mdResults(m *page) {
	m.head(2, p.say("results"))
	for _, o := range p.overalls() {
		m.line("- **%s**", o)
	}
	for _, c := range p.told() {
		m.line("- %s: %s", c.Case.Name, p.sentence(c))
	}
}

// overalls are sentences on all cases together.
func (p *report) overalls() (out []string) {
	for _, o := range p.a.Overall {
		c := p.r.Cases[slices.IndexFunc(p.r.Cases, func(c record.Case) bool { return c.Side(o.Side) != nil && c.Side(o.Base) != nil })]
		side := c.Side(o.Side)
		if o.Phase == record.Kernel && side.Device == turno.DeviceCPU {
			continue // the device's time says the same
		}
		r := o.Ratio
		if !r.Shown() {
			out = append(out, p.say("overall none", o.Cases, p.phase(o.Phase, side), p.side(side), p.side(c.Side(o.Base)), digits(r.Lo), digits(r.Hi)))
			continue
		}
		out = append(out, p.say("overall", o.Cases, p.phase(o.Phase, side), p.side(side), p.side(c.Side(o.Base)), digits(r.Value), digits(r.Lo), digits(r.Hi)))
	}
	return out
}

func (p *report) mdTimes(m *page) {
	m.head(2, p.say("times"))
	m.table(p.say("case"), p.say("device"), p.say("time"), "n", p.say("median"), p.say("interval"), p.say("mad"), p.say("min"), p.say("p95"), p.say("cold"), p.say("verified"))
	for i := range p.a.Rows {
		row := &p.a.Rows[i]
		s, cold, verified := row.Summary, "", p.say("no")
		if row.Cold > 0 {
			cold = seconds(row.Cold)
		}
		if row.Verified {
			verified = p.say("yes")
		}
		m.row(row.Case.Name, p.side(row.Side), p.say("phase "+string(row.Phase)), fmt.Sprint(s.N), seconds(s.Median), seconds(s.Lo)+"–"+seconds(s.Hi), seconds(s.MAD), seconds(s.Min), seconds(s.P95), cold, verified)
	}
	m.line("\n%s", p.say("times note"))
}

func (p *report) mdStatistics(m *page) {
	m.head(2, p.say("statistics"))
	m.table(p.say("case"), p.say("device"), p.say("against"), p.say("time"), p.say("pairs"), p.say("ratio"), p.say("interval"), p.say("p adj"), p.say("without"))
	for _, c := range p.told() {
		ratio, interval, adj, without := "–", "–", "–", "–"
		if c.Claimable() {
			ratio, interval, adj = digits(c.Ratio.Value), digits(c.Ratio.Lo)+"–"+digits(c.Ratio.Hi), probability(c.PAdj)
			if c.Without != nil {
				without = fmt.Sprintf("%s (%s–%s)", digits(c.Without.Value), digits(c.Without.Lo), digits(c.Without.Hi))
			}
		}
		m.row(c.Case.Name, p.side(c.Side), p.side(c.Base), p.phase(c.Phase, c.Side), fmt.Sprint(c.Ratio.N), ratio, interval, adj, without)
	}
}

func (p *report) mdQuality(m *page) {
	m.head(2, p.say("left out"))
	if len(p.a.Exclusions) == 0 {
		m.line("%s", p.say("nothing out"))
	}
	for _, e := range p.a.Exclusions {
		reason := p.say(e.Reason)
		if e.Detail != "" {
			reason += " (`" + strings.ReplaceAll(e.Detail, "`", "'") + "`)"
		}
		m.line("- %s", p.say("out line", e.N, e.Case, p.side(p.r.Case(e.Case).Side(e.Side)), reason))
	}
	for _, l := range p.r.Left {
		m.line("- %s", p.say("cannot", "`"+l+"`"))
	}
	m.head(2, p.say("stops"))
	for _, s := range p.r.Stops {
		m.line("- %s", p.stop(&s))
	}
}

// stop is how a case ended.
func (p *report) stop(s *record.Stop) string {
	reason, width := s.Reason, "–"
	if reason == record.StopFailed {
		reason = "stop failed"
	}
	if s.Width > 0 && s.Width < 1 {
		width = fmt.Sprintf("%.1f %%", 100*s.Width)
	}
	return p.say("stop", s.Case, p.say(reason), s.Blocks, width)
}
