package kernel_test

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"turno/internal/gpu/cuda/kernel"
	"turno/internal/testenv"
)

// What ptxas -v says of a kernel, on four lines.
var used = regexp.MustCompile(`entry function '(\w+)'.*\n.*\n +(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads\n.*Used (\d+) registers`)

// TestPTX_Assembles: NVIDIA's assembler, which is the compiler in the driver
// too, takes every kernel for each generation, with no number spilled to memory
// and registers for all the threads of its block. -v lists them.
func TestPTX_Assembles(t *testing.T) {
	t.Parallel()
	ptxas := testenv.PTXAS(t)
	for _, target := range kernel.Targets() {
		for _, arch := range []string{"sm_70", "sm_80", "sm_90"} {
			if arch < target.Arch {
				continue
			}
			t.Run(target.Name+"_"+arch, func(t *testing.T) {
				t.Parallel()
				text, err := exec.CommandContext(t.Context(), ptxas, "-v", "-arch="+arch, "-o", filepath.Join(t.TempDir(), "cubin"), target.Name+".ptx").CombinedOutput()
				if err != nil {
					t.Fatalf("%v\n%s", err, text)
				}
				kernels := used.FindAllStringSubmatch(string(text), -1)
				if want := strings.Count(string(kernel.PTX(target.Name)), ".visible .entry "); len(kernels) != want {
					t.Errorf("%d kernels of %d in\n%s", len(kernels), want, text)
				}
				for _, k := range kernels {
					t.Logf("%-24s %s registers", k[1], k[5])
					if k[2] != "0" || k[3] != "0" || k[4] != "0" {
						t.Errorf("%s: a stack of %s bytes, %s stored and %s loaded again", k[1], k[2], k[3], k[4])
					}
					// A multiprocessor has 65,536, given out to warps by the 256.
					registers, _ := strconv.Atoi(k[5])
					if (registers+7)/8*8*mostThreads(t, target.Name, k[1]) > 65536 {
						t.Errorf("%s cannot be launched: %d registers for each thread", k[1], registers)
					}
				}
			})
		}
	}
}

// mostThreads of a block, as the PTX says.
func mostThreads(t *testing.T, file, name string) int {
	_, after, _ := strings.Cut(string(kernel.PTX(file)), ".visible .entry "+name+"(")
	_, after, found := strings.Cut(after, ".maxntid ")
	number, _, _ := strings.Cut(after, ",")
	n, err := strconv.Atoi(number)
	if !found || err != nil {
		t.Fatalf("%s: .maxntid %q", name, number)
	}
	return n
}
