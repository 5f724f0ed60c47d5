// user.h is what NVRTC knows by itself, as far as the examples need it, for
// clang: on the device, and on the CPU in the shim.
#ifdef TURNO_CPU
#include "../device.h"
#include "unpack.h"
#define __global__
#define __device__ static inline
#define __shared__ static
#define __syncthreads() sync_block()
template <class T> static inline T atomicAdd(T *p, T v) { T old = *p; *p = old + v; return old; }
#else
#define __global__ __attribute__((global))
#define __device__ __attribute__((device))
#define __shared__ __attribute__((shared))
static __attribute__((device)) float atomicAdd(float *p, float v) { return __nvvm_atom_add_gen_f(p, v); }
#endif
