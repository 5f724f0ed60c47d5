package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode"
	"unicode/utf8"

	"turno"
)

// maxDepth of nested arrays and objects: parameters that people write have
// five, and each level costs a reader's stack.
const maxDepth = 32

// fewKeys of an object are compared with each other; more are put in a map.
const fewKeys = 16

// strict reads JSON once and refuses what encoding/json lets pass: a key twice
// in one object (also in another case: encoding/json takes either), deep
// nesting, invalid UTF-8, text after the end. Each of its methods expects the
// value that begins at at, and leaves at behind it.
type strict struct {
	data  []byte
	at    int
	depth int
}

// malformed says what is wrong and where.
func (s *strict) malformed(at int, format string, args ...any) *turno.Error {
	before := s.data[:min(at, len(s.data))]
	line := bytes.Count(before, []byte{'\n'}) + 1
	column := len(before) - bytes.LastIndexByte(before, '\n')
	return turno.Errorf(turno.CodeMalformed, "the body is not as it should be at line %d, column %d: %s",
		line, column, fmt.Sprintf(format, args...))
}

func (s *strict) space() {
	for s.at < len(s.data) {
		switch s.data[s.at] {
		case ' ', '\n', '\t', '\r':
			s.at++
		default:
			return
		}
	}
}

// peek skips white space and gives the next byte; 0 at the end.
func (s *strict) peek() byte {
	s.space()
	if s.at < len(s.data) {
		return s.data[s.at]
	}
	return 0
}

// end expects that nothing follows.
func (s *strict) end() *turno.Error {
	if s.peek(); s.at < len(s.data) {
		return s.malformed(s.at, "text follows the end of the JSON")
	}
	return nil
}

// value reads any value. exact: see object.
func (s *strict) value(exact bool) *turno.Error {
	switch c := s.peek(); c {
	case '{':
		return s.object(exact, s.member)
	case '[':
		return s.array(func() *turno.Error { return s.value(false) })
	case '"':
		_, err := s.text()
		return err
	case 't':
		return s.word("true")
	case 'f':
		return s.word("false")
	case 'n':
		return s.word("null")
	default:
		if c == '-' || c >= '0' && c <= '9' {
			return s.number()
		}
	}
	if s.at >= len(s.data) {
		return s.malformed(s.at, "it ends too early")
	}
	return s.malformed(s.at, "unexpected %q", s.data[s.at:min(s.at+1, len(s.data))])
}

// member reads the value of a key that means nothing special. The names of
// environment variables and labels differ by case: http_proxy, HTTP_PROXY.
func (s *strict) member(k key) *turno.Error {
	name := s.bytes(k)
	return s.value(string(name) == "env" || string(name) == "labels")
}

// object reads an object; member reads the value of each key. With exact,
// keys that differ only by case are different.
func (s *strict) object(exact bool, member func(key) *turno.Error) *turno.Error {
	if s.peek() != '{' {
		return s.malformed(s.at, "an object { } must stand here")
	}
	if s.depth++; s.depth > maxDepth {
		return s.malformed(s.at, "nested deeper than %d", maxDepth)
	}
	s.at++
	seen := keys{of: s, exact: exact}
	for first := true; s.peek() != '}'; first = false {
		if err := s.comma(first); err != nil {
			return err
		}
		k, err := s.text()
		if err != nil {
			return err
		}
		if !seen.add(k) {
			return s.malformed(k.from, "%.60q is there twice", s.bytes(k))
		}
		if s.peek() != ':' {
			return s.malformed(s.at, "a colon must follow the name")
		}
		s.at++
		if err := member(k); err != nil {
			return err
		}
	}
	s.at++
	s.depth--
	return nil
}

// array reads an array; element reads each of its values.
func (s *strict) array(element func() *turno.Error) *turno.Error {
	if s.peek() != '[' {
		return s.malformed(s.at, "a list [ ] must stand here")
	}
	if s.depth++; s.depth > maxDepth {
		return s.malformed(s.at, "nested deeper than %d", maxDepth)
	}
	s.at++
	for first := true; s.peek() != ']'; first = false {
		if err := s.comma(first); err != nil {
			return err
		}
		if err := element(); err != nil {
			return err
		}
	}
	s.at++
	s.depth--
	return nil
}

// comma expects one, but not before the first.
func (s *strict) comma(first bool) *turno.Error {
	if first {
		return nil
	}
	if s.peek() != ',' {
		return s.malformed(s.at, "a comma or the end must stand here")
	}
	s.at++
	if c := s.peek(); c == ']' || c == '}' {
		return s.malformed(s.at, "nothing follows the comma")
	}
	return nil
}

func (s *strict) word(word string) *turno.Error {
	if !bytes.HasPrefix(s.data[s.at:], []byte(word)) {
		return s.malformed(s.at, "use true, false or null")
	}
	s.at += len(word)
	return nil
}

func (s *strict) digits() int {
	from := s.at
	for s.at < len(s.data) && s.data[s.at] >= '0' && s.data[s.at] <= '9' {
		s.at++
	}
	return s.at - from
}

