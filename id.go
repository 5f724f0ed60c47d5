package turno

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// IDTime is when an id was made, if it is a UUIDv7 in its text form.
func IDTime(id string) (time.Time, bool) {
	if len(id) != 36 || id[8] != '-' || id[13] != '-' || id[14] != '7' || id[18] != '-' || id[23] != '-' {
		return time.Time{}, false
	}
	ms, err := strconv.ParseUint(id[:8]+id[9:13], 16, 64)
	if err != nil {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(ms)), true
}

// ValidID tells whether text is a UUID in its canonical lower-case form.
func ValidID(text string) bool {
	if len(text) != 36 {
		return false
	}
	for i := range len(text) {
		c := text[i]
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
				return false
			}
		}
	}
	return true
}

// Ref names a job as users do: its number (42), a task of an array (42_7), or
// its id.
type Ref struct {
	Number int64
	Task   int // index, or -1 for the job itself
	ID     string
}

// ParseRef reads a Ref.
func ParseRef(text string) (Ref, error) {
	if ValidID(text) {
		return Ref{ID: text, Task: -1}, nil
	}
	if id, task, ok := strings.Cut(text, "_"); ok && ValidID(id) {
		i, err := strconv.Atoi(task)
		if err == nil && i >= 0 {
			return Ref{ID: id, Task: i}, nil
		}
	}
	number, task, isTask := strings.Cut(text, "_")
	n, err := strconv.ParseInt(number, 10, 64)
	r := Ref{Number: n, Task: -1}
	if isTask && err == nil {
		r.Task, err = strconv.Atoi(task)
	}
	if err != nil || n < 1 || (isTask && r.Task < 0) {
		return Ref{}, Errorf(CodeMalformed, "%.60q is not a job: use its number (42), a task (42_7) or its id", text)
	}
	return r, nil
}

func (r Ref) String() string {
	text := r.ID
	if text == "" {
		text = strconv.FormatInt(r.Number, 10)
	}
	if r.Task >= 0 {
		text += fmt.Sprintf("_%d", r.Task)
	}
	return text
}
