package lint

import (
	"go/ast"
	"path"
	"slices"
	"strings"
)

// mayPrint are the packages whose business is standard output; a program's
// main package is one anyway.
var mayPrint = []string{"internal/cli"}

// banned finds what the house does not want to see anywhere.
func banned(t *Tree) (found []Finding) {
	for _, p := range t.Packages {
		for _, s := range p.Files {
			c := bannedCalls{t: t, p: p, s: s,
				time: importName(s.AST, "time"), fmt: importName(s.AST, "fmt"), testing: importName(s.AST, "testing") != ""}
			ast.Inspect(s.AST, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.FuncDecl:
					c.declaration(n)
				case *ast.CallExpr:
					c.call(n)
				}
				return true
			})
			found = append(found, c.found...)
		}
	}
	return found
}

type bannedCalls struct {
	t         *Tree
	p         *Package
	s         *Source
	time, fmt string // what the file calls them
	testing   bool   // imports testing: a test, or a suite
	found     []Finding
}

func (c *bannedCalls) add(n ast.Node, text, do string) {
	c.found = append(c.found, Finding{at(c.t.Fset, n), "banned", text, do})
}

func (c *bannedCalls) declaration(f *ast.FuncDecl) {
	if f.Recv == nil && f.Name.Name == "init" {
		c.add(f, "an init function", "use an explicit list, or a variable's initial value")
	}
}

func (c *bannedCalls) call(call *ast.CallExpr) {
	switch {
	case c.testing && isCall(call, c.time, "Sleep"):
		c.add(call, "time.Sleep in a test", "use testing/synctest, or wait for a signal of what is tested")
	case c.testing && !inside(c.p.Path, "internal/testenv") && isSkip(call):
		c.add(call, "a skip without a typed reason", "use testenv.Need")
	case !c.s.Test && !c.prints() && isCall(call, c.fmt, "Print", "Printf", "Println"):
		c.add(call, "prints to standard output", "return it, log it, or take an io.Writer")
	case isBuiltinPrint(call):
		c.add(call, "the print builtin", "remove it: it is for debugging")
	}
}

func (c *bannedCalls) prints() bool {
	return c.s.AST.Name.Name == "main" || slices.ContainsFunc(mayPrint, func(p string) bool { return inside(c.p.Path, p) })
}

func inside(pkg, parent string) bool {
	return pkg == parent || strings.HasPrefix(pkg, path.Clean(parent)+"/")
}

// isSkip takes any method of that name: only testing's have these in a file
// that imports testing.
func isSkip(call *ast.CallExpr) bool {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	return ok && slices.Contains([]string{"Skip", "Skipf", "SkipNow"}, sel.Sel.Name)
}

func isBuiltinPrint(call *ast.CallExpr) bool {
	id, ok := call.Fun.(*ast.Ident)
	return ok && (id.Name == "print" || id.Name == "println")
}
