package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"turno"
)

// maxBulk bounds the jobs of one request: a job takes half a kilobyte of
// memory even when its text takes twenty bytes.
const maxBulk = 10_000

// submission is the body of POST /jobs: one job, or {"jobs": […]}.
type submission struct {
	jobs []turno.NewJob
	bulk bool
}

// parseSubmission reads it strictly, in one pass; specs are decoded by
// encoding/json, but not twice: jobs in bulk often differ in their parameters
// only, or not at all.
func parseSubmission(data []byte) (submission, *turno.Error) {
	r := reader{strict: strict{data: data}}
	var sub submission
	var single turno.NewJob
	alone := false
	err := r.object(false, func(k key) *turno.Error {
		if string(r.bytes(k)) != "jobs" {
			alone = true
			return r.jobMember(&single, k)
		}
		sub.bulk = true
		return r.array(func() *turno.Error {
			if len(sub.jobs) == maxBulk {
				return turno.Errorf(turno.CodeTooLarge, "more than %d jobs in one request", maxBulk).
					WithHint("send them in several")
			}
			sub.jobs = append(sub.jobs, turno.NewJob{})
			n := &sub.jobs[len(sub.jobs)-1]
			return r.object(false, func(k key) *turno.Error { return r.jobMember(n, k) })
		})
	})
	if err == nil {
		err = r.end()
	}
	switch {
	case err != nil:
	case sub.bulk && alone:
		err = turno.Errorf(turno.CodeMalformed, "the body has both jobs and the fields of a single job")
	case sub.bulk && len(sub.jobs) == 0:
		err = turno.Invalid("jobs", "is empty")
	case !sub.bulk:
		sub.jobs = []turno.NewJob{single}
	}
	return sub, err
}

// reader reads jobs, and remembers the spec before.
type reader struct {
	strict
	head, tail []byte // its text before and after its parameters
	spec       *turno.Spec
}

// jobMember reads a field of a NewJob.
func (r *reader) jobMember(n *turno.NewJob, k key) *turno.Error {
	r.space()
	from := r.at
	switch name := string(r.bytes(k)); name {
	case "id":
		return r.readID(n)
	case "retry_of":
		if err := r.value(false); err != nil {
			return err
		}
		return r.decode(from, "retry_of", &n.RetryOf)
	case "spec":
		if r.peek() == 'n' {
			return r.word("null") // as if it were not there: that job is refused
		}
		return r.readSpec(n)
	default:
		return r.malformed(k.from, "there is no field %.60q here: a job has id, spec and retry_of", name)
	}
}

// readID reads an id: encoding/json is asked only for what is no plain text.
func (r *reader) readID(n *turno.NewJob) *turno.Error {
	from := r.at
	if r.peek() != '"' {
		if err := r.value(false); err != nil {
			return err
		}
		return r.decode(from, "id", &n.ID)
	}
	k, err := r.text()
	if err != nil {
		return err
	}
	if k.plain {
		n.ID = string(r.bytes(k))
		return nil
	}
	return r.decode(from, "id", &n.ID)
}

// decode reads the value between from and at, which is valid JSON.
func (r *reader) decode(from int, field string, into any) *turno.Error {
	err := json.Unmarshal(r.data[from:r.at], into)
	if err == nil {
		return nil
	}
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		if wrong.Field != "" {
			field = strings.TrimPrefix(field+"."+wrong.Field, "spec.")
		}
		// Offset is behind the value that does not fit.
		problem := r.malformed(from+int(wrong.Offset), "%s ends here, which is not %s", wrong.Value, kindOf(wrong.Type))
		problem.Field = field
		return problem
	}
	problem := r.malformed(from, "%v", err)
	problem.Field = field
	return problem
}

func kindOf(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Int, reflect.Int64:
		return "a whole number in reach"
	case reflect.String:
		return "a text"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "a list"
	default:
		return fmt.Sprintf("an object or a %s", t.Kind())
	}
}

// readSpec reads a spec, by encoding/json only if it is another one.
func (r *reader) readSpec(n *turno.NewJob) *turno.Error {
	from := r.at
	paramsFrom, paramsTo := from, from
	err := r.object(false, func(k key) *turno.Error {
		switch name := r.bytes(k); {
		case string(name) == "params":
			r.space()
			paramsFrom = r.at
			err := r.value(false)
			paramsTo = r.at
			return err
		case string(name) == "after":
			return r.after()
		case string(name) == "inputs":
			return r.list("an input", inputFields)
		case string(name) == "workdir":
			return r.fields("a workdir", treeFields)
		case string(name) == "trace":
			return r.fields("a trace", traceFields)
		case !isField(specFields, name):
			return r.malformed(k.from, "a job's spec has no field %.60q", name)
		}
		return r.member(k)
	})
	if err != nil {
		return err
	}
	head, tail := r.data[from:paramsFrom], r.data[paramsTo:r.at]
	params := r.data[paramsFrom:paramsTo]
	if r.spec != nil && bytes.Equal(head, r.head) && bytes.Equal(tail, r.tail) {
		if !bytes.Equal(params, r.spec.Params) {
			r.spec = r.spec.Clone()
			r.spec.Params = json.RawMessage(params)
		}
		n.Spec = r.spec
		return nil
	}
	spec := new(turno.Spec)
	if err := r.decode(from, "spec", spec); err != nil {
		return err
	}
	if len(params) > 0 {
		spec.Params = json.RawMessage(params)
	}
	r.head, r.tail, r.spec, n.Spec = head, tail, spec, spec
	return nil
}

// after reads a spec's dependencies.
func (r *reader) after() *turno.Error { return r.list("a dependency", afterFields) }

// list reads a list of objects that have these fields; or null.
func (r *reader) list(what string, known map[string]bool) *turno.Error {
	if r.peek() == 'n' {
		return r.word("null")
	}
	return r.array(func() *turno.Error { return r.fields(what, known) })
}

// fields reads an object that has these fields; or null.
func (r *reader) fields(what string, known map[string]bool) *turno.Error {
	if r.peek() == 'n' {
		return r.word("null")
	}
	return r.object(false, func(k key) *turno.Error {
		if !isField(known, r.bytes(k)) {
			return r.malformed(k.from, "%s has no field %.60q: it has %s", what, r.bytes(k), strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		}
		return r.value(false)
	})
}

var (
	specFields  = fieldsOf[turno.Spec]()
	afterFields = fieldsOf[turno.Dependency]()
	inputFields = fieldsOf[turno.File]()
	treeFields  = fieldsOf[turno.Tree]()
	traceFields = fieldsOf[turno.Trace]()
)

// fieldsOf lists the names of a struct's fields in JSON.
func fieldsOf[T any]() map[string]bool {
	names := map[string]bool{}
	for f := range reflect.TypeFor[T]().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		names[name] = true
	}
	return names
}

func isField(fields map[string]bool, name []byte) bool { return fields[string(name)] }

// parseStrict reads a body into a struct; unknown fields are refused.
func parseStrict(data []byte, into any) *turno.Error {
	r := reader{strict: strict{data: data}}
	if err := r.value(false); err != nil {
		return err
	}
	if err := r.end(); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			problem := r.malformed(int(wrong.Offset), "%s ends here, which is not %s", wrong.Value, kindOf(wrong.Type))
			problem.Field = wrong.Field
			return problem
		}
		return turno.Errorf(turno.CodeMalformed, "the body is not as it should be: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}
