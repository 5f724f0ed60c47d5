// A GPU in a process: memory, and launches of the kernels in kernels.inc, asked
// for on standard input. It is what drivertest's fake driver computes with.
//
// A request is a head of eight 64-bit words and its payload; an answer is a
// status, as a CUresult, a length and so many bytes. Each allocation ends at a
// page that cannot be touched: reading or writing behind it is CUDA's error
// 700, after which, as on a GPU, nothing works any more.
#define TURNO_CPU
#include <dlfcn.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>
#include "../device.h"
#include "protocol.h"

shim_dim threadIdx, blockIdx, blockDim, gridDim;
u8 *shim_dynamic;
float shim_lane[32][16];
#include "mma.h"
shim_copies shim_pending[1024];
const void *shim_pointer[32];
u32 shim_word[32][8];

enum { most_threads = 1024, stack_bytes = 64 << 10 };
enum waits { ready, at_warp, at_block, ended };

struct fiber {
  ucontext_t first;
  jmp_buf at;
  bool made;
  waits state;
  shim_dim index;
};
static fiber fibers[most_threads];
static jmp_buf scheduler;
static int running;
static const u8 *arguments;
static void (*kernel)(const u8 *);
static const char *fault; // of the block's barriers

int shim_lane_index() { return running % 32; }
int shim_thread() { return running; }

void shim_wait(int warp) {
  fiber *f = &fibers[running];
  f->state = warp ? at_warp : at_block;
  if (!_setjmp(f->at)) _longjmp(scheduler, 1);
}

void shim_unaligned() { fault = "a vector read that is not aligned"; }

static void body() {
  for (;;) {
    kernel(arguments);
    fibers[running].state = ended;
    if (!_setjmp(fibers[running].at)) _longjmp(scheduler, 1);
  }
}

