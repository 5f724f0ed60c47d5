package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/spf13/cobra"

	"turno/internal/workload/dataset"
	"turno/internal/workload/digits"
)

const (
	digitsShort = "write the digits that train draws, for other programs"
	digitsLong  = `Writes images.idx and labels.idx into a folder, in the format of MNIST. The
runner of PyTorch reads them from here, so that both engines train on the same
samples: stream 1 of a seed is for training, stream 2 for tests.`
	// digitsMost is what train draws at most.
	digitsMost = 300_000
)

// digitsCommand is hidden: it is for runners.
func (s *session) digitsCommand() *cobra.Command {
	set, count := digits.Set{Stream: 1}, 1000
	cmd := &cobra.Command{Use: "digits DIR", Short: digitsShort, Long: digitsLong, Hidden: true, Args: cobra.ExactArgs(1)}
	fl := cmd.Flags()
	fl.Int64Var(&set.Seed, "seed", 0, "decides what is drawn")
	fl.Uint64Var(&set.Stream, "stream", 1, "1 for training, 2 for tests")
	fl.IntVar(&count, "count", 1000, "how many")
	cmd.RunE = s.command(func(ctx context.Context, _ *cobra.Command, args []string) error {
		if count < 1 || count > digitsMost {
			return usage("--count %d: use 1 to %d", count, digitsMost)
		}
		drawn, err := dataset.Digits(ctx, set, 0, count, runtime.GOMAXPROCS(0))
		if err != nil {
			return err
		}
		return writeDigits(s.abs(args[0]), drawn)
	})
	return cmd
}

func writeDigits(dir string, set *dataset.Set) error {
	var files [2]*os.File
	for i, name := range []string{"images.idx", "labels.idx"} {
		file, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		defer file.Close()
		files[i] = file
	}
	if err := dataset.WriteIDX(files[0], files[1], set); err != nil {
		return fmt.Errorf("write the digits: %w", err)
	}
	for _, file := range files {
		if err := file.Close(); err != nil {
			return fmt.Errorf("write the digits: %w", err)
		}
	}
	return nil
}
