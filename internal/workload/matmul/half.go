package matmul

import "math"

// dtype is a kind of number that a product can be of.
type dtype struct {
	bytes int
	round func(float32) float32 // to the nearest that it has; nil: float32 itself
	bits  func(float32) uint16  // of those of 16 bits
	from  func(uint16) float32
	unit  float64 // half the distance between 1 and the next number, of what C is rounded to
	align int     // numbers that a row's length must be a multiple of on a device
}

// dtypes by the names that jobs use. Inputs are rounded before anything is
// computed, so that a product of two of them is exact in float32 on every
// device; C of the two 16-bit kinds is rounded to their kind.
var dtypes = map[string]dtype{
	"float64":  {bytes: 8, align: 1},
	"float32":  {bytes: 4, align: 1},
	"tf32":     {bytes: 4, round: roundTF32, align: 4},
	"bfloat16": {bytes: 2, round: func(v float32) float32 { return fromBF16(toBF16(v)) }, bits: toBF16, from: fromBF16, unit: 0x1p-8, align: 8},
	"float16":  {bytes: 2, round: func(v float32) float32 { return fromF16(toF16(v)) }, bits: toF16, from: fromF16, unit: 0x1p-11, align: 8},
}

// roundTF32 keeps 11 bits of precision, ties to even.
func roundTF32(v float32) float32 {
	b := math.Float32bits(v)
	return math.Float32frombits((b + 0xfff + b>>13&1) &^ 0x1fff)
}

// toBF16 is the upper half of a float32, rounded; v is finite.
func toBF16(v float32) uint16 {
	b := math.Float32bits(v)
	return uint16((b + 0x7fff + b>>16&1) >> 16)
}

func fromBF16(h uint16) float32 { return math.Float32frombits(uint32(h) << 16) }

// toF16 rounds to IEEE 754's binary16, ties to even.
func toF16(v float32) uint16 {
	b := math.Float32bits(v)
	sign, exponent, fraction := uint16(b>>16&0x8000), int(b>>23&0xff)-127, b&0x7fffff|0x800000
	switch {
	case exponent == 128 && b&0x7fffff != 0:
		return sign | 0x7e00
	case exponent > 15:
		return sign | 0x7c00
	case exponent < -25:
		return sign
	}
	drop := 13 // bits of the fraction that it has not
	if exponent < -14 {
		drop += -14 - exponent // a subnormal number
		exponent = -15
	}
	h := fraction >> drop
	rest, half := fraction&(1<<drop-1), uint32(1)<<(drop-1)
	if rest > half || rest == half && h&1 == 1 {
		h++ // a carry into the exponent is right
	}
	if exponent == -15 {
		return sign | uint16(h)
	}
	return sign | uint16(uint32(exponent+15)<<10+h-0x400)
}

func fromF16(h uint16) float32 {
	sign, exponent, fraction := uint32(h&0x8000)<<16, int(h>>10&31), uint32(h&0x3ff)
	switch {
	case exponent == 31:
		return math.Float32frombits(sign | 0x7f800000 | fraction<<13)
	case exponent == 0:
		v := float32(fraction) * 0x1p-24
		return math.Float32frombits(sign | math.Float32bits(v))
	}
	return math.Float32frombits(sign | uint32(exponent+112)<<23 | fraction<<13)
}
