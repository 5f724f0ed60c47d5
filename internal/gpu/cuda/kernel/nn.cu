// Small neural nets, as workload/nn defines them: dense layers (the products
// are those of gemm.cu), blocks of a 3 by 3 convolution with bias, ReLU and 2 by
// 2 max-pooling, softmax with cross-entropy, SGD with momentum, Adam. float32;
// sums over a batch in a fixed order, so that the same run gives the same bits.
//
// What changes from step to step is read from the device's memory: the number of
// the step, the order of the samples, the learning rates. So one captured step
// is all of an epoch's full batches.
#include "device.h"

// Samples order[step*batch] and on, and their labels, one after the other.
KERNEL(256) void nn_gather(float *RESTRICT x, int *RESTRICT labels, const float *RESTRICT data, const int *RESTRICT all,
                           const int *RESTRICT order, const i64 *step, int inputs, int batch, int count) {
  const int *mine = order + step[0] * batch;
  for (u32 i = (u32)INDEX; i < (u32)(count * inputs); i += (u32)STRIDE) {
    u32 sample = i / (u32)inputs, at = i % (u32)inputs;
    x[i] = data[(i64)mine[sample] * inputs + at];
    if (at == 0) labels[sample] = all[mine[sample]];
  }
}

// y += bias, row by row; then what is negative becomes 0, if relu.
KERNEL(256) void nn_bias(float *RESTRICT y, const float *RESTRICT bias, int n, int width, int relu) {
  for (u32 i = (u32)INDEX; i < (u32)n; i += (u32)STRIDE) {
    float v = y[i] + bias[i % (u32)width];
    y[i] = relu && !(v > 0) ? 0.0f : v;
  }
}

// The way back through nn_bias: dy is 0 where y was cut off, and the bias's
// gradient is the sum of each column. A block of 32 columns by 8 rows at a time.
KERNEL(256) void nn_bias_back(float *RESTRICT dy, float *RESTRICT bias, const float *RESTRICT y, int count, int width, int relu) {
  SHARED float part[8][32];
  int col = BLOCK_X * 32 + THREAD_X;
  float sum = 0;
  if (col < width)
    for (int row = THREAD_Y; row < count; row += 8) {
      i64 at = (i64)row * width + col;
      float d = dy[at];
      if (relu && y[at] == 0) dy[at] = d = 0;
      sum += d;
    }
  part[THREAD_Y][THREAD_X] = sum;
  sync_block();
  if (THREAD_Y != 0 || col >= width) return;
  UNROLL for (int i = 1; i < 8; i++) sum += part[i][THREAD_X];
  bias[col] = sum;
}

// The loss -ln softmax(logits)[label] of each sample, whether its label has the
// largest logit (the first one of equals), and the gradient of the batch's mean
// loss. A warp for each sample.
KERNEL(256) void nn_softmax(float *RESTRICT grad, float *RESTRICT loss, int *RESTRICT right, const float *RESTRICT logits,
                            const int *RESTRICT labels, int count, int classes) {
  int sample = BLOCK_X * 8 + THREAD_X / 32, lane = THREAD_X % 32;
  if (sample >= count) return; // a whole warp at a time
  const float *row = logits + (i64)sample * classes;
  float *to = grad + (i64)sample * classes;
  float top = -__builtin_inff();
  int most = 0x7fffffff;
  for (int j = lane; j < classes; j += 32)
    if (row[j] > top) top = row[j], most = j;
  for (int by = 16; by > 0; by /= 2) {
    float other = shuffle_xor(top, by);
    int at = (int)bits_of(shuffle_xor(float_of((u32)most), by));
    if (other > top || (other == top && at < most)) top = other, most = at;
  }
  float sum = 0;
  for (int j = lane; j < classes; j += 32) {
    float e = exp_fast(row[j] - top);
    to[j] = e;
    sum += e;
  }
  for (int by = 16; by > 0; by /= 2) sum += shuffle_xor(sum, by);
  int label = labels[sample];
  float scale = divide(1.0f, sum * (float)count), one = divide(1.0f, (float)count);
  for (int j = lane; j < classes; j += 32) to[j] = to[j] * scale - (j == label ? one : 0.0f);
  if (lane == 0) {
    loss[sample] = log_fast(sum) + top - row[label];
    right[sample] = most == label;
  }
}

