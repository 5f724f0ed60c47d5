package workload

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"turno"
)

// Decode reads parameters into a struct that already holds the defaults; no
// parameters at all leave it as it is. A parameter that the struct lacks is an
// error, as is one of another type. It is not the schema's check: all.Check is.
func Decode(params json.RawMessage, into any) *turno.Error {
	if len(params) == 0 {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(params))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil {
		if _, err = d.Token(); err == io.EOF {
			return nil
		}
		return turno.Invalid("params", "text follows the parameters' closing brace")
	}
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		field := "params"
		if wrong.Field != "" {
			field += "." + wrong.Field
		}
		return turno.Invalid(field, "%s cannot be read as %s", wrong.Value, kindName(wrong)).
			WithHint("write whole numbers without a decimal point and without an exponent")
	}
	return turno.Invalid("params", "%v", err)
}

func kindName(wrong *json.UnmarshalTypeError) string {
	switch k := wrong.Type.Kind().String(); k {
	case "int", "int64", "uint64", "int32", "uint32", "uint8":
		return "a whole number (" + k + ")"
	case "float64", "float32":
		return "a number"
	case "bool":
		return "true or false"
	case "string":
		return "a text"
	default:
		return fmt.Sprintf("a %s", k)
	}
}

// BadParams is the failure of a run whose parameters do not hold: they were
// checked at submit, so the runner is of another version than the submitter.
func BadParams(e *turno.Error) *Failure {
	return &Failure{Reason: turno.ReasonSetupFailed, Message: e.Error()}
}
