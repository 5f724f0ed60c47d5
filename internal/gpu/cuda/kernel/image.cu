// Pictures: planes of float32. What lies outside of one comes by the border's
// rule, as workload/image defines it: 0 black, 1 nearest, 2 mirrored, 3 wrapped.
#include "device.h"

// border is the place of a pixel's stand-in, or -1 for black; n is at least 1.
DEVICE int border(int i, int n, int rule) {
  if (i >= 0 && i < n) return i;
  if (rule == 1) return i < 0 ? 0 : n - 1;
  if (rule == 2) { // the edge itself is not repeated
    if (n == 1) return 0;
    int period = 2 * (n - 1);
    i %= period;
    if (i < 0) i += period;
    return i < n ? i : period - i;
  }
  if (rule == 3) {
    i %= n;
    return i < 0 ? i + n : i;
  }
  return -1;
}

// A pass of a separable filter along rows (down 0) or columns (down 1). A block
// of 32 by 8 threads makes 128 by 8 pixels of a row pass, 32 by 32 of a column
// pass, from a piece in shared memory that is read once.
enum { most_taps = 65, reach = most_taps / 2 };

KERNEL(256) void image_rows(float *RESTRICT to, const float *RESTRICT from, const float *RESTRICT weights, int taps, int width, int height,
                            int rule) {
  SHARED float line[8][128 + 2 * reach];
  SHARED float w[most_taps];
  int x0 = BLOCK_X * 128, y = BLOCK_Y * 8 + THREAD_Y, half = taps / 2, z = BLOCK_Z;
  i64 plane = (i64)z * width * height;
  int id = THREAD_Y * 32 + THREAD_X;
  if (id < taps) w[id] = weights[id];
  for (int i = THREAD_X; i < 128 + taps - 1; i += 32) {
    int x = x0 + i - half;
    int at = y < height && x < width + half ? border(x, width, rule) : -1;
    line[THREAD_Y][i] = at < 0 ? 0.0f : from[plane + (i64)y * width + at];
  }
  sync_block();
  for (int i = THREAD_X; i < 128; i += 32) {
    if (x0 + i >= width || y >= height) continue;
    float sum = 0;
    for (int t = 0; t < taps; t++) sum = fused(w[t], line[THREAD_Y][i + t], sum);
    to[plane + (i64)y * width + x0 + i] = sum;
  }
}

KERNEL(256) void image_columns(float *RESTRICT to, const float *RESTRICT from, const float *RESTRICT weights, int taps, int width, int height,
                               int rule) {
  SHARED float piece[32 + 2 * reach][33];
  SHARED float w[most_taps];
  int x = BLOCK_X * 32 + THREAD_X, y0 = BLOCK_Y * 32, half = taps / 2, z = BLOCK_Z;
  i64 plane = (i64)z * width * height;
  int id = THREAD_Y * 32 + THREAD_X;
  if (id < taps) w[id] = weights[id];
  for (int i = THREAD_Y; i < 32 + taps - 1; i += 8) {
    int y = y0 + i - half;
    int at = x < width && y < height + half ? border(y, height, rule) : -1;
    piece[i][THREAD_X] = at < 0 ? 0.0f : from[plane + (i64)at * width + x];
  }
  sync_block();
  for (int i = THREAD_Y; i < 32; i += 8) {
    if (x >= width || y0 + i >= height) continue;
    float sum = 0;
    for (int t = 0; t < taps; t++) sum = fused(w[t], piece[i + t][THREAD_X], sum);
    to[plane + (i64)(y0 + i) * width + x] = sum;
  }
}

// A whole kernel of rows by cols weights at once, each at most 31: a block of 32
// by 8 threads makes 32 by 32 pixels.
KERNEL(256) void image_convolve(float *RESTRICT to, const float *RESTRICT from, const float *RESTRICT weights, int rows, int cols, int width,
                                int height, int rule) {
  SHARED float piece[32 + 30][32 + 30 + 1];
  SHARED float w[31 * 31];
  int x0 = BLOCK_X * 32, y0 = BLOCK_Y * 32, z = BLOCK_Z, id = THREAD_Y * 32 + THREAD_X;
  i64 plane = (i64)z * width * height;
  for (int i = id; i < rows * cols; i += 256) w[i] = weights[i];
  int wide = 32 + cols - 1, high = 32 + rows - 1;
  for (int i = id; i < wide * high; i += 256) {
    int px = i % wide, py = i / wide, x = x0 + px - cols / 2, y = y0 + py - rows / 2;
    int ax = x < width + cols / 2 ? border(x, width, rule) : -1, ay = y < height + rows / 2 ? border(y, height, rule) : -1;
    piece[py][px] = ax < 0 || ay < 0 ? 0.0f : from[plane + (i64)ay * width + ax];
  }
  sync_block();
  for (int i = THREAD_Y; i < 32; i += 8) {
    int x = x0 + THREAD_X, y = y0 + i;
    if (x >= width || y >= height) continue;
    float sum = 0;
    for (int r = 0; r < rows; r++)
      for (int c = 0; c < cols; c++) sum = fused(w[r * cols + c], piece[i + r][THREAD_X + c], sum);
    to[plane + (i64)y * width + x] = sum;
  }
}

// Grey of three planes, by the weights of Rec. 601.
KERNEL(256) void image_grey(float *RESTRICT to, const float *RESTRICT from, i64 pixels) {
  for (i64 i = INDEX; i < pixels; i += STRIDE)
    to[i] = 0.299f * from[i] + 0.587f * from[pixels + i] + 0.114f * from[2 * pixels + i];
}

// v + amount*(v - blurred), into blurred.
KERNEL(256) void image_unsharp(float *RESTRICT blurred, const float *RESTRICT from, float amount, i64 n) {
  for (i64 i = INDEX; i < n; i += STRIDE) blurred[i] = from[i] + amount * (from[i] - blurred[i]);
}

// The length of Sobel's gradient.
KERNEL(256) void image_edges(float *RESTRICT to, const float *RESTRICT grey, int width, int height, int rule) {
  int x = BLOCK_X * 32 + THREAD_X, y = BLOCK_Y * 8 + THREAD_Y;
  if (x >= width || y >= height) return;
  float v[3][3];
  UNROLL for (int r = 0; r < 3; r++)
    UNROLL for (int c = 0; c < 3; c++) {
      int ax = border(x + c - 1, width, rule), ay = border(y + r - 1, height, rule);
      v[r][c] = ax < 0 || ay < 0 ? 0.0f : grey[(i64)ay * width + ax];
    }
  float across = (v[0][2] - v[0][0]) + 2 * (v[1][2] - v[1][0]) + (v[2][2] - v[2][0]);
  float down = (v[2][0] - v[0][0]) + 2 * (v[2][1] - v[0][1]) + (v[2][2] - v[0][2]);
  to[(i64)y * width + x] = root(across * across + down * down);
}
