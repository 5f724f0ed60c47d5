// mma.h is the tensor cores' side of the shim, written from the fragment
// layouts of the PTX ISA: mma.m16n8k16 and m16n8k8, ldmatrix, cp.async. Copies
// are done when they are waited for, not before: a missing wait shows.
#ifndef TURNO_SHIM_MMA_H
#define TURNO_SHIM_MMA_H

struct shim_copy { void *to; const void *from; int bytes, group; };
struct shim_copies { shim_copy list[256]; int count, group; };
extern shim_copies shim_pending[1024];
int shim_thread();
extern const void *shim_pointer[32];
extern u32 shim_word[32][8];

DEVICE void copy16(void *to, const void *from, int bytes) {
  shim_copies &p = shim_pending[shim_thread()];
  p.list[p.count++] = {to, from, bytes, p.group};
}
DEVICE void copies_commit() { shim_pending[shim_thread()].group++; }
template <int left> DEVICE void copies_wait() {
  shim_copies &p = shim_pending[shim_thread()];
  int kept = 0;
  for (int i = 0; i < p.count; i++) {
    shim_copy &c = p.list[i];
    if (c.group >= p.group - left) { p.list[kept++] = c; continue; }
    memset(c.to, 0, 16);
    memcpy(c.to, c.from, c.bytes);
  }
  p.count = kept;
}

// Four 8 by 8 matrices of halves; lane i names row i%8 of matrix i/8. A lane
// gets of each the two neighbours at row lane/4, column lane%4*2; turned, those
// at rows lane%4*2 and the next, column lane/4.
DEVICE void shim_load(u32 (&r)[4], const void *p, bool turned) {
  int lane = shim_lane_index();
  shim_pointer[lane] = p;
  sync_warp();
  for (int x = 0; x < 4; x++) {
    u16 low, high;
    if (turned) {
      low = ((const u16 *)shim_pointer[x * 8 + lane % 4 * 2])[lane / 4];
      high = ((const u16 *)shim_pointer[x * 8 + lane % 4 * 2 + 1])[lane / 4];
    } else {
      low = ((const u16 *)shim_pointer[x * 8 + lane / 4])[lane % 4 * 2];
      high = ((const u16 *)shim_pointer[x * 8 + lane / 4])[lane % 4 * 2 + 1];
    }
    r[x] = low | (u32)high << 16;
  }
  sync_warp();
}
DEVICE void load4(u32 (&r)[4], const void *p) { shim_load(r, p, false); }
DEVICE void load4_turned(u32 (&r)[4], const void *p) { shim_load(r, p, true); }

DEVICE u32 to_tf32(u32 v) { return (v + 0x1000) & ~0x1fffu; }

DEVICE float shim_bf16(u32 h) { return float_of(h << 16); }
DEVICE float shim_f16(u32 h) { _Float16 f; u16 b = (u16)h; memcpy(&f, &b, 2); return (float)f; }
DEVICE u32 shim_to_bf16(float v) { u32 b = bits_of(v); return (b + 0x7fff + (b >> 16 & 1)) >> 16; }
DEVICE u32 shim_to_f16(float v) { _Float16 f = (_Float16)v; u16 b; memcpy(&b, &f, 2); return b; }
DEVICE u32 pack_bf16(float low, float high) { return shim_to_bf16(low) | shim_to_bf16(high) << 16; }
DEVICE u32 pack_f16(float low, float high) { return shim_to_f16(low) | shim_to_f16(high) << 16; }

// Every lane shows its registers, then makes its four numbers: rows g and g+8,
// columns 2t and 2t+1, where g is lane/4 and t is lane%4.
template <class Get> DEVICE void shim_mma(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1, int depth, Get get) {
  int lane = shim_lane_index();
  for (int i = 0; i < 4; i++) shim_word[lane][i] = a[i];
  shim_word[lane][4] = b0, shim_word[lane][5] = b1;
  sync_warp();
  int per = depth == 16 ? 2 : 1, span = 4 * per; // numbers in a register, and in four lanes'
  for (int i = 0; i < 4; i++) {
    int row = lane / 4 + i / 2 * 8, col = lane % 4 * 2 + i % 2;
    for (int k = 0; k < depth; k++) {
      int t = k % span / per, part = k % per, far = k / span;
      u32 ra = shim_word[row % 8 * 4 + t][row / 8 + 2 * far], rb = shim_word[col * 4 + t][4 + far];
      d[i] += get(ra, part) * get(rb, part);
    }
  }
  sync_warp();
}
DEVICE void mma_bf16(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) {
  shim_mma(d, a, b0, b1, 16, [](u32 r, int part) { return shim_bf16(r >> 16 * part & 0xffff); });
}
DEVICE void mma_f16(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) {
  shim_mma(d, a, b0, b1, 16, [](u32 r, int part) { return shim_f16(r >> 16 * part & 0xffff); });
}
DEVICE void mma_tf32(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) {
  shim_mma(d, a, b0, b1, 8, [](u32 r, int) { return float_of(r & ~0x1fffu); });
}
#endif
