package lint

import (
	"fmt"
	"go/ast"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path"
	"slices"
	"strconv"
	"strings"
)

// pure are the packages that law 1 binds: a message and a time go in, what to
// do comes out. What they may import is in the table of the house.
var pure = []string{".", "internal/core/sched", "internal/core/hold", "internal/core/policy"}

// isPure includes the folders below, but not those of the root.
func isPure(pkg string) bool {
	return slices.ContainsFunc(pure, func(p string) bool { return pkg == p || p != "." && inside(pkg, p) })
}

// impure names what a pure package may import but not use all of; * is every
// name with that beginning. Methods are Type.Method.
var impure = map[string]struct {
	names []string
	do    string
}{
	"time": {[]string{"Now", "Since", "Until", "After", "AfterFunc", "Sleep", "Tick", "NewTimer", "NewTicker", "Local", "LoadLocation", "Time.Local", "Timer.*", "Ticker.*"},
		"take now as a parameter"},
	"fmt": {[]string{"Print*", "Fprint*", "Scan*", "Fscan*"}, "return it"},
	"context": {[]string{"Background", "TODO", "With*", "AfterFunc"},
		"nothing here waits or is cancelled"},
	"reflect": {[]string{"Value.MapRange", "Value.MapKeys", "Value.Seq*"}, "the order of a map is random: sort the keys"},
}

// keyed are the functions of package maps whose order is random.
var keyed = []string{"Keys", "Values", "All"}

// sorted are the functions of package slices that put it right.
var sorted = []string{"Sorted", "SortedFunc", "SortedStableFunc"}

// orderFree, with a reason behind it, on the line before (or at the end of)
// a range over a map says that its order cannot be seen from outside.
const orderFree = "// order-free:"

// purity checks one pure package. Its test files are not bound.
func purity(t *Tree, p *Package, im types.Importer) ([]Finding, error) {
	c := purityCheck{t: t, info: &types.Info{Uses: map[*ast.Ident]types.Object{}, Types: map[ast.Expr]types.TypeAndValue{}}}
	var files []*ast.File
	for _, s := range p.Files {
		if !s.Test {
			files = append(files, s.AST)
		}
	}
	config := types.Config{Importer: im}
	if _, err := config.Check(path.Join(t.Module, p.Path), t.Fset, files, c.info); err != nil {
		return nil, fmt.Errorf("check types of %s: %w", p.Path, err)
	}
	for _, f := range files {
		c.file(f)
	}
	return c.found, nil
}

type purityCheck struct {
	t     *Tree
	info  *types.Info
	found []Finding

	free map[int]*ast.Comment // of one file, by line: order-free comments not used yet
	good map[*ast.CallExpr]bool
}

func (c *purityCheck) add(n ast.Node, text, do string) {
	c.found = append(c.found, Finding{at(c.t.Fset, n), "purity", text, do})
}

func (c *purityCheck) file(f *ast.File) {
	c.good = map[*ast.CallExpr]bool{}
	c.free = c.orderFreeComments(f)
	ast.Inspect(f, func(n ast.Node) bool {
		c.node(n)
		return true
	})
	for _, comment := range c.free {
		c.add(comment, "order-free says nothing here", "remove it: no range over a map follows")
	}
}

func (c *purityCheck) orderFreeComments(f *ast.File) map[int]*ast.Comment {
	free := map[int]*ast.Comment{}
	for _, group := range f.Comments {
		for _, comment := range group.List {
			why, ok := strings.CutPrefix(comment.Text, orderFree)
			switch {
			case ok && strings.TrimSpace(why) == "":
				c.add(comment, "order-free without a reason", "say why the order cannot be seen")
			case ok:
				// it stands for the statement after the comment's last line
				free[c.t.Fset.Position(group.End()).Line] = comment
			}
		}
	}
	return free
}

