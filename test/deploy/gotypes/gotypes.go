// Package gotypes makes JSON schemas of Go types as Kubernetes' own and its
// operators' are written: fields with json tags, comments with markers. It
// reads sources, so that several versions of one module are read in one go. It
// knows as much of Go as those types need, and nothing of what a cluster checks
// beyond names, types, required fields and enumerations.
package gotypes

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// Schema is a piece of JSON schema.
type Schema = map[string]any

// Reader reads types of modules.
type Reader struct {
	// Modules are folders of sources by import path.
	Modules  map[string]string
	packages map[string]*folder
	defs     map[string]any
}

type folder struct {
	types  map[string]declared
	consts map[string][]any // values by type
}

type declared struct {
	spec    *ast.TypeSpec
	doc     string
	imports map[string]string // by name in the file
}

// known are types that are not written as they are declared.
var known = map[string]Schema{
	"k8s.io/apimachinery/pkg/apis/meta/v1.Time":                     {"type": "string"},
	"k8s.io/apimachinery/pkg/apis/meta/v1.MicroTime":                {"type": "string"},
	"k8s.io/apimachinery/pkg/apis/meta/v1.Duration":                 {"type": "string"},
	"k8s.io/apimachinery/pkg/apis/meta/v1.FieldsV1":                 {"type": "object"},
	"k8s.io/apimachinery/pkg/api/resource.Quantity":                 {"type": []any{"string", "number"}},
	"k8s.io/apimachinery/pkg/util/intstr.IntOrString":               {"type": []any{"string", "integer"}},
	"k8s.io/apimachinery/pkg/runtime.RawExtension":                  {"type": "object"},
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSON": {},
	"encoding/json.RawMessage":                                      {},
}

var basic = map[string]Schema{
	"string": {"type": "string"}, "bool": {"type": "boolean"}, "any": {},
	"int": {"type": "integer"}, "int32": {"type": "integer"}, "int64": {"type": "integer"},
	"uint16": {"type": "integer"}, "uint64": {"type": "integer"}, "float64": {"type": "number"},
}

// Definitions are the schemas that the roots (import path, a dot, name) need,
// themselves included, by the same names.
func (r *Reader) Definitions(roots []string) (map[string]any, error) {
	r.defs = map[string]any{}
	for _, root := range roots {
		at := strings.LastIndexByte(root, '.')
		if _, err := r.named(root[:at], root[at+1:]); err != nil {
			return nil, fmt.Errorf("%s: %w", root, err)
		}
		// What only a cluster writes does not stand in a manifest.
		delete(r.defs[root].(Schema)["properties"].(Schema), "status")
	}
	return r.defs, nil
}

// Ref is how a schema points at a definition.
func Ref(name string) Schema { return Schema{"$ref": "#/$defs/" + escape(name)} }

func escape(name string) string { return strings.ReplaceAll(name, "/", "~1") }

func (r *Reader) named(path, name string) (Schema, error) {
	full := path + "." + name
	if s, ok := known[full]; ok {
		return s, nil
	}
	if r.defs[full] != nil {
		return Ref(full), nil
	}
	p, err := r.read(path)
	if err != nil {
		return nil, err
	}
	d, ok := p.types[name]
	if !ok {
		return nil, fmt.Errorf("%s has no type %s", path, name)
	}
	r.defs[full] = Schema{} // types may hold themselves
	s, err := r.schema(d.spec.Type, path, d)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", full, err)
	}
	s = maps.Clone(s)
	if strings.Contains(d.doc, "+enum") && len(p.consts[name]) > 0 {
		s["enum"] = p.consts[name]
	}
	enumerate(s, d.doc)
	r.defs[full] = s
	return Ref(full), nil
}

var enumMarker = regexp.MustCompile(`\+kubebuilder:validation:Enum=([^\n]*)`)

// enumerate adds the values that a marker allows.
func enumerate(s Schema, doc string) {
	m := enumMarker.FindStringSubmatch(doc)
	if m == nil || s["type"] != "string" {
		return
	}
	var values []any
	for _, v := range strings.FieldsFunc(strings.Trim(m[1], "{}"), func(c rune) bool { return c == ';' || c == ',' }) {
		values = append(values, strings.Trim(v, `" `))
	}
	s["enum"] = values
}

