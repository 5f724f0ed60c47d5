// libcuda.so.1 for tests of whole programs: a SIMULATED device, whose memory and
// kernels are in the shim, a process of its own (main.cpp), started from the
// folder that this library is in. What is asked of a stream is done at once, but
// in a capture, which keeps it. An error of a kernel stays until the process ends.
//
// A kernel that is not turno's own is not run: what it does is read off its PTX.
// One that jumps never ends; one that stores writes to where nothing is.
//
// Signatures are NVIDIA's (CUDA Driver API), types are written as what they are:
// a result, handles and addresses.
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "protocol.h"

typedef unsigned char u8;
typedef unsigned long long u64;
typedef int result;

enum { ok = 0, invalid = 1, out_of_memory = 2, no_device = 100, bad_image = 200, bad_ptx = 218, bad_handle = 400, not_found = 500,
       illegal_address = 700, in_capture = 900 };

static const u64 memory_bytes = 1ull << 30;
static const u8 uuid[16] = {0x51, 0xe0, 0xa7, 0xed};

// --- the shim ---

static int shim = -1; // its socket
static result stuck;  // the error that stays
static int endless;   // a kernel runs that does not end
static u64 used;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

struct locked {
  locked() { pthread_mutex_lock(&lock); }
  ~locked() { pthread_mutex_unlock(&lock); }
};

static result start() {
  if (shim >= 0) return ok;
  Dl_info self;
  char path[4096];
  int ends[2];
  if (!dladdr((void *)start, &self) || !strrchr(self.dli_fname, '/')) return invalid;
  snprintf(path, sizeof path, "%.*s/turno-shim", (int)(strrchr(self.dli_fname, '/') - self.dli_fname), self.dli_fname);
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends)) return invalid;
  pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], 0), dup2(ends[1], 1);
    execl(path, path, (char *)0);
    _exit(127);
  }
  close(ends[1]);
  if (child < 0) return invalid;
  shim = ends[0]; // at its end the shim ends too
  return ok;
}

static bool all(bool in, void *p, u64 n) {
  for (u8 *at = (u8 *)p; n > 0;) {
    ssize_t did = in ? read(shim, at, n) : send(shim, at, n, MSG_NOSIGNAL);
    if (did <= 0) return false;
    at += did, n -= did;
  }
  return true;
}

struct request {
  u64 op, word[8];
  u8 *payload; // own
  u64 bytes;
  request *next;
};

// ask sends a request and reads its answer into `into`.
static result ask(const request *r, void *into) {
  if (stuck) return stuck;
  u64 head[9] = {r->op}, answer[2];
  memcpy(head + 1, r->word, sizeof r->word);
  if (!all(false, head, sizeof head) || !all(false, r->payload, r->bytes) || !all(true, answer, sizeof answer) || !all(true, into, answer[1]))
    return stuck = 999;
  if (answer[0] == illegal_address || answer[0] == 719) stuck = (result)answer[0];
  return (result)answer[0];
}

static result simple(u64 op, u64 a, u64 b, u64 c, void *into) {
  request r = {op, {a, b, c}, 0, 0, 0};
  return ask(&r, into);
}

// wait is what every synchronization does.
static result wait() {
  while (endless) pause();
  return stuck;
}

// --- streams ---

struct graph { request *first, *last; };
struct stream { bool capturing, spoilt; graph captured; };

// submit does a request now, or keeps it for a graph.
static result submit(stream *s, request r) {
  locked l;
  if (stuck) return stuck;
  if (!s) return bad_handle;
  if (!s->capturing) {
    result got = ask(&r, 0);
    free(r.payload);
    return got == stuck ? ok : got; // a kernel's fault shows at the next call
  }
  request *kept = (request *)malloc(sizeof r);
  *kept = r;
  kept->next = 0;
  (s->captured.last ? s->captured.last->next : s->captured.first) = kept;
  s->captured.last = kept;
  return ok;
}

