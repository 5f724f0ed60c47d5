/* openblas.c times OpenBLAS, the yardstick for BenchmarkSgemm and
 * BenchmarkDgemm of this package. It is compiled by hand and is no part of any build:
 *
 *   apt-get install libopenblas0 gcc
 *   gcc -O2 -o /tmp/openblas internal/workload/gemm/testdata/openblas.c -ldl
 *   OPENBLAS_NUM_THREADS=1 /tmp/openblas 5 1024 1536 2048
 *   go test -run '^$' -bench 'gemm$' -count 5 ./internal/workload/gemm
 *
 * Run the two in turns, several times, on a quiet machine: clocks drift more
 * than the two differ. Arguments: samples per size, then sizes. Each line
 * reports the best and the median sample in GFLOP/s (2*n^3 operations).
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { row_major = 101, no_trans = 111, most_samples = 1000 };

typedef void sgemm_fn(int, int, int, int, int, int, float, const float *, int,
                      const float *, int, float, float *, int);
typedef void dgemm_fn(int, int, int, int, int, int, double, const double *, int,
                      const double *, int, double, double *, int);

static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + 1e-9 * t.tv_nsec;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void report(const char *name, int n, double *rates, int samples) {
    qsort(rates, samples, sizeof *rates, ascending);
    printf("%s n=%d best %.1f median %.1f GFLOP/s (%d samples)\n", name, n,
           rates[samples - 1], rates[samples / 2], samples);
}

static void *numbers(size_t count, size_t size) {
    void *data = aligned_alloc(64, (count * size + 63) / 64 * 64);
    if (!data) { perror("aligned_alloc"); exit(1); }
    for (size_t i = 0; i < count; i++) {
        double v = (double)rand() / RAND_MAX - 0.5;
        if (size == sizeof(float)) ((float *)data)[i] = (float)v;
        else ((double *)data)[i] = v;
    }
    return data;
}

static void time_single(sgemm_fn *sgemm, int n, int samples) {
    float *a = numbers((size_t)n * n, sizeof *a), *b = numbers((size_t)n * n, sizeof *b);
    float *c = numbers((size_t)n * n, sizeof *c);
    double rates[most_samples];
    for (int s = -1; s < samples; s++) { /* the first run only warms up */
        double start = seconds();
        sgemm(row_major, no_trans, no_trans, n, n, n, 1, a, n, b, n, 0, c, n);
        if (s >= 0) rates[s] = 2e-9 * n * n * n / (seconds() - start);
    }
    report("sgemm", n, rates, samples);
    free(a); free(b); free(c);
}

static void time_double(dgemm_fn *dgemm, int n, int samples) {
    double *a = numbers((size_t)n * n, sizeof *a), *b = numbers((size_t)n * n, sizeof *b);
    double *c = numbers((size_t)n * n, sizeof *c);
    double rates[most_samples];
    for (int s = -1; s < samples; s++) {
        double start = seconds();
        dgemm(row_major, no_trans, no_trans, n, n, n, 1, a, n, b, n, 0, c, n);
        if (s >= 0) rates[s] = 2e-9 * n * n * n / (seconds() - start);
    }
    report("dgemm", n, rates, samples);
    free(a); free(b); free(c);
}

int main(int count, char **arguments) {
    int samples = count > 2 ? atoi(arguments[1]) : 0;
    if (samples < 1 || samples > most_samples) {
        fprintf(stderr, "usage: openblas SAMPLES SIZE...\n");
        return 2;
    }
    void *library = dlopen("libopenblas.so.0", RTLD_NOW);
    if (!library) { fprintf(stderr, "%s\n", dlerror()); return 1; }
    sgemm_fn *sgemm = (sgemm_fn *)dlsym(library, "cblas_sgemm");
    dgemm_fn *dgemm = (dgemm_fn *)dlsym(library, "cblas_dgemm");
    char *(*core)(void) = (char *(*)(void))dlsym(library, "openblas_get_corename");
    if (!sgemm || !dgemm) { fprintf(stderr, "cblas is missing\n"); return 1; }
    if (core) printf("openblas kernel: %s\n", core());
    for (int i = 2; i < count; i++) {
        time_single(sgemm, atoi(arguments[i]), samples);
        time_double(dgemm, atoi(arguments[i]), samples);
    }
    return 0;
}
