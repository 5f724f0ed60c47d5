package matmul

import (
	"context"
	"math"

	"turno/internal/workload"
)

// rounds of Freivalds' test (R. Freivalds 1977, "Probabilistic machines can use
// less running time"): a product of which a row is wrong passes one round with
// probability 1/2 at most, and all eight with 1/256; one wrong number alone, or
// several rows that are wrong, never pass. Eight vectors are multiplied in one
// pass over a matrix, so more rounds would cost little and gain little.
const rounds = 8

// slack is how many times the expected size an error may have. The expected
// size of a row's error, for independent numbers of mean 0 as these are, is
// u*|a|*|B| (Euclidean and Frobenius norm, u half the distance between 1 and
// the next number): partial sums grow with the root of their length, so the
// error of element ij is about u*|a_i|*|b_j|/√6, without a factor that grows
// with k (Higham and Mary 2020, "Sharper probabilistic backward error analysis"),
// and the signs of the test vector add up the errors of a row like a random
// walk. The largest seen in ten thousand rows is near 2; 16 leaves room for
// kernels that add in another order, and is still a thousandth of an element
// of C at k = 1024, where the worst case bound k*u*|A||B| would be larger than
// the element itself.
//
// The test itself rounds to float64 (w instead of u): sums over k add w to that
// factor, the two sums over n add w*sqrt(n/k) each, since a row of C is |a|*|B|
// over the root of k.
const slack = 16

func tolerance[T workload.Float](k, n int) float64 {
	return slack * (unit[T]() + unit[float64]()*(1+2*math.Sqrt(float64(n)/float64(k))))
}

// rounding is what is added to the tolerance where C is rounded to numbers with
// a larger unit than it is computed with: a row of C is |a|*|B| over the root of
// k, and its errors are independent. Seen are up to 1.2.
func rounding(unit float64, k int) float64 { return 4 * unit / math.Sqrt(float64(k)) }

// vectors are the test's random vectors, one row of eight numbers for each
// number of a vector.
type vectors [][rounds]float64

// pieceRows is what the test does at a time of rows of k or n numbers: about a
// millisecond.
func pieceRows(length int) int { return max(1, 1<<19/length) }

// verify tests C against A and B: |C·v − A·(B·v)| for random vectors v of -1
// and 1, in float64, relative to |a|*|B| of each row. rounded is the unit of
// what C was rounded to, if that is more than T's. It returns C's checksum too.
func (x *product[T]) verify(ctx context.Context, seed int64, rounded float64) (workload.Verification, string, error) {
	v := workload.Verification{Method: "Freivalds, 8 rounds in float64, relative to |a||B|", Tolerance: tolerance[T](x.k, x.n) + rounding(rounded, x.k)}
	sum, err := workload.Checksum(ctx, x.c, x.threads)
	if err != nil {
		return v, "", err
	}
	signs := make(vectors, x.n)
	random := workload.NewRandom(seed, 3)
	for j := range signs {
		bits := random.Bits(j)
		for r := range rounds {
			signs[j][r] = float64(int(bits>>r&1)*2 - 1)
		}
	}
	bv, norms, err := apply(ctx, x.b, signs, x.k, x.threads)
	if err != nil {
		return v, "", err
	}
	total := 0.0
	for _, n := range norms {
		total += n
	}
	abv, norms, err := apply(ctx, x.a, bv, x.m, x.threads)
	if err != nil {
		return v, "", err
	}
	cv, _, err := apply(ctx, x.c, signs, x.m, x.threads)
	if err != nil {
		return v, "", err
	}
	v.Error = largest(cv, abv, norms, total)
	v.Verified = v.Error <= v.Tolerance // false for NaN
	return v, sum, nil
}

// largest difference, relative to the norms (which come squared).
func largest(got, want vectors, rows []float64, matrix float64) float64 {
	worst := 0.0
	for i := range got {
		scale := math.Sqrt(rows[i]) * math.Sqrt(matrix)
		for r := range rounds {
			difference := math.Abs(got[i][r] - want[i][r])
			if difference != 0 { // a row of zeros has a scale of 0
				difference /= scale
			}
			if !(difference <= worst) { // also NaN, which then stays
				worst = difference
			}
			if math.IsNaN(worst) {
				return worst
			}
		}
	}
	return worst
}

// unit is half the distance between 1 and the next number.
func unit[T workload.Float]() float64 {
	if _, single := any(T(0)).(float32); single {
		return 0x1p-24
	}
	return 0x1p-53
}

// apply multiplies a matrix of the given number of rows with the vectors, and
// returns the squared norm of each row as well.
func apply[T workload.Float](ctx context.Context, matrix []T, v vectors, rows, threads int) (vectors, []float64, error) {
	out, norms := make(vectors, rows), make([]float64, rows)
	length := len(v)
	err := workload.Parallel(ctx, threads, rows, pieceRows(length), func(low, high int) {
		for i := low; i < high; i++ {
			out[i], norms[i] = applyRow(matrix[i*length:(i+1)*length], v)
		}
	})
	return out, norms, err
}

func applyRow[T workload.Float](row []T, v vectors) (sum [rounds]float64, norm float64) {
	v = v[:len(row)]
	// The sums are variables, not an array, and half of them at a time: so they
	// stay in registers, which makes it half as long.
	var a, b, c, d float64
	for j, number := range row {
		x, w := float64(number), &v[j]
		norm += x * x
		a += x * w[0]
		b += x * w[1]
		c += x * w[2]
		d += x * w[3]
	}
	sum[0], sum[1], sum[2], sum[3] = a, b, c, d
	a, b, c, d = 0, 0, 0, 0
	for j, number := range row {
		x, w := float64(number), &v[j]
		a += x * w[4]
		b += x * w[5]
		c += x * w[6]
		d += x * w[7]
	}
	sum[4], sum[5], sum[6], sum[7] = a, b, c, d
	return sum, norm
}
