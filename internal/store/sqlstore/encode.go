package sqlstore

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"turno"
)

// appendRecord appends what encoding/json makes of recordOf(j). It is written
// by hand because half of a commit's time went into reflection; a fuzz test
// holds it to encoding/json.
func appendRecord(b []byte, j *turno.Job) []byte {
	b = append(b, '{')
	b = appendInt(b, `"task":`, int64(j.Task))
	if j.Tasks != nil {
		b = appendTasks(append(b, `"tasks":`...), j.Tasks)
		b = append(b, ',')
	}
	b = appendString(append(b, `"reason":`...), string(j.Reason))
	b = append(b, ',')
	b = appendText(b, `"detail":`, j.Detail)
	b = appendTime(b, `"since":`, j.Since)
	b = appendTime(b, `"sub":`, j.SubmittedAt)
	b = appendTime(b, `"start":`, j.StartedAt)
	b = appendTime(b, `"end":`, j.EndedAt)
	b = appendInt(b, `"fail":`, int64(j.Failures))
	b = appendInt(b, `"loss":`, int64(j.Losses))
	b = appendTime(b, `"until":`, j.NotUntil)
	if j.Changes != nil {
		b = append(appendJSON(append(b, `"chg":`...), j.Changes), ',') // its times are of years below 10,000
	}
	b = appendInt(b, `"rev":`, int64(j.Revision))
	b = appendInt(b, `"n":`, int64(j.Attempt))
	if len(j.Attempts) > 0 {
		b = append(b, `"runs":[`...)
		for i := range j.Attempts {
			b = appendRun(b, &j.Attempts[i])
			b = append(b, ',')
		}
		b = append(closed(b, ']'), ',')
	}
	if sameResult(j) {
		b = append(b, `"same":true,`...)
	} else {
		b = appendResult(b, j.Result)
	}
	b = appendInt(b, `"retry":`, j.RetryOf)
	return closed(b, '}')
}

// closed replaces the comma after the last member.
func closed(b []byte, by byte) []byte {
	b[len(b)-1] = by
	return b
}

func appendTasks(b []byte, t *turno.TaskCount) []byte {
	b = append(b, `{"total":`...)
	b = strconv.AppendInt(b, int64(t.Total), 10)
	b = append(b, ',')
	if len(t.Waiting) > 0 {
		b = appendText(b, `"wait":`, t.Waiting.String())
	}
	b = append(b, `"active":`...)
	b = strconv.AppendInt(b, int64(t.Active), 10)
	if len(t.Ended) > 0 {
		b = append(b, `,"ended":{`...)
		for _, state := range slices.Sorted(maps.Keys(t.Ended)) {
			b = append(appendString(b, string(state)), ':')
			b = append(strconv.AppendInt(b, int64(t.Ended[state]), 10), ',')
		}
		b = closed(b, '}')
	}
	return append(b, '}')
}

func appendRun(b []byte, a *turno.Attempt) []byte {
	b = append(b, `{"n":`...)
	b = strconv.AppendInt(b, int64(a.Number), 10)
	b = appendString(append(b, `,"worker":`...), a.Worker)
	b = appendString(append(b, `,"inc":`...), a.Incarnation)
	b = appendString(append(b, `,"dev":`...), string(a.Device))
	b = append(b, ',')
	if len(a.GPUs) > 0 {
		b = append(b, `"gpus":[`...)
		for _, g := range a.GPUs {
			b = append(appendString(b, g), ',')
		}
		b = append(closed(b, ']'), ',')
	}
	b = appendBool(b, `"ahead":`, a.Ahead)
	b = appendTime(b, `"at":`, a.AssignedAt)
	b = appendTime(b, `"start":`, a.StartedAt)
	b = appendTime(b, `"end":`, a.EndedAt)
	b = appendResult(b, a.Result)
	b = appendInt(b, `"log":`, a.LogBytes)
	if len(a.Series) > 0 {
		b = append(appendJSON(append(b, `"ser":`...), a.Series), ',')
	}
	return closed(b, '}')
}