// Adds a batch's losses and hits to the epoch's, and goes on to the next step.
// The last kernel of a step: one block.
KERNEL(256) void nn_count(double *total, i64 *hits, i64 *step, const float *RESTRICT loss, const int *RESTRICT right, int count) {
  SHARED double sums[256];
  SHARED int found[256];
  int t = THREAD_X, ok = 0;
  double sum = 0;
  for (int i = t; i < count; i += 256) sum += loss[i], ok += right[i];
  sums[t] = sum, found[t] = ok;
  sync_block();
  for (int by = 128; by > 0; by /= 2) {
    if (t < by) sums[t] += sums[t + by], found[t] += found[t + by];
    sync_block();
  }
  if (t == 0) total[0] += sums[0], hits[0] += found[0], step[0]++;
}

// What a step of an optimiser needs: minus its rate (Adam's divided by
// 1-beta1^t), and Adam's 1/sqrt(1-beta2^t).
struct rate { float negative, unbias; };

KERNEL(256) void nn_momentum(float *RESTRICT w, const float *RESTRICT g, float *RESTRICT first, const rate *rates, const i64 *step,
                             float decay, float momentum, i64 n) {
  rate r = rates[step[0]];
  for (i64 i = INDEX; i < n; i += STRIDE) {
    float v = momentum * first[i] + (g[i] + decay * w[i]);
    first[i] = v;
    w[i] += r.negative * v;
  }
}

KERNEL(256) void nn_adam(float *RESTRICT w, const float *RESTRICT g, float *RESTRICT first, float *RESTRICT second, const rate *rates,
                         const i64 *step, float decay, float beta1, float beta2, float epsilon, i64 n) {
  rate r = rates[step[0]];
  for (i64 i = INDEX; i < n; i += STRIDE) {
    float d = g[i] + decay * w[i];
    float m = beta1 * first[i] + (1 - beta1) * d, v = beta2 * second[i] + (1 - beta2) * d * d;
    first[i] = m, second[i] = v;
    w[i] += divide(r.negative * m, root(v) * r.unbias + epsilon);
  }
}

// Convolutions are products too, of matrices that nobody writes down: a row is a
// pixel of a sample, a column a channel, and each number of the wide matrix is
// fetched from the picture when the tile needs it. A picture's channel is a
// plane; planes lie one after the other, without a border.
struct picture {
  int count, in, out, height, width; // pictures; channels of the input and the output; pixels of the input
};

// A pooled pixel is the largest of four, its window; rows go window by window.
// An odd last row or column of the picture is in none.
struct spot { int sample, window, y, x; };
DEVICE int windows(picture p) { return (p.height / 2) * (p.width / 2); }
DEVICE spot spot_of(picture p, int row) {
  int each = windows(p), w = row / 4, part = row % 4, window = w % each, wide = p.width / 2;
  return spot{w / each, window, 2 * (window / wide) + part / 2, 2 * (window % wide) + part % 2};
}

// The input's number that tap k of the output at a spot is multiplied with.
DEVICE float tap_of(const float *x, picture p, spot s, int k) {
  int channel = k / 9, t = k % 9, y = s.y + t / 3 - 1, col = s.x + t % 3 - 1;
  bool in = y >= 0 && y < p.height && col >= 0 && col < p.width;
  return in ? x[((i64)(s.sample * p.in + channel) * p.height + y) * p.width + col] : 0.0f;
}

