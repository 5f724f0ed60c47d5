package report

import (
	"bytes"
	"embed"
	"fmt"
	"strings"
	"text/template"

	"turno"
	"turno/internal/bench/record"
)

//go:embed paper
var paper embed.FS

// texFigure is a figure of a paper.
type texFigure struct{ Name, Caption string }

// texPaper is what a paper's template takes; all texts are LaTeX.
type texPaper struct {
	Hash, HashBroken, Command, Seed, First, Last string
	GPU, Simulated                               bool
	Method, Overall, Sentences, Threats          []string
	Sessions                                     []string
	Figures                                      []texFigure
}

// IEEE is the skeleton of a paper in IEEE's style, of a file of turno bench run.
func IEEE(data []byte, lang string) ([]File, error) {
	p, err := read(data, lang)
	if err != nil {
		return nil, err
	}
	var files []File
	var shown []texFigure
	for _, f := range p.figures() {
		f.chart.Title = "" // the caption says it
		if p.r.Simulated {
			f.chart.Title = "SIMULATED"
		}
		made, err := f.files("figs/")
		if err != nil {
			return nil, err
		}
		files = append(files, made...)
		if kind, _, of := strings.Cut(f.name, "-"); !of || kind == "size" { // the others are there to be put in
			shown = append(shown, texFigure{f.name, tex(f.caption)})
		}
	}
	text, err := p.paper(lang, shown)
	if err != nil {
		return nil, err
	}
	files = append(files, File{"report.tex", text}, File{"data/job_results.json", data})
	for name, table := range p.tables() {
		files = append(files, File{"tables/" + tableNames[name] + ".tex", []byte(table)})
	}
	for _, name := range []string{"refs.bib", "Makefile"} {
		text, err := paper.ReadFile("paper/" + name)
		if err != nil {
			return nil, err
		}
		files = append(files, File{name, text})
	}
	return files, nil
}

func (p *report) paper(lang string, figures []texFigure) ([]byte, error) {
	text, err := paper.ReadFile("paper/report." + lang + ".tex")
	if err != nil {
		return nil, err
	}
	t, err := template.New("paper").Delims("<<", ">>").Parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("read the paper's template: %w", err)
	}
	v := texPaper{Hash: p.hash(), HashBroken: breakable(p.hash()), Command: breakable(p.command()), Seed: fmt.Sprint(p.r.Settings.Seed), GPU: p.a.GPU, Simulated: p.r.Simulated,
		Method: texAll(p.method()), Threats: texAll(p.threats()), Figures: figures}
	if len(figures) > 0 {
		v.First, v.Last = figures[0].Name, figures[len(figures)-1].Name
	}
	for _, c := range p.told() {
		v.Sentences = append(v.Sentences, tex(c.Case.Name)+": "+tex(p.sentence(c))+".")
	}
	if len(v.Sentences) == 0 {
		v.Sentences = []string{tex(p.say("nothing compared"))}
	}
	for _, o := range p.overalls() {
		v.Overall = append(v.Overall, tex(o))
	}
	for i := range p.r.Sessions {
		v.Sessions = append(v.Sessions, tex(p.session(i)))
	}
	var b bytes.Buffer
	if err := t.Execute(&b, v); err != nil {
		return nil, fmt.Errorf("fill the paper's template: %w", err)
	}
	return b.Bytes(), nil
}

func texAll(texts []string) (out []string) {
	for _, t := range texts {
		out = append(out, tex(t))
	}
	return out
}

var texEscapes = strings.NewReplacer(`\`, `\textbackslash{}`, `{`, `\{`, `}`, `\}`, `$`, `\$`, `&`, `\&`, `#`, `\#`, `^`, `\textasciicircum{}`,
	`_`, `\_\allowbreak{}`, `~`, `\textasciitilde{}`, ` %`, `~\%`, ` = `, `~=~`, `%`, `\%`, `<`, `\textless{}`, `>`, `\textgreater{}`, `|`, `\textbar{}`, `"`, `\textquotedbl{}`, "`", `\textasciigrave{}`, `'`, `\textquotesingle{}`,
	"--", "-{}-", `×`, `\texttimes{}`, `µ`, `\textmu{}`, `–`, `--`, "\n", " ")

// tex is a text as LaTeX prints it: two hyphens stay two, as in commands, and
// no line begins with a percent sign. What the fonts do not have becomes "?".
func tex(s string) string {
	return texEscapes.Replace(strings.Map(func(r rune) rune {
		if r == '–' || r == 'µ' || r == '\n' || r >= ' ' && r < 0x7f || r > 0xa0 && r <= 0xff {
			return r
		}
		return '?'
	}, s))
}

// breakable lets long words be broken, as those of machines are.
func breakable(s string) string {
	var out []string
	for word := range strings.FieldsSeq(s) {
		var parts []string
		for runes := []rune(word); len(runes) > 0; {
			n := min(8, len(runes))
			parts = append(parts, tex(string(runes[:n])))
			runes = runes[n:]
		}
		out = append(out, strings.Join(parts, `\allowbreak{}`))
	}
	return strings.Join(out, " ")
}

// tableNames are the files of tables, in their order.
var tableNames = []string{"hardware", "software", "parameters", "results", "statistics"}

