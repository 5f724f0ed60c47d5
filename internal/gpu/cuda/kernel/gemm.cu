// Products of matrices in float32 and float64 on the ordinary units: C = A*B
// row by row, where A or B may be given transposed. A block makes a tile of C; a
// thread makes TM by TN numbers of it in registers, which is why each number
// that comes through shared memory is used so often. Pieces of A and B for the
// next step are on their way while this one is computed.
#include "device.h"

struct matrices {
  int m, n, k, lda, ldb, ldc;
};

template <class T, int BM, int BN, int BK, int TM, int TN, bool TA, bool TB>
DEVICE void product(T *RESTRICT c, const T *RESTRICT a, const T *RESTRICT b, matrices s) {
  constexpr int threads = (BM / TM) * (BN / TN);
  constexpr int loadA = BM * BK / threads, loadB = BN * BK / threads;
  // Numbers of a thread lie in groups that are apart, so that the threads of a
  // warp read neighbouring groups.
  constexpr int G = 16 / sizeof(T), GM = TM < G ? TM : G, GN = TN < G ? TN : G;
  // The pad of four keeps columns that are written together on other banks.
  SHARED __attribute__((aligned(16))) T as[BK][BM + 4];
  SHARED __attribute__((aligned(16))) T bs[BK][BN + 4];
  int t = THREAD_X, row0 = BLOCK_Y * BM, col0 = BLOCK_X * BN;
  int ty = t / (BN / TN), tx = t % (BN / TN);
  T sum[TM][TN], pa[loadA], pb[loadB];
  UNROLL for (int i = 0; i < TM; i++)
    UNROLL for (int j = 0; j < TN; j++) sum[i][j] = 0;

  auto fetch = [&](int k0) {
    UNROLL for (int i = 0; i < loadA; i++) {
      int at = t + i * threads;
      int r = TA ? at % BM : at / BK, q = TA ? at / BM : at % BK;
      bool in = row0 + r < s.m && k0 + q < s.k;
      pa[i] = in ? a[TA ? (i64)(k0 + q) * s.lda + row0 + r : (i64)(row0 + r) * s.lda + k0 + q] : (T)0;
    }
    UNROLL for (int i = 0; i < loadB; i++) {
      int at = t + i * threads;
      int q = TB ? at % BK : at / BN, r = TB ? at / BK : at % BN;
      bool in = col0 + r < s.n && k0 + q < s.k;
      pb[i] = in ? b[TB ? (i64)(col0 + r) * s.ldb + k0 + q : (i64)(k0 + q) * s.ldb + col0 + r] : (T)0;
    }
  };
  auto store = [&]() {
    UNROLL for (int i = 0; i < loadA; i++) {
      int at = t + i * threads;
      as[TA ? at / BM : at % BK][TA ? at % BM : at / BK] = pa[i];
    }
    UNROLL for (int i = 0; i < loadB; i++) {
      int at = t + i * threads;
      bs[TB ? at % BK : at / BN][TB ? at / BK : at % BN] = pb[i];
    }
  };

  fetch(0);
  for (int k0 = 0; k0 < s.k; k0 += BK) {
    store();
    sync_block();
    if (k0 + BK < s.k) fetch(k0 + BK);
    UNROLL for (int q = 0; q < BK; q++) {
      T x[TM], y[TN];
      UNROLL for (int i = 0; i < TM; i += GM) read_shared(x + i, &as[q][i / GM * (BM * GM / TM) + ty * GM], GM);
      UNROLL for (int j = 0; j < TN; j += GN) read_shared(y + j, &bs[q][j / GN * (BN * GN / TN) + tx * GN], GN);
      UNROLL for (int i = 0; i < TM; i++)
        UNROLL for (int j = 0; j < TN; j++) sum[i][j] += x[i] * y[j];
    }
    sync_block();
  }
  UNROLL for (int i = 0; i < TM; i++) {
    int row = row0 + i / GM * (BM * GM / TM) + ty * GM + i % GM;
    UNROLL for (int j = 0; j < TN; j++) {
      int col = col0 + j / GN * (BN * GN / TN) + tx * GN + j % GN;
      if (row < s.m && col < s.n) c[(i64)row * s.ldc + col] = sum[i][j];
    }
  }
}

#define PRODUCT(name, T, BM, BN, BK, TM, TN, TA, TB)                                                                             \
  KERNEL((BM / TM) * (BN / TN)) void name(T *RESTRICT c, const T *RESTRICT a, const T *RESTRICT b, int m, int n, int k, int lda, \
                                          int ldb, int ldc) {                                                                    \
    product<T, BM, BN, BK, TM, TN, TA, TB>(c, a, b, matrices{m, n, k, lda, ldb, ldc});                                           \
  }

// Large tiles for large matrices; small ones where large ones would leave most
// of the device idle. n: as it lies; t: transposed.
PRODUCT(sgemm_nn, float, 128, 128, 16, 8, 8, false, false)
PRODUCT(sgemm_nt, float, 128, 128, 16, 8, 8, false, true)
PRODUCT(sgemm_tn, float, 128, 128, 16, 8, 8, true, false)
PRODUCT(sgemm_small_nn, float, 32, 32, 16, 2, 2, false, false)
PRODUCT(sgemm_small_nt, float, 32, 32, 16, 2, 2, false, true)
PRODUCT(sgemm_small_tn, float, 32, 32, 16, 2, 2, true, false)
PRODUCT(dgemm_nn, double, 64, 64, 16, 4, 4, false, false)
