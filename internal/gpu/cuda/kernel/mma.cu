// Products of matrices on the tensor cores (PTX ISA, "Warp-level matrix
// multiply-accumulate": mma.sync.m16n8k16 for bf16 and f16, m16n8k8 for tf32),
// with sums in float32. C = A*B row by row.
//
// A and B lie in rows whose length is a multiple of 16 bytes; the caller fills
// them up with zeros. Pieces of both come into shared memory by cp.async, some
// stages ahead, 16 bytes at a time; what is outside of the matrix comes as zeros
// (cp.async's src-size). Rows in shared memory are 16 bytes longer than what
// they hold, so that the eight rows that ldmatrix reads at once lie on all 32
// banks.
#include "device.h"

#ifdef TURNO_CPU
#include "shim/mma.h"
#else

DEVICE void copy16(void *to, const void *from, int bytes) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(to)), "l"(from), "r"(bytes) : "memory");
}
DEVICE void copies_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }
template <int left> DEVICE void copies_wait() { asm volatile("cp.async.wait_group %0;" ::"n"(left) : "memory"); }

DEVICE void load4(u32 (&r)[4], const void *p) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(shared_address(p)) : "memory");
}
DEVICE void load4_turned(u32 (&r)[4], const void *p) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(shared_address(p)) : "memory");
}
DEVICE u32 to_tf32(u32 v) {
  u32 r;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(r) : "f"(float_of(v)));
  return r;
}

#define MMA(name, shape)                                                                                         \
  DEVICE void name(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) {                                           \
    asm volatile("mma.sync.aligned." shape " {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"              \
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])                                                \
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));                                \
  }
MMA(mma_bf16, "m16n8k16.row.col.f32.bf16.bf16.f32")
MMA(mma_f16, "m16n8k16.row.col.f32.f16.f16.f32")
MMA(mma_tf32, "m16n8k8.row.col.f32.tf32.tf32.f32")

// Two floats to two halves, rounded to the nearest; low is the first in memory.
DEVICE u32 pack_bf16(float low, float high) {
  u32 r;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(high), "f"(low));
  return r;
}
DEVICE u32 pack_f16(float low, float high) {
  u32 r;
  asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(high), "f"(low));
  return r;
}
#endif

struct shape {
  int m, n, k, lda, ldb, ldc;
};

// where says which tile of C a block makes: blocks that run at the same time
// make a patch that is eight tiles high, so that what they read of A and B stays
// in the second cache.
struct tile_at { int row, col; };
DEVICE tile_at where(shape s, int bm, int bn) {
  int rows = (s.m + bm - 1) / bm, cols = (s.n + bn - 1) / bn;
  int band = 8 * cols, first = BLOCK_X / band * 8, high = least(8, rows - first), in = BLOCK_X % band;
  return tile_at{(first + in % high) * bm, in / high * bn};
}

enum kind { bf16, f16 };