static void resume(int i) {
  fiber *f = &fibers[i];
  running = i;
  threadIdx = f->index;
  f->state = ready;
  if (_setjmp(scheduler)) return;
  if (f->made) _longjmp(f->at, 1);
  getcontext(&f->first);
  f->first.uc_stack.ss_sp = mmap(0, stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  f->first.uc_stack.ss_size = stack_bytes;
  f->made = true;
  makecontext(&f->first, body, 0);
  setcontext(&f->first);
}

// run_warp lets lanes go on until each has ended or waits for the block.
static void run_warp(int low, int high) {
  for (;;) {
    int waiting = 0, alive = 0;
    for (int i = low; i < high; i++) {
      if (fibers[i].state == ready) resume(i);
      alive += fibers[i].state != ended;
      waiting += fibers[i].state == at_warp;
    }
    if (waiting == 0) return;
    if (waiting != high - low || waiting != alive) { fault = "a warp's barrier that not all its threads reach"; return; }
    for (int i = low; i < high; i++) fibers[i].state = ready;
  }
}

static void run_block(int threads) {
  for (int i = 0; i < threads; i++) {
    fibers[i].state = ready;
    shim_pending[i].count = shim_pending[i].group = 0;
    fibers[i].index = {(u32)i % blockDim.x, (u32)i / blockDim.x % blockDim.y, (u32)i / blockDim.x / blockDim.y};
  }
  for (;;) {
    int waiting = 0, alive = 0;
    for (int low = 0; low < threads && !fault; low += 32) run_warp(low, low + 32 < threads ? low + 32 : threads);
    for (int i = 0; i < threads; i++) {
      alive += fibers[i].state != ended;
      waiting += fibers[i].state == at_block;
    }
    if (fault || alive == 0) return;
    if (waiting != threads) { fault = "a block's barrier that not all its threads reach"; return; }
    for (int i = 0; i < threads; i++) fibers[i].state = ready;
  }
}

#include "unpack.h"
#include "kernels.inc"

struct allocation { u8 *start, *base; u64 bytes, mapped; allocation *next; };
static allocation *all;
static const u64 page = 4096;

static allocation *find(u64 p, u64 bytes) {
  for (allocation *a = all; a; a = a->next)
    if (p >= (u64)a->start && p + bytes <= (u64)a->start + a->bytes) return a;
  return 0;
}

static u64 allocate(u64 bytes) {
  u64 room = (bytes + 15) / 16 * 16, mapped = (room + page - 1) / page * page + page;
  u8 *base = (u8 *)mmap(0, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base == MAP_FAILED) return 0;
  mprotect(base + mapped - page, page, PROT_NONE);
  memset(base, 0xff, mapped - page); // a NaN, so that what nobody wrote is seen
  allocation *a = (allocation *)malloc(sizeof *a);
  *a = {base + mapped - page - room, base, bytes, mapped, all};
  all = a;
  return (u64)a->start;
}

static int release(u64 p) {
  for (allocation **a = &all; *a; a = &(*a)->next)
    if ((u64)(*a)->start == p) {
      allocation *old = *a;
      u64 room = (old->bytes + 15) / 16 * 16;
      int r = 0;
      for (u64 i = old->bytes; i < room; i++) if (old->start[i] != 0xff) r = 700; // written behind its end
      for (u8 *i = old->base; i < old->start; i++) if (*i != 0xff) r = 700;      // or before its start
      *a = old->next;
      munmap(old->base, old->mapped);
      free(old);
      return r;
    }
  return 1;
}

static void all_of(u8 *p, u64 n) {
  while (n > 0) {
    ssize_t got = read(0, p, n);
    if (got <= 0) _exit(0);
    p += got, n -= got;
  }
}
static void put(const void *from, u64 n) {
  const u8 *p = (const u8 *)from;
  while (n > 0) {
    ssize_t did = write(1, p, n);
    if (did <= 0) _exit(0);
    p += did, n -= did;
  }
}
static void answer(u64 status, const void *data, u64 n) {
  u64 head[2] = {status, n};
  put(head, sizeof head);
  put(data, n);
}
static void on_fault(int) { answer(700, "", 0); _exit(0); }

// Kernels of a test's own, compiled into libraries; the last one of a name counts.
static const shim_kernel *libraries[64];
static int loaded;

static int load(const char *path) {
  void *library = dlopen(path, RTLD_NOW);
  void *list = library ? dlsym(library, "shim_user_kernels") : 0;
  if (!list || loaded == 64) return fprintf(stderr, "%s\n", dlerror()), 300;
  libraries[loaded++] = (const shim_kernel *)list;
  return 0;
}

static int launch(const char *name, const u64 *h, const u8 *packed) {
  void (*found)(const u8 *) = 0;
  for (auto &k : kernels) if (!strcmp(k.name, name)) found = k.call;
  for (int i = 0; i < loaded; i++)
    for (const shim_kernel *k = libraries[i]; k->name; k++) if (!strcmp(k->name, name)) found = k->call;
  u32 threads = (u32)(h[4] * h[5] * h[6] & 0xffffffff);
  if (!found) return 500;
  if (threads == 0 || threads > most_threads) return 1;
  kernel = found, arguments = packed, fault = 0;
  gridDim = {(u32)h[1], (u32)h[2], (u32)h[3]}, blockDim = {(u32)h[4], (u32)h[5], (u32)h[6]};
  static u8 dynamic[256 << 10] __attribute__((aligned(128)));
  shim_dynamic = dynamic;
  for (u32 z = 0; z < gridDim.z; z++)
    for (u32 y = 0; y < gridDim.y; y++)
      for (u32 x = 0; x < gridDim.x; x++) {
        blockIdx = {x, y, z};
        memset(dynamic, 0xff, sizeof dynamic < h[7] ? sizeof dynamic : h[7]);
        run_block(threads);
        if (fault) return fprintf(stderr, "%s: %s\n", name, fault), 719;
      }
  return 0;
}

int main() {
  static u8 stack[64 << 10];
  stack_t alternate = {stack, 0, sizeof stack};
  sigaltstack(&alternate, 0);
  struct sigaction action = {};
  action.sa_handler = on_fault, action.sa_flags = SA_ONSTACK;
  sigaction(SIGSEGV, &action, 0), sigaction(SIGBUS, &action, 0), sigaction(SIGFPE, &action, 0), sigaction(SIGILL, &action, 0);
  for (;;) {
    u64 op, h[8];
    all_of((u8 *)&op, sizeof op), all_of((u8 *)h, sizeof h);
    switch (op) {
    case op_alloc: { u64 p = allocate(h[0]); answer(p ? 0 : 2, &p, sizeof p); break; }
    case op_free: answer(release(h[0]), "", 0); break;
    case op_write: {
      u8 *data = (u8 *)malloc(h[1] + 1);
      all_of(data, h[1]);
      bool ok = find(h[0], h[1]);
      if (ok) memcpy((void *)h[0], data, h[1]);
      free(data), answer(ok ? 0 : 1, "", 0);
      break;
    }
    case op_read:
      if (find(h[0], h[1])) answer(0, (void *)h[0], h[1]);
      else answer(1, "", 0);
      break;
    case op_set8:
      if (find(h[0], h[2])) memset((void *)h[0], (int)h[1], h[2]), answer(0, "", 0);
      else answer(1, "", 0);
      break;
    case op_set32:
      if (find(h[0], 4 * h[2])) { for (u64 i = 0; i < h[2]; i++) ((u32 *)h[0])[i] = (u32)h[1]; answer(0, "", 0); }
      else answer(1, "", 0);
      break;
    case op_copy:
      if (find(h[0], h[2]) && find(h[1], h[2])) memmove((void *)h[0], (void *)h[1], h[2]), answer(0, "", 0);
      else answer(1, "", 0);
      break;
    case op_launch: {
      // h[0]: bytes of the name and bytes of the arguments, in halves
      u64 named = h[0] & 0xffffffff, packed = h[0] >> 32;
      char name[256] = {};
      static u8 values[4096] __attribute__((aligned(16)));
      if (named >= sizeof name || packed > sizeof values) _exit(2);
      all_of((u8 *)name, named), all_of(values, packed);
      answer(launch(name, h, values), "", 0);
      break;
    }
    case op_load: {
      char path[4096] = {};
      if (h[0] >= sizeof path) _exit(2);
      all_of((u8 *)path, h[0]);
      answer(load(path), "", 0);
      break;
    }
    default: _exit(2);
    }
  }
}
