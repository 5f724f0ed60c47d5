package scheduler_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"turno"
	"turno/internal/role/scheduler"
)

// TestParse_JobsOfOneSpecShareIt: what is read is what encoding/json reads, and
// neighbours with the same text have one spec.
func TestParse_JobsOfOneSpecShareIt(t *testing.T) {
	t.Parallel()
	const a, b = `{"type":"noop","params":{"seconds":1}}`, `{"type":"noop","params":{"seconds":2}}`
	texts := []string{a, a, b, "null", "null", a, `{"type" : "noop","params":{"seconds":1}}`}
	var body strings.Builder
	body.WriteString(`{"version":1,"jobs":[`)
	for i, spec := range texts {
		if i > 0 {
			body.WriteString(",")
		}
		body.WriteString(fmt.Sprintf(`{"id":"%d","spec":%s,"retry_of":%d}`, i, spec, i))
	}
	body.WriteString(`,{"id":"bare"}]}`)
	got, err := scheduler.Parse([]byte(body.String()))
	if err != nil {
		t.Fatal(err)
	}
	var want turno.Submission
	if err := json.Unmarshal([]byte(body.String()), &want); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("read %+v, want %+v", got, want)
	}
	for i := 1; i < len(texts); i++ {
		same := got.Jobs[i].Spec == got.Jobs[i-1].Spec
		if same != (texts[i] == texts[i-1]) {
			t.Errorf("jobs %d and %d share their spec: %v", i-1, i, same)
		}
	}
	for _, bad := range []string{`{"version":1,"jobs":[{"spec":{"type":7}}]}`, `{"version":1,"jobs":[{"spec":{}}]`, "{\"version\":1,\"jobs\":[{\"id\":\"\xff\"}]}", `[]`} {
		if got, err := scheduler.Parse([]byte(bad)); err == nil {
			t.Errorf("%q is %+v", bad, got)
		}
	}
}