// half_product is for numbers of 16 bits. 256 threads: two by four warps, each
// of which makes BM/2 by BN/4.
template <kind K, int BM, int BN, int stages>
DEVICE void half_product(u16 *RESTRICT c, const u16 *RESTRICT a, const u16 *RESTRICT b, shape s) {
  constexpr int BK = 32, pitchA = BK + 8, pitchB = BN + 8;
  constexpr int WM = BM / 2, WN = BN / 4, MT = WM / 16, NT = WN / 8;
  u16 *as = (u16 *)DYNAMIC_SHARED, *bs = as + stages * BM * pitchA;
  tile_at at = where(s, BM, BN);
  int t = THREAD_X, lane = t % 32, warp = t / 32, wm = warp / 4 * WM, wn = warp % 4 * WN;
  int steps = (s.k + BK - 1) / BK;

  auto fetch = [&](int step) {
    int stage = step % stages, k0 = step * BK;
    UNROLL for (int i = 0; i < BM * BK / 8 / 256; i++) {
      int piece = t + i * 256, r = piece / (BK / 8), q = piece % (BK / 8) * 8;
      bool in = at.row + r < s.m && k0 + q < s.lda;
      copy16(as + (stage * BM + r) * pitchA + q, in ? a + (i64)(at.row + r) * s.lda + k0 + q : a, in ? 16 : 0);
    }
    UNROLL for (int i = 0; i < BK * BN / 8 / 256; i++) {
      int piece = t + i * 256, r = piece / (BN / 8), q = piece % (BN / 8) * 8;
      bool in = k0 + r < s.k && at.col + q < s.ldb;
      copy16(bs + (stage * BK + r) * pitchB + q, in ? b + (i64)(k0 + r) * s.ldb + at.col + q : b, in ? 16 : 0);
    }
  };

  float sum[MT][NT][4];
  UNROLL for (int i = 0; i < MT; i++)
    UNROLL for (int j = 0; j < NT; j++)
      UNROLL for (int x = 0; x < 4; x++) sum[i][j][x] = 0;
  for (int i = 0; i < stages - 1; i++) {
    if (i < steps) fetch(i);
    copies_commit();
  }
  for (int step = 0; step < steps; step++) {
    copies_wait<stages - 2>();
    sync_block();
    if (step + stages - 1 < steps) fetch(step + stages - 1);
    copies_commit();
    const u16 *ap = as + step % stages * BM * pitchA, *bp = bs + step % stages * BK * pitchB;
    UNROLL for (int q = 0; q < BK; q += 16) {
      u32 x[MT][4], y[NT / 2][4];
      // Lanes 0-15 name the 16 rows of the left half of a 16 by 16 piece, lanes
      // 16-31 those of the right half: the order of mma's A. B's pieces are two
      // 16 by 8 beside each other, turned.
      UNROLL for (int i = 0; i < MT; i++) load4(x[i], ap + (wm + i * 16 + lane % 16) * pitchA + q + lane / 16 * 8);
      UNROLL for (int j = 0; j < NT / 2; j++) load4_turned(y[j], bp + (q + lane % 16) * pitchB + wn + j * 16 + lane / 16 * 8);
      UNROLL for (int i = 0; i < MT; i++)
        UNROLL for (int j = 0; j < NT; j++) {
          if (K == bf16) mma_bf16(sum[i][j], x[i], y[j / 2][j % 2 * 2], y[j / 2][j % 2 * 2 + 1]);
          else mma_f16(sum[i][j], x[i], y[j / 2][j % 2 * 2], y[j / 2][j % 2 * 2 + 1]);
        }
    }
  }
  copies_wait<0>();
  // A lane has two neighbouring numbers of row lane/4 and two of the row eight
  // below. ldc is even, so pairs are aligned.
  UNROLL for (int i = 0; i < MT; i++)
    UNROLL for (int j = 0; j < NT; j++)
      UNROLL for (int h = 0; h < 2; h++) {
        int row = at.row + wm + i * 16 + lane / 4 + h * 8, col = at.col + wn + j * 8 + lane % 4 * 2;
        if (row >= s.m || col >= s.ldc) continue;
        u32 pair = K == bf16 ? pack_bf16(sum[i][j][2 * h], sum[i][j][2 * h + 1]) : pack_f16(sum[i][j][2 * h], sum[i][j][2 * h + 1]);
        *(u32 *)(c + (i64)row * s.ldc + col) = pair;
      }
}

#define HALF(name, K, BM, BN, stages)                                                                                            \
  KERNEL(256) void name(u16 *RESTRICT c, const u16 *RESTRICT a, const u16 *RESTRICT b, int m, int n, int k, int lda, int ldb,    \
                        int ldc) {                                                                                               \
    half_product<K, BM, BN, stages>(c, a, b, shape{m, n, k, lda, ldb, ldc});                                                     \
  }
// 128 by 256 needs 108 KiB of shared memory, 128 by 128 needs 74.
HALF(gemm_bf16_wide, bf16, 128, 256, 4)
HALF(gemm_f16_wide, f16, 128, 256, 4)
HALF(gemm_bf16, bf16, 128, 128, 4)
HALF(gemm_f16, f16, 128, 128, 4)

