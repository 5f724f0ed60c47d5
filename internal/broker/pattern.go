package broker

import (
	"fmt"
	"strings"
)

// MatchTopic says whether an AMQP topic pattern matches a topic (B8): words
// between dots, * for exactly one word, # for any number of them, none too.
func MatchTopic(pattern, topic string) bool {
	return matchWords(strings.Split(pattern, "."), strings.Split(topic, "."))
}

func matchWords(pattern, words []string) bool {
	for len(pattern) > 0 {
		if pattern[0] == "#" {
			for skip := 0; skip <= len(words); skip++ {
				if matchWords(pattern[1:], words[skip:]) {
					return true
				}
			}
			return false
		}
		if len(words) == 0 || pattern[0] != "*" && pattern[0] != words[0] {
			return false
		}
		pattern, words = pattern[1:], words[1:]
	}
	return len(words) == 0
}

// MatchName says whether a pattern of Watch or Subscribe, a name or a prefix
// followed by *, matches the name of a mailbox or stream. A prefix is a prefix
// of the string: it does not stop at dots, because workers' names have some.
func MatchName(pattern, name string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(name, prefix)
	}
	return pattern == name
}

// CheckBody refuses a body that no adapter may send (B16).
func CheckBody(body []byte) error {
	if len(body) > MaxBody {
		return fmt.Errorf("%d bytes, at most %d: %w", len(body), MaxBody, ErrTooLarge)
	}
	return nil
}

// MaxName bounds names, topics and a message's fields but its body: AMQP's
// short strings, less what an adapter puts before a name.
const MaxName = 200

// CheckName refuses a name that an adapter could not send.
func CheckName(name string) error {
	if len(name) > MaxName {
		return fmt.Errorf("name of %d bytes, at most %d: %w", len(name), MaxName, ErrTooLarge)
	}
	return nil
}

// CheckMessage refuses a message that no adapter may send (B16).
func CheckMessage(m Message) error {
	for _, field := range []string{m.ID, m.ReplyTo, m.CorrelationID, m.ContentType, m.Sender, m.Traceparent} {
		if err := CheckName(field); err != nil {
			return err
		}
	}
	return CheckBody(m.Body)
}
