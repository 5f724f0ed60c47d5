package turno_test

import (
	"testing"

	"turno"
)

func TestParseTraceparent_AsTheW3CSays(t *testing.T) {
	t.Parallel()
	const good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	c, ok := turno.ParseTraceparent(good)
	if !ok || c.String() != good {
		t.Errorf("%q is read as %s, %v", good, c, ok)
	}
	for text, want := range map[string]bool{
		"cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01":            true, // a later version
		"cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-comes": true,
		"cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.what-comes": false,
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-comes": false,
		"ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01":            false,
		"00-00000000000000000000000000000000-b7ad6b7169203331-01":            false,
		"00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01":            false,
		"00-0AF7651916CD43DD8448EB211C80319C-B7AD6B7169203331-01":            false,
		"00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01":            false,
		"00-0af7651916cd43dd8448eb211c8031zz-b7ad6b7169203331-01":            false,
		"0a-0af7651916cd43dd8448eb211c80319c":                                false,
		"":                                                                   false,
	} {
		if _, ok := turno.ParseTraceparent(text); ok != want {
			t.Errorf("%q: %v", text, ok)
		}
	}
}

func TestTraceAll_LinksThoseThatNameNone(t *testing.T) {
	t.Parallel()
	const header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	own := &turno.Trace{Parent: "00-11111111111111111111111111111111-2222222222222222-00", Join: true}
	jobs := []turno.NewJob{{Spec: &turno.Spec{}}, {Spec: &turno.Spec{Trace: own}}, {}}
	turno.TraceAll(jobs, "nonsense")
	if jobs[0].Spec.Trace != nil {
		t.Error("nonsense was taken")
	}
	turno.TraceAll(jobs, header)
	if got := jobs[0].Spec.Trace; got == nil || got.Parent != header || got.Join || jobs[1].Spec.Trace != own {
		t.Errorf("%+v and %+v", got, jobs[1].Spec.Trace)
	}
}
