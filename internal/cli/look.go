package cli

import (
	"io"
	"os"
	"strings"
	"unicode"

	"github.com/mattn/go-runewidth"
	"golang.org/x/term"
)

// look is how a stream may be written to.
type look struct {
	terminal bool
	colour   bool
	width    int // columns of a terminal; 0: not one
}

// lookOf follows NO_COLOR, CLICOLOR_FORCE and TERM=dumb; nothing is said by
// colour alone.
func (s *session) lookOf(w io.Writer) look {
	var l look
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		l.terminal = true
		if width, _, err := term.GetSize(int(f.Fd())); err == nil {
			l.width = width
		}
	}
	force := s.env("CLICOLOR_FORCE")
	switch {
	case s.env("NO_COLOR") != "":
	case force != "" && force != "0":
		l.colour = true
	default:
		l.colour = l.terminal && s.env("TERM") != "dumb"
	}
	return l
}

func (l look) paint(code, text string) string {
	if !l.colour || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (l look) red(text string) string    { return l.paint("31", text) }
func (l look) green(text string) string  { return l.paint("32", text) }
func (l look) yellow(text string) string { return l.paint("33", text) }
func (l look) bold(text string) string   { return l.paint("1", text) }
func (l look) dim(text string) string    { return l.paint("2", text) }

// clean takes out what could act on a terminal. Texts of jobs are data from
// strangers.
func clean(text string, lines bool) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' && lines:
			return r
		case r == '\n', r == '\t':
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, text)
}

// cell is a text in a table and how it is painted.
type cell struct {
	text  string
	paint func(string) string
}

// table is written with columns as wide as their widest cell, two spaces
// apart; the last one is cut at the terminal's edge.
type table struct {
	look   look
	header []string
	rows   [][]cell
	right  map[int]bool // columns of numbers
	bare   bool         // without the header
}

func (s *session) table(header ...string) *table {
	return &table{look: s.look, header: header, right: map[int]bool{}}
}

func (t *table) row(texts ...string) {
	cells := make([]cell, len(texts))
	for i, text := range texts {
		cells[i] = cell{text: text}
	}
	t.cells(cells...)
}

func (t *table) cells(cells ...cell) {
	for i := range cells {
		if cells[i].text = clean(cells[i].text, false); cells[i].text == "" {
			cells[i].text = "-"
		}
	}
	t.rows = append(t.rows, cells)
}

// align puts numbers to the right.
func (t *table) align(columns ...int) {
	for _, c := range columns {
		t.right[c] = true
	}
}

func (t *table) write(w io.Writer) {
	widths := make([]int, len(t.header))
	head := make([]cell, len(t.header))
	for i, h := range t.header {
		widths[i], head[i] = runewidth.StringWidth(h), cell{h, t.look.bold}
	}
	for _, row := range t.rows {
		for i, c := range row {
			widths[i] = max(widths[i], runewidth.StringWidth(c.text))
		}
	}
	rows := append([][]cell{head}, t.rows...)
	if t.bare {
		rows = t.rows
	}
	for _, row := range rows {
		_, _ = io.WriteString(w, t.line(row, widths)+"\n")
	}
}

func (t *table) line(row []cell, widths []int) string {
	var b strings.Builder
	used := 0
	for i, c := range row {
		text, last := c.text, i == len(row)-1
		if left := t.look.width - used; last && t.look.width > 0 && left > 8 {
			text = runewidth.Truncate(text, left, "…")
		}
		pad := strings.Repeat(" ", max(0, widths[i]-runewidth.StringWidth(text)))
		if c.paint != nil {
			text = c.paint(text)
		}
		switch {
		case t.right[i]:
			text = pad + text
		case !last:
			text += pad
		}
		b.WriteString(text)
		if !last {
			b.WriteString("  ")
		}
		used += widths[i] + 2
	}
	return strings.TrimRight(b.String(), " ")
}
