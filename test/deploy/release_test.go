package deploy

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"turno/internal/testenv"
	checks "turno/test/container"
	"turno/test/lab"
)

// TestRelease_IsTheSameAgain makes what is handed out for one platform twice, the
// second time from another folder: each byte is the same, the checksums are
// right, and the SBOM names what the program is made of.
func TestRelease_IsTheSameAgain(t *testing.T) {
	t.Parallel()
	testenv.Need(t, testenv.SystemdNeed)
	first, second := t.TempDir(), t.TempDir()
	for _, out := range []string{first, second} { // the package is made of the same program: once will do
		cmd := exec.CommandContext(t.Context(), "go", "run", "./internal/release", "-version", "v1.2.3", "-out", out, "-only", "linux/amd64", "-deb="+strconv.FormatBool(out == first))
		cmd.Dir = root
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
	}
	names := []string{"SHA256SUMS", "turno-v1.2.3-linux-amd64.cdx.json", "turno-v1.2.3-linux-amd64.tar.gz", "turno_1.2.3_amd64.deb"}
	same(t, filepath.Join(first, names[1]), filepath.Join(second, names[1]))
	same(t, filepath.Join(first, names[2]), filepath.Join(second, names[2]))
	packageAgain(t)
	if list, _ := os.ReadDir(first); len(list) != len(names) {
		t.Errorf("made %v", list)
	}
	check := exec.CommandContext(t.Context(), "sha256sum", "-c", "SHA256SUMS")
	check.Dir = first
	if out, err := check.CombinedOutput(); err != nil || strings.Count(string(out), ": OK") != len(names)-1 {
		t.Errorf("%v: %s", err, out)
	}
	var bom struct {
		BOMFormat  string
		Components []struct{ Name, Version, PURL string }
	}
	text, _ := os.ReadFile(filepath.Join(first, names[1]))
	if err := json.Unmarshal(text, &bom); err != nil || bom.BOMFormat != "CycloneDX" {
		t.Fatalf("SBOM: %v", err)
	}
	for _, want := range []string{"std", "github.com/spf13/cobra", "modernc.org/sqlite"} {
		if !slices.ContainsFunc(bom.Components, func(c struct{ Name, Version, PURL string }) bool { return c.Name == want && c.Version != "" }) {
			t.Errorf("the SBOM does not name %s", want)
		}
	}
	dir := t.TempDir()
	run(t, "tar", "-xzf", filepath.Join(first, names[2]), "-C", dir)
	if out := run(t, filepath.Join(dir, "turno-v1.2.3-linux-amd64/turno"), "version"); !strings.Contains(out, "v1.2.3") {
		t.Errorf("it says it is %s", out)
	}
	installed(t, filepath.Join(first, names[3]))
}

func same(t *testing.T, one, other string) {
	t.Helper()
	a, err := os.ReadFile(one)
	b, err2 := os.ReadFile(other)
	if err != nil || err2 != nil || len(a) == 0 || !bytes.Equal(a, b) {
		t.Errorf("%s differs: %v %v", one, err, err2)
	}
}

// packageAgain makes a package of a small program twice.
func packageAgain(t *testing.T) {
	t.Helper()
	one, other := t.TempDir(), t.TempDir()
	for _, out := range []string{one, other} {
		cmd := exec.CommandContext(t.Context(), root+"/deploy/debian/build", "/bin/true", "v1", "amd64", out)
		cmd.Env = append(os.Environ(), "SOURCE_DATE_EPOCH=1767225600")
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
	}
	same(t, one+"/turno_1_amd64.deb", other+"/turno_1_amd64.deb")
}

// installed puts the package into a folder as dpkg does, looks at what is there,
// and takes it away again.
func installed(t *testing.T, deb string) {
	t.Helper()
	testenv.Need(t, testenv.RootNeed)
	dir := t.TempDir()
	for _, sub := range []string{"var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/dpkg/triggers"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "var/lib/dpkg/status"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	dpkg := func(args ...string) string {
		all := []string{"--root=" + dir, "--log=" + dir + "/log", "--force-depends", "--force-script-chrootless"}
		return run(t, "dpkg", append(all, args...)...)
	}
	// The scripts would make folders of this machine: they are tried with none.
	dpkg("--unpack", deb)
	status := run(t, "dpkg-query", "--admindir="+dir+"/var/lib/dpkg", "-W", "-f", "${Version} ${db:Status-Status} ${Conffiles}", "turno")
	if !strings.HasPrefix(status, "1.2.3 unpacked") || !strings.Contains(status, "/etc/turno/turno.env") {
		t.Errorf("dpkg has: %s", status)
	}
	modes := map[string]fs.FileMode{"usr/bin/turno": 0o755, "lib/systemd/system/turno.service": 0o644, "lib/systemd/system/turno-worker.service": 0o644}
	for name, mode := range modes {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode() != mode {
			t.Errorf("%s: %v %v", name, info, err)
		}
	}
	if out := run(t, filepath.Join(dir, "usr/bin/turno"), "version"); !strings.Contains(out, "v1.2.3") {
		t.Errorf("installed is %s", out)
	}
	for _, script := range []string{"postinst", "prerm", "postrm"} {
		run(t, "sh", "-n", filepath.Join(dir, "var/lib/dpkg/info/turno."+script))
	}
	// It ends with an error, as the folder has none of systemd's own units.
	out, _ := exec.CommandContext(t.Context(), "systemd-analyze", "verify", "--root="+dir, "--man=no", "turno.service", "turno-worker.service").CombinedOutput()
	for line := range strings.SplitSeq(string(out), "\n") {
		if strings.Contains(line, "turno") && !strings.Contains(line, "sysinit.target not found") {
			t.Errorf("systemd: %s", line)
		}
	}
}

// TestUnits_SayWhatTheProgramReads compares units and the package's settings
// with the program.
func TestUnits_SayWhatTheProgramReads(t *testing.T) {
	t.Parallel()
	binary := lab.Binary(t, lab.Build{})
	variables := regexp.MustCompile(`(?m)^#?(?:Environment=)?(TURNO_[A-Z_]+)=`)
	found := 0
	for _, file := range []string{"systemd/turno.service", "systemd/turno-worker.service", "debian/turno.env"} {
		text, err := os.ReadFile(filepath.Join(root, "deploy", file))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range variables.FindAllStringSubmatch(string(text), -1) {
			found++
			if !checks.Reads(m[1]) {
				t.Errorf("%s: the program does not read %s", file, m[1])
			}
		}
		for _, m := range regexp.MustCompile(`(?m)^ExecStart=/usr/bin/turno (.*)$`).FindAllStringSubmatch(string(text), -1) {
			found++
			run(t, binary, append(strings.Fields(m[1]), "--help")...)
		}
	}
	if found < 8 {
		t.Errorf("found only %d to compare", found)
	}
}