// tile is a block's BM by BN piece of a product over the steps [first, last):
// 4 numbers that are neighbours in a column, at TM/4 places, by TN. a(row, k)
// and b(k, column) give the numbers, and 0 beyond the matrices' ends. Threads
// that are neighbours fetch neighbours in rows of A, if AR, else in k; of B in k.
// put gets four rows of a column.
template <int BM, int BN, int TM, int TN, bool AR, class A, class B, class Put>
DEVICE void tile(int row0, int col0, int first, int last, const A &a, const B &b, const Put &put) {
  constexpr int BK = 16, threads = (BM / TM) * (BN / TN), loadA = BM * BK / threads, loadB = BN * BK / threads;
  constexpr int GN = TN < 4 ? TN : 4;
  SHARED __attribute__((aligned(16))) float as[BK][BM + 4];
  SHARED __attribute__((aligned(16))) float bs[BK][BN + 4];
  int t = THREAD_X, ty = t / (BN / TN), tx = t % (BN / TN);
  float sum[TM][TN], pa[loadA], pb[loadB];
  UNROLL for (int i = 0; i < TM; i++)
    UNROLL for (int j = 0; j < TN; j++) sum[i][j] = 0;
  // Threads are a multiple of BK, and if AR of BM: all that one fetches shares
  // its row or its k, and what is divided for that is divided once.
  auto fetch = [&](int k0) INLINE {
    UNROLL for (int i = 0; i < loadA; i++) {
      int r = AR ? t % BM : t / BK + i * (threads / BK), q = AR ? t / BM + i * (threads / BM) : t % BK;
      pa[i] = k0 + q < last ? a(row0 + r, k0 + q) : 0.0f;
    }
    UNROLL for (int i = 0; i < loadB; i++) {
      int r = t / BK + i * (threads / BK), q = t % BK;
      pb[i] = k0 + q < last ? b(k0 + q, col0 + r) : 0.0f;
    }
  };
  auto store = [&]() INLINE {
    UNROLL for (int i = 0; i < loadA; i++) {
      int r = AR ? t % BM : t / BK + i * (threads / BK), q = AR ? t / BM + i * (threads / BM) : t % BK;
      as[q][r] = pa[i];
    }
    UNROLL for (int i = 0; i < loadB; i++) {
      int r = t / BK + i * (threads / BK), q = t % BK;
      bs[q][r] = pb[i];
    }
  };
  fetch(first);
  for (int k0 = first; k0 < last; k0 += BK) {
    store();
    sync_block();
    if (k0 + BK < last) fetch(k0 + BK);
    UNROLL for (int q = 0; q < BK; q++) {
      float x[TM], y[TN];
      UNROLL for (int i = 0; i < TM; i += 4) read_shared(x + i, &as[q][i / 4 * (BM * 4 / TM) + ty * 4], 4);
      UNROLL for (int j = 0; j < TN; j += GN) read_shared(y + j, &bs[q][j / GN * (BN * GN / TN) + tx * GN], GN);
      UNROLL for (int i = 0; i < TM; i++)
        UNROLL for (int j = 0; j < TN; j++) sum[i][j] = fused(x[i], y[j], sum[i][j]);
    }
    sync_block();
  }
  UNROLL for (int i = 0; i < TM; i += 4)
    UNROLL for (int j = 0; j < TN; j++) {
      float four[4] = {sum[i][j], sum[i + 1][j], sum[i + 2][j], sum[i + 3][j]};
      put(row0 + i / 4 * (BM * 4 / TM) + ty * 4, col0 + j / GN * (BN * GN / TN) + tx * GN + j % GN, four);
    }
}

// out = the largest of each window of the convolution, plus the bias, 0 where
// that is not above 0; which says where it was (row*2+column), 4 for a 0. Only
// pooled numbers are ever written.
KERNEL(128) void conv_forward(float *RESTRICT out, u8 *RESTRICT which, const float *RESTRICT x, const float *RESTRICT w,
                              const float *RESTRICT bias, int count, int in, int channels, int height, int width) {
  picture p = {count, in, channels, height, width};
  int rows = count * windows(p) * 4, steps = 9 * in, each = windows(p);
  auto a = [&](int row, int k) INLINE { return row < rows ? tap_of(x, p, spot_of(p, row), k) : 0.0f; };
  auto b = [&](int k, int o) INLINE { return o < channels ? w[o * steps + k] : 0.0f; };
  auto put = [&](int row, int o, const float *v) INLINE {
    if (row >= rows || o >= channels) return;
    float most = v[0];
    int at = 0;
    UNROLL for (int i = 1; i < 4; i++)
      if (v[i] > most) most = v[i], at = i;
    most += bias[o];
    if (!(most > 0)) most = 0, at = 4;
    i64 to = ((i64)(row / 4 / each) * channels + o) * each + row / 4 % each;
    out[to] = most, which[to] = (u8)at;
  };
  tile<128, 32, 8, 4, true>(BLOCK_X * 128, BLOCK_Y * 32, 0, steps, a, b, put);
}

