// Package bundle makes the dashboard's files of its sources, with esbuild as a
// Go library: no Node.js takes part. Its test holds web/dist against what it
// makes; turno itself does not import it.
//
//	src/main.tsx, src/stream/worker.ts, vendor/… ──▶ esbuild ──▶ dist/assets/NAME-HASH.js, .css
//	                                                         └─▶ dist/index.html, which names them
package bundle

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	esbuild "github.com/evanw/esbuild/pkg/api"
)

// modules are the libraries that sources import, and where they are in vendor.
// tsconfig.json says where their types are.
var modules = map[string]string{
	"preact":                   "preact/dist/preact.mjs",
	"preact/hooks":             "preact/hooks/dist/hooks.mjs",
	"preact/jsx-runtime":       "preact/jsx-runtime/dist/jsxRuntime.mjs",
	"@preact/signals":          "signals/dist/signals.mjs",
	"@preact/signals-core":     "signals-core/dist/signals-core.mjs",
	"chart.js":                 "chart.js/dist/chart.js",
	"chart.js/helpers":         "chart.js/dist/helpers.js",
	"@kurkle/color":            "color/dist/color.esm.js",
	"chartjs-chart-error-bars": "error-bars/build/index.js",
	"uplot":                    "uplot/dist/uPlot.esm.js",
	"uplot/style.css":          "uplot/dist/uPlot.min.css",
}

// Files are what is built, by path within dist.
type Files map[string][]byte

// Build is what the sources make.
type Build struct {
	Files Files
	parts map[string]part // scripts, by path within dist
}

// part is what esbuild tells of a script that it wrote.
type part struct {
	Entry   string `json:"entryPoint"` // the source that it begins with, if it can be imported as it is
	Style   string `json:"cssBundle"`
	Imports []struct {
		Path, Kind string
	}
}

// Make builds from the folder web. The same sources give the same bytes.
func Make(web string) (*Build, error) {
	web, err := filepath.Abs(web)
	if err != nil {
		return nil, fmt.Errorf("find the sources: %w", err)
	}
	// The worker comes first: the page is told its name.
	b := &Build{Files: Files{}, parts: map[string]part{}}
	worker, err := b.build(web, "src/stream/worker.ts", nil)
	if err != nil {
		return nil, err
	}
	page, err := b.build(web, "src/main.tsx", map[string]string{"WORKER": `"/` + worker.script + `"`})
	if err != nil {
		return nil, err
	}
	index, err := b.indexHTML(filepath.Join(web, "src", "index.html"), page)
	if err != nil {
		return nil, err
	}
	b.Files["index.html"] = index
	icon, err := os.ReadFile(filepath.Join(web, "src", "favicon.svg"))
	if err != nil {
		return nil, fmt.Errorf("read the icon: %w", err)
	}
	b.Files["favicon.svg"] = icon
	return b, nil
}

// Loads are the files that a browser fetches for sources: theirs, and all that
// these import at once. What is imported later has to be named.
func (b *Build) Loads(sources ...string) []string {
	wanted := map[string]bool{}
	var want func(name string)
	want = func(name string) {
		p, ok := b.parts[name]
		if !ok || wanted[name] {
			return
		}
		wanted[name] = true
		if p.Style != "" {
			wanted[inDist(p.Style)] = true
		}
		for _, i := range p.Imports {
			if i.Kind == "import-statement" {
				want(inDist(i.Path))
			}
		}
	}
	for name, p := range b.parts {
		if slices.Contains(sources, p.Entry) {
			want(name)
		}
	}
	return slices.Sorted(maps.Keys(wanted))
}

// inDist is a path of esbuild's within dist.
func inDist(name string) string { return strings.TrimPrefix(name, "dist/") }

// entry is what an HTML page has to name.
type entry struct{ script, style string }

func (b *Build) build(web, source string, define map[string]string) (entry, error) {
	alias := map[string]string{}
	for name, file := range modules {
		alias[name] = filepath.Join(web, "vendor", filepath.FromSlash(file))
	}
	result := esbuild.Build(esbuild.BuildOptions{
		AbsWorkingDir: web, EntryPoints: []string{source}, Outdir: filepath.Join(web, "dist", "assets"),
		Plugins: []esbuild.Plugin{vendored(alias)}, Define: define,
		Bundle: true, Format: esbuild.FormatESModule, Splitting: true, Target: esbuild.ES2022,
		JSX: esbuild.JSXAutomatic, JSXImportSource: "preact", TsconfigRaw: "{}",
		MinifyWhitespace: true, MinifyIdentifiers: true, MinifySyntax: true, LegalComments: esbuild.LegalCommentsNone,
		EntryNames: "[name]-[hash]", ChunkNames: "part-[hash]", AssetNames: "[name]-[hash]",
		LogLevel: esbuild.LogLevelSilent, Write: false, Metafile: true,
	})
	var errs []error
	for _, m := range result.Errors {
		at := ""
		if m.Location != nil {
			at = fmt.Sprintf("%s:%d: ", m.Location.File, m.Location.Line)
		}
		errs = append(errs, fmt.Errorf("bundle %s: %s%s", source, at, m.Text))
	}
	if err := errors.Join(errs...); err != nil {
		return entry{}, err
	}
	var told struct{ Outputs map[string]part }
	if err := json.Unmarshal([]byte(result.Metafile), &told); err != nil {
		return entry{}, fmt.Errorf("read what esbuild tells of %s: %w", source, err)
	}
	for name, p := range told.Outputs {
		if path.Ext(name) == ".js" {
			b.parts[inDist(name)] = p
		}
	}
	var e entry
	base := strings.TrimSuffix(path.Base(source), path.Ext(source)) + "-"
	for _, f := range result.OutputFiles {
		name := "assets/" + filepath.Base(f.Path)
		b.Files[name] = f.Contents
		if strings.HasPrefix(path.Base(name), base) {
			switch path.Ext(name) {
			case ".js":
				e.script = name
			case ".css":
				e.style = name
			}
		}
	}
	return e, nil
}

// vendored resolves imports of libraries, also those that they make of each
// other, and refuses all others that are not relative.
func vendored(alias map[string]string) esbuild.Plugin {
	return esbuild.Plugin{Name: "vendored", Setup: func(b esbuild.PluginBuild) {
		b.OnResolve(esbuild.OnResolveOptions{Filter: `^[^./]`}, func(a esbuild.OnResolveArgs) (esbuild.OnResolveResult, error) {
			if a.Kind == esbuild.ResolveEntryPoint {
				return esbuild.OnResolveResult{}, nil
			}
			if file := alias[a.Path]; file != "" {
				return esbuild.OnResolveResult{Path: file, SideEffects: esbuild.SideEffectsTrue}, nil
			}
			return esbuild.OnResolveResult{}, fmt.Errorf("%q is not in vendor: see scripts/vendor-web", a.Path)
		})
	}}
}

// indexHTML names all that the page begins with, so that it is fetched at once.
func (b *Build) indexHTML(source string, e entry) ([]byte, error) {
	t, err := template.ParseFiles(source)
	if err != nil {
		return nil, fmt.Errorf("read the page: %w", err)
	}
	var parts []string
	for _, name := range b.Loads("src/main.tsx") {
		if name != e.script && path.Ext(name) == ".js" {
			parts = append(parts, "/"+name)
		}
	}
	var out bytes.Buffer
	if err := t.Execute(&out, map[string]any{"Script": "/" + e.script, "Style": "/" + e.style, "Parts": parts}); err != nil {
		return nil, fmt.Errorf("write the page: %w", err)
	}
	return out.Bytes(), nil
}
