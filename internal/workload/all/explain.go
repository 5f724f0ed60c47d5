package all

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"sort"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"turno"
)

// explain turns the schema's verdict into words: what was given, and what is
// allowed there. Of several mistakes it tells the first by path, so that the
// same parameters always get the same answer.
func explain(schema *jsonschema.Schema, value any, err error) *turno.Error {
	verdict, ok := errors.AsType[*jsonschema.ValidationError](err)
	if !ok {
		return turno.Invalid("params", "%v", err)
	}
	leaves := collect(verdict, nil)
	sort.SliceStable(leaves, func(i, j int) bool {
		return path(leaves[i].InstanceLocation) < path(leaves[j].InstanceLocation)
	})
	leaf := leaves[0]
	at, given := walk(schema, value, leaf.InstanceLocation)
	field := path(leaf.InstanceLocation)
	switch k := leaf.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		sort.Strings(k.Properties)
		return unknownParameter(field, k.Properties[0], at)
	case *kind.Required:
		return turno.Invalid(field+"."+k.Missing[0], "must be given: %s", allowed(at.Properties[k.Missing[0]]))
	}
	return turno.Invalid(field, "%s: use %s", show(given), allowed(at))
}

// collect returns the verdicts that have no further cause.
func collect(e *jsonschema.ValidationError, into []*jsonschema.ValidationError) []*jsonschema.ValidationError {
	if len(e.Causes) == 0 {
		return append(into, e)
	}
	for _, cause := range e.Causes {
		into = collect(cause, into)
	}
	return into
}

// walk follows a path through a schema and a value alike.
func walk(schema *jsonschema.Schema, value any, location []string) (*jsonschema.Schema, any) {
	for _, step := range location {
		switch v := value.(type) {
		case map[string]any:
			value = v[step]
			if schema != nil {
				schema = schema.Properties[step]
			}
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(v) {
				return nil, nil
			}
			value = v[i]
			if schema != nil {
				schema = schema.Items2020
			}
		}
	}
	return schema, value
}

// path is params.kernel[1][2].
func path(location []string) string {
	var b strings.Builder
	b.WriteString("params")
	for _, step := range location {
		if _, err := strconv.Atoi(step); err == nil {
			b.WriteString("[" + step + "]")
			continue
		}
		b.WriteString("." + clip(step))
	}
	return b.String()
}

func unknownParameter(field, name string, at *jsonschema.Schema) *turno.Error {
	err := turno.Invalid(field+"."+clip(name), "is not a parameter of this workload")
	if at == nil || len(at.Properties) == 0 {
		return err
	}
	var names []string
	// order-free: sorted below
	for known := range at.Properties {
		names = append(names, known)
	}
	sort.Strings(names)
	if near := nearest(name, names); near != "" {
		return err.WithHint("did you mean %s? Known are %s", near, strings.Join(names, ", "))
	}
	return err.WithHint("known are %s", strings.Join(names, ", "))
}

// show is a given value, short enough for a message.
func show(value any) string {
	switch v := value.(type) {
	case nil:
		return "null is given"
	case string:
		return fmt.Sprintf("the text %q is given", clip(v))
	case []any:
		return fmt.Sprintf("a list of %d is given", len(v))
	case map[string]any:
		return fmt.Sprintf("an object of %d entries is given", len(v))
	case json.Number:
		return v.String() + " is given"
	}
	return fmt.Sprintf("%v is given", value)
}

// allowed says in words what a schema accepts.
func allowed(s *jsonschema.Schema) string {
	if s == nil {
		return "what the workload's schema allows"
	}
	if s.Enum != nil {
		return oneOf(s.Enum.Values)
	}
	var kinds []string
	if s.Types != nil {
		for _, name := range s.Types.ToStrings() {
			kinds = append(kinds, ofType(s, name))
		}
	}
	if len(kinds) == 0 {
		return "what the workload's schema allows"
	}
	return strings.Join(kinds, " or ")
}

func oneOf(values []any) string {
	var words []string
	for _, v := range values {
		words = append(words, fmt.Sprint(v))
	}
	if len(words) == 1 {
		return words[0]
	}
	return "one of " + strings.Join(words, ", ")
}

func ofType(s *jsonschema.Schema, name string) string {
	switch name {
	case "integer":
		return "a whole number" + numberRange(s)
	case "number":
		return "a number" + numberRange(s)
	case "boolean":
		return "true or false"
	case "string":
		return "a text" + countRange(s.MinLength, s.MaxLength, "characters")
	case "array":
		return "a list" + countRange(s.MinItems, s.MaxItems, "entries")
	case "object":
		return "a JSON object"
	}
	return name
}

func numberRange(s *jsonschema.Schema) string {
	low, high := s.Minimum, s.Maximum
	switch {
	case s.ExclusiveMinimum != nil && high != nil:
		return fmt.Sprintf(" above %s, up to %s", number(s.ExclusiveMinimum), number(high))
	case s.ExclusiveMinimum != nil:
		return fmt.Sprintf(" above %s", number(s.ExclusiveMinimum))
	case low != nil && high != nil:
		return fmt.Sprintf(" from %s to %s", number(low), number(high))
	case low != nil:
		return fmt.Sprintf(" of at least %s", number(low))
	case high != nil:
		return fmt.Sprintf(" of at most %s", number(high))
	}
	return ""
}

func number(r *big.Rat) string {
	if r.IsInt() {
		return r.Num().String()
	}
	f, _ := r.Float64()
	return strconv.FormatFloat(f, 'g', -1, 64)
}

func countRange(low, high *int, unit string) string {
	switch {
	case low != nil && high != nil:
		return fmt.Sprintf(" of %d to %d %s", *low, *high, unit)
	case low != nil:
		return fmt.Sprintf(" of at least %d %s", *low, unit)
	case high != nil:
		return fmt.Sprintf(" of at most %d %s", *high, unit)
	}
	return ""
}

// nearest is the name that a mistyped word most likely meant, or nothing: at
// most two letters, and no more than a third of the word, may differ.
func nearest(word string, names []string) string {
	word = clip(word)
	best, most := "", min(2, max(1, len(word)/3))
	for _, name := range names {
		if d := distance(strings.ToLower(word), name); d <= most {
			best, most = name, d-1
		}
	}
	return best
}

// distance counts the letters to insert, delete or replace (Levenshtein 1966).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
