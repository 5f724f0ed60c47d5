package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"turno"
	"turno/internal/config"
)

const (
	submitShort = "hand in a job: a command, a script, a workload or a file of jobs"
	submitLong  = `Hands in a job and returns at once. Everything after -- is the command.`
	submitUse   = "submit [flags] -- COMMAND [ARGUMENT...]"
	submitHelp  = `  turno submit -- python train.py --epochs 3
  turno submit -G a100:2 --mem 64G -t 4:00:00 -- ./train.sh
  turno submit -a 0-99%10 -- python sweep.py          TURNO_TASK_ID is 0 to 99
  turno submit --type matmul --param m=512 --param dtype=float32
  turno submit --dependency afterok:41 -- ./report.sh
  turno submit -f jobs.yaml`
	sbatchShort = "hand in a script with #SBATCH lines, as sbatch does"
	sbatchLong  = `Hands in a script; its #SBATCH (or #TURNO) lines say what it needs, and flags
here beat them. Without a file the script is read from standard input.`
	sbatchUse  = "sbatch [flags] SCRIPT [ARGUMENT...]"
	sbatchHelp = `  turno sbatch train.sh
  turno sbatch -t 30 --array 0-9 train.sh data.csv
  turno sbatch --wrap "python train.py"`

	execType = "exec"
)

// submission is one call of submit, run or sbatch.
type submission struct {
	s      *session
	cmd    *cobra.Command
	flags  specFlags
	sbatch bool

	typ, file, wrap               string
	parsable, quiet, wait, dryRun bool
}

func (s *session) submitCommand() *cobra.Command {
	sub := &submission{s: s}
	cmd := &cobra.Command{Use: submitUse, Short: submitShort, Long: submitLong, Example: submitHelp, Args: cobra.ArbitraryArgs, RunE: s.command(sub.submit)}
	sub.init(cmd)
	cmd.Flags().BoolVarP(&sub.quiet, "quiet", "q", false, "print the number only")
	return cmd
}

func (s *session) sbatchCommand() *cobra.Command {
	sub := &submission{s: s, sbatch: true}
	cmd := &cobra.Command{Use: sbatchUse, Short: sbatchShort, Long: sbatchLong, Example: sbatchHelp, Args: cobra.ArbitraryArgs, RunE: s.command(sub.submit)}
	sub.init(cmd)
	cmd.Flags().BoolVarP(&sub.quiet, "quiet", "Q", false, "print the number only")
	cmd.Flags().StringVar(&sub.wrap, "wrap", "", "run this line with /bin/sh")
	return cmd
}

func (sub *submission) init(cmd *cobra.Command) {
	sub.cmd = cmd
	fl := cmd.Flags()
	fl.SetInterspersed(false)
	sub.flags.add(fl, sub.sbatch)
	fl.BoolVar(&sub.parsable, "parsable", false, "print the number only")
	fl.BoolVarP(&sub.wait, "wait", "W", false, "wait for the end, and exit as the job did")
	fl.BoolVar(&sub.dryRun, "test-only", false, "say whether and where it could run, and submit nothing")
	if !sub.sbatch {
		fl.StringVar(&sub.typ, "type", "", "workload to run instead of a command; turno types lists them")
		fl.Var(&sub.flags.param, "param", "`NAME=VALUE` of the workload")
		fl.StringVar(&sub.flags.params, "params", "", "all of them: a JSON object, or @`FILE`")
		fl.StringVarP(&sub.file, "file", "f", "", "`FILE` of jobs in YAML or JSON; - is standard input")
	}
}

