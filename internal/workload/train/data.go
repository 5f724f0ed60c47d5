package train

import (
	"context"
	"errors"
	"fmt"

	"turno/internal/workload"
	"turno/internal/workload/dataset"
	"turno/internal/workload/digits"
	"turno/internal/workload/model"
)

// samples are what is trained and tested on.
type samples struct{ train, test *dataset.Set }

// Streams of a seed: what is drawn for one purpose has nothing to do with the
// others. infer draws stream 3.
const (
	trainStream = 1
	testStream  = 2
	weightOrder = 10   // first weights
	splitOrder  = 11   // which samples of a file are kept for tests
	epochOrder  = 1000 // and the number of the epoch: the order of samples
)

func load(ctx context.Context, env *workload.Env, p Params, names []string) (*samples, error) {
	if p.Data != drawn {
		for _, path := range []*string{&p.Data, &p.Labels, &p.TestData, &p.TestLabels} {
			if *path == "" {
				continue
			}
			var err error
			if *path, err = model.Find(env, *path); err != nil {
				return nil, err
			}
		}
		return read(ctx, p, names)
	}
	threads := env.Threads
	count, tests := orElse(p.Samples, drawnSamples), orElse(p.TestSamples, drawnTests)
	train, err := dataset.Digits(ctx, digits.Set{Seed: p.Seed, Stream: trainStream}, 0, count, threads)
	if err != nil {
		return nil, err
	}
	test, err := dataset.Digits(ctx, digits.Set{Seed: p.Seed, Stream: testStream}, 0, tests, threads)
	return &samples{train, test}, err
}

func orElse(n, otherwise int) int {
	if n == 0 {
		return otherwise
	}
	return n
}

// read reads a user's files.
func read(ctx context.Context, p Params, names []string) (*samples, error) {
	all, err := dataset.Read(ctx, p.Data, dataset.Options{Labels: p.Labels, Column: p.Column, Names: names})
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	if all.Labels == nil {
		return nil, errors.New("data: there are no labels: give the file of them as labels")
	}
	if p.TestData == "" {
		return split(all, p)
	}
	test, err := dataset.Read(ctx, p.TestData, dataset.Options{Labels: p.TestLabels, Column: p.Column, Names: all.Names, Limit: p.TestSamples})
	switch {
	case err != nil:
		return nil, fmt.Errorf("test_data: %w", err)
	case test.Labels == nil:
		return nil, errors.New("test_data: there are no labels: give the file of them as test_labels")
	case test.Inputs() != all.Inputs():
		return nil, fmt.Errorf("test_data: samples of %d numbers, those of data have %d", test.Inputs(), all.Inputs())
	}
	all.Classes = max(all.Classes, test.Classes)
	test.Height, test.Width = all.Height, all.Width
	shuffle(all, p.Seed)
	return &samples{all.Cut(0, min(all.Len(), orElse(p.Samples, all.Len()))), test}, nil
}

// split keeps some samples for tests, chosen by the seed.
func split(all *dataset.Set, p Params) (*samples, error) {
	n := all.Len()
	tests := orElse(p.TestSamples, n/5)
	if tests < 1 || tests >= n {
		return nil, fmt.Errorf("data: holds %d samples, of which %d cannot be kept for tests: give more, or set test_samples or test_data", n, tests)
	}
	shuffle(all, p.Seed)
	rest := n - tests
	return &samples{all.Cut(0, min(rest, orElse(p.Samples, rest))), all.Cut(rest, n)}, nil
}

func shuffle(s *dataset.Set, seed int64) {
	r := workload.NewRandom(seed, splitOrder)
	for i := s.Len() - 1; i > 0; i-- {
		s.Swap(i, int(r.Bits(i)%uint64(i+1)))
	}
}
