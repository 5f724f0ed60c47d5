package cli

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// ignoreTree has the files and rules of TestIgnoring; what git 2.39 keeps of it
// (git ls-files --others --exclude-standard) is marked with a +.
const ignoreTree = `
+ .gitignore
  abc.txt
  abd.txt
+ ab1.txt
  a/x.tmp
  a/TODO
  a/b/TODO
  a/#hash
  a/!bang
+ a/secret.key
+ a/b/.gitignore
+ a/b/c/f.c
  a/b/c/f.o
  build/out
  debug1
+ debug22
  doc/frotz/x
  f[1].txt
  foo/bar/baz/z
+ foo/z
+ .hidden/h
+ keep/k.log
  logs/a.log
+ logs/deep/b.log
+ logs/keep.log
  node_modules/x/i.js
  secret.key
+ sp ace/f
+ src/build/out
+ TODO
+ x1/.keep
  x1/data.bin
`

var ignoreRules = map[string]string{
	".gitignore": `# comment
*.o
/build/
node_modules
logs/*.log
!logs/keep.log
doc/frotz/
**/baz
a/**/TODO
*.tmp
!keep/k.log
\#hash
\!bang
ab[c-d].txt
f\[1\].txt
debug?
*.key
!a/secret.key
x1/*
!x1/.keep
`,
	"a/b/.gitignore": "*.c\n!f.c\nf.o\n",
}

// walked lists what is taken of a folder.
func walked(t *testing.T, dir string) *walk {
	t.Helper()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = root.Close() })
	w := &walk{s: &session{io: OS(), sys: &System{}}, dir: dir, root: root}
	w.above()
	if err := w.folder(t.Context(), "."); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *walk) names() []string {
	var names []string
	for _, f := range w.files {
		names = append(names, f.Path)
	}
	slices.Sort(names)
	return names
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestIgnoring_AsGit(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var want []string
	for line := range strings.Lines(strings.TrimPrefix(ignoreTree, "\n")) {
		name := strings.TrimSuffix(line[2:], "\n")
		write(t, dir, name, ignoreRules[name])
		if line[0] == '+' {
			want = append(want, name)
		}
	}
	slices.Sort(want)
	if got := walked(t, dir).names(); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestWalk_TakesOnlyWhatLiesWithin(t *testing.T) {
	t.Parallel()
	dir, outside := t.TempDir(), t.TempDir()
	write(t, outside, "secret", "x")
	for _, name := range []string{"file", ".git/config", "sub/.git/config", "sub/file", "venv/x", "out/y"} {
		write(t, dir, name, "x")
	}
	write(t, dir, ".gitignore", "venv\nout\n")
	write(t, dir, ".turnoignore", "sub/file\n!out\n")
	for name, target := range map[string]string{
		"good": "file", "up": "../x", "etc": "/etc/passwd", "abs": filepath.Join(outside, "secret"), "loop": "loop", "none": "no", "dir": "sub",
	} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	w := walked(t, dir)
	want := []string{".gitignore", ".turnoignore", "file", "good", "out/y"}
	if got := w.names(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if len(w.odd) != 6 {
		t.Errorf("odd: %v", w.odd)
	}
}

func TestWalk_HeedsTheRepositoryAbove(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	write(t, top, ".git/info/exclude", "*.secret\n")
	write(t, top, ".gitignore", "*.log\n/job/data\n")
	for _, name := range []string{"job/a.log", "job/a.secret", "job/data/x", "job/sub/data/x", "job/run.py"} {
		write(t, top, name, "x")
	}
	if got, want := walked(t, filepath.Join(top, "job")).names(), []string{"run.py", "sub/data/x"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func FuzzParseRule(f *testing.F) {
	for line := range strings.Lines(ignoreRules[".gitignore"]) {
		f.Add(strings.TrimSuffix(line, "\n"), "a/b.o")
	}
	f.Fuzz(func(_ *testing.T, line, name string) {
		if r, ok := parseRule(line); ok {
			r.match.MatchString(name)
		}
	})
}
