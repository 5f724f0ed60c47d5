package child

import (
	"testing"
)

func TestStart_ExitCode(t *testing.T) {
	t.Logf("%v", Probe())
	s := shell(t, "echo out; echo err >&2; exit 7")
	p, err := Start(patient(t), s)
	if err != nil {
		t.Fatal(err)
	}
	e := wait(t, p)
	t.Logf("%+v %q", e, logOf(t, s))
	if e.Code != 7 || logOf(t, s) != "out\nerr\n" {
		t.Fail()
	}
	q, err := Attach(s.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if f := wait(t, q); f != e {
		t.Errorf("attached: %+v", f)
	}
}
