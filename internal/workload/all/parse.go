package all

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"turno"
)

// Bounds of what a stranger may send: no workload comes near them, and what is
// within them costs little to read.
const (
	maxDepth  = 32 // objects and lists inside each other
	maxNumber = 64 // characters of one number
)

// parse reads parameters into the values that the schema is checked on: maps,
// lists, strings, json.Number, booleans, nil. It is stricter than
// encoding/json: every reader of the text must see the same parameters, and
// with a key that occurs twice, or twice but for upper and lower case, two
// readers may see different ones.
func parse(params json.RawMessage) (any, *turno.Error) {
	if !utf8.Valid(params) {
		return nil, turno.Invalid("params", "is not valid UTF-8")
	}
	p := &parser{decoder: json.NewDecoder(bytes.NewReader(params))}
	p.decoder.UseNumber()
	value, err := p.value("params", 0)
	if err != nil {
		return nil, err
	}
	if _, more := p.decoder.Token(); more != io.EOF {
		return nil, turno.Invalid("params", "text follows the end of the parameters").WithHint("send one JSON object")
	}
	return value, nil
}

type parser struct{ decoder *json.Decoder }

// value reads the next value, which stands at path.
func (p *parser) value(path string, depth int) (any, *turno.Error) {
	token, err := p.decoder.Token()
	if err != nil {
		return nil, syntax(path, err)
	}
	switch t := token.(type) {
	case json.Delim:
		if depth == maxDepth {
			return nil, turno.Invalid("params", "has more than %d objects and lists inside each other", maxDepth)
		}
		if t == '{' {
			return p.object(path, depth+1)
		}
		return p.list(path, depth+1)
	case json.Number:
		return t, checkNumber(path, string(t))
	}
	return token, nil
}

func (p *parser) object(path string, depth int) (any, *turno.Error) {
	object := map[string]any{}
	folded := map[string]string{}
	for p.decoder.More() {
		token, err := p.decoder.Token()
		if err != nil {
			return nil, syntax(path, err)
		}
		key := token.(string) // Token gives nothing else where a key stands
		at := path + "." + clip(key)
		if other, twice := folded[fold(key)]; twice && other == key {
			return nil, turno.Invalid(at, "is given twice").WithHint("leave one of them out")
		} else if twice {
			return nil, turno.Invalid(at, "is given twice, as %q and as %q", clip(other), clip(key)).WithHint("leave one of them out")
		}
		folded[fold(key)] = key
		value, bad := p.value(at, depth)
		if bad != nil {
			return nil, bad
		}
		object[key] = value
	}
	if _, err := p.decoder.Token(); err != nil {
		return nil, syntax(path, err)
	}
	return object, nil
}

func (p *parser) list(path string, depth int) (any, *turno.Error) {
	list := []any{}
	for p.decoder.More() {
		value, bad := p.value(path+"["+strconv.Itoa(len(list))+"]", depth)
		if bad != nil {
			return nil, bad
		}
		list = append(list, value)
	}
	if _, err := p.decoder.Token(); err != nil {
		return nil, syntax(path, err)
	}
	return list, nil
}

// checkNumber refuses what a float64 cannot hold: JSON Schema counts with any
// precision, so 1e999999 would pass it, at a high price, and then be no number.
func checkNumber(path, text string) *turno.Error {
	if len(text) > maxNumber {
		return turno.Invalid(path, "is a number of %d characters; at most %d are allowed", len(text), maxNumber)
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(f, 0) {
		return turno.Invalid(path, "%s is too large for a number (at most about 1.8e308)", text)
	}
	digits, _, _ := strings.Cut(strings.ToLower(text), "e")
	if f == 0 && strings.ContainsAny(digits, "123456789") {
		return turno.Invalid(path, "%s is too small for a number (at least about 4.9e-324)", text)
	}
	return nil
}

func syntax(path string, err error) *turno.Error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return turno.Invalid(path, "ends too early: it is not complete JSON")
	}
	bad := turno.Invalid(path, "is not JSON: %v", err)
	if wrong, ok := errors.AsType[*json.SyntaxError](err); ok {
		bad = turno.Invalid(path, "is not JSON at byte %d: %v", wrong.Offset, err)
	}
	return bad.WithHint("JSON has no NaN, no Infinity, no comments and no single quotes, and no comma after the last entry")
}

// fold is the same for two keys that encoding/json takes for the same field,
// also for those with a Kelvin sign or a long s.
func fold(key string) string {
	return strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf {
			if 'A' <= r && r <= 'Z' {
				r += 'a' - 'A'
			}
			return r
		}
		least := r
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			least = min(least, f)
		}
		if 'A' <= least && least <= 'Z' {
			least += 'a' - 'A'
		}
		return least
	}, key)
}

// clip shortens a stranger's text for a message.
func clip(text string) string {
	const most = 40
	if len(text) <= most {
		return text
	}
	end := most
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}
