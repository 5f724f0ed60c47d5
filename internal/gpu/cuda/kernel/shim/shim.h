// shim.h is a GPU on a CPU, for tests: each thread of a block is a fiber, run
// by turns, that gives way at barriers. A barrier that not all reach is an
// error, as synccheck would say. Blocks run one after the other.
#ifndef TURNO_SHIM_H
#define TURNO_SHIM_H
#include <math.h>
#include <string.h>

#define DEVICE static inline
#define SHARED static
#define KERNEL(threads) static
#define RESTRICT
#define UNROLL
#define INLINE
#define DYNAMIC_SHARED (shim_dynamic)

struct shim_dim { u32 x, y, z; };
extern shim_dim threadIdx, blockIdx, blockDim, gridDim;
extern u8 *shim_dynamic;

void shim_unaligned();
void shim_wait(int warp); // for the warp, else for the block
extern float shim_lane[32][16]; // what the lanes of the running warp exchange
int shim_lane_index();

DEVICE void sync_block() { shim_wait(0); }
DEVICE void sync_warp() { shim_wait(1); }
DEVICE float shuffle_down(float v, int by) {
  int lane = shim_lane_index();
  shim_lane[lane][0] = v;
  sync_warp();
  float got = lane + by < 32 ? shim_lane[lane + by][0] : v;
  sync_warp();
  return got;
}
DEVICE float shuffle_xor(float v, int mask) {
  int lane = shim_lane_index();
  shim_lane[lane][0] = v;
  sync_warp();
  float got = shim_lane[lane ^ mask][0];
  sync_warp();
  return got;
}
DEVICE u32 bits_of(float v) { u32 b; memcpy(&b, &v, 4); return b; }
DEVICE float float_of(u32 v) { float f; memcpy(&f, &v, 4); return f; }
DEVICE float root(float v) { return sqrtf(v); }
DEVICE float divide(float a, float b) { return a / b; }
DEVICE float exp2_fast(float v) { return exp2f(v); }
DEVICE float log2_fast(float v) { return log2f(v); }
DEVICE float sin_fast(float v) { return sinf(v); }
DEVICE float cos_fast(float v) { return cosf(v); }
DEVICE float fused(float a, float b, float c) { return fmaf(a, b, c); }
DEVICE u32 mul_high(u32 a, u32 b) { return (u32)(((u64)a * b) >> 32); }
template <class T> DEVICE void read_shared(T *v, const T *p, int count) {
  if ((u64)p % (sizeof(T) * count)) shim_unaligned();
  memcpy(v, p, sizeof(T) * count);
}
#endif