func (sub *submission) submit(ctx context.Context, cmd *cobra.Command, args []string) error {
	jobs, err := sub.jobs(args)
	if err != nil {
		return err
	}
	svc, cfg, err := sub.s.dial(cmd)
	if err != nil {
		return err
	}
	if err := sub.s.resolve(ctx, svc, cfg, jobs); err != nil {
		return err
	}
	if err := sub.attach(ctx, svc, cfg, jobs); err != nil {
		return err
	}
	if sub.dryRun {
		return sub.s.testOnly(ctx, svc, jobs)
	}
	done, err := sub.s.handIn(ctx, svc, cfg, jobs)
	if err != nil {
		return err
	}
	if err := sub.report(jobs, done); err != nil || !sub.wait {
		return err
	}
	var refs []string
	for _, d := range done {
		refs = append(refs, d.ID)
	}
	return sub.s.waitFor(ctx, svc, refs, waitOptions{quiet: true})
}

// jobs makes the jobs of the command line. JSON has only UTF-8: what is none
// would arrive as something else.
func (sub *submission) jobs(args []string) ([]turno.NewJob, error) {
	for _, word := range sub.s.args {
		if !utf8.ValidString(word) {
			return nil, usage("the argument %.80q is not UTF-8, and would reach the job as something else", word).
				hint("rename the file, or let a script name it: turno submit -- sh -c 'cat data-*.csv'")
		}
	}
	switch dash := sub.cmd.ArgsLenAtDash(); {
	case sub.file != "":
		if len(args) > 0 || sub.typ != "" {
			return nil, usage("-f gives the jobs; leave the command and --type out")
		}
		return sub.fromFile()
	case sub.sbatch:
		return sub.fromScript(args, dash)
	case sub.typ != "":
		return sub.fromType(args)
	case len(args) == 0:
		return nil, usage("there is nothing to run").hint("such as: turno %s -- python train.py", sub.cmd.Name())
	case dash != 0 && sub.isScript(args[0]):
		return sub.fromScript(args, dash)
	case dash != 0 && slices.ContainsFunc(sub.s.args, func(a string) bool { return strings.HasPrefix(a, "--param") }):
		return nil, usage("parameters are for workloads, and %q is taken for a command", args[0]).
			hint("turno %s --type %s %s", sub.cmd.Name(), args[0], quoteAll(args[1:]))
	case dash != 0:
		flags := sub.s.args[:max(0, len(sub.s.args)-len(args))]
		return nil, usage("put -- before the command, so that its flags are not taken for turno's").
			hint("turno %s", quoteAll(append(append(append([]string(nil), flags...), "--"), args...)))
	}
	return sub.one(&sub.flags, func(spec *turno.Spec) error {
		spec.Type, spec.Params = execType, commandParams(args)
		return nil
	}, args[0])
}

// one makes a job of flags; what fills in the rest, name is the default one.
func (sub *submission) one(f *specFlags, what func(*turno.Spec) error, name string) ([]turno.NewJob, error) {
	spec, err := sub.s.spec(f)
	if err != nil {
		return nil, err
	}
	if err := what(spec); err != nil {
		return nil, err
	}
	if base := filepath.Base(name); spec.Name == "" && name != "" && turno.CheckName("name", base) == nil {
		spec.Name = base
	}
	if sub.sbatch && f.compat == "" {
		spec.Compat = turno.CompatSlurm
	}
	sub.s.origin(spec)
	return []turno.NewJob{newJob(spec)}, nil
}

// origin notes where a command is handed in, and lets it run there.
func (s *session) origin(spec *turno.Spec) {
	if spec.Type != execType {
		return
	}
	if spec.Dir == "" {
		spec.Dir = s.sys.Dir
	}
	if spec.SubmitDir == "" && spec.Dir != s.sys.Dir {
		spec.SubmitDir = s.sys.Dir
	}
	if spec.Compat == turno.CompatSlurm && spec.SubmitHost == "" {
		spec.SubmitHost = s.sys.Config.Host
	}
}

func newJob(spec *turno.Spec) turno.NewJob {
	return turno.NewJob{ID: uuid.Must(uuid.NewV7()).String(), Spec: spec}
}

