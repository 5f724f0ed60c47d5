package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"turno"
	"turno/internal/config"
)

// words is a flag that may be given again. Unlike pflag's own it never splits.
type words []string

func (w *words) String() string        { return strings.Join(*w, " ") }
func (w *words) Type() string          { return "TEXT" }
func (w *words) Set(text string) error { *w = append(*w, text); return nil }

// textFlag is a text with its own name in help.
type textFlag struct {
	p   *string
	arg string
}

func (t *textFlag) String() string        { return *t.p }
func (t *textFlag) Type() string          { return t.arg }
func (t *textFlag) Set(text string) error { *t.p = text; return nil }

// specFlags are the flags that say what a job is: turno's own names, with
// sbatch's names as aliases.
type specFlags struct {
	name, queue, user, device                       string
	timeLimit, begin, deadline, grace, backoff      string
	array, gpus, gres, vram, cpus, mem, dir, export string
	dependency, after, workers, exclude             words
	env, envFile, label, param                      words
	params, compat                                  string
	priority, nice, retries, nodes, tasks           int
	hold, requeue, noRequeue, joinTrace             bool
	webhook                                         string
	output, errorFile, engine                       string
	files                                           fileFlags
	comment, account, qos                           string
	ignored                                         words // set by flags that turno takes and does not use
}

// aliases maps sbatch's and docker's names to turno's.
var aliases = map[string]string{
	"job-name": "name", "partition": "queue", "cpus-per-task": "cpus", "nodelist": "worker", "workers": "worker",
	"gpus-per-node": "gpus", "gpus-per-task": "gpus", "gpu-memory": "vram", "memory": "mem", "chdir": "dir",
	"environment": "env", "labels": "label", "time-limit": "time", "ntasks-per-node": "ntasks",
}

func normalizeFlag(_ *pflag.FlagSet, name string) pflag.NormalizedName {
	if to, ok := aliases[name]; ok {
		name = to
	}
	return pflag.NormalizedName(name)
}

// add registers the flags. In sbatch's dialect -q is the quality of service
// and -o only a file.
func (f *specFlags) add(flags *pflag.FlagSet, sbatch bool) {
	flags.SetNormalizeFunc(normalizeFlag)
	text := func(p *string, name, short, arg, help string) { flags.VarP(&textFlag{p, arg}, name, short, help) }
	text(&f.name, "name", "J", "NAME", "of the job, for listings")
	text(&f.queue, "queue", "p", "QUEUE", "to stand in (sbatch: --partition)")
	text(&f.timeLimit, "time", "t", "TIME", "limit of each attempt: 30 (minutes), 1:30:00, 2-00:00, 90m")
	text(&f.array, "array", "a", "RANGES", "run as many tasks: 0-99, 0-99%10 (at most 10 at once)")
	text(&f.gpus, "gpus", "G", "N", "GPUs of each task: 2, or a100:2")
	text(&f.gres, "gres", "", "gpu:N", "as in sbatch: gpu:2, gpu:a100:2")
	text(&f.vram, "vram", "", "SIZE", "memory of each GPU, such as 12G")
	text(&f.cpus, "cpus", "c", "N", "CPUs of each task, also 0.5")
	text(&f.mem, "mem", "", "SIZE", "memory of each task, such as 32G; a number alone is MiB")
	text(&f.device, "device", "", "KIND", "gpu, cpu, or any: a free GPU where there is one, else a CPU")
	text(&f.engine, "engine", "", "NAME", "of a workload: native (turno's own), torch or another runner's; auto (the default) is native where it can")
	text(&f.dir, "dir", "D", "DIR", "working folder (default for commands: this one)")
	text(&f.begin, "begin", "", "WHEN", "not before: now+1hour, 16:30, 2026-01-20T12:34:00")
	text(&f.deadline, "deadline", "", "WHEN", "ended by then, or failed")
	text(&f.grace, "grace", "", "TIME", "between TERM and KILL, such as 30s")
	text(&f.backoff, "backoff", "", "TIME", "wait before a retry, such as 10s; it doubles each time")
	text(&f.export, "export", "", "NAMES", "variables to take along from here: NAME,NAME=VALUE")
	text(&f.compat, "compat", "", "WHOSE", "slurm: set SLURM_* variables too (default for scripts with #SBATCH lines); none: do not")
	text(&f.user, "user", "", "NAME", "who submits (default: you); the server may say otherwise")
	flags.VarP(&f.dependency, "dependency", "d", "wait for other jobs: `afterok:12,afterany:13`")
	flags.Var(&f.after, "after", "wait for other jobs: `12`, ok:12, any:12")
	flags.VarP(&f.workers, "worker", "w", "run only on these workers: `NAME,NAME`")
	flags.VarP(&f.exclude, "exclude", "x", "do not run on these workers: `NAME,NAME`")
	flags.Var(&f.files.inputs, "input", "take a file along, into the job's own working folder: `FILE[:DEST]`, or job:JOB/PATH[:DEST] that another job leaves")
	text(&f.files.workdir, "workdir", "", "DIR", "take a folder along, but what .gitignore and .turnoignore leave out: the job runs in a copy of it")
	text(&f.files.maxSize, "workdir-max", "", "SIZE", "what a --workdir may have (default "+defaultWorkdirBytes+")")
	flags.Var(&f.env, "env", "variable of the job: `NAME=VALUE`, or NAME to take its value from here")
	flags.Var(&f.envFile, "env-file", "`FILE` of lines NAME=VALUE, or NAME to take its value from here; # begins a comment")
	flags.Var(&f.label, "label", "`KEY=VALUE` to find the job by")
	flags.IntVar(&f.priority, "priority", 0, "higher goes first")
	flags.IntVar(&f.retries, "retries", 0, "further attempts after a failure")
	flags.StringVar(&f.webhook, "webhook", "", "tell this `URL` when the job has ended")
	flags.BoolVar(&f.joinTrace, "join-trace", false, "the job is part of the trace that the variable TRACEPARENT names; else it has its own, which is linked with it")
	flags.BoolVarP(&f.hold, "hold", "H", false, "wait for turno release")
	flags.BoolVar(&f.requeue, "requeue", false, "start again if the worker is lost (the default)")
	flags.BoolVar(&f.noRequeue, "no-requeue", false, "do not start again if the worker is lost")
	f.addSbatch(flags, text, sbatch)
}