struct module_ { char *text; };
struct function { char *name; const char *text; bool own; };

extern "C" {

result cuInit(unsigned) {
  const char *seen = getenv("CUDA_VISIBLE_DEVICES");
  return seen && !*seen ? no_device : start();
}
result cuDriverGetVersion(int *v) { return *v = 13000, ok; }
result cuDeviceGetCount(int *n) { return *n = 1, ok; }
result cuDeviceGet(int *device, int ordinal) { return *device = ordinal, ordinal == 0 ? ok : 101; }
result cuDeviceGetName(char *name, int n, int) { return snprintf(name, n, "SIMULATED GPU of turno's tests"), ok; }
result cuDeviceTotalMem_v2(u64 *bytes, int) { return *bytes = memory_bytes, ok; }
result cuDeviceGetUuid_v2(u8 *to, int) { return memcpy(to, uuid, 16), ok; }
result cuDeviceGetAttribute(int *value, int attribute, int) {
  switch (attribute) {
  case 13: case 36: return *value = 1000000, ok; // kHz
  case 16: return *value = 4, ok;                // multiprocessors
  case 37: return *value = 64, ok;               // bits of the bus
  case 38: return *value = 1 << 20, ok;          // second cache
  case 75: return *value = 8, ok;                // compute capability 8.0
  case 97: return *value = 160 << 10, ok;        // shared memory of a block
  }
  return *value = 0, ok;
}
result cuDevicePrimaryCtxRetain(void **context, int) { return *context = (void *)1, ok; }
result cuDevicePrimaryCtxRelease_v2(int) { return ok; }
result cuCtxSetCurrent(void *) { return stuck; }
result cuCtxSynchronize() { return wait(); }

result cuStreamCreate(stream **s, unsigned) { return *s = (stream *)calloc(1, sizeof(stream)), stuck; }
result cuStreamDestroy_v2(stream *s) { return free(s), stuck; }
result cuStreamSynchronize(stream *s) {
  if (s && s->capturing) return s->spoilt = true, in_capture;
  return wait();
}
result cuStreamQuery(stream *s) { return cuStreamSynchronize(s); }

result cuEventCreate(timespec **e, unsigned) { return *e = (timespec *)calloc(1, sizeof(timespec)), stuck; }
result cuEventDestroy_v2(timespec *e) { return free(e), stuck; }
result cuEventRecord(timespec *e, stream *) { return clock_gettime(CLOCK_MONOTONIC, e), stuck; }
result cuEventSynchronize(timespec *) { return wait(); }
result cuEventElapsedTime(float *ms, timespec *a, timespec *b) {
  *ms = (float)((b->tv_sec - a->tv_sec) * 1e3 + (b->tv_nsec - a->tv_nsec) / 1e6);
  return stuck;
}

result cuMemAlloc_v2(u64 *p, u64 n) {
  locked l;
  if (n == 0) return invalid;
  if (used + n > memory_bytes) return out_of_memory;
  result r = simple(op_alloc, n, 0, 0, p);
  if (r == ok) used += n;
  return r;
}
// How many bytes it had is not kept: tests that look for leaks use drivertest.
result cuMemFree_v2(u64 p) {
  locked l;
  used = 0;
  return simple(op_free, p, 0, 0, 0);
}
result cuMemGetInfo_v2(u64 *left, u64 *total) { return *total = memory_bytes, *left = memory_bytes - used, stuck; }
result cuMemcpyHtoD_v2(u64 to, const void *from, u64 n) {
  locked l;
  request r = {op_write, {to, n}, (u8 *)from, n, 0};
  return ask(&r, 0);
}
result cuMemcpyDtoH_v2(void *to, u64 from, u64 n) {
  result r = wait();
  locked l;
  return r ? r : simple(op_read, from, n, 0, to);
}
result cuMemcpyHtoDAsync_v2(u64 to, const void *from, u64 n, stream *s) {
  return s && s->capturing ? in_capture : cuMemcpyHtoD_v2(to, from, n);
}
result cuMemcpyDtoHAsync_v2(void *to, u64 from, u64 n, stream *s) {
  return s && s->capturing ? in_capture : cuMemcpyDtoH_v2(to, from, n);
}
result cuMemcpyDtoDAsync_v2(u64 to, u64 from, u64 n, stream *s) { return submit(s, {op_copy, {to, from, n}, 0, 0, 0}); }
result cuMemsetD8Async(u64 to, u8 value, u64 n, stream *s) { return submit(s, {op_set8, {to, value, n}, 0, 0, 0}); }
result cuMemsetD32Async(u64 to, unsigned value, u64 n, stream *s) { return submit(s, {op_set32, {to, value, n}, 0, 0, 0}); }
result cuMemHostAlloc(void **p, u64 n, unsigned) { return *p = malloc(n), *p ? ok : out_of_memory; }
result cuMemFreeHost(void *p) { return free(p), ok; }

result cuModuleLoadDataEx(module_ **m, const char *image, unsigned count, int *options, void **values) {
  bool elf = !memcmp(image, "\x7f" "ELF", 4);
  for (unsigned i = 0; i < count; i++) // CU_JIT_ERROR_LOG_BUFFER
    if (options[i] == 5 && (elf || !strstr(image, ".version"))) strcpy((char *)values[i], "SIMULATED: this driver takes PTX alone");
  if (elf) return bad_image;
  if (!strstr(image, ".version")) return bad_ptx;
  *m = (module_ *)malloc(sizeof(module_));
  (*m)->text = strdup(image);
  return stuck;
}
// Functions keep their module's text: it is not given back.
result cuModuleUnload(module_ *m) { return free(m), stuck; }
result cuModuleGetFunction(function **f, module_ *m, const char *name) {
  char entry[300];
  snprintf(entry, sizeof entry, ".entry %s(", name);
  if (!strstr(m->text, entry)) return not_found;
  *f = (function *)malloc(sizeof(function));
  **f = {strdup(name), m->text, strstr(m->text, "// Generated by LLVM") != 0};
  return stuck;
}
result cuFuncGetAttribute(int *value, int attribute, function *) { return *value = attribute == 0 ? 1024 : attribute == 4 ? 32 : 0, stuck; }
result cuFuncSetAttribute(function *, int, int) { return stuck; }

result cuLaunchKernel(function *f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared, stream *s, void **,
                      void **extra) {
  if (stuck) return stuck;
  if (!f->own) {
    if (strstr(f->text, "bra ")) endless = 1;
    else if (strstr(f->text, "st.global")) stuck = illegal_address;
    return ok;
  }
  u64 named = strlen(f->name), packed = extra ? *(u64 *)extra[3] : 0;
  u8 *payload = (u8 *)malloc(named + packed);
  memcpy(payload, f->name, named);
  if (packed) memcpy(payload + named, extra[1], packed);
  return submit(s, {op_launch, {named | packed << 32, gx, gy, gz, bx, by, bz, shared}, payload, named + packed, 0});
}

result cuStreamBeginCapture_v2(stream *s, int) { return s->capturing = true, s->spoilt = false, s->captured = graph{}, stuck; }
result cuStreamEndCapture(stream *s, graph **g) {
  s->capturing = false;
  *g = (graph *)malloc(sizeof(graph));
  **g = s->captured;
  return stuck ? stuck : s->spoilt ? 901 : ok;
}
// One graph is both, and is not given back: tests that look for leaks use
// drivertest.
result cuGraphInstantiateWithFlags(graph **exec, graph *g, u64) { return *exec = g, stuck; }
result cuGraphLaunch(graph *g, stream *) {
  locked l;
  for (request *r = g->first; r && !stuck; r = r->next) {
    result got = ask(r, 0);
    if (got != ok && got != stuck) return got;
  }
  return ok;
}
result cuGraphExecDestroy(graph *) { return stuck; }
result cuGraphDestroy(graph *) { return stuck; }
}
