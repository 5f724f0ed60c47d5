package obs

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
)

// documented compares what there is with the table in docs/metrics.md: names,
// types and labels.
func documented(t *testing.T, families []*dto.MetricFamily) {
	t.Helper()
	rows := map[string]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| `(turno_[a-z_]+)` \\| ([a-z]+) \\|([^|]*)\\|").FindAllStringSubmatch(readPage(t), -1) {
		rows[m[1]] = m[2] + " " + strings.TrimSpace(m[3])
	}
	for _, f := range families {
		if !strings.HasPrefix(f.GetName(), "turno_") {
			continue
		}
		var labels []string
		for _, l := range f.GetMetric()[0].GetLabel() {
			labels = append(labels, l.GetName())
		}
		slices.Sort(labels)
		want := strings.ToLower(f.GetType().String()) + " " + strings.Join(labels, ", ")
		switch got, ok := rows[f.GetName()]; {
		case !ok:
			t.Errorf("%s is not in %s: | `%s` | %s |", f.GetName(), page, f.GetName(), strings.Replace(want, " ", " | ", 1))
		case strings.TrimSpace(got) != strings.TrimSpace(want):
			t.Errorf("%s is %q, and in %s %q", f.GetName(), want, page, got)
		}
		delete(rows, f.GetName())
	}
	for name := range rows {
		t.Errorf("%s is in %s, and nowhere else", name, page)
	}
}
