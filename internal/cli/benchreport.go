package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"turno/internal/bench/report"
)

const (
	benchReportShort = "make tables, charts and a paper of a run"
	benchReportLong  = `Makes of a file of turno bench run:

  full   performance_comparison.csv, charts as PNG (300 dpi), SVG and PDF, and
         BENCHMARK_REPORT.md (BENCHMARK_REPORT.es.md in Spanish)
  ieee   the skeleton of a paper in IEEE's two columns, with tables, figures,
         method and threats to validity from the data, and places marked TODO
         for what only its authors can write

The same file gives the same bytes. docs/benchmarking.md and docs/ieee-report.md
say how to read them, and what may be claimed.`
)

func (s *session) benchReportCommand() *cobra.Command {
	var kind, lang, out string
	cmd := &cobra.Command{Use: "report [FILE]", Short: benchReportShort, Long: benchReportLong, Args: cobra.MaximumNArgs(1)}
	fl := cmd.Flags()
	fl.StringVar(&kind, "format", "full", "full or ieee")
	fl.StringVar(&lang, "lang", "en", "en or es")
	fl.StringVarP(&out, "output", "o", "", "`FOLDER` to write to (benchmark-report, or paper)")
	cmd.RunE = s.command(func(_ context.Context, _ *cobra.Command, args []string) error {
		path := resultsFile
		if len(args) > 0 {
			path = args[0]
		}
		write := map[string]func([]byte, string) ([]report.File, error){"full": report.Full, "ieee": report.IEEE}[kind]
		switch {
		case write == nil:
			return usage("--format %q: use full or ieee", kind)
		case lang != "en" && lang != "es":
			return usage("--lang %q: use en or es", lang)
		case out == "":
			out = map[string]string{"full": "benchmark-report", "ieee": "paper"}[kind]
		}
		if _, err := s.readResults(path); err != nil {
			return err
		}
		data, err := os.ReadFile(s.abs(path))
		if err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
		files, err := write(data, lang)
		if err != nil {
			return err
		}
		if err := writeFiles(s.abs(out), files); err != nil {
			return err
		}
		s.printf("%d files in %s\n", len(files), out)
		if kind == "ieee" {
			s.notef(ieeeNext, out)
		}
		return nil
	})
	return cmd
}

const ieeeNext = `Make the PDF with: make -C %s (docs/ieee-report.md names the packages of LaTeX),
or upload the folder as it is to an editor of LaTeX. Places for you are marked TODO.
`

// writeFiles replaces files of these names below a folder, and leaves others.
func writeFiles(dir string, files []report.File) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	defer root.Close()
	for _, f := range files {
		name := filepath.FromSlash(f.Name)
		if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return fmt.Errorf("write report: %w", err)
		}
		if err := root.WriteFile(name, f.Data, 0o644); err != nil {
			return fmt.Errorf("write report: %w", err)
		}
	}
	return nil
}
