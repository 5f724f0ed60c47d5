package testenv

import "testing"

// systemPython is the interpreter that Debian's packages are for; another one
// on the PATH does not see them.
const systemPython = "/usr/bin/python3"

// Python is a Python 3 interpreter that can import pika, RabbitMQ's client.
func Python(t testing.TB) string {
	t.Helper()
	Need(t, PikaNeed)
	return systemPython
}