// addSbatch registers what turno takes from sbatch and handles in its own way.
func (f *specFlags) addSbatch(flags *pflag.FlagSet, text func(p *string, name, short, arg, help string), sbatch bool) {
	flags.IntVar(&f.nice, "nice", 0, "lower the priority by so much")
	flags.Lookup("nice").NoOptDefVal = "100"
	flags.IntVarP(&f.nodes, "nodes", "N", 1, "1 only, until turno spans machines")
	flags.IntVarP(&f.tasks, "ntasks", "n", 1, "1 only, until turno spans machines")
	text(&f.comment, "comment", "", "TEXT", "kept as the label comment")
	text(&f.account, "account", "A", "NAME", "kept as the label account")
	if sbatch {
		text(&f.qos, "qos", "q", "NAME", "kept as the label qos")
		text(&f.output, "output", "o", "FILE", "taken; turno keeps the output itself")
		text(&f.errorFile, "error", "e", "FILE", "taken; turno keeps the output itself")
	} else {
		text(&f.qos, "qos", "", "NAME", "kept as the label qos")
		text(&f.output, "output", "o", "FORMAT", "how to show the answer: json, yaml, name (a file's name is taken, as in sbatch)")
		text(&f.errorFile, "error", "e", "FILE", "taken, as in sbatch")
	}
	for _, name := range []string{"mail-user", "mail-type", "signal", "reservation", "constraint", "mem-per-cpu", "licenses", "cluster-constraint", "open-mode", "threads-per-core", "hint"} {
		short := map[string]string{"constraint": "C", "licenses": "L"}[name]
		flag := flags.VarPF(&ignoredFlag{name, &f.ignored}, name, short, "taken from sbatch and not used")
		flag.Hidden = true
	}
	for _, name := range []string{"exclusive", "oversubscribe"} {
		flag := flags.VarPF(&ignoredFlag{name, &f.ignored}, name, "", "taken from sbatch and not used")
		flag.Hidden, flag.NoOptDefVal = true, "yes"
	}
}

// ignoredFlag notes that it was given.
type ignoredFlag struct {
	name string
	into *words
}

func (f *ignoredFlag) String() string { return "" }
func (f *ignoredFlag) Type() string   { return "TEXT" }

func (f *ignoredFlag) Set(string) error {
	*f.into = append(*f.into, "--"+f.name)
	return nil
}

