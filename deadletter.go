package turno

import "time"

// DeadReason says in one word why a message of the broker was set aside.
type DeadReason string

const (
	// DeadMalformed: its body is not a submission.
	DeadMalformed DeadReason = "Malformed"
	// DeadVersion: it speaks a version that this scheduler does not.
	DeadVersion DeadReason = "UnknownVersion"
	// DeadTooLarge: more bytes or jobs than one message may have.
	DeadTooLarge DeadReason = "TooLarge"
	// DeadRefused: jobs of it were refused, and it named nobody to tell.
	DeadRefused DeadReason = "Refused"
	// DeadPanic: the scheduler broke over it.
	DeadPanic DeadReason = "Panic"
	// DeadUnfinished: it was delivered again and again, and no scheduler lived
	// to acknowledge it.
	DeadUnfinished DeadReason = "NeverFinished"
)

// DeadLetter is a message that the scheduler could not take, set aside with all
// that is known of it. The same bytes from the same queue are one letter,
// however often they come.
type DeadLetter struct {
	Number int64      `json:"number"`
	Queue  string     `json:"queue"` // of the broker, from which it came
	Reason DeadReason `json:"reason"`
	Detail string     `json:"detail"` // why, in a sentence
	// FirstAt and LastAt are when it first and last came, Times how often.
	FirstAt time.Time `json:"first_at"`
	LastAt  time.Time `json:"last_at"`
	Times   int       `json:"times"`
	// What the message itself says. From is who sent it, in its own words: only
	// a RabbitMQ user id in it was checked, by the broker.
	From          string `json:"from,omitempty"`
	MessageID     string `json:"message_id,omitempty"`
	CorrelationID string `json:"correlation_id,omitempty"`
	ReplyTo       string `json:"reply_to,omitempty"`
	ContentType   string `json:"content_type,omitempty"`
	// Digest is the SHA-256 of its body, in hex; Size the body's bytes.
	Digest string `json:"digest"`
	Size   int64  `json:"size_bytes"`
	// Body is left out of lists. Cut says that only its beginning was kept,
	// because it is larger than any message may be: it cannot be re-driven.
	Body []byte `json:"body,omitempty"`
	Cut  bool   `json:"cut,omitempty"`
}

// DeadLetterQuery selects dead letters, newest first. With a Number it is that
// one, with its body; else Limit is at most 1000, 0 is 100, and Cursor is the
// NextCursor of the page before.
type DeadLetterQuery struct {
	Number int64
	Limit  int
	Cursor string
}

// DeadLetterPage is a part of the list.
type DeadLetterPage struct {
	Items      []DeadLetter `json:"items"`
	NextCursor string       `json:"next_cursor,omitempty"`
	Total      int64        `json:"total"` // of all pages
}