func (c *purityCheck) node(n ast.Node) {
	const concurrency = "a core is called by one goroutine and starts none"
	switch n := n.(type) {
	case *ast.GoStmt:
		c.add(n, "a go statement", concurrency)
	case *ast.SelectStmt, *ast.SendStmt:
		c.add(n, "a channel operation", concurrency)
	case *ast.ChanType:
		c.add(n, "a channel", concurrency)
	case *ast.UnaryExpr:
		if n.Op == token.ARROW {
			c.add(n, "a channel operation", concurrency)
		}
	case *ast.RangeStmt:
		c.rangeOver(n)
	case *ast.CallExpr:
		c.call(n)
	case *ast.Ident:
		c.use(n)
	}
}

// rangeOver: types of type parameters count by what they are made of.
func (c *purityCheck) rangeOver(n *ast.RangeStmt) {
	switch over := c.info.TypeOf(n.X).Underlying().(type) {
	case *types.Chan:
		c.add(n, "a channel operation", "a core is called by one goroutine and starts none")
	case *types.Map:
		c.mapOrder(n)
	case *types.Interface: // a type parameter's constraint
		for embedded := range over.EmbeddedTypes() {
			if strings.Contains(embedded.Underlying().String(), "map[") {
				c.mapOrder(n)
				return
			}
		}
	}
}

func (c *purityCheck) mapOrder(n ast.Node) {
	line := c.t.Fset.Position(n.Pos()).Line
	for _, l := range []int{line, line - 1} {
		if c.free[l] != nil {
			delete(c.free, l)
			return
		}
	}
	c.add(n, "goes through a map in random order",
		"use slices.Sorted(maps.Keys(m)), or say on the line before why it cannot be seen: "+orderFree+" why")
}

// call is met before its arguments: what sorts marks what it wraps.
func (c *purityCheck) call(n *ast.CallExpr) {
	fun := ast.Unparen(n.Fun)
	if index, ok := fun.(*ast.IndexExpr); ok {
		fun = index.X
	}
	sel, ok := fun.(*ast.SelectorExpr)
	if !ok {
		return
	}
	obj := c.info.Uses[sel.Sel]
	if obj == nil || obj.Pkg() == nil {
		return
	}
	switch p, name := obj.Pkg().Path(), obj.Name(); {
	case p == "slices" && slices.Contains(sorted, name) && len(n.Args) > 0:
		if inner, ok := n.Args[0].(*ast.CallExpr); ok {
			c.good[inner] = true
		}
	case p == "maps" && slices.Contains(keyed, name) && !c.good[n]:
		c.mapOrder(n)
	}
}

// use finds what a permitted package has that is not permitted.
func (c *purityCheck) use(id *ast.Ident) {
	obj := c.info.Uses[id]
	if obj == nil || obj.Pkg() == nil {
		return
	}
	rule, ok := impure[obj.Pkg().Path()]
	if !ok {
		return
	}
	name := qualified(obj)
	for _, bad := range rule.names {
		prefix, open := strings.CutSuffix(bad, "*")
		if name == bad || open && strings.HasPrefix(name, prefix) {
			c.add(id, "uses "+obj.Pkg().Name()+"."+name, rule.do)
			return
		}
	}
}

// qualified is Name, or Type.Name for a method.
func qualified(obj types.Object) string {
	f, ok := obj.(*types.Func)
	if !ok || f.Signature().Recv() == nil {
		return obj.Name()
	}
	recv := f.Signature().Recv().Type()
	if p, ok := recv.(*types.Pointer); ok {
		recv = p.Elem()
	}
	if named, ok := recv.(*types.Named); ok {
		return named.Obj().Name() + "." + obj.Name()
	}
	return obj.Name()
}

// compiled imports packages from what the go command has built of them.
func compiled(fset *token.FileSet, dir string, patterns ...string) (types.Importer, error) {
	args := append([]string{"list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}"}, patterns...)
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list -export: %w: %s", err, stderr.String())
	}
	files := map[string]string{}
	for line := range strings.Lines(string(out)) {
		if name, file, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			files[name] = file
		}
	}
	return importer.ForCompiler(fset, "gc", func(name string) (io.ReadCloser, error) {
		if files[name] == "" {
			return nil, fmt.Errorf("go list gave no export data for %s", strconv.Quote(name))
		}
		return os.Open(files[name])
	}), nil
}
