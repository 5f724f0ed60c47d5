package report

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"turno"
	"turno/internal/testenv"
)

func TestIEEE_TheSameBytesAgain(t *testing.T) {
	t.Parallel()
	data := results(t, turno.DeviceCPU, false)
	a, err := IEEE(data, "es")
	if err != nil {
		t.Fatal(err)
	}
	b, err := IEEE(data, "es")
	if err != nil {
		t.Fatal(err)
	}
	for i := range a {
		if a[i].Name != b[i].Name || !bytes.Equal(a[i].Data, b[i].Data) {
			t.Errorf("%s differs", a[i].Name)
		}
	}
	if !bytes.Equal(find(t, a, "data/job_results.json"), data) {
		t.Error("the data are not beside the paper")
	}
}

// TestIEEE_Compiles makes both papers with Debian's TeX, of names and values
// with every special character, and reads what it printed.
func TestIEEE_Compiles(t *testing.T) {
	t.Parallel()
	testenv.Need(t, testenv.TeXNeed)
	for _, tt := range []struct {
		lang   string
		device turno.Device
		want   []string
	}{
		{"en", turno.DeviceGPU, []string{"faster than 1 thread", "end to end", "Table IV has the medians", "Speed-up", "50% & {#}", "; --fixed-n avoids"}},
		{"es", turno.DeviceCPU, []string{"más rápido que 1 hilo", "Aceleración", "recoge las medianas", "Tabla", "Palabras clave", "No se midió ninguna GPU"}},
	} {
		t.Run(tt.lang, func(t *testing.T) {
			t.Parallel()
			files, err := IEEE(results(t, tt.device, false), tt.lang)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			for _, f := range files {
				path := filepath.Join(dir, filepath.FromSlash(f.Name))
				if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, f.Data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			out, err := exec.CommandContext(t.Context(), "make", "-C", dir).CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			log, err := os.ReadFile(filepath.Join(dir, "report.log"))
			if err != nil {
				t.Fatal(err)
			}
			for _, bad := range []string{"Overfull", "Missing character", "undefined", "LaTeX Error"} {
				for line := range strings.SplitSeq(string(log), "\n") {
					if strings.Contains(line, bad) && !strings.Contains(line, "Font shape") {
						t.Errorf("%s", line)
					}
				}
			}
			readPDF(t, filepath.Join(dir, "report.pdf"), tt.want)
		})
	}
}

// readPDF looks for texts, and for what a wrong encoding makes of letters.
func readPDF(t *testing.T, path string, want []string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "pdftotext", "-layout", path, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	// words that were divided at the end of a line count as whole
	text := regexp.MustCompile(`\s+`).ReplaceAllString(string(out), " ")
	for _, w := range want {
		if !strings.Contains(strings.ToLower(text), strings.ToLower(w)) {
			t.Errorf("the paper does not say %q:\n%s", w, out)
		}
	}
	for _, bad := range []string{"Ã", "Â", "\ufffd", "??", "<<", ">>"} {
		if strings.Contains(text, bad) {
			t.Errorf("the paper has %q:\n%s", bad, out)
		}
	}
	fonts, err := exec.CommandContext(t.Context(), "pdffonts", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(strings.TrimSpace(string(fonts)), "\n")[2:] {
		// emb sub uni object ID
		if f := strings.Fields(line); len(f) > 5 && f[len(f)-5] != "yes" {
			t.Errorf("a font is not embedded: %s", line)
		}
	}
}