func (p *report) tables() []string {
	var hard, soft [][]string
	for _, e := range p.environment() {
		row := []string{tex(e[0]), breakable(e[1])}
		if name := e[0]; strings.HasPrefix(name, "cpu") || strings.HasPrefix(name, "gpu") || strings.HasPrefix(name, "GPU") || strings.HasPrefix(name, "mem") || name == "numa nodes" || name == "hypervisor" {
			hard = append(hard, row)
		} else {
			soft = append(soft, row)
		}
	}
	narrow := texTable{spec: `@{}>{\raggedright\arraybackslash}p{0.36\columnwidth}>{\raggedright\arraybackslash}p{0.56\columnwidth}@{}`}
	return []string{
		narrow.with("hardware", p.say("tab hardware"), hard), narrow.with("software", p.say("tab software"), soft),
		narrow.with("parameters", p.say("tab parameters"), p.parameters()), p.resultsTable(), p.statisticsTable(),
	}
}

func (p *report) parameters() (rows [][]string) {
	add := func(name, value string) { rows = append(rows, []string{tex(name), breakable(value)}) }
	set := p.r.Settings
	add(p.say("par suite"), p.r.Suite)
	add(p.say("par seed"), fmt.Sprint(set.Seed))
	if set.Fixed > 0 {
		add(p.say("par blocks"), fmt.Sprint(set.Fixed))
	} else {
		add(p.say("par blocks"), fmt.Sprintf("%d–%d", set.Start, set.Most))
		add(p.say("par precision"), digits(100*set.Precision)+" %")
	}
	if set.Budget > 0 {
		add(p.say("par budget"), digits(set.Budget)+" s")
	}
	for _, c := range p.r.Cases {
		params := string(c.Params)
		if params == "" {
			params = "{}"
		}
		name := tex(c.Name)
		if len(c.Name) > 20 {
			name = breakable(c.Name)
		}
		rows = append(rows, []string{name, breakable(params)})
	}
	return rows
}

func (p *report) resultsTable() string {
	t := texTable{wide: true, spec: "@{}lllrrrrl@{}", heads: texAll([]string{p.say("case"), p.say("device"), p.say("time"), "n", p.say("median"), p.say("interval"), p.say("cold"), p.say("verified")})}
	var rows [][]string
	for i := range p.a.Rows {
		row := &p.a.Rows[i]
		if row.Phase == record.Kernel && row.Side.Device == turno.DeviceCPU {
			continue // as kernel and copies: there are none
		}
		s, cold, verified := row.Summary, "--", p.say("no")
		if row.Cold > 0 {
			cold = tex(seconds(row.Cold))
		}
		if row.Verified {
			verified = p.say("yes")
		}
		rows = append(rows, []string{tex(short(row.Case.Name)), tex(p.side(row.Side)), tex(p.phase(row.Phase, row.Side)), fmt.Sprint(s.N), tex(seconds(s.Median)), tex(seconds(s.Lo) + "–" + seconds(s.Hi)), cold, tex(verified)})
	}
	return t.with("results", p.say("tab results"), rows)
}

func (p *report) statisticsTable() string {
	t := texTable{wide: true, spec: "@{}llllrrrrr@{}", heads: texAll([]string{p.say("case"), p.say("device"), p.say("against"), p.say("time"), p.say("pairs"), p.say("ratio"), p.say("interval"), p.say("p adj"), p.say("without")})}
	var rows [][]string
	for _, c := range p.told() {
		ratio, interval, adj, without := "--", "--", "--", "--"
		if c.Claimable() {
			ratio, interval, adj = digits(c.Ratio.Value), tex(digits(c.Ratio.Lo)+"–"+digits(c.Ratio.Hi)), tex(probability(c.PAdj))
			if c.Without != nil {
				without = digits(c.Without.Value)
			}
		}
		rows = append(rows, []string{tex(short(c.Case.Name)), tex(p.side(c.Side)), tex(p.side(c.Base)), tex(p.phase(c.Phase, c.Side)), fmt.Sprint(c.Ratio.N), ratio, interval, adj, without})
	}
	return t.with("statistics", p.say("tab statistics"), rows)
}

// short keeps a name from making a table too wide; the parameters have it whole.
func short(name string) string {
	const most = 24
	if r := []rune(name); len(r) > most {
		return string(r[:most-3]) + "..."
	}
	return name
}

// texTable is a table's frame.
type texTable struct {
	wide  bool // over both columns
	spec  string
	heads []string
}

// tableRows fit on a page.
const tableRows = 45

// with is the whole table, since the last line of a table cannot come from
// another file; as several, if it would not fit on a page.
func (t texTable) with(label, caption string, rows [][]string) string {
	float := "table"
	if t.wide {
		float = "table*"
	}
	var b strings.Builder
	for first := 0; first == 0 || first < len(rows); first += tableRows {
		name := label
		if first > 0 {
			name = fmt.Sprintf("%s%d", label, first/tableRows+1)
		}
		fmt.Fprintf(&b, "\\begin{%s}[!t]\n\\caption{%s}\n\\label{tab:%s}\n\\centering\\footnotesize\n\\begin{tabular}{%s}\n\\toprule\n", float, tex(caption), name, t.spec)
		if len(t.heads) > 0 {
			fmt.Fprintf(&b, "%s \\\\\n\\midrule\n", strings.Join(t.heads, " & "))
		}
		for _, row := range rows[first:min(len(rows), first+tableRows)] {
			fmt.Fprintf(&b, "%s \\\\\n", strings.Join(row, " & "))
		}
		fmt.Fprintf(&b, "\\bottomrule\n\\end{tabular}\n\\end{%s}\n", float)
	}
	return b.String()
}
