package cli

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"turno/internal/bench/analysis"
	"turno/internal/bench/record"
)

const (
	benchCompareShort = "say what differs between two runs, and what is only chance"
	benchCompareLong  = `Holds two files of turno bench run against each other: before and after a
change, two versions, two machines. B/A is how many times as long a job of B
typically takes as one of A, with its interval of 95 %.

"real" is a difference that chance would make, in any of the rows together, less
than once in a hundred comparisons (Mann-Whitney's test, Holm's correction).
Chance is all that this rules out: see first that the machine was the same and
had nothing else to do. What differed between the environments is listed.`
)

func (s *session) benchCompareCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{Use: "compare A B", Short: benchCompareShort, Long: benchCompareLong, Args: cobra.ExactArgs(2)}
	cmd.Flags().BoolVar(&asJSON, "json", false, "the comparison as JSON")
	cmd.RunE = s.command(func(_ context.Context, _ *cobra.Command, args []string) error {
		var r [2]*record.Results
		for i, path := range args {
			var err error
			if r[i], err = s.readResults(path); err != nil {
				return err
			}
		}
		d := analysis.Compare(r[0], r[1])
		if asJSON {
			f := format{kind: "json"}
			return f.write(s.io.Out, d)
		}
		s.showDifferences(d)
		return nil
	})
	return cmd
}

// readResults reads a file of turno bench run.
func (s *session) readResults(path string) (*record.Results, error) {
	data, err := os.ReadFile(s.abs(path))
	if os.IsNotExist(err) {
		return nil, failed(exitNotFound, "there is no %s", path).hint("turno bench run makes one")
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	r, err := record.Read(data)
	if err != nil {
		return nil, usage("%s: %v", path, err)
	}
	return r, nil
}

func (s *session) showDifferences(d *analysis.Differences) {
	t := s.table("CASE", "SIDE", "TIME", "A", "B", "B/A", "95 %", "P", "VERDICT")
	real, few := 0, 0
	for i := range d.Rows {
		x := &d.Rows[i]
		verdict := "no difference shown"
		switch {
		case x.Few:
			verdict = fmt.Sprintf("too few samples: %d and %d", x.A.N, x.B.N)
			few++
		case x.Real() && x.Ratio.Value > 1:
			verdict = "real: B is slower"
		case x.Real():
			verdict = "real: B is quicker"
		}
		if x.Real() {
			real++
		}
		r := x.Ratio
		t.row(x.Case, x.Side, strings.ReplaceAll(string(x.Phase), "_", " "), benchTime(x.A.Median), benchTime(x.B.Median), fmt.Sprintf("%.3f", r.Value),
			fmt.Sprintf("%.3f-%.3f", r.Lo, r.Hi), fmt.Sprintf("%.2g", x.PAdj), verdict)
	}
	t.align(3, 4, 5, 7)
	t.write(s.io.Out)
	s.printf("%d of %d differences are real, at the level %g for all rows together; P is adjusted for their number.\n", real, len(d.Rows), analysis.Level)
	if few > 0 {
		s.printf("%d rows have fewer than %d samples on a side: they can show nothing.\n", few, analysis.Enough)
	}
	if d.Simulated {
		s.printf("SIMULATED devices: what is said of them says nothing about any GPU.\n")
	}
	for _, c := range d.Environment {
		s.printf("environment: %s was %s in A and is %s in B\n", c.Name, orDash(c.A), orDash(c.B))
	}
	for _, m := range d.Missing {
		s.printf("%s\n", m)
	}
}
