package lint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// elsewhere checks the types of this module's packages as they are for another
// platform without cgo, and says what a build there would say. A build of all
// that is below takes two minutes per platform, this takes seconds: of other
// modules it reads the declarations alone. make cross builds.
func elsewhere(dir, goos, goarch string) error {
	cmd := exec.Command("go", "list", "-deps", "-json=ImportPath,Dir,GoFiles,ImportMap,Module", "./...")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+goos, "GOARCH="+goarch)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("go list: %w: %s", err, stderr.String())
	}
	b := platform{fset: token.NewFileSet(), done: map[string]*types.Package{}, sizes: types.SizesFor("gc", goarch)}
	for d := json.NewDecoder(bytes.NewReader(out)); ; { // those that are imported come first
		var p listed
		if err := d.Decode(&p); err == io.EOF {
			return errors.Join(b.errs...)
		} else if err != nil {
			return fmt.Errorf("read go list: %w", err)
		}
		if err := b.check(p); err != nil {
			return err
		}
	}
}

// listed is what go list says of a package.
type listed struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	ImportMap  map[string]string
	Module     *struct{ Main bool }
}

// platform is the packages that were checked for one.
type platform struct {
	fset  *token.FileSet
	done  map[string]*types.Package
	sizes types.Sizes
	errs  []error // of this module's packages
}

func (b *platform) check(p listed) error {
	if p.ImportPath == "unsafe" {
		b.done["unsafe"] = types.Unsafe
		return nil
	}
	own := p.Module != nil && p.Module.Main
	var files []*ast.File
	for _, name := range p.GoFiles {
		f, err := parser.ParseFile(b.fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return fmt.Errorf("parse source: %w", err)
		}
		files = append(files, f)
	}
	config := types.Config{
		Importer:         importing{b, p.ImportMap},
		Sizes:            b.sizes,
		IgnoreFuncBodies: !own,
		Error: func(err error) {
			// What other modules do to their own types is not our business.
			if own {
				b.errs = append(b.errs, err)
			}
		},
	}
	// errors were collected
	b.done[p.ImportPath], _ = config.Check(p.ImportPath, b.fset, files, nil)
	return nil
}

// importing resolves imports as one package sees them.
type importing struct {
	platform *platform
	renamed  map[string]string // vendored packages of the standard library
}

// Import implements types.Importer.
func (i importing) Import(name string) (*types.Package, error) {
	if to := i.renamed[name]; to != "" {
		name = to
	}
	if p := i.platform.done[name]; p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("go list did not list %s before what imports it", name)
}