// Gradients of the weights and, as column 9*in, of the biases: sums over all
// spots, of which each z makes a slice; conv_sum adds those up.
KERNEL(64) void conv_weights(float *RESTRICT sums, const float *RESTRICT dout, const u8 *RESTRICT which, const float *RESTRICT x, int count,
                             int in, int channels, int height, int width, int slice) {
  picture p = {count, in, channels, height, width};
  int spots = count * windows(p) * 4, taps = 9 * in, each = windows(p), first = BLOCK_Z * slice;
  auto a = [&](int o, int k) INLINE {
    i64 at = ((i64)(k / 4 / each) * channels + o) * each + k / 4 % each;
    return o < channels && which[at] == k % 4 ? dout[at] : 0.0f;
  };
  auto b = [&](int k, int tap) INLINE { return tap < taps ? tap_of(x, p, spot_of(p, k), tap) : tap == taps ? 1.0f : 0.0f; };
  auto put = [&](int o, int tap, const float *v) INLINE {
    UNROLL for (int i = 0; i < 4; i++)
      if (o + i < channels && tap <= taps) sums[((i64)BLOCK_Z * channels + o + i) * (taps + 1) + tap] = v[i];
  };
  tile<32, 32, 4, 4, false>(BLOCK_Y * 32, BLOCK_X * 32, first, least(spots, first + slice), a, b, put);
}

KERNEL(256) void conv_sum(float *RESTRICT dw, float *RESTRICT bias, const float *RESTRICT sums, int channels, int taps, int slices) {
  i64 n = (i64)channels * (taps + 1);
  for (i64 i = INDEX; i < n; i += STRIDE) {
    float sum = 0;
    for (int z = 0; z < slices; z++) sum += sums[z * n + i];
    int o = (int)(i / (taps + 1)), tap = (int)(i % (taps + 1));
    if (tap == taps) bias[o] = sum;
    else dw[(i64)o * taps + tap] = sum;
  }
}

// The gradient of the input: each pixel gathers from the outputs that it was a
// tap of, where it was the largest of its window.
KERNEL(128) void conv_inputs(float *RESTRICT dx, const float *RESTRICT dout, const u8 *RESTRICT which, const float *RESTRICT w, int count,
                             int in, int channels, int height, int width) {
  picture p = {count, in, channels, height, width};
  int pixels = height * width, rows = count * pixels, steps = 9 * channels, each = windows(p);
  int high = height / 2, wide = width / 2;
  auto a = [&](int row, int k) INLINE {
    int sample = row / pixels, at = row % pixels, t = k % 9;
    int y = at / width + 1 - t / 3, col = at % width + 1 - t % 3;
    if (row >= rows || y < 0 || col < 0 || y >= 2 * high || col >= 2 * wide) return 0.0f;
    i64 from = ((i64)sample * channels + k / 9) * each + y / 2 * wide + col / 2;
    return which[from] == y % 2 * 2 + col % 2 ? dout[from] : 0.0f;
  };
  auto b = [&](int k, int c) INLINE { return c < in ? w[(k / 9 * in + c) * 9 + k % 9] : 0.0f; };
  auto put = [&](int row, int c, const float *v) INLINE {
    UNROLL for (int i = 0; i < 4; i++)
      if (row + i < rows && c < in) dx[((i64)((row + i) / pixels) * in + c) * pixels + (row + i) % pixels] = v[i];
  };
  tile<128, 32, 8, 4, true>(BLOCK_X * 128, BLOCK_Y * 32, 0, steps, a, b, put);
}