func (s *strict) next(any string) bool {
	if s.at < len(s.data) && bytes.IndexByte([]byte(any), s.data[s.at]) >= 0 {
		s.at++
		return true
	}
	return false
}

func (s *strict) number() *turno.Error {
	from := s.at
	s.next("-")
	zero := s.at < len(s.data) && s.data[s.at] == '0'
	whole := s.digits()
	ok := whole > 0 && (!zero || whole == 1)
	if ok && s.next(".") {
		ok = s.digits() > 0
	}
	if ok && s.next("eE") {
		s.next("+-")
		ok = s.digits() > 0
	}
	if !ok {
		return s.malformed(from, "not a number")
	}
	return nil
}

// key is a string in the text, without its quotes. A plain one is ASCII and
// holds no escapes.
type key struct {
	from, to int
	plain    bool
}

func (s *strict) bytes(k key) []byte { return s.data[k.from:k.to] }

// text reads a string.
func (s *strict) text() (key, *turno.Error) {
	if s.peek() != '"' {
		return key{}, s.malformed(s.at, "a text in quotes must stand here")
	}
	s.at++
	k := key{from: s.at, plain: true}
	for s.at < len(s.data) {
		c := s.data[s.at]
		switch {
		case c == '"':
			k.to = s.at
			s.at++
			return k, nil
		case c < ' ':
			return k, s.malformed(s.at, "a control character must be written as \\u%04x", c)
		case c == '\\':
			k.plain = false
			if err := s.escape(); err != nil {
				return k, err
			}
		case c < utf8.RuneSelf:
			s.at++
		default:
			k.plain = false
			r, size := utf8.DecodeRune(s.data[s.at:])
			if r == utf8.RuneError && size == 1 {
				return k, s.malformed(s.at, "not valid UTF-8")
			}
			s.at += size
		}
	}
	return k, s.malformed(k.from-1, "the text that begins here has no end")
}

func (s *strict) escape() *turno.Error {
	from := s.at
	s.at++
	if s.next(`"\/bfnrt`) {
		return nil
	}
	if !s.next("u") {
		return s.malformed(from, "not an escape")
	}
	first, ok := s.hex()
	if ok && first >= 0xdc00 && first < 0xe000 {
		ok = false
	}
	if ok && first >= 0xd800 && first < 0xdc00 {
		var second int
		ok = s.next(`\`) && s.next("u")
		if ok {
			second, ok = s.hex()
		}
		ok = ok && second >= 0xdc00 && second < 0xe000
	}
	if !ok {
		return s.malformed(from, "not an escape, or half of one")
	}
	return nil
}

func (s *strict) hex() (int, bool) {
	n := 0
	for range 4 {
		if s.at >= len(s.data) {
			return 0, false
		}
		c := s.data[s.at] | 0x20
		switch {
		case c >= '0' && c <= '9':
			n = n<<4 | int(c-'0')
		case c >= 'a' && c <= 'f':
			n = n<<4 | int(c-'a'+10)
		default:
			return 0, false
		}
		s.at++
	}
	return n, true
}

// keys are those of one object.
type keys struct {
	of    *strict
	exact bool
	few   [fewKeys]key
	n     int
	many  map[string]struct{} // by canonical form; nil while there are few, all plain
}

// add tells whether the key is new.
func (ks *keys) add(k key) bool {
	if ks.many == nil && k.plain && ks.n < fewKeys {
		for _, old := range ks.few[:ks.n] {
			if ks.same(ks.of.bytes(old), ks.of.bytes(k)) {
				return false
			}
		}
		ks.few[ks.n] = k
		ks.n++
		return true
	}
	if ks.many == nil {
		ks.many = make(map[string]struct{}, 2*fewKeys)
		for _, old := range ks.few[:ks.n] {
			ks.many[ks.canonical(old)] = struct{}{}
		}
	}
	name := ks.canonical(k)
	if _, there := ks.many[name]; there {
		return false
	}
	ks.many[name] = struct{}{}
	return true
}

// same compares plain keys.
func (ks *keys) same(a, b []byte) bool {
	if len(a) != len(b) || ks.exact {
		return bytes.Equal(a, b)
	}
	for i := range a {
		if upper(a[i]) != upper(b[i]) {
			return false
		}
	}
	return true
}

func upper(c byte) byte {
	if c >= 'a' && c <= 'z' {
		return c - 'a' + 'A'
	}
	return c
}

// canonical is a form that is the same for keys that encoding/json takes for
// the same.
func (ks *keys) canonical(k key) string {
	var text string
	if k.plain {
		text = string(ks.of.bytes(k))
	} else if json.Unmarshal(ks.of.data[k.from-1:k.to+1], &text) != nil {
		return string(ks.of.bytes(k)) // cannot be: text has read it
	}
	if ks.exact {
		return text
	}
	out := make([]rune, 0, len(text))
	for _, r := range text {
		least := r
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			least = min(least, f)
		}
		out = append(out, least)
	}
	return string(out)
}
