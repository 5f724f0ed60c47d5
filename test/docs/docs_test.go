// Package docs checks every document: links lead somewhere, pages are there in
// both languages and of the same parts, and the commands of guides do what the
// guides say, run one after the other against one turno up.
package docs

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"turno/internal/testenv"
	"turno/test/lab"
)

const root = "../.."

func TestMain(m *testing.M) { lab.Main(m) }

// pages are all documents, by their path from the root.
func pages(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := fs.WalkDir(os.DirFS(root), ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (path == "bin" || path == "dist" || d.Name() == "node_modules" || d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && path != "."):
			return fs.SkipDir
		case strings.HasSuffix(path, ".md"):
			text, err := os.ReadFile(filepath.Join(root, path))
			out[path] = string(text)
			return err
		}
		return nil
	})
	if err != nil || len(out) < 20 {
		t.Fatalf("found %d documents: %v", len(out), err)
	}
	return out
}

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
	fence   = regexp.MustCompile("(?ms)^```.*?^```|^    .*?$|`[^`\n]*`")
	notWord = regexp.MustCompile(`[^\p{L}\p{N}_\- ]`)
)

// anchors are the names that headings of a page have in links.
func anchors(text string) map[string]bool {
	out := map[string]bool{}
	for _, m := range heading.FindAllStringSubmatch(text, -1) {
		out[strings.ReplaceAll(notWord.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-")] = true
	}
	return out
}

func TestLinks_LeadSomewhere(t *testing.T) {
	t.Parallel()
	all := pages(t)
	checked := 0
	for page, text := range all {
		for _, m := range link.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
			path, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(path, "://") || strings.HasPrefix(path, "mailto:") {
				continue // of others: cannot be asked here
			}
			checked++
			target := page
			if path != "" {
				target = filepath.ToSlash(filepath.Join(filepath.Dir(page), path))
			}
			if _, err := os.Stat(filepath.Join(root, target)); err != nil {
				t.Errorf("%s: %s leads nowhere", page, m[1])
			} else if anchor != "" && strings.HasSuffix(target, ".md") && !anchors(all[target])[anchor] {
				t.Errorf("%s: %s has no heading %q", page, target, anchor)
			}
		}
	}
	if checked < 100 {
		t.Errorf("only %d links were looked at", checked)
	}
}

func TestPages_AreInBothLanguages(t *testing.T) {
	t.Parallel()
	all := pages(t)
	for page := range all {
		name := strings.TrimSuffix(page, ".md")
		if folder := filepath.Dir(page); folder != "docs" && name != "README" && name != "README.es" {
			continue // what developers read
		}
		if english, spanish := strings.CutSuffix(name, ".es"); spanish {
			if all[english+".md"] == "" {
				t.Errorf("%s has no English page", page)
			}
			continue
		}
		spanish := all[name+".es.md"]
		if spanish == "" {
			t.Errorf("%s has no Spanish page", page)
			continue
		}
		if blocks(all[page]) != blocks(spanish) {
			t.Errorf("%s: the Spanish page has other commands:\n%s\n---\n%s", page, blocks(all[page]), blocks(spanish))
		}
		if diff := gaps(all[page], spanish); diff != "" {
			t.Errorf("%s and its Spanish page: %s", page, diff)
		}
	}
}

var empty = regexp.MustCompile(`\n[ \t]*\n`)

// gaps says where two pages cannot be the same text: by their headings, by the
// paragraphs, lists, tables and pieces of code below each, and by how long the
// longer of these are. A sentence that is missing in one is found so, if the
// paragraph is not much longer than that.
func gaps(english, spanish string) string {
	a, b := sections(english), sections(spanish)
	if len(a) != len(b) {
		return fmt.Sprintf("%d headings, and %d", len(a)-1, len(b)-1)
	}
	for i := range a {
		if a[i].level != b[i].level || len(a[i].parts) != len(b[i].parts) {
			return fmt.Sprintf("below %q: level %d with %d paragraphs, and level %d with %d", a[i].title, a[i].level, len(a[i].parts), b[i].level, len(b[i].parts))
		}
		for k, from := range a[i].parts {
			to := b[i].parts[k]
			if strings.Count(from, "\n|") != strings.Count(to, "\n|") || strings.Count("\n"+from, "\n- ") != strings.Count("\n"+to, "\n- ") {
				return fmt.Sprintf("below %q: a table or a list has other rows: %.60q", a[i].title, from)
			}
			// Spanish takes a few words more, seldom fewer.
			if n, m := len(strings.Fields(from)), len(strings.Fields(to)); n > 40 && (m*100 < n*80 || m*100 > n*135) {
				return fmt.Sprintf("below %q: %d words, and %d: %.60q", a[i].title, n, m, from)
			}
		}
	}
	return ""
}

// section is what stands below one heading.
type section struct {
	level int
	title string
	parts []string
}

func sections(text string) []section {
	out := []section{{}}
	for _, part := range empty.Split(text, -1) {
		if level := len(part) - len(strings.TrimLeft(part, "#")); level > 0 && strings.HasPrefix(part[level:], " ") {
			title, rest, _ := strings.Cut(part[level+1:], "\n")
			out = append(out, section{level: level, title: title})
			part = rest
		}
		if strings.TrimSpace(part) != "" {
			last := &out[len(out)-1]
			last.parts = append(last.parts, strings.TrimSpace(part))
		}
	}
	return out
}

var runnable = regexp.MustCompile("(?ms)^```sh run\n(.*?)^```")

// blocks are the commands of a page that are run.
func blocks(text string) string {
	var all []string
	for _, m := range runnable.FindAllStringSubmatch(text, -1) {
		all = append(all, m[1])
	}
	return strings.Join(all, "\n")
}

// TestGuides_DoWhatTheySay runs the commands of each guide, line by line as a
// reader types them; a line that fails fails the guide. Both languages have the
// same commands, which another test looks at.
func TestGuides_DoWhatTheySay(t *testing.T) {
	t.Parallel()
	testenv.Need(t, testenv.PythonNeed)
	binary, dir := lab.Binary(t, lab.Build{}), t.TempDir()
	bin := filepath.Join(dir, "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(binary, filepath.Join(bin, "turno")); err != nil {
		t.Fatal(err)
	}
	env := append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "HOME="+dir, "TURNO_DATA="+dir+"/data", "TURNO_ALLOW_ROOT=true",
		fmt.Sprintf("TURNO_LISTEN=127.0.0.1:%d", testenv.FreePort(t)), "TURNO_FAKE_GPUS=2",
		fmt.Sprintf("TURNO_LISTEN_WORKERS=127.0.0.1:%d", testenv.FreePort(t)))
	up(t, env, dir)
	ran := 0
	for page, text := range pages(t) {
		if strings.HasSuffix(page, ".es.md") {
			continue
		}
		for _, m := range runnable.FindAllStringSubmatch(text, -1) {
			ran++
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			cmd := exec.CommandContext(ctx, "bash", "-eu", "-o", "pipefail", "-c", m[1])
			cmd.Env, cmd.Dir = env, dir
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s\n%s", page, err, m[1], out)
			}
			cancel()
		}
	}
	if ran < 5 {
		t.Errorf("only %d pieces of guides were run", ran)
	}
}

