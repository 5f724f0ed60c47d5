// device.h lets one source be compiled by clang for the GPU, without NVIDIA's
// headers, and by any C++ compiler for the CPU, where shim.h stands in for the
// machine. No library is there in either: what is needed is here.
#ifndef TURNO_DEVICE_H
#define TURNO_DEVICE_H

typedef unsigned int u32;
typedef unsigned short u16;
typedef unsigned char u8;
typedef unsigned long long u64;
typedef long long i64;

#ifdef TURNO_CPU
#include "shim/shim.h"
#else

#define DEVICE static __attribute__((device)) __attribute__((always_inline))
#define SHARED __attribute__((shared))
#define KERNEL(threads) extern "C" __attribute__((global)) __attribute__((launch_bounds(threads)))
#define RESTRICT __restrict__
#define UNROLL _Pragma("unroll")
#define INLINE __attribute__((always_inline)) // of a lambda: what it captures stays in registers

extern __attribute__((shared)) __attribute__((aligned(16))) u8 turno_dynamic[];
#define DYNAMIC_SHARED ((u8 *)turno_dynamic)

DEVICE void sync_block() { __syncthreads(); }
DEVICE void sync_warp() { __nvvm_bar_warp_sync(0xffffffff); }
// PTX ISA, shfl.sync: c is the clamp and the segment mask, 0x1f for whole warps.
DEVICE float shuffle_down(float v, int by) {
  return __nvvm_shfl_sync_down_f32(0xffffffff, v, by, 0x1f);
}
DEVICE float shuffle_xor(float v, int mask) {
  return __nvvm_shfl_sync_bfly_f32(0xffffffff, v, mask, 0x1f);
}
DEVICE u32 bits_of(float v) { return __nvvm_bitcast_f2i(v); }
DEVICE float float_of(u32 v) { return __nvvm_bitcast_i2f(v); }
DEVICE float root(float v) { return __nvvm_sqrt_rn_f(v); }
DEVICE float divide(float a, float b) { return __nvvm_div_rn_f(a, b); }
// 2 to the power of v and its inverse, with an error near 2^-22 (PTX ISA,
// ex2.approx and lg2.approx).
DEVICE float exp2_fast(float v) { return __nvvm_ex2_approx_f(v); }
DEVICE float log2_fast(float v) { return __nvvm_lg2_approx_f(v); }
// With an absolute error near 2^-20.5 from -pi to pi (PTX ISA, sin.approx).
DEVICE float sin_fast(float v) { return __nvvm_sin_approx_f(v); }
DEVICE float cos_fast(float v) { return __nvvm_cos_approx_f(v); }
DEVICE float fused(float a, float b, float c) { return __nvvm_fma_rn_f(a, b, c); }
DEVICE u32 mul_high(u32 a, u32 b) { return (u32)(((u64)a * b) >> 32); }

DEVICE u32 shared_address(const void *p) { return (u32)(u64)(__attribute__((address_space(3))) const u8 *)p; }
// Neighbours in shared memory, read at once; p is aligned to all of them. In
// words of PTX, because clang takes a vector load apart again.
DEVICE void read_shared(float *v, const float *p, int count) {
  if (count == 4)
    asm volatile("ld.shared.v4.f32 {%0,%1,%2,%3}, [%4];" : "=f"(v[0]), "=f"(v[1]), "=f"(v[2]), "=f"(v[3]) : "r"(shared_address(p)) : "memory");
  else
    asm volatile("ld.shared.v2.f32 {%0,%1}, [%2];" : "=f"(v[0]), "=f"(v[1]) : "r"(shared_address(p)) : "memory");
}
DEVICE void read_shared(double *v, const double *p, int) {
  asm volatile("ld.shared.v2.f64 {%0,%1}, [%2];" : "=d"(v[0]), "=d"(v[1]) : "r"(shared_address(p)) : "memory");
}

#endif

#define BLOCK_X ((int)blockIdx.x)
#define BLOCK_Y ((int)blockIdx.y)
#define BLOCK_Z ((int)blockIdx.z)
#define THREAD_X ((int)threadIdx.x)
#define THREAD_Y ((int)threadIdx.y)
// Where a thread is in a one-dimensional grid, and how many there are.
#define INDEX ((i64)blockIdx.x * blockDim.x + threadIdx.x)
#define STRIDE ((i64)gridDim.x * blockDim.x)

DEVICE int least(int a, int b) { return a < b ? a : b; }
DEVICE int most(int a, int b) { return a > b ? a : b; }
DEVICE float larger(float a, float b) { return a > b ? a : b; }

// exp and log by what the machine has: e^v = 2^(v*log2 e).
DEVICE float exp_fast(float v) { return exp2_fast(v * 1.4426950408889634f); }
DEVICE float log_fast(float v) { return log2_fast(v) * 0.6931471805599453f; }

#endif
