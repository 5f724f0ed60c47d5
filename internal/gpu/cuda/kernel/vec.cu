// Vectors: sums, and what other workloads need of single numbers.
#include "device.h"

struct alignas(16) four { float x, y, z, w; };
struct alignas(16) two { double x, y; };

// c = a + b. Four numbers at a time, 16 bytes a thread, as cuMemAlloc's
// alignment allows; the rest one by one.
KERNEL(256) void vec_add_f32(float *RESTRICT c, const float *RESTRICT a, const float *RESTRICT b, i64 n) {
  i64 quads = n / 4;
  for (i64 i = INDEX; i < quads; i += STRIDE) {
    four x = ((const four *)a)[i], y = ((const four *)b)[i];
    ((four *)c)[i] = four{x.x + y.x, x.y + y.y, x.z + y.z, x.w + y.w};
  }
  i64 rest = quads * 4 + INDEX;
  if (rest < n) c[rest] = a[rest] + b[rest];
}

KERNEL(256) void vec_add_f64(double *RESTRICT c, const double *RESTRICT a, const double *RESTRICT b, i64 n) {
  i64 pairs = n / 2;
  for (i64 i = INDEX; i < pairs; i += STRIDE) {
    two x = ((const two *)a)[i], y = ((const two *)b)[i];
    ((two *)c)[i] = two{x.x + y.x, x.y + y.y};
  }
  i64 rest = pairs * 2 + INDEX;
  if (rest < n) c[rest] = a[rest] + b[rest];
}

// The sequence of workload.Random: SplitMix64 of a counter, the top 24 bits as
// a number in [-1, 1). Bit for bit what the CPU makes.
DEVICE u64 mix(u64 z) {
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ z >> 27) * 0x94d049bb133111ebull;
  return z ^ z >> 31;
}
#define GOLDEN 0x9e3779b97f4a7c15ull

KERNEL(256) void fill_f32(float *to, i64 n, u64 base) {
  for (i64 i = INDEX; i < n; i += STRIDE)
    to[i] = (float)((i64)mix(base + (u64)i * GOLDEN) >> 40) * 0x1p-23f;
}

KERNEL(256) void fill_f64(double *to, i64 n, u64 base) {
  for (i64 i = INDEX; i < n; i += STRIDE)
    to[i] = (double)((float)((i64)mix(base + (u64)i * GOLDEN) >> 40) * 0x1p-23f);
}