// up is the one turno of all guides.
func up(t *testing.T, env []string, dir string) {
	t.Helper()
	log, err := os.Create(filepath.Join(dir, "up.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(filepath.Join(dir, "bin/turno"), "up", "--no-open", "--end-jobs")
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = env, dir, log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	ready := exec.CommandContext(t.Context(), "sh", "-c", `i=0; until grep -q "turno is up" "$1"; do i=$((i+1)); test $i -lt 600; sleep 0.1; done`, "sh", log.Name())
	if out, err := ready.CombinedOutput(); err != nil {
		text, _ := os.ReadFile(log.Name())
		t.Fatalf("turno up: %v %s\n%s", err, out, text)
	}
}

var (
	// thousands are numbers as English groups them, grouped those with a space.
	thousands = regexp.MustCompile(`[1-9]\d{0,2}(?:,\d{3})+`)
	spaced    = regexp.MustCompile(`\d[ \x{00a0}\x{2009}\x{202f}]\d{3}(?:\D|$)`)
)

// TestNumbers_OfSpanishPages: thousands are grouped by a point, 10.000, as the
// dashboard does in Spanish, and not by a comma, which stands before decimals
// there, nor by a space. What is code is as it is typed.
func TestNumbers_OfSpanishPages(t *testing.T) {
	t.Parallel()
	all := pages(t)
	points := 0
	for page, text := range all {
		english, spanish := strings.CutSuffix(page, ".es.md")
		if !spanish {
			continue
		}
		there := thousands.FindAllString(all[english+".md"], -1)
		prose := fence.ReplaceAllString(text, "")
		for _, n := range thousands.FindAllString(prose, -1) {
			if slices.Contains(there, n) {
				t.Errorf("%s: %s is written %s in Spanish", page, n, strings.ReplaceAll(n, ",", "."))
			}
		}
		if n := spaced.FindString(prose); n != "" {
			t.Errorf("%s: %q is grouped by a space; write a point", page, n)
		}
		for _, n := range there {
			points += strings.Count(prose, strings.ReplaceAll(n, ",", "."))
		}
	}
	if points < 20 {
		t.Errorf("only %d numbers were found", points)
	}
}
