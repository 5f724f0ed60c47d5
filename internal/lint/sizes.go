package lint

import (
	"fmt"
	"go/ast"
	"path"
	"slices"
)

// The sizes of CONVENTIONS: a soft one is reported, a hard one fails.
const (
	functionLines  = 60
	fileLinesSoft  = 500
	fileLinesHard  = 800
	parametersSoft = 4
	parametersHard = 6
	portMethods    = 8
)

// ports are the packages whose interfaces adapters implement.
var ports = []string{"internal/broker", "internal/store", "internal/gpu", "internal/files", "internal/workload"}

// sizes returns what is over the hard limits, and what is over the soft ones.
func sizes(t *Tree) (hard, soft []Finding) {
	for _, p := range t.Packages {
		for _, s := range p.Files {
			h, w := sourceSizes(t, s)
			hard, soft = append(hard, h...), append(soft, w...)
		}
		if slices.Contains(ports, p.Path) {
			hard = append(hard, portSizes(t, p)...)
		}
	}
	return hard, soft
}

func sourceSizes(t *Tree, s *Source) (hard, soft []Finding) {
	if s.Generated {
		return nil, nil
	}
	file := Finding{Where: s.Path + ":1", Rule: "file size", Text: fmt.Sprintf("%d lines", s.Lines)}
	switch {
	case s.Lines > fileLinesHard:
		file.Do = fmt.Sprintf("divide it by subject: at most %d", fileLinesHard)
		hard = append(hard, file)
	case s.Lines > fileLinesSoft:
		file.Do = fmt.Sprintf("aim at %d", fileLinesSoft)
		soft = append(soft, file)
	}
	for _, d := range s.AST.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || s.Test {
			continue
		}
		if lines := t.Fset.Position(f.End()).Line - t.Fset.Position(f.Pos()).Line + 1; lines > functionLines {
			hard = append(hard, Finding{at(t.Fset, f), "function size", fmt.Sprintf("%s has %d lines", f.Name.Name, lines),
				fmt.Sprintf("take a part with a name of its own out of it: at most %d", functionLines)})
		}
		many := Finding{Where: at(t.Fset, f), Rule: "parameters", Text: fmt.Sprintf("%s takes %d", f.Name.Name, f.Type.Params.NumFields()),
			Do: fmt.Sprintf("pass a struct: at most %d, better %d", parametersHard, parametersSoft)}
		switch n := f.Type.Params.NumFields(); {
		case n > parametersHard:
			hard = append(hard, many)
		case n > parametersSoft:
			soft = append(soft, many)
		}
	}
	return hard, soft
}

func portSizes(t *Tree, p *Package) (found []Finding) {
	interfaces := map[string]*ast.InterfaceType{}
	for _, s := range p.Files {
		ast.Inspect(s.AST, func(n ast.Node) bool {
			if spec, ok := n.(*ast.TypeSpec); ok && !s.Test {
				if in, ok := spec.Type.(*ast.InterfaceType); ok {
					interfaces[spec.Name.Name] = in
				}
			}
			return true
		})
	}
	for name, in := range interfaces {
		if n := methods(interfaces, in); n > portMethods {
			found = append(found, Finding{at(t.Fset, in), "port size", fmt.Sprintf("%s.%s has %d methods", path.Base(p.Path), name, n),
				fmt.Sprintf("divide it by who calls it: at most %d", portMethods)})
		}
	}
	return found
}

// methods counts those of embedded interfaces of the same package too.
func methods(known map[string]*ast.InterfaceType, in *ast.InterfaceType) int {
	n := 0
	for _, field := range in.Methods.List {
		n += len(field.Names)
		if id, ok := field.Type.(*ast.Ident); ok && len(field.Names) == 0 && known[id.Name] != nil {
			n += methods(known, known[id.Name])
		}
	}
	return n
}
