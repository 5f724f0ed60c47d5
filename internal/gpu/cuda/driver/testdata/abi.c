// Libraries with the C prototypes of NVIDIA's documents, which look at what they
// get: a test of the way from Go's types into C's calls. 0 is success; another
// number says which check failed.
#include <stddef.h>
#include <string.h>

typedef int result;
typedef unsigned long long ptr;
typedef struct opaque *handle;

#define CHECK(n, what) if (!(what)) return n

// The functions that the test does not call.
#define STUB(name) result name(void) { return 999; }
STUB(cuInit) STUB(cuDriverGetVersion) STUB(cuDeviceGetCount) STUB(cuDeviceGet) STUB(cuDeviceGetAttribute) STUB(cuDevicePrimaryCtxRetain)
STUB(cuDevicePrimaryCtxRelease_v2) STUB(cuCtxSetCurrent) STUB(cuCtxSynchronize) STUB(cuStreamCreate) STUB(cuStreamDestroy_v2)
STUB(cuStreamSynchronize) STUB(cuStreamQuery) STUB(cuEventCreate) STUB(cuEventDestroy_v2) STUB(cuEventRecord) STUB(cuEventSynchronize)
STUB(cuMemAlloc_v2) STUB(cuMemFree_v2) STUB(cuMemcpyHtoD_v2) STUB(cuMemcpyDtoH_v2) STUB(cuMemcpyDtoHAsync_v2) STUB(cuMemcpyDtoDAsync_v2)
STUB(cuMemsetD8Async) STUB(cuModuleUnload) STUB(cuFuncGetAttribute)

result cuDeviceGetName(char *name, int len, int dev) { CHECK(1, len == 96 && dev == 7); strcpy(name, "a name"); return 0; }
result cuDeviceTotalMem_v2(size_t *bytes, int dev) { CHECK(1, dev == -3); *bytes = 1ull << 40; return 0; }
result cuDeviceGetUuid_v2(char *uuid, int dev) { CHECK(1, dev == 2); for (int i = 0; i < 16; i++) uuid[i] = i; return 0; }
result cuMemGetInfo_v2(size_t *free, size_t *total) { *free = 5ull << 33, *total = 7ull << 33; return 0; }
result cuEventElapsedTime(float *ms, handle start, handle end) { CHECK(1, start == (handle)11 && end == (handle)12); *ms = 2.5f; return 0; }
result cuMemsetD32Async(ptr to, unsigned value, size_t n, handle stream) {
  CHECK(1, to == 0x700000000000ull); CHECK(2, value == 0xdeadbeef); CHECK(3, n == 1ull << 33); CHECK(4, stream == (handle)9);
  return 0;
}
static char pinned[64];
result cuMemHostAlloc(void **p, size_t bytes, unsigned flags) { CHECK(1, bytes == 64 && flags == 0); *p = pinned; return 0; }
result cuMemFreeHost(void *p) { CHECK(1, p == pinned); return 0; }
result cuMemcpyHtoDAsync_v2(ptr to, const void *from, size_t n, handle stream) {
  CHECK(1, to == 0x7fffffff0000ull); CHECK(2, from == pinned + 8); CHECK(3, n == 24); CHECK(4, stream == (handle)0xabcdef0123456789ull);
  return 0;
}
result cuModuleGetFunction(handle *f, handle module, const char *name) { CHECK(1, module == (handle)5 && !strcmp(name, "kernel")); *f = (handle)6; return 0; }
result cuModuleLoadDataEx(handle *module, const void *image, unsigned count, int *options, void **values) {
  CHECK(1, !strcmp(image, ".version 6.0")); CHECK(2, count == 2); CHECK(3, options[0] == 5 && options[1] == 6); CHECK(4, (size_t)values[1] == 8192);
  strcpy(values[0], "said\n");
  *module = (handle)5;
  return 218;
}
result cuLaunchKernel(handle f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared, handle stream,
                      void **params, void **extra) {
  CHECK(1, f == (handle)6); CHECK(2, gx == 0x7fffffff && gy == 2 && gz == 3 && bx == 4 && by == 5 && bz == 6);
  CHECK(3, shared == 1000); CHECK(4, stream == (handle)9); CHECK(5, params == 0); CHECK(6, extra != 0);
  CHECK(7, extra[0] == (void *)1 && extra[2] == (void *)2 && extra[4] == 0); CHECK(8, *(size_t *)extra[3] == 12);
  CHECK(9, !memcmp(extra[1], "twelve bytes", 12));
  return 0;
}