func (r *Reader) schema(e ast.Expr, path string, d declared) (Schema, error) {
	switch e := e.(type) {
	case *ast.Ident:
		if s, ok := basic[e.Name]; ok {
			return s, nil
		}
		return r.named(path, e.Name)
	case *ast.SelectorExpr:
		return r.named(d.imports[e.X.(*ast.Ident).Name], e.Sel.Name)
	case *ast.StarExpr:
		return r.schema(e.X, path, d)
	case *ast.InterfaceType:
		return Schema{}, nil
	case *ast.ArrayType:
		if id, ok := e.Elt.(*ast.Ident); ok && id.Name == "byte" {
			return Schema{"type": "string"}, nil
		}
		items, err := r.schema(e.Elt, path, d)
		return Schema{"type": "array", "items": items}, err
	case *ast.MapType:
		values, err := r.schema(e.Value, path, d)
		return Schema{"type": "object", "additionalProperties": values}, err
	case *ast.StructType:
		return r.object(e, path, d)
	}
	return nil, fmt.Errorf("%T is not known", e)
}

func (r *Reader) object(e *ast.StructType, path string, d declared) (Schema, error) {
	properties, required := Schema{}, []any{}
	for _, f := range e.Fields.List {
		tag := ""
		if f.Tag != nil {
			tag = reflect.StructTag(strings.Trim(f.Tag.Value, "`")).Get("json")
		}
		name, options, _ := strings.Cut(tag, ",")
		s, err := r.schema(f.Type, path, d)
		switch {
		case name == "-":
			continue
		case err != nil:
			return nil, err
		case name == "":
			inner, _ := r.defs[unescape(s)].(Schema)
			from, _ := inner["properties"].(Schema)
			maps.Copy(properties, from)
			more, _ := inner["required"].([]any)
			required = append(required, more...)
			continue
		}
		doc := f.Doc.Text()
		if enumMarker.MatchString(doc) && s["type"] == "string" {
			s = maps.Clone(s)
			enumerate(s, doc)
		}
		properties[name] = s
		if !strings.Contains(options, "omit") && !strings.Contains(doc, "+optional") {
			required = append(required, name)
		}
	}
	out := Schema{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		slices.SortFunc(required, func(a, b any) int { return strings.Compare(a.(string), b.(string)) })
		out["required"] = slices.Compact(required)
	}
	return out, nil
}

func unescape(s Schema) string {
	ref, _ := s["$ref"].(string)
	return strings.ReplaceAll(strings.TrimPrefix(ref, "#/$defs/"), "~1", "/")
}

// read parses a package once.
func (r *Reader) read(path string) (*folder, error) {
	if p := r.packages[path]; p != nil {
		return p, nil
	}
	dir := ""
	for module, at := range r.Modules { // order-free: one matches longest
		if rest, ok := strings.CutPrefix(path+"/", module+"/"); ok && len(at) > 0 && dir == "" {
			dir = filepath.Join(at, rest)
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || dir == "" || len(files) == 0 {
		return nil, fmt.Errorf("no sources of %q", path)
	}
	p := &folder{types: map[string]declared{}, consts: map[string][]any{}}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("parse: %w", err)
		}
		p.collect(f)
	}
	if r.packages == nil {
		r.packages = map[string]*folder{}
	}
	r.packages[path] = p
	return p, nil
}

func (p *folder) collect(f *ast.File) {
	imports := map[string]string{}
	for _, i := range f.Imports {
		path := strings.Trim(i.Path.Value, `"`)
		name := path[strings.LastIndexByte(path, '/')+1:]
		if i.Name != nil {
			name = i.Name.Name
		}
		imports[name] = path
	}
	for _, decl := range f.Decls {
		g, ok := decl.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range g.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				p.types[s.Name.Name] = declared{s, g.Doc.Text() + s.Doc.Text(), imports}
			case *ast.ValueSpec:
				p.constant(s)
			}
		}
	}
}

// constant keeps the values of a type's constants.
func (p *folder) constant(s *ast.ValueSpec) {
	id, ok := s.Type.(*ast.Ident)
	if !ok || len(s.Values) != 1 {
		return
	}
	if lit, ok := s.Values[0].(*ast.BasicLit); ok && lit.Kind == token.STRING {
		p.consts[id.Name] = append(p.consts[id.Name], strings.Trim(lit.Value, `"`))
	}
}
