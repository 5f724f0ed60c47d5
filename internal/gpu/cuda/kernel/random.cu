// Random numbers by Philox 4x32-10 (Salmon and others 2011, "Parallel Random
// Numbers: As Easy as 1, 2, 3"): four words from a counter and a key, in ten
// rounds, with no state that threads would share. The key is the seed; the
// counter is the place, divided by four, and the stream.
#include "device.h"

struct words { u32 v[4]; };

DEVICE words philox(u64 place, u64 stream, u64 seed) {
  u32 c0 = (u32)place, c1 = (u32)(place >> 32), c2 = (u32)stream, c3 = (u32)(stream >> 32), k0 = (u32)seed, k1 = (u32)(seed >> 32);
  UNROLL for (int round = 0; round < 10; round++) {
    u32 h0 = mul_high(0xd2511f53u, c0), l0 = 0xd2511f53u * c0, h1 = mul_high(0xcd9e8d57u, c2), l1 = 0xcd9e8d57u * c2;
    c0 = h1 ^ c1 ^ k0, c1 = l1, c2 = h0 ^ c3 ^ k1, c3 = l0;
    k0 += 0x9e3779b9u, k1 += 0xbb67ae85u; // the golden ratio and the root of 3
  }
  return words{{c0, c1, c2, c3}};
}

KERNEL(256) void philox_u32(u32 *RESTRICT to, i64 n, u64 seed, u64 stream) {
  for (i64 q = INDEX; q * 4 < n; q += STRIDE) {
    words w = philox((u64)q, stream, seed);
    UNROLL for (int i = 0; i < 4; i++)
      if (q * 4 + i < n) to[q * 4 + i] = w.v[i];
  }
}

// [0, 1) in steps of 2^-24.
KERNEL(256) void philox_uniform_f32(float *RESTRICT to, i64 n, u64 seed, u64 stream) {
  for (i64 q = INDEX; q * 4 < n; q += STRIDE) {
    words w = philox((u64)q, stream, seed);
    UNROLL for (int i = 0; i < 4; i++)
      if (q * 4 + i < n) to[q * 4 + i] = (float)(w.v[i] >> 8) * 0x1p-24f;
  }
}

// The normal distribution by Box and Muller 1958, two from two.
KERNEL(256) void philox_normal_f32(float *RESTRICT to, i64 n, u64 seed, u64 stream) {
  for (i64 q = INDEX; q * 4 < n; q += STRIDE) {
    words w = philox((u64)q, stream, seed);
    UNROLL for (int i = 0; i < 4; i += 2) {
      // (0, 1], so that there is a logarithm; an angle in [-1, 1) half turns.
      float u = (float)((w.v[i] >> 8) + 1) * 0x1p-24f, turn = (float)((int)w.v[i + 1] >> 8) * 0x1p-23f * 3.14159265358979f;
      float length = root(-2.0f * log_fast(u));
      if (q * 4 + i < n) to[q * 4 + i] = length * cos_fast(turn);
      if (q * 4 + i + 1 < n) to[q * 4 + i + 1] = length * sin_fast(turn);
    }
  }
}
