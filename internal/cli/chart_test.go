package cli

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPlot(t *testing.T) {
	t.Parallel()
	falling := []float64{1, 0.1, 0.1, 0.01}
	stars := []string{
		"*",
		" **",
		"   ******",
		"         **",
		"           *",
	}
	if diff := cmp.Diff(stars, plot(falling, 12, 5, false)); diff != "" {
		t.Error(diff)
	}
	for _, line := range plot(falling, 12, 3, true) {
		for _, r := range line {
			if r != ' ' && (r <= 0x2800 || r > 0x28ff) {
				t.Errorf("%q in a chart of braille", r)
			}
		}
	}
	for _, values := range [][]float64{nil, {1}, {0, 0}, {math.NaN(), 1}, {math.Inf(1), 2}} {
		if lines := plot(values, 10, 3, true); lines != nil {
			t.Errorf("%v: %q", values, lines)
		}
	}
	if lines := plot([]float64{2, 2, 2}, 10, 3, false); strings.Join(lines, "|") != "**********||" {
		t.Errorf("%q", lines)
	}
}
