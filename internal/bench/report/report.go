// Package report writes a benchmark down for people: a table for a spreadsheet,
// charts, a report in sentences, and the skeleton of a paper. It is a pure
// function of the results: the same file and options give the same bytes.
package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"turno/internal/bench/analysis"
	"turno/internal/bench/record"
)

// File is one to write; Name may lead into folders, with slashes.
type File struct {
	Name string
	Data []byte
}

// report is what every part of it needs.
type report struct {
	r    *record.Results
	a    *analysis.Analysis
	data []byte // the file itself
	lang int
}

// read makes a report of a file's bytes.
func read(data []byte, lang string) (*report, error) {
	r, err := record.Read(data)
	if err != nil {
		return nil, err
	}
	at, ok := languages[lang]
	if !ok {
		return nil, fmt.Errorf("there is no report in the language %q: en or es", lang)
	}
	return &report{r: r, a: analysis.Of(r), data: data, lang: at}, nil
}

// hash is by what a reader knows the data again.
func (p *report) hash() string {
	sum := sha256.Sum256(p.data)
	return hex.EncodeToString(sum[:])
}

// Full is the report with its table and charts, of a file of turno bench run.
func Full(data []byte, lang string) ([]File, error) {
	p, err := read(data, lang)
	if err != nil {
		return nil, err
	}
	files := []File{{"performance_comparison.csv", p.csv()}}
	figures := p.figures()
	for _, f := range figures {
		made, err := f.files("charts/")
		if err != nil {
			return nil, err
		}
		files = append(files, made...)
	}
	name := "BENCHMARK_REPORT.md"
	if lang != "en" {
		name = "BENCHMARK_REPORT." + lang + ".md"
	}
	return append(files, File{name, p.markdown(figures)}), nil
}

var columns = []string{"type", "case", "size", "device", "phase", "n", "median_s", "ci_lo_s", "ci_hi_s", "mad_s", "min_s", "p95_s",
	"speedup", "speedup_lo", "speedup_hi", "p_adj", "against", "verified", "flags"}

// csv has a line for each case, side and phase.
func (p *report) csv() []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	lines := [][]string{columns}
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }
	for i := range p.a.Rows {
		row := &p.a.Rows[i]
		m := row.Summary
		line := []string{row.Case.Type, row.Case.Name, "", row.Side.Name, string(row.Phase), strconv.Itoa(m.N), number(m.Median), number(m.Lo), number(m.Hi),
			number(m.MAD), number(m.Min), number(m.P95)}
		if row.Case.Size > 0 {
			line[2] = strconv.FormatFloat(row.Case.Size, 'f', -1, 64)
		}
		c := p.comparison(row)
		if c != nil && c.Claimable() {
			line = append(line, number(c.Ratio.Value), number(c.Ratio.Lo), number(c.Ratio.Hi), number(c.PAdj), c.Base.Name)
		} else {
			line = append(line, "", "", "", "", "")
		}
		lines = append(lines, append(line, strconv.FormatBool(row.Verified), strings.Join(flags(row, c), ";")))
	}
	if err := w.WriteAll(lines); err != nil {
		panic(fmt.Sprintf("write to memory: %v", err))
	}
	return b.Bytes()
}

// comparison is the one of a row, or nil.
func (p *report) comparison(row *analysis.Row) *analysis.Comparison {
	for i := range p.a.Comparisons {
		if c := &p.a.Comparisons[i]; c.Case == row.Case && c.Side == row.Side && c.Phase == row.Phase {
			return c
		}
	}
	return nil
}

func flags(row *analysis.Row, c *analysis.Comparison) (out []string) {
	if row.Side.Simulated {
		out = append(out, "SIMULATED")
	}
	if row.Summary.N < analysis.Enough {
		out = append(out, "few")
	}
	if row.Excluded > 0 {
		out = append(out, fmt.Sprintf("excluded=%d", row.Excluded))
	}
	if row.Flagged > 0 {
		out = append(out, fmt.Sprintf("outliers=%d", row.Flagged))
	}
	if !row.Verified {
		out = append(out, "unverified")
	}
	if c != nil && !c.Paired {
		out = append(out, "unpaired")
	}
	return out
}
