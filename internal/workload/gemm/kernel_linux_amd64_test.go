package gemm

import (
	"os"
	"regexp"
	"testing"
)

// TestHasAVX2_AgreesWithLinux compares our reading of CPUID with the kernel's.
func TestHasAVX2_AgreesWithLinux(t *testing.T) {
	t.Parallel()
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		t.Fatal(err)
	}
	want := regexp.MustCompile(`(?m)^flags.*\bavx2\b`).Match(info) && regexp.MustCompile(`(?m)^flags.*\bfma\b`).Match(info)
	if got := HasAVX2(); got != want {
		t.Errorf("HasAVX2 is %v, /proc/cpuinfo says %v", got, want)
	}
}
