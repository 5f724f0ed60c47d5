// Package bundle makes the dashboard's files of its sources, with esbuild as a
// Go library: no Node.js takes part. Its test holds web/dist against what it
// makes; turno itself does not import it.
//
//	src/main.tsx, src/stream/worker.ts, vendor/… ──▶ esbuild ──▶ dist/assets/NAME-HASH.js, .css
//	                                                         └─▶ dist/index.html, which names them
package bundle

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"os"
	"path"
	"path/filepath"
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

// Make builds from the folder web. The same sources give the same bytes.
func Make(web string) (Files, error) {
	web, err := filepath.Abs(web)
	if err != nil {
		return nil, fmt.Errorf("find the sources: %w", err)
	}
	// The worker comes first: the page is told its name.
	out := Files{}
	worker, err := build(web, "src/stream/worker.ts", nil, out)
	if err != nil {
		return nil, err
	}
	page, err := build(web, "src/main.tsx", map[string]string{"WORKER": `"/` + worker.script + `"`}, out)
	if err != nil {
		return nil, err
	}
	index, err := indexHTML(filepath.Join(web, "src", "index.html"), page)
	if err != nil {
		return nil, err
	}
	out["index.html"] = index
	icon, err := os.ReadFile(filepath.Join(web, "src", "favicon.svg"))
	if err != nil {
		return nil, fmt.Errorf("read the icon: %w", err)
	}
	out["favicon.svg"] = icon
	return out, nil
}

// entry is what an HTML page has to name.
type entry struct{ script, style string }

func build(web, source string, define map[string]string, out Files) (entry, error) {
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
		LogLevel: esbuild.LogLevelSilent, Write: false,
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
	var e entry
	base := strings.TrimSuffix(path.Base(source), path.Ext(source)) + "-"
	for _, f := range result.OutputFiles {
		name := "assets/" + filepath.Base(f.Path)
		out[name] = f.Contents
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

func indexHTML(source string, e entry) ([]byte, error) {
	t, err := template.ParseFiles(source)
	if err != nil {
		return nil, fmt.Errorf("read the page: %w", err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, map[string]string{"Script": "/" + e.script, "Style": "/" + e.style}); err != nil {
		return nil, fmt.Errorf("write the page: %w", err)
	}
	return b.Bytes(), nil
}
