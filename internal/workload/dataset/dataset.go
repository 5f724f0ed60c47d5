// Package dataset brings samples into memory: digits that it draws, or a user's
// files: CSV, IDX (the format of MNIST), both also compressed with gzip, and
// pictures. Files come from strangers: what is wrong with one is said with its
// line or byte, and no more memory is taken than Most numbers need.
//
// It knows nothing of nets and of jobs.
package dataset

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"turno/internal/workload"
	"turno/internal/workload/digits"
)

// Set is samples, one after the other.
type Set struct {
	Height, Width int       // of a picture; Height is 1 for samples that are none
	X             []float32 // as they were read, not scaled
	Labels        []int32   // nil: none are known
	Classes       int       // labels are below it; 0 without labels
	Names         []string  // of the classes, where labels were texts
	Files         []string  // of each sample, where it came from one of its own
}

// Most numbers that a set may hold: 1 GiB of memory.
const Most = 1 << 28

// MaxClasses bounds labels: a column with more is seldom meant as one.
const MaxClasses = 4096

// Inputs is how many numbers a sample has.
func (s *Set) Inputs() int { return s.Height * s.Width }

// Len is how many samples there are.
func (s *Set) Len() int {
	if s.Inputs() == 0 {
		return 0
	}
	return len(s.X) / s.Inputs()
}

// Sample is the numbers of one.
func (s *Set) Sample(i int) []float32 { return s.X[i*s.Inputs():][:s.Inputs()] }

// Cut is the samples from low up to high, of the same memory.
func (s *Set) Cut(low, high int) *Set {
	part := *s
	part.X = s.X[low*s.Inputs() : high*s.Inputs()]
	if s.Labels != nil {
		part.Labels = s.Labels[low:high]
	}
	if s.Files != nil {
		part.Files = s.Files[low:high]
	}
	return &part
}

// Swap exchanges two samples.
func (s *Set) Swap(i, j int) {
	a, b := s.Sample(i), s.Sample(j)
	for k := range a {
		a[k], b[k] = b[k], a[k]
	}
	if s.Labels != nil {
		s.Labels[i], s.Labels[j] = s.Labels[j], s.Labels[i]
	}
	if s.Files != nil {
		s.Files[i], s.Files[j] = s.Files[j], s.Files[i]
	}
}

// Digits draws count pictures, from that index of the set on.
func Digits(ctx context.Context, from digits.Set, first, count, threads int) (*Set, error) {
	s := &Set{Height: digits.Side, Width: digits.Side, Classes: digits.Classes,
		X: make([]float32, count*digits.Pixels), Labels: make([]int32, count)}
	const grain = 64 // some 5 ms
	err := workload.Parallel(ctx, threads, count, grain, func(low, high int) {
		var picture [digits.Pixels]uint8
		for i := low; i < high; i++ {
			s.Labels[i] = int32(from.Draw(first+i, picture[:]))
			for j, v := range picture {
				s.X[i*digits.Pixels+j] = float32(v)
			}
		}
	})
	return s, err
}

// Scaling makes samples of mean 0 and deviation 1: (x - Mean) * Scale, input by
// input. All inputs of pictures have the same, so that a picture stays one.
func (s *Set) Scaling() (mean, scale []float32) {
	inputs := s.Inputs()
	mean, scale = make([]float32, inputs), make([]float32, inputs)
	sums, squares := make([]float64, inputs), make([]float64, inputs)
	for i := range s.Len() {
		for j, v := range s.Sample(i) {
			sums[j] += float64(v)
			squares[j] += float64(v) * float64(v)
		}
	}
	n := float64(s.Len())
	if s.Height > 1 {
		sum, square := 0.0, 0.0
		for j := range sums {
			sum += sums[j] / float64(inputs)
			square += squares[j] / float64(inputs)
		}
		for j := range sums {
			sums[j], squares[j] = sum, square
		}
	}
	for j := range mean {
		m := sums[j] / n
		mean[j], scale[j] = float32(m), 1
		if d := math.Sqrt(squares[j]/n - m*m); d > 1e-6*math.Abs(m) && d > 1e-20 {
			scale[j] = float32(1 / d)
		}
	}
	return mean, scale
}

// Apply scales all samples in place.
func (s *Set) Apply(mean, scale []float32) {
	for i := range s.Len() {
		x := s.Sample(i)
		for j := range x {
			x[j] = (x[j] - mean[j]) * scale[j]
		}
	}
}

// errTooLarge is what is said of a file with more than Most numbers.
func errTooLarge(path string) error {
	return fmt.Errorf("%s: more than %d numbers; at most that many are allowed", path, Most)
}

// noEnd makes an early end of a file an error with a name.
func noEnd(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("ends too early")
	}
	return err
}
