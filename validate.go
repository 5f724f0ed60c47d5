package turno

import (
	"fmt"
	"sort"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Limits of a spec: data from a stranger. Each is far above what people use
// and far below what would hurt a neighbour.
const (
	maxName     = 256
	maxWord     = 64       // queue, type, user, worker names
	maxEnv      = 512      // variables
	maxEnvBytes = 64 << 10 // of all of them: Linux passes 128 KiB for one string at most
	maxParams   = 256 << 10
	maxLabels   = 64
	maxAfter    = 256
	maxPriority = 1_000_000
	maxRetries  = 1000
	maxScreen   = 1000 // rows or columns of a terminal
	maxLimit    = Duration(366 * 24 * time.Hour)
)

// engineAuto is how people write that they leave the engine to turno.
const engineAuto = "auto"

// DefaultGrace is between TERM and KILL: as long as Kubernetes and Slurm give.
const DefaultGrace = Duration(30 * time.Second)

// Normalize fills in what was not said. It changes nothing that was.
func (s *Spec) Normalize() {
	if s.Queue == "" {
		s.Queue = "default"
	}
	if s.Device == "" {
		s.Device = DeviceCPU
		if s.GPUs > 0 || s.GPUModel != "" || s.GPUMemory > 0 {
			s.Device = DeviceGPU
		}
	}
	if s.Device != DeviceCPU && s.GPUs == 0 {
		s.GPUs = 1
	}
	if s.CPUs == 0 {
		s.CPUs = CPU
	}
	if s.Grace == 0 {
		s.Grace = DefaultGrace
	}
	if s.Engine == engineAuto {
		s.Engine = ""
	}
	s.waitForSources()
}

// Validate returns the first thing that is wrong with a normalized spec, as an
// *Error that names the field, or nil. Params are the workload's to check.
func (s *Spec) Validate() *Error {
	checks := []func() *Error{s.checkWords, s.checkResources, s.checkLimits, s.checkTimes, s.checkEnv, s.checkFiles, s.checkRelations, s.checkWebhook, s.checkTrace}
	for _, check := range checks {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// checkWord accepts what can stand in a path, a routing key and a log line.
func checkWord(field, word string, must bool) *Error {
	if word == "" && must {
		return Invalid(field, "must be given")
	}
	if len(word) > maxWord {
		return Invalid(field, "has %d characters; at most %d are allowed", len(word), maxWord)
	}
	for i, r := range word {
		plain := r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r))
		if !plain && (i == 0 || !strings.ContainsRune("-_.@", r)) {
			return Invalid(field, "%q: only letters, digits and - _ . @ are allowed, a letter or digit first", clip(word))
		}
	}
	return nil
}

// CheckName accepts a text that people read: no control and no direction
// characters, so that it can stand in a terminal and a log line.
func CheckName(field, text string) *Error {
	if len(text) > maxName {
		return Invalid(field, "has %d bytes; at most %d are allowed", len(text), maxName)
	}
	if !utf8.ValidString(text) {
		return Invalid(field, "is not valid UTF-8")
	}
	for _, r := range text {
		if !unicode.IsPrint(r) && r != ' ' {
			return Invalid(field, "holds the character U+%04X, which cannot be printed", r)
		}
	}
	return nil
}

func clip(text string) string {
	if len(text) > 40 {
		return text[:40] + "…"
	}
	return text
}

func (s *Spec) checkWords() *Error {
	if err := CheckName("name", s.Name); err != nil {
		return err
	}
	if err := checkWord("queue", s.Queue, true); err != nil {
		return err
	}
	if err := checkWord("type", s.Type, true); err != nil {
		return err
	}
	if err := checkWord("engine", s.Engine, false); err != nil {
		return err
	}
	if err := checkWord("user", s.User, false); err != nil {
		return err
	}
	if len(s.Labels) > maxLabels {
		return Invalid("labels", "%d labels; at most %d are allowed", len(s.Labels), maxLabels)
	}
	for _, k := range sortedKeys(s.Labels) {
		if err := checkWord("labels", k, true); err != nil {
			return err
		}
		if err := CheckName("labels."+k, s.Labels[k]); err != nil {
			return err
		}
	}
	for _, w := range append(append([]string(nil), s.Workers...), s.Exclude...) {
		if err := checkWord("workers", w, true); err != nil {
			return err
		}
	}
	return nil
}

func (s *Spec) checkResources() *Error {
	switch s.Device {
	case DeviceCPU:
		if s.GPUs > 0 || s.GPUModel != "" || s.GPUMemory > 0 {
			return Invalid("device", "is cpu, but GPUs are asked for").WithHint("ask for device gpu or any")
		}
	case DeviceGPU, DeviceAny:
	default:
		return Invalid("device", "%q: use gpu, cpu or any", clip(string(s.Device)))
	}
	switch {
	case s.GPUs < 0 || s.GPUs > 1024:
		return Invalid("gpus", "%d: use 0 to 1024", s.GPUs)
	case s.CPUs < 1 || s.CPUs > 65536*CPU:
		return Invalid("cpus", "%s: use 0.001 to 65536", s.CPUs)
	case s.Memory < 0 || s.Memory > 1<<50:
		return Invalid("memory_bytes", "%d: use 0 (no limit) to 2^50", s.Memory)
	case s.GPUMemory < 0 || s.GPUMemory > 1<<50:
		return Invalid("gpu_memory_bytes", "%d: use 0 to 2^50", s.GPUMemory)
	}
	return CheckName("gpu_model", s.GPUModel)
}

func (s *Spec) checkLimits() *Error {
	switch {
	case s.Priority < -maxPriority || s.Priority > maxPriority:
		return Invalid("priority", "%d: use -%d to %d", s.Priority, maxPriority, maxPriority)
	case s.Retries < 0 || s.Retries > maxRetries:
		return Invalid("retries", "%d: use 0 to %d", s.Retries, maxRetries)
	case len(s.Params) > maxParams:
		return &Error{Code: CodeTooLarge, Field: "params", Message: fmt.Sprintf("%d bytes; at most %d are allowed", len(s.Params), maxParams)}
	case s.Array != nil && s.Array.Tasks.Len() == 0:
		return Invalid("array", "has no task")
	}
	return nil
}

func (s *Spec) checkTimes() *Error {
	for _, d := range []struct {
		field string
		value Duration
	}{{"backoff_seconds", s.Backoff}, {"time_limit_seconds", s.TimeLimit}, {"grace_seconds", s.Grace}} {
		if d.value < 0 || d.value > maxLimit {
			return Invalid(d.field, "%s: use 0 to %s", d.value, maxLimit)
		}
	}
	if !s.Deadline.IsZero() && !s.Begin.IsZero() && !s.Deadline.After(s.Begin) {
		return Invalid("deadline_at", "is not after begin_at")
	}
	return nil
}

// Reserved variables are turno's or the dynamic linker's: a job that could set
// them would choose its own devices or load code into the shim.
func reservedVariable(name string) bool {
	return strings.HasPrefix(name, "TURNO_") || strings.HasPrefix(name, "LD_") ||
		name == "CUDA_VISIBLE_DEVICES" || name == "CUDA_DEVICE_ORDER" || name == "NVIDIA_VISIBLE_DEVICES"
}

func (s *Spec) checkEnv() *Error {
	if len(s.Env) > maxEnv {
		return Invalid("env", "%d variables; at most %d are allowed", len(s.Env), maxEnv)
	}
	total := 0
	for _, k := range sortedKeys(s.Env) {
		v := s.Env[k]
		total += len(k) + len(v) + 2
		if err := CheckVariable(k, v); err != nil {
			return err
		}
	}
	if total > maxEnvBytes {
		return Invalid("env", "%d bytes in all; at most %d are allowed", total, maxEnvBytes)
	}
	if len(s.Dir) > 4096 || strings.ContainsRune(s.Dir, 0) || (s.Dir != "" && !absolute(s.Dir)) {
		return Invalid("dir", "%q: use an absolute path of at most 4096 bytes", clip(s.Dir))
	}
	return s.checkOrigin()
}

// absolute tells whether a path is one on some worker: whose system it is of, the
// job's worker finds out. So C:\jobs is one here too, and \\server\jobs.
func absolute(path string) bool {
	drive := len(path) > 2 && path[1] == ':' && (path[2] == '\\' || path[2] == '/') &&
		(path[0] >= 'a' && path[0] <= 'z' || path[0] >= 'A' && path[0] <= 'Z')
	return path[0] == '/' || drive || strings.HasPrefix(path, `\\`)
}

// checkOrigin: a submit folder may be one of another system, so it is any text
// that can be printed.
func (s *Spec) checkOrigin() *Error {
	if len(s.SubmitDir) > 4096 || strings.ContainsRune(s.SubmitDir, 0) || !utf8.ValidString(s.SubmitDir) {
		return Invalid("submit_dir", "%q: use a path of at most 4096 bytes", clip(s.SubmitDir))
	}
	if err := CheckName("submit_host", s.SubmitHost); err != nil {
		return err
	}
	if s.Compat != "" && s.Compat != CompatSlurm {
		return Invalid("compat", "%q: use slurm, or leave it out", clip(s.Compat))
	}
	if i := s.Interactive; i != nil {
		switch {
		case s.Type != "exec":
			return Invalid("interactive", "is for commands, not for jobs of type %s", s.Type)
		case s.Array != nil:
			return Invalid("interactive", "is not possible for an array")
		case i.Rows < 0 || i.Rows > maxScreen || i.Cols < 0 || i.Cols > maxScreen:
			return Invalid("interactive", "a terminal of %d by %d: use at most %d", i.Rows, i.Cols, maxScreen)
		}
	}
	return nil
}

// CheckVariable returns what is wrong with a variable of a job, or nil.
func CheckVariable(name, value string) *Error {
	if name == "" || strings.ContainsAny(name, "=\x00") || strings.ContainsRune(value, 0) || len(name) > maxName {
		return Invalid("env", "%q is not a variable's name, or its value holds a NUL byte", clip(name))
	}
	if reservedVariable(name) {
		return Invalid("env."+name, "is reserved: turno sets it").WithHint("leave it out; ask for devices with gpus")
	}
	return nil
}

func (s *Spec) checkRelations() *Error {
	if len(s.After) > maxAfter {
		return Invalid("after", "%d dependencies; at most %d are allowed", len(s.After), maxAfter)
	}
	for _, d := range s.After {
		if _, err := ParseRef(d.Job); err != nil {
			return Invalid("after", "%v", err)
		}
		switch d.When {
		case AfterOK, AfterAny, AfterNotOK:
		default:
			return Invalid("after", "%q: use afterok, afterany or afternotok", clip(string(d.When)))
		}
	}
	return nil
}

func sortedKeys(m map[string]string) []string {
	if len(m) == 0 {
		return nil
	}
	keys := make([]string, 0, len(m))
	// order-free: sorted below
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
