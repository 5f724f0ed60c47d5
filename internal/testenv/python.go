package testenv

import "testing"

// systemPython is the interpreter that Debian's packages are for; another one
// on the PATH does not see them.
const systemPython = "/usr/bin/python3"

// Python is a Python 3 interpreter that has what parts ask for, such as
// PikaNeed.
func Python(t testing.TB, parts ...Part) string {
	t.Helper()
	Need(t, append(parts, PythonNeed)...)
	return systemPython
}
