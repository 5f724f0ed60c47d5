package lint

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
)

// imports checks every import of the tree against the table. unused are the
// rows' words that nothing needs, and rows that are not planned any more.
func imports(t *Tree, house []row) (found, unused []Finding) {
	c := importCheck{t: t, house: house, used: map[string]bool{}}
	for _, p := range t.Packages {
		c.pkg(p)
	}
	return append(c.found, c.order()...), c.unused()
}

type importCheck struct {
	t     *Tree
	house []row
	used  map[string]bool // row's package, or row's package and a word of its lists
	found []Finding
}

// rowOf prefers a row of the package's own to one with a star; -1: none.
func rowOf(house []row, pkg string) int {
	star := -1
	for i, r := range house {
		switch {
		case r.pkg == pkg:
			return i
		case starred(r.pkg, pkg):
			star = i
		}
	}
	return star
}

func starred(pattern, pkg string) bool {
	return path.Base(pattern) == "*" && path.Dir(pattern) == path.Dir(pkg)
}

func (c *importCheck) pkg(p *Package) {
	i := rowOf(c.house, p.Path)
	if i < 0 {
		c.found = append(c.found, Finding{p.Path, "imports", "the package is not in the table of the house",
			fmt.Sprintf("add {pkg: %q, imports: \"...\"} to internal/lint/house.go, above every row that imports it", p.Path)})
		return
	}
	r := c.house[i]
	c.used[r.pkg] = true
	for _, s := range p.Files {
		for _, spec := range s.AST.Imports {
			name, _ := strconv.Unquote(spec.Path.Value)
			if do := c.refuse(r, p, s, name); do != "" {
				c.found = append(c.found, Finding{at(c.t.Fset, spec), "imports", fmt.Sprintf("%s imports %s", p.Path, name), do})
			}
		}
	}
}

// refuse says what to do instead of the import; "": it is permitted.
func (c *importCheck) refuse(r row, p *Package, s *Source, name string) string {
	own, internal := c.relative(name)
	word := name
	if internal {
		word = own
	}
	switch {
	case !internal && isStd(name) && !slices.Contains(strings.Fields(restricted), name):
		return refuseStd(r, s, name)
	case internal && own == p.Path && s.Test: // an external test
		return ""
	case c.permits(r, r.imports+" "+r.modules, word):
		return ""
	case s.Test && (c.permits(r, r.tests, word) || matchWord(forTests, word) != "" || internal && inside(own, p.Path)):
		return ""
	case internal && s.Test:
		return fmt.Sprintf("put %s into tests of the row of %s in internal/lint/house.go, if a test of that package needs it", word, r.pkg)
	case internal:
		return fmt.Sprintf("declare what you need as an interface of your own, or put %s into imports of the row of %s in internal/lint/house.go, if the arrow points down", word, r.pkg)
	default:
		return fmt.Sprintf("leave it to the package that is made for it, or put its module into modules of the row of %s in internal/lint/house.go", r.pkg)
	}
}

func refuseStd(r row, s *Source, name string) string {
	if r.std == "" || s.Test || slices.Contains(strings.Fields(r.std), name) {
		return ""
	}
	return "a pure package takes time and everything else as parameters: see std in internal/lint/house.go"
}

// relative is a package of this module as the table writes it.
func (c *importCheck) relative(name string) (string, bool) {
	if name == c.t.Module {
		return ".", true
	}
	return strings.CutPrefix(name, c.t.Module+"/")
}

// isStd: the path of every other module begins with a host name.
func isStd(name string) bool {
	first, _, _ := strings.Cut(name, "/")
	return !strings.Contains(first, ".")
}

func (c *importCheck) permits(r row, list, word string) bool {
	match := matchWord(list, word)
	if match != "" {
		c.used[r.pkg+" "+match] = true
	}
	return match != ""
}

// matchWord finds the word of list that stands for name; "": none does.
func matchWord(list, name string) string {
	for w := range strings.FieldsSeq(list) {
		external := strings.Contains(strings.Split(w, "/")[0], ".") && w != "."
		if w == name || external && inside(name, w) || starred(w, name) {
			return w
		}
	}
	return ""
}

// order sees to it that arrows point down, and that no row has outlived its
// package.
func (c *importCheck) order() (found []Finding) {
	place := map[string]int{}
	for i, r := range c.house {
		if _, twice := place[r.pkg]; twice {
			found = append(found, Finding{r.pkg, "house", "has two rows", "remove one"})
		}
		place[r.pkg] = i
	}
	for i, r := range c.house {
		if !c.used[r.pkg] && !r.planned && path.Base(r.pkg) != "*" {
			found = append(found, Finding{r.pkg, "house", "the package does not exist", "remove its row from internal/lint/house.go"})
		}
		for w := range strings.FieldsSeq(r.imports) {
			if j, ok := place[w]; !ok {
				found = append(found, Finding{r.pkg, "house", fmt.Sprintf("imports %s, which has no row", w), "add it, or remove the word"})
			} else if j >= i {
				found = append(found, Finding{r.pkg, "house", fmt.Sprintf("imports %s, which stands below it in the table", w), "turn the arrow round: rows stand from the bottom up"})
			}
		}
	}
	return found
}

func (c *importCheck) unused() (found []Finding) {
	for _, r := range c.house {
		if !c.used[r.pkg] {
			continue
		}
		if r.planned {
			found = append(found, Finding{r.pkg, "house", "planned, and there", "remove the word planned"})
		}
		for w := range strings.FieldsSeq(r.imports + " " + r.modules + " " + r.tests) {
			if !c.used[r.pkg+" "+w] {
				found = append(found, Finding{r.pkg, "house", "may import " + w + " and does not", "remove the word"})
			}
		}
	}
	return found
}
