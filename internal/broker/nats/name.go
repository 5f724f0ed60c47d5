package nats

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// topicEnd ends every topic's subject. With it "a.#", which takes a itself too,
// becomes a.>: NATS' > stands for one word or more.
const topicEnd = "_"

func plain(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}

// encode writes any name as words that NATS takes: all but letters, digits,
// dash and underscore becomes =XX; an empty word is a lone =.
func encode(name string) string {
	words := strings.Split(name, ".")
	for i, w := range words {
		words[i] = encodeWord(w)
	}
	return strings.Join(words, ".")
}

func encodeWord(w string) string {
	if w == "" {
		return "="
	}
	var s strings.Builder
	for i := range len(w) {
		if plain(w[i]) {
			s.WriteByte(w[i])
		} else {
			fmt.Fprintf(&s, "=%02X", w[i])
		}
	}
	return s.String()
}

// decode is encode's inverse; what encode did not write comes out as it is.
func decode(subject string) string {
	if !strings.Contains(subject, "=") {
		return subject
	}
	words := strings.Split(subject, ".")
	for i, w := range words {
		words[i] = decodeWord(w)
	}
	return strings.Join(words, ".")
}

func decodeWord(w string) string {
	if w == "=" {
		return ""
	}
	var s strings.Builder
	for i := 0; i < len(w); i++ {
		if w[i] == '=' && i+2 < len(w) {
			if c, err := strconv.ParseUint(w[i+1:i+3], 16, 8); err == nil {
				s.WriteByte(byte(c))
				i += 2
				continue
			}
		}
		s.WriteByte(w[i])
	}
	return s.String()
}

var prefixForm = regexp.MustCompile(`^([A-Za-z0-9_-]+\.)*[A-Za-z0-9_-]*$`)

func checkPrefix(p string) error {
	if !prefixForm.MatchString(p) {
		return fmt.Errorf("prefix %q: letters, digits, - and _ between dots", p)
	}
	return nil
}

// streamName: JetStream allows no dots in the names of streams and consumers.
func (b *Broker) streamName(kind, name string) string {
	return encodeWord(b.opts.Prefix+kind) + "-" + encodeWord(name)
}

func (b *Broker) queueSubject(queue string) string { return b.opts.Prefix + "queue." + encode(queue) }

func (b *Broker) topicSubject(topic string) string {
	return b.opts.Prefix + "topic." + encode(topic) + "." + topicEnd
}

// topicFilter is the narrowest subject that takes all that an AMQP pattern
// takes; whole says whether it takes nothing else.
func (b *Broker) topicFilter(pattern string) (filter string, whole bool) {
	words := strings.Split(pattern, ".")
	for i, w := range words {
		switch w {
		case "*":
		case "#":
			words = append(words[:i:i], ">")
			return b.opts.Prefix + "topic." + strings.Join(words, "."), i == strings.Count(pattern, ".")
		default:
			words[i] = encodeWord(w)
		}
	}
	return b.opts.Prefix + "topic." + strings.Join(words, ".") + "." + topicEnd, true
}

func (b *Broker) topicOf(subject string) string {
	return decode(strings.TrimSuffix(strings.TrimPrefix(subject, b.opts.Prefix+"topic."), "."+topicEnd))
}

// nameFilter is a subject that takes all names a pattern of Watch takes, and
// perhaps more.
func nameFilter(prefix, pattern string) string {
	name, wild := strings.CutSuffix(pattern, "*")
	if !wild {
		return prefix + encode(name)
	}
	if dot := strings.LastIndexByte(name, '.'); dot >= 0 {
		return prefix + encode(name[:dot]) + ".>"
	}
	return prefix + ">"
}
