package kernel_test

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"turno/internal/gpu/cuda/kernel"
	"turno/internal/testenv"
)

var update = flag.Bool("update", false, "write the PTX anew")

// TestPTX_IsWhatTheSourcesMake: Debian's clang-16 makes the same bytes on every
// machine.
func TestPTX_IsWhatTheSourcesMake(t *testing.T) {
	t.Parallel()
	testenv.Need(t, testenv.ClangNeed)
	for _, target := range kernel.Targets() {
		t.Run(target.Name, func(t *testing.T) {
			t.Parallel()
			made := filepath.Join(t.TempDir(), "ptx")
			text, err := exec.Command("clang-16", "-x", "cuda", "--cuda-device-only", "-nocudainc", "-nocudalib",
				"--cuda-gpu-arch="+target.Arch, "--cuda-feature=+"+target.PTX, "-include", "__clang_cuda_builtin_vars.h",
				"-std=c++20", "-O3", "-ffp-contract=fast", "-Wall", "-Wno-unused-function", "-Werror", "-S", target.Name+".cu", "-o", made).CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			got, err := os.ReadFile(made)
			if err != nil {
				t.Fatal(err)
			}
			if *update {
				if err := os.WriteFile(target.Name+".ptx", got, 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if !bytes.Equal(got, kernel.PTX(target.Name)) {
				t.Error("the committed PTX is not what the source makes; go test ./internal/gpu/cuda/kernel -run PTX -update")
			}
		})
	}
}