func (sub *submission) fromType(args []string) ([]turno.NewJob, error) {
	if len(args) > 0 && sub.typ != execType {
		return nil, usage("%s takes no command; its parameters are --param NAME=VALUE", sub.typ).hint("turno types %s shows them", sub.typ)
	}
	schema := schemaIn(sub.s.types(), sub.typ)
	if schema == nil && len(sub.flags.param) > 0 {
		schema = sub.serversSchema()
	}
	params, err := sub.s.parameters(&sub.flags, schema)
	if err != nil {
		return nil, err
	}
	if sub.typ == execType && len(args) > 0 {
		params = commandParams(args)
	}
	return sub.one(&sub.flags, func(spec *turno.Spec) error {
		spec.Type, spec.Params = sub.typ, params
		return nil
	}, "")
}

// schemaIn finds a type's schema; nil: it is none of them.
func schemaIn(types []turno.Type, name string) json.RawMessage {
	for _, t := range types {
		if t.Name == name {
			return t.Schema
		}
	}
	return nil
}

// serversSchema is that of a type that only runners offer, to tell a text from
// a number. Without it a parameter is what it looks like, and the server
// checks.
func (sub *submission) serversSchema() json.RawMessage {
	svc, _, err := sub.s.dial(sub.cmd)
	if err != nil {
		return nil // told when the job is handed in
	}
	ctx, cancel := context.WithTimeout(sub.cmd.Context(), checkTime)
	defer cancel()
	types, err := svc.Types(ctx)
	if err != nil {
		return nil
	}
	return schemaIn(types, sub.typ)
}

// isScript tells a script from a command's name.
func (sub *submission) isScript(name string) bool {
	f, err := os.Open(sub.s.abs(name))
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, 2)
	n, _ := f.Read(head)
	return n == 2 && string(head) == "#!"
}

func (sub *submission) fromScript(args []string, dash int) ([]turno.NewJob, error) {
	name, rest := "-", []string(nil)
	switch {
	case sub.wrap != "" && len(args) > 0:
		return nil, usage("--wrap is the script; leave %s out", args[0])
	case sub.wrap != "":
		return sub.one(&sub.flags, func(spec *turno.Spec) error {
			spec.Type, spec.Params = execType, commandParams([]string{"/bin/sh", "-c", sub.wrap})
			return nil
		}, "wrap")
	case dash == 0 && len(args) > 0:
		return nil, usage("sbatch takes a script, not a command").hint("turno submit -- %s", quoteAll(args))
	case len(args) > 0:
		name, rest = args[0], args[1:]
	}
	data, err := sub.s.readFile(name)
	if err != nil {
		return nil, usage("read the script: %v", err)
	}
	if name == "-" {
		name = "stdin"
	}
	sc, err := parseScript(name, data)
	if err != nil {
		return nil, err
	}
	f, err := sc.merge(sub.cmd.Flags())
	if err != nil {
		return nil, err
	}
	if sc.slurm && f.compat == "" {
		f.compat = turno.CompatSlurm
	}
	return sub.one(f, func(spec *turno.Spec) (err error) {
		spec.Type = execType
		spec.Params, err = sc.params(rest)
		return err
	}, name)
}

// resolve makes real jobs of what dependencies call last or by name.
func (s *session) resolve(ctx context.Context, svc turno.Service, cfg config.Config, jobs []turno.NewJob) error {
	for _, j := range jobs {
		var after []turno.Dependency
		for _, d := range j.Spec.After {
			refs, err := s.refs(ctx, svc, cfg, []string{d.Job})
			if err != nil {
				return err
			}
			for _, r := range refs {
				if r == everyJob {
					return usage("a dependency on all jobs is not possible; name them")
				}
				after = append(after, turno.Dependency{Job: r, When: d.When})
			}
		}
		j.Spec.After = after
	}
	return nil
}

// batch is how many jobs go in one request: a request stays below 1 MiB.
const batch = 500

