// Command release builds what is handed out: the program for each platform in
// an archive, Debian packages, a list of what is inside (SBOM) and checksums.
//
//	go build, each platform ─▶ archive ─┐
//	        └▶ deploy/debian ─▶ .deb ───┼─▶ SHA256SUMS
//	        └▶ build info ─▶ CycloneDX ─┘
//
// The same sources, version and Go make the same bytes: nothing has the time of
// its making, a path of this machine or an order of chance. make release calls it.
package main

import (
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// platforms that there are archives for.
var platforms = []string{"linux/amd64", "linux/arm64", "windows/amd64", "darwin/amd64", "darwin/arm64"}

// release is one call.
type release struct {
	version string
	out     string // folder of what is handed out
	debian  bool
	made    []string // files in out
}

func main() {
	log.SetFlags(0)
	r := release{}
	only := ""
	flag.StringVar(&r.version, "version", "devel", "what the program says it is")
	flag.StringVar(&r.out, "out", "dist", "folder to write to; it is made anew")
	flag.StringVar(&only, "only", strings.Join(platforms, ","), "platforms")
	flag.BoolVar(&r.debian, "deb", true, "make Debian packages of those for Linux; needs dpkg-deb")
	flag.Parse()
	if err := r.run(strings.Split(only, ",")); err != nil {
		log.Fatalf("release: %v", err)
	}
}

func (r *release) run(only []string) error {
	if err := errors.Join(os.RemoveAll(r.out), os.MkdirAll(r.out, 0o755)); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "turno-release-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	for _, p := range only {
		if err := r.platform(p, work); err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
	}
	return r.sums()
}

// platform builds and packs one.
func (r *release) platform(p, work string) error {
	system, arch, ok := strings.Cut(p, "/")
	if !ok {
		return fmt.Errorf("use a platform such as linux/amd64")
	}
	name := "turno"
	if system == "windows" {
		name = "turno.exe"
	}
	binary := filepath.Join(work, system+"-"+arch, name)
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -buildid= -X turno/internal/config.Version="+r.version, "-o", binary, "./cmd/turno")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+arch, "GOAMD64=v1")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w: %s", err, out)
	}
	files := []file{
		{name: name, path: binary, mode: 0o755}, {name: "LICENSE", path: "LICENSE", mode: 0o644}, {name: "README.md", path: "README.md", mode: 0o644},
		{name: "start.sh", path: "deploy/start.sh", mode: 0o755},
	}
	pack, ending := tarball, ".tar.gz"
	if system == "windows" {
		files[3] = file{name: "start.bat", path: "deploy/start.bat", mode: 0o644}
		pack, ending = zipped, ".zip"
	}
	base := fmt.Sprintf("turno-%s-%s-%s", r.version, system, arch)
	if err := r.write(base+ending, func(w io.Writer) error { return pack(w, base, files) }); err != nil {
		return err
	}
	if err := r.write(base+".cdx.json", func(w io.Writer) error { return bom(w, binary, r.version) }); err != nil {
		return err
	}
	if system != "linux" || !r.debian {
		return nil
	}
	cmd = exec.Command("deploy/debian/build", binary, r.version, arch, r.out)
	cmd.Env = append(os.Environ(), fmt.Sprintf("SOURCE_DATE_EPOCH=%d", epoch.Unix()))
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("make the package for Debian: %w", err)
	}
	r.made = append(r.made, strings.TrimSpace(string(out)))
	return nil
}

// epoch is the time of every file: that of the making would differ each time.
var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// write makes one file of those that are handed out.
func (r *release) write(name string, fill func(io.Writer) error) error {
	f, err := os.Create(filepath.Join(r.out, name))
	if err != nil {
		return err
	}
	r.made = append(r.made, name)
	return errors.Join(fill(f), f.Close())
}

// sums writes the checksums in the manner of sha256sum.
func (r *release) sums() error {
	slices.Sort(r.made)
	var text strings.Builder
	for _, name := range r.made {
		f, err := os.Open(filepath.Join(r.out, name))
		if err != nil {
			return err
		}
		sum := sha256.New()
		_, err = io.Copy(sum, f)
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
		fmt.Fprintf(&text, "%x  %s\n", sum.Sum(nil), name)
	}
	return os.WriteFile(filepath.Join(r.out, "SHA256SUMS"), []byte(text.String()), 0o644)
}
