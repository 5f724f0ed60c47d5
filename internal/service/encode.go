package service

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"turno"
)

// appendSpec writes a spec as encoding/json reads it, four times as fast: it
// runs once a job. TestAppendSpec_AsEncodingJSON fails when a field is missing.
func appendSpec(b []byte, s *turno.Spec) ([]byte, error) {
	b = appendString(append(b, `{"type":`...), s.Type)
	b = appendField(b, `,"name":`, s.Name)
	b = appendField(b, `,"queue":`, s.Queue)
	b = appendField(b, `,"user":`, s.User)
	b = appendMap(b, `,"labels":`, s.Labels)
	if len(s.Params) > 0 {
		b = append(append(b, `,"params":`...), s.Params...)
	}
	b = appendField(b, `,"engine":`, s.Engine)
	b = appendMap(b, `,"env":`, s.Env)
	b = appendField(b, `,"dir":`, s.Dir)
	b = appendField(b, `,"device":`, string(s.Device))
	b = appendInt(b, `,"gpus":`, int64(s.GPUs))
	b = appendField(b, `,"gpu_model":`, s.GPUModel)
	b = appendInt(b, `,"gpu_memory_bytes":`, s.GPUMemory)
	b = appendDecimal(b, `,"cpus":`, int64(s.CPUs), int64(turno.CPU))
	b = appendInt(b, `,"memory_bytes":`, s.Memory)
	b = appendList(b, `,"workers":`, s.Workers)
	b = appendList(b, `,"exclude":`, s.Exclude)
	b = appendInt(b, `,"priority":`, int64(s.Priority))
	b = appendInt(b, `,"retries":`, int64(s.Retries))
	b = appendDecimal(b, `,"backoff_seconds":`, int64(s.Backoff), int64(time.Second))
	b = appendDecimal(b, `,"time_limit_seconds":`, int64(s.TimeLimit), int64(time.Second))
	b = appendDecimal(b, `,"grace_seconds":`, int64(s.Grace), int64(time.Second))
	b = appendTrue(b, `,"no_requeue":true`, s.NoRequeue)
	b = appendTrue(b, `,"hold":true`, s.Hold)
	return appendRest(b, s)
}

// appendRest writes the fields that few jobs have.
func appendRest(b []byte, s *turno.Spec) ([]byte, error) {
	var err error
	b = appendField(b, `,"submit_dir":`, s.SubmitDir)
	b = appendField(b, `,"submit_host":`, s.SubmitHost)
	b = appendField(b, `,"compat":`, s.Compat)
	b = appendField(b, `,"webhook":`, s.Webhook)
	if s.Trace != nil {
		b = appendField(b, `,"trace":{"traceparent":`, s.Trace.Parent)
		b = append(appendTrue(b, `,"join":true`, s.Trace.Join), '}')
	}
	if s.Interactive != nil {
		text, err := json.Marshal(s.Interactive)
		if err != nil {
			return b, fmt.Errorf("interactive: %w", err)
		}
		b = append(append(b, `,"interactive":`...), text...)
	}
	if b, err = appendTime(b, `,"begin_at":`, s.Begin); err != nil {
		return b, fmt.Errorf("begin_at: %w", err)
	}
	if b, err = appendTime(b, `,"deadline_at":`, s.Deadline); err != nil {
		return b, fmt.Errorf("deadline_at: %w", err)
	}
	if s.Array != nil {
		b = appendField(b, `,"array":`, s.Array.String())
	}
	for i, d := range s.After {
		key := `,{"job":`
		if i == 0 {
			key = `,"after":[{"job":`
		}
		b = appendString(append(b, key...), d.Job)
		b = append(appendString(append(b, `,"when":`...), string(d.When)), '}')
	}
	if len(s.After) > 0 {
		b = append(b, ']')
	}
	if len(s.Inputs) > 0 || s.Workdir != nil {
		return appendFiles(b, s)
	}
	return append(b, '}'), nil
}

// appendFiles writes what the job takes with it, and ends the spec.
func appendFiles(b []byte, s *turno.Spec) ([]byte, error) {
	text, err := json.Marshal(struct {
		Inputs  []turno.File `json:"inputs,omitempty"`
		Workdir *turno.Tree  `json:"workdir,omitempty"`
	}{s.Inputs, s.Workdir})
	if err != nil {
		return b, fmt.Errorf("inputs: %w", err)
	}
	return append(append(b, ','), text[1:]...), nil
}

// appendField writes a field that is left out when it is empty; so do those
// below.
func appendField(b []byte, key, text string) []byte {
	if text == "" {
		return b
	}
	return appendString(append(b, key...), text)
}

func appendInt(b []byte, key string, n int64) []byte {
	if n == 0 {
		return b
	}
	return strconv.AppendInt(append(b, key...), n, 10)
}

// appendDecimal writes n/unit.
func appendDecimal(b []byte, key string, n, unit int64) []byte {
	if n == 0 {
		return b
	}
	b = append(b, key...)
	if n%unit == 0 {
		return strconv.AppendInt(b, n/unit, 10)
	}
	return strconv.AppendFloat(b, float64(n)/float64(unit), 'f', -1, 64)
}

func appendTrue(b []byte, text string, is bool) []byte {
	if is {
		b = append(b, text...)
	}
	return b
}

func appendTime(b []byte, key string, t time.Time) ([]byte, error) {
	if t.IsZero() {
		return b, nil
	}
	text, err := t.MarshalJSON()
	return append(append(b, key...), text...), err
}

func appendList(b []byte, key string, list []string) []byte {
	for i, text := range list {
		if i == 0 {
			b = append(append(b, key...), '[')
		}
		b = append(appendString(b, text), ',')
	}
	if len(list) > 0 {
		b[len(b)-1] = ']'
	}
	return b
}

func appendMap(b []byte, key string, m map[string]string) []byte {
	if len(m) == 0 {
		return b
	}
	b = append(append(b, key...), '{')
	for _, k := range slices.Sorted(maps.Keys(m)) {
		b = append(appendString(b, k), ':')
		b = append(appendString(b, m[k]), ',')
	}
	b[len(b)-1] = '}'
	return b
}

// appendString writes a JSON string; what needs more than quotes is left to
// encoding/json.
func appendString(b []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			quoted, _ := json.Marshal(text) // a string has no error
			return append(b, quoted...)
		}
	}
	return append(append(append(b, '"'), text...), '"')
}
