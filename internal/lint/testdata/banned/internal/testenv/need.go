package testenv

import "testing"

func Need(t testing.TB) { t.Skipf("typed") }
