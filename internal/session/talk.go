package session

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
)

// What a person at a terminal and a job say to each other: the frames between
// a client and a worker. A session begins with KindOpen, which is answered by
// KindOpened or KindError.
const (
	KindOpen   = 1 // an Open as JSON
	KindInput  = 2
	KindEOF    = 3 // of the input
	KindSize   = 4 // a Size as JSON
	KindHangup = 5 // the user has gone: HUP
	KindDetach = 6 // the user leaves, and the job stays as it is

	KindOpened = 16
	KindOutput = 17
	KindErrors = 18 // of the error stream
	KindExit   = 19 // an Exit as JSON: of a command inside a job
	KindError  = 20 // a text: why it cannot be, or goes on no more
)

// Open is what a client wants: a command inside the job, a signal to its main
// process's group, or without both the job's own terminal or input.
type Open struct {
	Command []string          `json:"command,omitempty"`
	Env     map[string]string `json:"env,omitempty"`    // beside the job's own
	Dir     string            `json:"dir,omitempty"`    // empty: the job's
	Size    *Size             `json:"size,omitempty"`   // nil: no terminal
	Signal  string            `json:"signal,omitempty"` // such as USR1
}

// Size is a terminal's.
type Size struct {
	Rows int `json:"rows"`
	Cols int `json:"cols"`
}

// Exit is how a command inside a job ended.
type Exit struct {
	Code    int    `json:"code"`
	Signal  string `json:"signal,omitempty"`
	Message string `json:"message,omitempty"` // why it was not started
}

// ID names a session. It is as good as a key: whoever knows it can take part.
type ID [16]byte

// NewID makes one that nobody can guess.
func NewID() ID {
	var id ID
	_, _ = rand.Read(id[:]) // never fails: it ends the process instead
	return id
}

func (id ID) String() string { return hex.EncodeToString(id[:]) }

// ParseID reads what String wrote.
func ParseID(text string) (ID, error) {
	var id ID
	data, err := hex.DecodeString(text)
	if err != nil || len(data) != len(id) {
		return id, errors.New("a session's id is 32 hexadecimal digits")
	}
	copy(id[:], data)
	return id, nil
}
