package model

import (
	"context"
	"math"

	"turno/internal/workload"
	"turno/internal/workload/nn"
)

// Comparison is how logits agree with nn.Reference.
type Comparison struct {
	Samples int     // that were compared, evenly spread over all
	Right   int     // of these, by the reference; -1 without labels
	Error   float64 // largest difference of a logit, relative to the largest logit, or to 1
}

// Tolerance of Comparison.Error. A logit is a sum over some hundred to some
// thousand products, layer after layer: the roundings of float32 (2^-24 each)
// come to a few 1e-6 where they partly cancel, as they do, and stay below this
// for the largest nets that nn takes.
const Tolerance = 5e-5

// referenceWork is how many products the reference may take in all: about a second
// of one core.
const referenceWork = 1e9

// Compare holds a net's logits for scaled samples against the reference on the
// model's weights. It takes all samples, or as many as referenceWork allows.
func (m *Model) Compare(ctx context.Context, x, logits []float32, labels []int32, threads int) (Comparison, error) {
	inputs, classes := m.Config.Inputs(), m.Config.Classes
	count := len(logits) / classes
	every := max(1, int(math.Ceil(float64(count)*work(m.Config)/referenceWork)))
	samples := (count + every - 1) / every
	weights := wide(m.Weights)
	errors, right := make([]float64, samples), make([]bool, samples)
	largest := 1.0
	for _, v := range logits {
		largest = max(largest, math.Abs(float64(v)))
	}
	err := workload.Parallel(ctx, threads, samples, 1, func(low, high int) {
		for i := low; i < high; i++ {
			at := i * every
			want := nn.Reference(m.Config, weights, wide(x[at*inputs:][:inputs]))
			most := 0
			for j, v := range want {
				off := math.Abs(v-float64(logits[at*classes+j])) / largest
				if !(off <= errors[i]) { // also NaN
					errors[i] = off
				}
				if v > want[most] {
					most = j
				}
			}
			right[i] = labels != nil && most == int(labels[at])
		}
	})
	c := Comparison{Samples: samples, Right: -1}
	if labels != nil {
		c.Right = 0
	}
	for i, off := range errors {
		if !(off <= c.Error) {
			c.Error = off
		}
		if right[i] {
			c.Right++
		}
	}
	return c, err
}

// work is how many products a sample takes.
func work(c nn.Config) float64 {
	total, h, w := 0.0, c.Height, c.Width
	tensors := c.Tensors()
	for i := 0; i < len(tensors); i += 2 {
		if len(tensors[i].Shape) == 4 {
			total += float64(tensors[i].Len()) * float64(h*w)
			h, w = h/2, w/2
			continue
		}
		total += float64(tensors[i].Len())
	}
	return total
}

func wide(values []float32) []float64 {
	out := make([]float64, len(values))
	for i, v := range values {
		out[i] = float64(v)
	}
	return out
}
