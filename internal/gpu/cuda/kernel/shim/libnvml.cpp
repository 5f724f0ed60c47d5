// libnvidia-ml.so.1 for tests of whole programs: the SIMULATED device of
// libcuda.cpp, which is always busy, draws 100 W and is 50 degrees warm.
// Signatures are NVIDIA's (nvml.h).
#include <stdio.h>
#include <string.h>
#include <time.h>

typedef int result;
typedef unsigned u32;
typedef unsigned long long u64;

struct pci { char legacy[16]; u32 domain, bus, device, id, subsystem; char address[32]; };
struct memory { u64 total, free, used; };
struct utilisation { u32 gpu, memory; };

static const u64 bytes = 1ull << 30;

extern "C" {
result nvmlInit_v2() { return 0; }
result nvmlShutdown() { return 0; }
result nvmlSystemGetDriverVersion(char *to, u32 n) { return snprintf(to, n, "SIMULATED"), 0; }
result nvmlSystemGetCudaDriverVersion_v2(int *v) { return *v = 13000, 0; }
result nvmlDeviceGetCount_v2(u32 *n) { return *n = 1, 0; }
result nvmlDeviceGetHandleByIndex_v2(u32 i, void **device) { return *device = (void *)1, i == 0 ? 0 : 2; }
result nvmlDeviceGetName(void *, char *to, u32 n) { return snprintf(to, n, "SIMULATED GPU of turno's tests"), 0; }
result nvmlDeviceGetUUID(void *, char *to, u32 n) { return snprintf(to, n, "GPU-51e0a7ed-0000-0000-0000-000000000000"), 0; }
result nvmlDeviceGetPciInfo_v3(void *, pci *p) {
  memset(p, 0, sizeof *p);
  p->bus = 25;
  return strcpy(p->address, "00000000:19:00.0"), 0;
}
result nvmlDeviceGetMemoryInfo(void *, memory *m) { return *m = {bytes, bytes * 3 / 4, bytes / 4}, 0; }
result nvmlDeviceGetCudaComputeCapability(void *, int *major, int *minor) { return *major = 8, *minor = 0, 0; }
result nvmlDeviceGetUtilizationRates(void *, utilisation *u) { return *u = {80, 40}, 0; }
result nvmlDeviceGetPowerUsage(void *, u32 *milliwatts) { return *milliwatts = 100000, 0; }
result nvmlDeviceGetEnforcedPowerLimit(void *, u32 *milliwatts) { return *milliwatts = 300000, 0; }
result nvmlDeviceGetTemperature(void *, int, u32 *celsius) { return *celsius = 50, 0; }
result nvmlDeviceGetClockInfo(void *, int, u32 *mhz) { return *mhz = 1000, 0; }
result nvmlDeviceGetCurrentClocksThrottleReasons(void *, u64 *reasons) { return *reasons = 4, 0; } // power cap
result nvmlDeviceGetTotalEnergyConsumption(void *, u64 *millijoules) {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return *millijoules = now.tv_sec * 100000ull + now.tv_nsec / 10000, 0;
}
result nvmlDeviceGetComputeRunningProcesses_v3(void *, u32 *count, void *) { return *count = 0, 0; }
result nvmlDeviceGetGraphicsRunningProcesses_v3(void *, u32 *count, void *) { return *count = 0, 0; }
}
