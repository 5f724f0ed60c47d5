package record

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWrite_ReadsBack(t *testing.T) {
	t.Parallel()
	for _, samples := range [][]Sample{{}, {{Case: "a", Side: "cpu-1", EndToEnd: 0.1}, {Case: "a", Side: "cpu-1", EndToEnd: 0.25, Excluded: Contended}}} {
		r := &Results{SchemaVersion: SchemaVersion, ID: "x", Suite: "s \"samples\": []\n}", Cases: []Case{{Name: "a", Sides: []Side{{Name: "cpu-1"}}}},
			Sessions: []Session{{End: "finished"}}, Stops: []Stop{}, Samples: samples}
		var b bytes.Buffer
		if err := r.Write(&b); err != nil {
			t.Fatal(err)
		}
		back, err := Read(b.Bytes())
		if err != nil {
			t.Fatalf("%v\n%s", err, &b)
		}
		if diff := cmp.Diff(r, back); diff != "" {
			t.Error(diff)
		}
	}
}

func TestRead_Refusals(t *testing.T) {
	t.Parallel()
	const head = `{"schema_version":1,"sessions":[{}],"cases":[{"name":"a","sides":[{"name":"x"}]}],"samples":`
	for text, want := range map[string]string{
		"":                                  "read results",
		"{}":                                "schema_version is 0",
		`{"schema_version":9}`:              "this turno reads 1",
		`{"schema_version":1}`:              "no session",
		head + `[{"case":"b","side":"x"}]}`: "not among the cases",
		head + `[{"case":"a","side":"y"}]}`: "not among the cases",
		head + `[{"case":"a","side":"x","kernel_s":-1}]}`:                         "a time of -1 s",
		`{"schema_version":1,"sessions":[{}],"cases":[{"name":"a"}]}`:             "no side",
		`{"schema_version":1,"sessions":[{}],"cases":[{"name":"","sides":[{}]}]}`: "no name",
	} {
		if _, err := Read([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
