// Package lint holds the rules of the house as Go tests: which package may
// import which, what a core may not do, sizes, banned calls, and the tools that
// must have nothing to say (gofmt, vet, staticcheck, go fix, go mod tidy).
//
//	the tree ─▶ load ─▶ imports, purity, sizes, banned ─▶ findings ─▶ lint_test.go
//	                                         tools ─────▶
//
// A rule takes parsed files and returns findings; rules_test.go runs each on
// sources that break it. The table of imports is house.go: a new package adds
// its row there. Nothing outside of tests imports this package.
package lint

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Finding is one breach of one rule.
type Finding struct {
	Where string // file:line, or a package
	Rule  string
	Text  string // what is the case
	Do    string // what to do about it
}

func (f Finding) String() string {
	return fmt.Sprintf("%s: %s: %s; %s", f.Where, f.Rule, f.Text, f.Do)
}

// Source is one parsed file.
type Source struct {
	Path      string // relative to the module's root, with slashes
	Test      bool   // *_test.go
	Generated bool
	Lines     int
	AST       *ast.File
}

// Package is the files of one folder, for every platform and with its tests.
type Package struct {
	Path  string // relative to the module's root, "." for the root itself
	Files []*Source
}

// Tree is a module's parsed sources.
type Tree struct {
	Module   string
	Fset     *token.FileSet
	Packages []*Package // by path
}

// load parses every Go file below root but testdata and what git ignores by
// convention here (bin, node_modules, names with a dot).
func load(root, module string) (*Tree, error) {
	t := &Tree{Module: module, Fset: token.NewFileSet()}
	packages := map[string]*Package{}
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if file != root && skipFolder(d.Name()) {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(file, ".go") {
			return nil
		}
		name, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		s, err := parse(t.Fset, file, filepath.ToSlash(name))
		if err != nil {
			return err
		}
		dir := path.Dir(s.Path)
		if packages[dir] == nil {
			packages[dir] = &Package{Path: dir}
			t.Packages = append(t.Packages, packages[dir])
		}
		packages[dir].Files = append(packages[dir].Files, s)
		return nil
	})
	slices.SortFunc(t.Packages, func(a, b *Package) int { return strings.Compare(a.Path, b.Path) })
	return t, err
}

func skipFolder(name string) bool {
	return name == "testdata" || name == "bin" || name == "node_modules" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")
}

func parse(fset *token.FileSet, file, name string) (*Source, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read source: %w", err)
	}
	f, err := parser.ParseFile(fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("parse source: %w", err)
	}
	return &Source{
		Path:      name,
		Test:      strings.HasSuffix(name, "_test.go"),
		Generated: ast.IsGenerated(f),
		Lines:     fset.File(f.FileStart).LineCount(),
		AST:       f,
	}, nil
}

// at is where a node stands, for a finding.
func at(fset *token.FileSet, n ast.Node) string {
	p := fset.Position(n.Pos())
	return p.Filename + ":" + strconv.Itoa(p.Line)
}

// importName is what file calls the package with that import path; "" if it
// does not import it. Only for packages whose name is their path's last part.
func importName(f *ast.File, importPath string) string {
	for _, spec := range f.Imports {
		if got, _ := strconv.Unquote(spec.Path.Value); got != importPath {
			continue
		}
		if spec.Name != nil {
			return spec.Name.Name
		}
		return path.Base(importPath)
	}
	return ""
}

// isCall tells whether call is pkg.name(...) for one of names.
func isCall(call *ast.CallExpr, pkg string, names ...string) bool {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || pkg == "" || !slices.Contains(names, sel.Sel.Name) {
		return false
	}
	x, ok := sel.X.(*ast.Ident)
	return ok && x.Name == pkg
}