// builder makes a spec of flags; it keeps the first error.
type builder struct {
	s    *session
	f    *specFlags
	spec *turno.Spec
	err  error
}

// spec is what the flags say; what runs is not theirs.
func (s *session) spec(f *specFlags) (*turno.Spec, error) {
	b := &builder{s: s, f: f, spec: &turno.Spec{
		Name: f.name, Queue: f.queue, User: f.user, Device: turno.Device(f.device), Engine: f.engine,
		Priority: f.priority - f.nice, Retries: f.retries, NoRequeue: f.noRequeue, Hold: f.hold, Webhook: f.webhook,
	}}
	b.gpus()
	b.sizes()
	b.times()
	b.relations()
	b.environment()
	b.compat()
	b.labels()
	b.trace()
	b.refusals()
	if b.err == nil && f.dir != "" {
		b.spec.Dir = s.abs(f.dir)
	}
	return b.spec, b.err
}

// trace takes along what the variable names by which programs hand a trace on.
// Like those it makes nothing of one that is none, unless it was asked for.
func (b *builder) trace() {
	parent := b.s.env("TRACEPARENT")
	_, ok := turno.ParseTraceparent(parent)
	switch {
	case ok:
		b.spec.Trace = &turno.Trace{Parent: parent, Join: b.f.joinTrace}
	case b.f.joinTrace:
		b.check("join-trace", fmt.Errorf("the variable TRACEPARENT is %q, which names no trace", parent))
	}
}

// userWord makes a user's name one that turno takes: DOMAIN\name on Windows.
func userWord(name string) string {
	if i := strings.LastIndexByte(name, '\\'); i >= 0 {
		name = name[i+1:]
	}
	return name
}

func (s *session) abs(dir string) string {
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(s.sys.Dir, dir)
	}
	return filepath.Clean(dir)
}

// check keeps the first error and tells whether there is none yet.
func (b *builder) check(flag string, err error) {
	if b.err == nil && err != nil {
		b.err = usage("--%s: %v", flag, err)
	}
}

func (b *builder) gpus() {
	for _, g := range []struct {
		flag, text string
		parse      func(string) (string, int, error)
	}{{"gpus", b.f.gpus, parseGPUs}, {"gres", b.f.gres, parseGRES}} {
		if g.text == "" {
			continue
		}
		model, n, err := g.parse(g.text)
		b.check(g.flag, err)
		b.spec.GPUs = n
		if model != "" {
			b.spec.GPUModel = model
		}
	}
}

func (b *builder) sizes() {
	if b.f.vram != "" {
		n, err := config.ParseBytes(b.f.vram, 1<<20)
		b.check("vram", err)
		b.spec.GPUMemory = n
	}
	if b.f.mem != "" {
		n, err := config.ParseBytes(b.f.mem, 1<<20)
		b.check("mem", err)
		b.spec.Memory = n
	}
	if b.f.cpus != "" {
		x, err := strconv.ParseFloat(b.f.cpus, 64)
		if err != nil || !(x > 0) || x > 65536 {
			err = fmt.Errorf("%q is not a number of CPUs, such as 4 or 0.5", b.f.cpus)
		}
		b.check("cpus", err)
		b.spec.CPUs = turno.MilliCPU(x * float64(turno.CPU))
	}
}

func (b *builder) times() {
	for _, d := range []struct {
		flag, text string
		to         *turno.Duration
		parse      func(string) (time.Duration, error)
	}{
		{"time", b.f.timeLimit, &b.spec.TimeLimit, parseTime},
		{"grace", b.f.grace, &b.spec.Grace, parseSeconds},
		{"backoff", b.f.backoff, &b.spec.Backoff, parseSeconds},
	} {
		if d.text == "" {
			continue
		}
		v, err := d.parse(d.text)
		b.check(d.flag, err)
		*d.to = turno.Duration(v)
	}
	for _, m := range []struct {
		flag, text string
		to         *time.Time
	}{{"begin", b.f.begin, &b.spec.Begin}, {"deadline", b.f.deadline, &b.spec.Deadline}} {
		if m.text == "" {
			continue
		}
		t, err := parseMoment(m.text, b.s.sys.Now())
		b.check(m.flag, err)
		*m.to = t.UTC()
	}
}

// parseSeconds reads 30 (seconds) or 1m30s.
func parseSeconds(text string) (time.Duration, error) {
	if n, err := strconv.ParseFloat(text, 64); err == nil && n >= 0 && n < 1e9 {
		return time.Duration(n * float64(time.Second)), nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is not a time such as 30s or 2m", text)
	}
	return d, nil
}