// handIn submits the jobs. Their ids make it safe to try again.
func (s *session) handIn(ctx context.Context, svc turno.Service, cfg config.Config, jobs []turno.NewJob) ([]turno.Submitted, error) {
	var out []turno.Submitted
	for len(jobs) > 0 {
		n := min(batch, len(jobs))
		done, err := svc.Submit(ctx, jobs[:n])
		if err != nil {
			if len(out) > 0 {
				s.warnf("the first %d jobs were submitted", len(out))
			}
			return out, err
		}
		out, jobs = append(out, done...), jobs[n:]
	}
	for _, d := range out {
		if d.Number > 0 && d.Error == nil {
			s.remember(cfg, d.Number)
		}
	}
	return out, nil
}

// report says what became of each job. Its error is that of the first one
// refused.
func (sub *submission) report(jobs []turno.NewJob, done []turno.Submitted) error {
	s := sub.s
	if o := sub.flags.output; !sub.sbatch && isFormat(o) {
		f := format{wide: true}
		if err := f.Set(o); err != nil {
			return err
		}
		if f.data() {
			return firstRefused(done, f.write(s.io.Out, map[string]any{"items": done}))
		}
		sub.quiet = true
	}
	var accepted []turno.Submitted
	for i, d := range done {
		switch {
		case d.Error != nil:
			if len(done) > 1 {
				s.notef("%s job %d of %d (%s): %s\n", s.errLook.red("refused:"), i+1, len(done), describe(jobs[i].Spec), clean(d.Error.Error(), false))
			}
			continue
		case sub.parsable || sub.quiet:
			s.printf("%s\n", number(d))
		case len(done) <= 10:
			s.printf("Submitted job %s%s\n", s.look.bold(number(d)), describeAfter(jobs[i].Spec))
		}
		if d.Warning != "" {
			s.warnf("%s", clean(d.Warning, false))
		}
		accepted = append(accepted, d)
	}
	if len(accepted) > 0 && !sub.parsable && !sub.quiet {
		sub.nextSteps(accepted, len(done))
	}
	return firstRefused(done, nil)
}

func firstRefused(done []turno.Submitted, err error) error {
	for _, d := range done {
		if d.Error != nil && err == nil {
			return d.Error
		}
	}
	return err
}

func (sub *submission) nextSteps(accepted []turno.Submitted, total int) {
	s, first := sub.s, accepted[0]
	if total > 10 {
		s.printf("Submitted %d jobs, %s to %s\n", len(accepted), number(first), number(accepted[len(accepted)-1]))
	}
	if sub.wait {
		return
	}
	if first.Number == 0 {
		s.printf("It is safe with the broker; the scheduler has not answered yet. turno show %s tells.\n", first.ID)
		return
	}
	s.printf("%s\n", s.look.dim(fmt.Sprintf("  turno logs -f %s    turno why %[1]s    turno cancel %[1]s", number(first))))
}

// number is what users call a job that was just submitted.
func number(d turno.Submitted) string {
	if d.Number == 0 {
		return d.ID
	}
	return fmt.Sprint(d.Number)
}

func describe(spec *turno.Spec) string {
	if spec.Name != "" {
		return clean(spec.Name, false)
	}
	return clean(spec.Type, false)
}

func describeAfter(spec *turno.Spec) string {
	text := " (" + describe(spec) + ")"
	if spec.Array != nil {
		text += fmt.Sprintf(", %d tasks", spec.Array.Tasks.Len())
	}
	if spec.Queue != "" && spec.Queue != "default" {
		text += ", queue " + spec.Queue
	}
	if spec.Hold {
		text += ", held: turno release starts it"
	}
	return text
}

// types are the workloads of this binary.
func (s *session) types() []turno.Type {
	if s.deps.Types == nil {
		return nil
	}
	return s.deps.Types()
}

// trimmed joins sentences that may be empty.
func trimmed(parts ...string) string { return strings.TrimSpace(strings.Join(parts, " ")) }
