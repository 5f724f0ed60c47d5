package nn

import (
	"fmt"
	"math"
	"sync"
	"sync/atomic"
)

// Logits are the outputs for count samples, sample by sample; x holds the
// samples one after the other. What is returned is valid until the next call.
func (n *Net) Logits(x []float32, count int) []float32 {
	if count < 1 || count > n.batch || len(x) < count*n.Inputs() {
		panic(fmt.Sprintf("nn: %d samples of %d numbers in %d, the batch is %d", count, n.Inputs(), len(x), n.batch))
	}
	if len(n.blocks) > 0 {
		n.blocks[0].pictures = x
	} else {
		n.layers[0].x = x
	}
	for _, b := range n.blocks {
		b.forward(count)
	}
	for _, d := range n.layers {
		d.forward(count)
	}
	return n.layers[len(n.layers)-1].y[:count*n.Classes]
}

// Gradients sets Grads to the gradient of the mean loss of a batch, and returns
// the sum of the losses and how many samples were classed rightly.
func (n *Net) Gradients(x []float32, labels []int32) (loss float64, right int) {
	count := len(labels)
	logits := n.Logits(x, count)
	last := n.layers[len(n.layers)-1]
	for i, label := range labels {
		l, ok := crossEntropy(logits[i*n.Classes:][:n.Classes], last.dy[i*n.Classes:][:n.Classes], int(label), float64(count))
		loss += l
		if ok {
			right++
		}
	}
	for i := len(n.layers) - 1; i >= 0; i-- {
		n.layers[i].backward(count)
	}
	for i := len(n.blocks) - 1; i >= 0; i-- {
		n.blocks[i].backward(count)
	}
	return loss, right
}

// crossEntropy sets grad to (softmax(logits) - label) / count and returns the
// loss -ln softmax(logits)[label], and whether the label has the largest logit.
func crossEntropy(logits, grad []float32, label int, count float64) (float64, bool) {
	most := Largest(logits)
	top, sum := float64(logits[most]), 0.0
	for j, v := range logits {
		e := math.Exp(float64(v) - top)
		grad[j] = float32(e)
		sum += e
	}
	scale := float32(1 / (sum * count))
	for j := range grad {
		grad[j] *= scale
	}
	grad[label] -= float32(1 / count)
	return math.Log(sum) + top - float64(logits[label]), most == label
}

// Loss is crossEntropy of one sample, without a gradient.
func Loss(logits []float32, label int) float64 {
	top, sum := float64(logits[Largest(logits)]), 0.0
	for _, v := range logits {
		sum += math.Exp(float64(v) - top)
	}
	return math.Log(sum) + top - float64(logits[label])
}

// Largest is the place of the largest number, the first one of equals.
func Largest(values []float32) int {
	most := 0
	for i, v := range values {
		if v > values[most] {
			most = i
		}
	}
	return most
}

// parallel calls do for 0 to n-1 on at most threads goroutines, each with a
// number of its own from 0. A panic of do ends the process.
func parallel(threads, n int, do func(worker, i int)) {
	if threads == 1 || n == 1 {
		for i := range n {
			do(0, i)
		}
		return
	}
	spread(min(threads, n), n, do)
}

func spread(threads, n int, do func(worker, i int)) {
	var next atomic.Int64
	var wait sync.WaitGroup
	work := func(worker int) {
		for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
			do(worker, i)
		}
	}
	for worker := 1; worker < threads; worker++ {
		wait.Go(func() { work(worker) })
	}
	work(0)
	wait.Wait()
}
