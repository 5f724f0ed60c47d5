package amqp

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"turno"
)

const document = "../../docs/amqp.md"

// TestDocument_QuotesTheClient: what readers copy is what the test runs.
func TestDocument_QuotesTheClient(t *testing.T) {
	t.Parallel()
	client, text := read(t, "client.py"), read(t, document)
	if !strings.Contains(text, "```python\n"+client+"```\n") {
		t.Error("docs/amqp.md does not quote test/amqp/client.py as it is: copy it there")
	}
}

// TestDocument_NamesEveryField: each table holds a row for each field of the
// JSON that it describes.
func TestDocument_NamesEveryField(t *testing.T) {
	t.Parallel()
	text := read(t, document)
	for heading, value := range map[string]any{
		"### Submission": turno.Submission{}, "### A job": turno.NewJob{}, "### A spec": turno.Spec{},
		"### A reply": turno.SubmissionReply{}, "### An answer to a job": turno.Submitted{}, "### An error": turno.Error{},
		"### A result message": turno.ResultMessage{}, "### A result": turno.Result{},
	} {
		_, section, found := strings.Cut(text, "\n"+heading+"\n")
		section, _, _ = strings.Cut(section, "\n#")
		if !found {
			t.Errorf("docs/amqp.md has no heading %q", heading)
		}
		for field := range reflect.TypeOf(value).Fields() {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if !strings.Contains(section, "\n| `"+name+"` |") {
				t.Errorf("docs/amqp.md, %s: no row for %q", heading, name)
			}
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