// tf32: numbers are float32 in memory and are rounded to 11 bits on the way to
// the tensor cores. 128 by 128 by 16; rows of A in shared memory have 20 numbers
// and rows of B 136, each without bank conflicts.
KERNEL(256) void gemm_tf32(float *RESTRICT c, const float *RESTRICT a, const float *RESTRICT b, int m, int n, int k, int lda, int ldb,
                           int ldc) {
  constexpr int BM = 128, BN = 128, BK = 16, stages = 4, pitchA = BK + 4, pitchB = BN + 8, MT = 4, NT = 4;
  shape s = {m, n, k, lda, ldb, ldc};
  float *as = (float *)DYNAMIC_SHARED, *bs = as + stages * BM * pitchA;
  tile_at at = where(s, BM, BN);
  int t = THREAD_X, lane = t % 32, warp = t / 32, wm = warp / 4 * 64, wn = warp % 4 * 32;
  int steps = (k + BK - 1) / BK;

  auto fetch = [&](int step) {
    int stage = step % stages, k0 = step * BK;
    UNROLL for (int i = 0; i < BM * BK / 4 / 256; i++) {
      int piece = t + i * 256, r = piece / (BK / 4), q = piece % (BK / 4) * 4;
      bool in = at.row + r < m && k0 + q < lda;
      copy16(as + (stage * BM + r) * pitchA + q, in ? a + (i64)(at.row + r) * lda + k0 + q : a, in ? 16 : 0);
    }
    UNROLL for (int i = 0; i < BK * BN / 4 / 256; i++) {
      int piece = t + i * 256, r = piece / (BN / 4), q = piece % (BN / 4) * 4;
      bool in = k0 + r < k && at.col + q < ldb;
      copy16(bs + (stage * BK + r) * pitchB + q, in ? b + (i64)(k0 + r) * ldb + at.col + q : b, in ? 16 : 0);
    }
  };

  float sum[MT][NT][4];
  UNROLL for (int i = 0; i < MT; i++)
    UNROLL for (int j = 0; j < NT; j++)
      UNROLL for (int x = 0; x < 4; x++) sum[i][j][x] = 0;
  for (int i = 0; i < stages - 1; i++) {
    if (i < steps) fetch(i);
    copies_commit();
  }
  for (int step = 0; step < steps; step++) {
    copies_wait<stages - 2>();
    sync_block();
    if (step + stages - 1 < steps) fetch(step + stages - 1);
    copies_commit();
    const float *ap = as + step % stages * BM * pitchA, *bp = bs + step % stages * BK * pitchB;
    UNROLL for (int q = 0; q < BK; q += 8) {
      u32 x[MT][4], y[NT][2];
      // ldmatrix moves rows of 16 bytes: four float32 as well as eight halves.
      UNROLL for (int i = 0; i < MT; i++) {
        load4(x[i], ap + (wm + i * 16 + lane % 16) * pitchA + q + lane / 16 * 4);
        UNROLL for (int v = 0; v < 4; v++) x[i][v] = to_tf32(x[i][v]);
      }
      UNROLL for (int j = 0; j < NT; j++)
        UNROLL for (int v = 0; v < 2; v++) y[j][v] = to_tf32(bits_of(bp[(q + lane % 4 + v * 4) * pitchB + wn + j * 8 + lane / 4]));
      UNROLL for (int i = 0; i < MT; i++)
        UNROLL for (int j = 0; j < NT; j++) mma_tf32(sum[i][j], x[i], y[j][0], y[j][1]);
    }
  }
  copies_wait<0>();
  UNROLL for (int i = 0; i < MT; i++)
    UNROLL for (int j = 0; j < NT; j++)
      UNROLL for (int v = 0; v < 4; v++) {
        int row = at.row + wm + i * 16 + lane / 4 + v / 2 * 8, col = at.col + wn + j * 8 + lane % 4 * 2 + v % 2;
        if (row < m && col < n) c[(i64)row * ldc + col] = sum[i][j][v];
      }
}