func appendResult(b []byte, r *turno.Result) []byte {
	if r == nil {
		return b
	}
	b = appendString(append(b, `"res":{"state":`...), string(r.State))
	b = appendString(append(b, `,"reason":`...), string(r.Reason))
	b = append(b, ',')
	b = appendText(b, `"msg":`, r.Message)
	b = appendBool(b, `"again":`, r.Retryable)
	b = appendInt(b, `"exit":`, int64(r.ExitCode))
	b = appendText(b, `"sig":`, r.Signal)
	b = appendText(b, `"dev":`, string(r.Device))
	b = appendBool(b, `"sim":`, r.Simulated)
	switch {
	case len(r.Output) == 0:
	case json.Valid(r.Output):
		b = append(append(b, `"out":`...), r.Output...)
		b = append(b, ',')
	default:
		b = append(b, `"raw":"`...)
		b = base64.StdEncoding.AppendEncode(b, r.Output)
		b = append(b, `",`...)
	}
	b = appendInt(b, `"log":`, r.LogBytes)
	b = appendInt(b, `"user":`, int64(r.UserTime))
	b = appendInt(b, `"sys":`, int64(r.SysTime))
	b = appendInt(b, `"mem":`, r.MaxMemory)
	b = appendInt(b, `"fetch":`, int64(r.FetchTime))
	b = appendInt(b, `"begin":`, int64(r.StartTime))
	b = appendInt(b, `"keep":`, int64(r.StoreTime))
	if len(r.GPUs) > 0 {
		b = append(appendJSON(append(b, `"gpus":`...), r.GPUs), ',')
	}
	if r.Artifacts != nil {
		b = append(appendJSON(append(b, `"art":`...), r.Artifacts), ',')
	}
	return append(closed(b, '}'), ',')
}

// appendJSON appends what encoding/json makes of texts and numbers, which
// cannot fail; < and > stay as they are, as everywhere here.
func appendJSON(b []byte, v any) []byte {
	out := bytes.NewBuffer(b)
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	_ = e.Encode(v)
	return bytes.TrimSuffix(out.Bytes(), []byte{'\n'})
}

// The members that follow are left out when they are zero.

func appendInt(b []byte, key string, n int64) []byte {
	if n == 0 {
		return b
	}
	return append(strconv.AppendInt(append(b, key...), n, 10), ',')
}

func appendBool(b []byte, key string, v bool) []byte {
	if !v {
		return b
	}
	return append(append(b, key...), "true,"...)
}

func appendTime(b []byte, key string, t time.Time) []byte {
	if t.IsZero() {
		return b
	}
	return append(strconv.AppendInt(append(b, key...), t.UnixMicro(), 10), ',')
}

func appendText(b []byte, key, s string) []byte {
	if s == "" {
		return b
	}
	return append(appendString(append(b, key...), s), ',')
}

const digits = "0123456789abcdef"

// appendString escapes as encoding/json does without its HTML escapes.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c < utf8.RuneSelf && c != '"' && c != '\\' {
			i++
			continue
		}
		r, size := rune(c), 1
		if c >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(s[i:])
			if r != '\u2028' && r != '\u2029' && (r != utf8.RuneError || size > 1) {
				i += size
				continue
			}
		}
		b = append(b, s[from:i]...)
		b = appendEscape(b, r)
		i += size
		from = i
	}
	b = append(b, s[from:]...)
	return append(b, '"')
}

func appendEscape(b []byte, r rune) []byte {
	switch r {
	case '"', '\\':
		return append(b, '\\', byte(r))
	case '\b':
		return append(b, `\b`...)
	case '\f':
		return append(b, `\f`...)
	case '\n':
		return append(b, `\n`...)
	case '\r':
		return append(b, `\r`...)
	case '\t':
		return append(b, `\t`...)
	}
	return append(b, '\\', 'u', digits[r>>12&15], digits[r>>8&15], digits[r>>4&15], digits[r&15])
}