func (b *builder) relations() {
	for _, text := range b.f.dependency {
		more, err := parseDependency(text)
		b.check("dependency", err)
		b.spec.After = append(b.spec.After, more...)
	}
	for _, text := range b.f.after {
		more, err := parseAfter(text)
		b.check("after", err)
		b.spec.After = append(b.spec.After, more...)
	}
	for _, text := range b.f.workers {
		b.spec.Workers = append(b.spec.Workers, commaList(text)...)
	}
	for _, text := range b.f.exclude {
		b.spec.Exclude = append(b.spec.Exclude, commaList(text)...)
	}
	if b.f.array != "" {
		a, err := turno.ParseArray(b.f.array)
		b.check("array", err)
		b.spec.Array = a
	}
}

func commaList(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}

func (b *builder) labels() {
	for _, text := range b.f.label {
		key, value, ok := strings.Cut(text, "=")
		if !ok {
			b.check("label", fmt.Errorf("%q is not KEY=VALUE", text))
		}
		b.put(key, value)
	}
	b.put("comment", b.f.comment)
	b.put("account", b.f.account)
	b.put("qos", b.f.qos)
}

func (b *builder) put(key, value string) {
	if value == "" {
		return
	}
	if b.spec.Labels == nil {
		b.spec.Labels = map[string]string{}
	}
	b.spec.Labels[key] = value
}

// refusals says plainly what turno does not do, instead of doing something
// else.
func (b *builder) refusals() {
	if b.err == nil && (b.f.nodes != 1 || b.f.tasks != 1) {
		b.err = usage("a job on several nodes or with several tasks comes later; -N and -n take 1 only").
			hint("for many independent runs use an array: --array 0-9")
	}
	if b.f.requeue && b.f.noRequeue && b.err == nil {
		b.err = usage("--requeue and --no-requeue contradict each other")
	}
	if b.err == nil && len(b.f.ignored) > 0 {
		b.s.warnf("%s: taken from sbatch, turno does not use it", strings.Join(b.f.ignored, ", "))
	}
	if b.err == nil && (b.f.errorFile != "" || (b.f.output != "" && !isFormat(b.f.output))) {
		b.s.warnf("turno keeps the output with the job, both streams in one: turno logs JOB (it writes no file)")
	}
}

// isFormat tells -o json from sbatch's -o FILE.
func isFormat(text string) bool {
	return text == "json" || text == "yaml" || text == "name" || strings.HasPrefix(text, "jsonpath=")
}

// parameters joins --params and --param.
func (s *session) parameters(f *specFlags, schema json.RawMessage) (json.RawMessage, error) {
	params := map[string]json.RawMessage{}
	if f.params != "" {
		text := []byte(f.params)
		if file, ok := strings.CutPrefix(f.params, "@"); ok {
			data, err := s.readFile(file)
			if err != nil {
				return nil, usage("--params: %v", err)
			}
			text = data
		}
		if err := json.Unmarshal(text, &params); err != nil {
			return nil, usage("--params is not a JSON object: %v", err).hint(`such as --params '{"m": 512}' or --params @params.json`)
		}
	}
	for _, p := range f.param {
		key, value, ok := strings.Cut(p, "=")
		if !ok || key == "" {
			return nil, usage("--param %q is not NAME=VALUE", p)
		}
		params[key] = jsonValue(value, schema, key)
	}
	if len(params) == 0 {
		return nil, nil
	}
	return json.Marshal(params)
}

// jsonValue takes the text as JSON where it is, else as a string; a schema
// that asks for a string wins, so that "true" and 7 can be strings too.
func jsonValue(text string, schema json.RawMessage, key string) json.RawMessage {
	var s struct {
		Properties map[string]struct {
			Type any `json:"type"`
		} `json:"properties"`
	}
	_ = json.Unmarshal(schema, &s)
	if s.Properties[key].Type != "string" && json.Valid([]byte(text)) {
		return json.RawMessage(text)
	}
	quoted, _ := json.Marshal(text)
	return quoted
}

// readFile reads a file the user named; - is standard input.
func (s *session) readFile(name string) ([]byte, error) {
	if name == "-" {
		return readAll(s.io.In)
	}
	f, err := os.Open(s.abs(name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readAll(f)
}