// cuBLAS: 19 arguments, most of them on the stack.
STUB(cublasCreate_v2) STUB(cublasDestroy_v2) STUB(cublasSetStream_v2) STUB(cublasGetVersion_v2)
result cublasGemmEx(handle h, int ta, int tb, int m, int n, int k, const void *alpha, const void *a, int type_a, int lda, const void *b, int type_b,
                    int ldb, const void *beta, void *c, int type_c, int ldc, int compute, int algorithm) {
  CHECK(1, h == (handle)1 && ta == 2 && tb == 3 && m == 4 && n == 5 && k == 6); CHECK(2, *(const float *)alpha == 1); CHECK(3, a == (void *)0x700000000000ull);
  CHECK(4, type_a == 14 && lda == 8 && b == (void *)0x710000000000ull && type_b == 9 && ldb == 10); CHECK(5, *(const float *)beta == 0);
  CHECK(6, c == (void *)0x720000000000ull && type_c == 11 && ldc == 12); CHECK(7, compute == 68 && algorithm == -1);
  return 0;
}

STUB(cublasLtCreate) STUB(cublasLtDestroy) STUB(cublasLtMatmulDescCreate) STUB(cublasLtMatmulDescDestroy) STUB(cublasLtMatmulDescSetAttribute)
STUB(cublasLtMatrixLayoutDestroy) STUB(cublasLtMatmulPreferenceCreate) STUB(cublasLtMatmulPreferenceDestroy)
size_t cublasLtGetVersion(void) { return 130100; }
result cublasLtMatrixLayoutCreate(handle *layout, int type, unsigned long long rows, unsigned long long cols, long long ld) {
  CHECK(1, type == 2 && rows == 1ull << 34 && cols == 3 && ld == -4);
  *layout = (handle)77;
  return 0;
}
result cublasLtMatmulPreferenceSetAttribute(handle p, int attribute, const void *value, size_t bytes) {
  CHECK(1, p == (handle)3 && attribute == 1 && bytes == 8 && *(const unsigned long long *)value == 32 << 20);
  return 0;
}
typedef struct { unsigned long long algorithm[8]; size_t workspace; int state; float waves; int reserved[4]; } heuristic;
result cublasLtMatmulAlgoGetHeuristic(handle h, handle desc, handle a, handle b, handle c, handle d, handle preference, int asked, heuristic results[], int *found) {
  CHECK(1, h == (handle)1 && desc == (handle)2 && a == (handle)3 && b == (handle)4 && c == (handle)5 && d == (handle)6 && preference == (handle)7 && asked == 2);
  for (int i = 0; i < 2; i++) { memset(&results[i], 0, sizeof results[i]); results[i].algorithm[0] = 42 + i; results[i].workspace = 1000 + i; results[i].state = i; results[i].waves = .5f; }
  *found = 2;
  return 0;
}
result cublasLtMatmul(handle h, handle desc, const void *alpha, const void *a, handle la, const void *b, handle lb, const void *beta, const void *c, handle lc,
                      void *d, handle ld, const unsigned long long *algorithm, void *workspace, size_t bytes, handle stream) {
  CHECK(1, h == (handle)1 && desc == (handle)2 && *(const double *)alpha == 1 && *(const double *)beta == 0); CHECK(2, a == (void *)0x10 && la == (handle)3 && b == (void *)0x20 && lb == (handle)4);
  CHECK(3, c == (void *)0x30 && lc == (handle)5 && d == (void *)0x40 && ld == (handle)6); CHECK(4, algorithm[0] == 43);
  CHECK(5, workspace == (void *)0x50 && bytes == 1ull << 35 && stream == (handle)8);
  return 0;
}

STUB(nvrtcVersion) STUB(nvrtcDestroyProgram) STUB(nvrtcGetPTXSize) STUB(nvrtcGetPTX)
result nvrtcCreateProgram(handle *p, const char *source, const char *name, int headers, const char *const *contents, const char *const *names) {
  CHECK(1, !strcmp(source, "int x;") && !strcmp(name, "a.cu") && headers == 0 && contents == 0 && names == 0);
  *p = (handle)3;
  return 0;
}
result nvrtcCompileProgram(handle p, int count, const char *const *options) {
  CHECK(1, p == (handle)3 && count == 2 && !strcmp(options[0], "--gpu-architecture=sm_90") && !strcmp(options[1], "-DN=1"));
  return 6;
}
result nvrtcGetProgramLogSize(handle p, size_t *size) { CHECK(1, p == (handle)3); *size = 4; return 0; }
result nvrtcGetProgramLog(handle p, char *log) { CHECK(1, p == (handle)3); memcpy(log, "bad", 4); return 0; }
