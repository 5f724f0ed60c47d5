package testenv

import (
	"os"
	"testing"
)

func typeScript() string { return inBin("typescript/lib/tsc") }

func axe() string { return inBin("axe/axe.min.js") }

// NeedTypeScript is the path of TypeScript's checker.
func NeedTypeScript(t testing.TB) string {
	t.Helper()
	Need(t, TypeScriptNeed)
	return typeScript()
}

// NeedAxe is axe-core: a script that, run in a page, offers axe.run.
func NeedAxe(t testing.TB) string {
	t.Helper()
	Need(t, AxeNeed)
	text, err := os.ReadFile(axe())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
