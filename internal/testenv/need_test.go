package testenv

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// recorder stands in for a test that may be skipped or failed.
type recorder struct {
	testing.TB
	skipped, failed string
}

type ended struct{}

func (r *recorder) Helper() {}

func (r *recorder) Fatal(args ...any) { r.failed = fmt.Sprint(args...); panic(ended{}) }

func (r *recorder) Fatalf(format string, args ...any) {
	r.failed = fmt.Sprintf(format, args...)
	panic(ended{})
}

func (r *recorder) Skipf(format string, args ...any) {
	r.skipped = fmt.Sprintf(format, args...)
	panic(ended{})
}

func TestNeed_SkipsOrFails(t *testing.T) {
	const absent Part = "absent"
	parts[absent] = struct {
		missing func() error
		install string
		server  bool
	}{noFile("/nowhere/at/all"), "look elsewhere", false}
	defer delete(parts, absent)
	cases := []struct {
		name, require   string
		part            Part
		skipped, failed string
	}{
		{"missing, not required", "pika", absent, "testenv: needs absent: there is no /nowhere/at/all", ""},
		{"missing and required", "pika, absent", absent, "", "look elsewhere"},
		{"required word unknown", "rabitmq", absent, "", `no part is called "rabitmq"`},
		{"part unknown", "", "unheard", "", `no part is called "unheard"`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv(RequireVariable, c.require)
			r := &recorder{TB: t}
			func() {
				defer func() {
					if e := recover(); e != nil && e != (any)(ended{}) {
						panic(e)
					}
				}()
				Need(r, c.part)
			}()
			if !strings.Contains(r.skipped, c.skipped) || (c.skipped == "") != (r.skipped == "") {
				t.Errorf("skipped with %q, want %q", r.skipped, c.skipped)
			}
			if !strings.Contains(r.failed, c.failed) || (c.failed == "") != (r.failed == "") {
				t.Errorf("failed with %q, want %q", r.failed, c.failed)
			}
		})
	}
}

func TestRequiredParts_ReadsList(t *testing.T) {
	t.Parallel()
	got, err := requiredParts(" rabbitmq,postgres ,")
	if want := []Part{RabbitMQNeed, PostgresNeed}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}

func TestPython_ImportsPika(t *testing.T) {
	t.Parallel()
	if got := Python(t); got != systemPython {
		t.Errorf("got %s", got)
	}
}
