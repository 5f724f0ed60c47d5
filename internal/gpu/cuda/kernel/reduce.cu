// Sums and extremes of many numbers in two rounds: each block leaves one number
// of its part, and one block makes one of those. The parts and the order within
// them depend on the launch alone: the same launch gives the same bits.
#include "device.h"

template <class T, class Get, class Join> DEVICE void reduce(T *to, i64 n, T none, const Get &get, const Join &join) {
  SHARED T part[256];
  int t = THREAD_X;
  T mine = none;
  for (i64 i = INDEX; i < n; i += STRIDE) mine = join(mine, get(i));
  part[t] = mine;
  sync_block();
  for (int by = 128; by > 0; by /= 2) {
    if (t < by) part[t] = join(part[t], part[t + by]);
    sync_block();
  }
  if (t == 0) to[BLOCK_X] = part[0];
}

DEVICE double plus(double a, double b) { return a + b; }
// A NaN stays one.
DEVICE float upper(float a, float b) { return a != a || a > b ? a : b; }

KERNEL(256) void reduce_sum_f32(double *RESTRICT to, const float *RESTRICT from, i64 n) {
  reduce(to, n, 0.0, [&](i64 i) { return (double)from[i]; }, [](double a, double b) { return plus(a, b); });
}
KERNEL(256) void reduce_sum_f64(double *RESTRICT to, const double *RESTRICT from, i64 n) {
  reduce(to, n, 0.0, [&](i64 i) { return from[i]; }, [](double a, double b) { return plus(a, b); });
}
// The sum of squares in float64 is finite if and only if each number is.
KERNEL(256) void reduce_squares_f32(double *RESTRICT to, const float *RESTRICT from, i64 n) {
  reduce(to, n, 0.0, [&](i64 i) { return (double)from[i] * (double)from[i]; }, [](double a, double b) { return plus(a, b); });
}
KERNEL(256) void reduce_max_f32(float *RESTRICT to, const float *RESTRICT from, i64 n) {
  reduce(to, n, -__builtin_inff(), [&](i64 i) { return from[i]; }, [](float a, float b) { return upper(a, b); });
}
