package cli

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
)

// plot draws a curve through values, from left to right, with the largest on
// top; heights follow the logarithm, as losses are looked at. It draws with
// dots of braille, eight to a character, or with stars where those may not be
// shown. Fewer than two values that can be drawn give nothing.
func plot(values []float64, width, height int, braille bool) []string {
	heights := make([]float64, 0, len(values))
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range values {
		h := math.Log(v)
		if math.IsNaN(h) || math.IsInf(h, 0) {
			continue
		}
		heights = append(heights, h)
		low, high = min(low, h), max(high, h)
	}
	if len(heights) < 2 {
		return nil
	}
	across, down := 1, 1 // dots to a character
	if braille {
		across, down = 2, 4
	}
	c := canvas{cells: make([]rune, width*height), width: width, across: across, down: down}
	columns, rows := width*across, height*down
	last := -1
	for x := range columns {
		at := float64(x) / float64(columns-1) * float64(len(heights)-1)
		i := min(int(at), len(heights)-2)
		h := heights[i] + (at-float64(i))*(heights[i+1]-heights[i])
		y := 0
		if high > low {
			y = int(math.Round((high - h) / (high - low) * float64(rows-1)))
		}
		if last < 0 {
			last = y
		}
		for step := range max(1, abs(y-last)) { // no gaps in what is steep
			if y >= last {
				c.dot(x, y-step)
			} else {
				c.dot(x, y+step)
			}
		}
		last = y
	}
	return c.lines()
}

func abs(n int) int { return max(n, -n) }

// canvas is dots in characters.
type canvas struct {
	cells               []rune
	width, across, down int
}

// brailleDots are the bits of a character's dots, by row and column (Unicode 15,
// chapter 21.1: U+2800 and eight bits).
var brailleDots = [4][2]rune{{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}}

func (c *canvas) dot(x, y int) {
	cell := &c.cells[y/c.down*c.width+x/c.across]
	if c.down == 1 {
		*cell = '*'
		return
	}
	*cell |= 0x2800 | brailleDots[y%4][x%2]
}

func (c *canvas) lines() []string {
	var lines []string
	for row := 0; row < len(c.cells); row += c.width {
		var b strings.Builder
		for _, cell := range c.cells[row : row+c.width] {
			if cell == 0 {
				cell = ' '
			}
			b.WriteRune(cell)
		}
		lines = append(lines, strings.TrimRight(b.String(), " "))
	}
	return lines
}

// unicode tells whether more than ASCII may be drawn on the output: it is a
// terminal, and the locale is one of UTF-8.
func (s *session) unicode() bool {
	if !s.look.terminal || s.env("TERM") == "dumb" {
		return false
	}
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(s.env(name)); v != "" {
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	return false
}

// demoCurves draws how training went.
func (s *session) demoCurves(rows []result) {
	for _, r := range rows {
		var out struct {
			Accuracy float64 `json:"test_accuracy"`
			History  []struct {
				Loss float64 `json:"test_loss"`
			} `json:"history"`
		}
		if json.Unmarshal(r.Output, &out) != nil || len(out.History) == 0 {
			continue
		}
		var losses []float64
		for _, e := range out.History {
			losses = append(losses, e.Loss)
		}
		lines := plot(losses, 40, 5, s.unicode())
		for i, line := range lines {
			label := ""
			switch i {
			case 0:
				s.printf("\n%s: test loss by epoch, 1 to %d; then %.1f of 100 are right\n", r.Workload, len(losses), 100*out.Accuracy)
				label = fmt.Sprintf("%.3f", slices.Max(losses))
			case len(lines) - 1:
				label = fmt.Sprintf("%.3f", slices.Min(losses))
			}
			s.printf("%8s %s\n", label, s.look.paint("36", line))
		}
	}
}
