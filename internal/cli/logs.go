package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"turno"
	"turno/internal/config"
)

const (
	logsShort = "show what a job has printed; with -f as it comes"
	logsLong  = `Shows the output of a job's last attempt, both streams in one, or with -a of every
attempt that is known. What could act on your terminal (escape sequences) is
taken out; --raw leaves it in.`
	logsHelp = `  turno logs 42
  turno logs -f last
  turno logs -a last
  turno logs --tail 20 --attempt 1 42_7`
)

type logsOptions struct {
	follow, raw bool
	tail        int
	attempt     int
	all         bool
	format      format
}

func (s *session) logsCommand() *cobra.Command {
	var o logsOptions
	cmd := &cobra.Command{Use: "logs JOB", Aliases: []string{"log"}, Short: logsShort, Long: logsLong, Example: logsHelp, Args: cobra.ExactArgs(1)}
	fl := cmd.Flags()
	fl.BoolVarP(&o.follow, "follow", "f", false, "go on until the job has ended, over all its attempts")
	fl.IntVar(&o.tail, "tail", -1, "only the last `N` lines of what is there")
	fl.IntVar(&o.attempt, "attempt", 0, "of attempt `N` instead of the last one")
	fl.BoolVarP(&o.all, "all-attempts", "a", false, "of every attempt, each with a line above it")
	fl.BoolVar(&o.raw, "raw", false, "do not take escape sequences out")
	o.format.add(fl)
	cmd.RunE = s.command(func(ctx context.Context, cmd *cobra.Command, args []string) error {
		svc, cfg, err := s.dial(cmd)
		if err != nil {
			return err
		}
		ref, err := s.oneRef(ctx, svc, cfg, args[0])
		if err != nil {
			return err
		}
		if o.all && (o.attempt > 0 || o.format.data()) {
			return usage("-a shows all attempts, as text: leave --attempt and -o out")
		}
		if o.all {
			return s.allLogs(ctx, svc, ref, o)
		}
		return s.logs(ctx, svc, ref, o)
	})
	return cmd
}

// oneRef reads the name of exactly one job.
func (s *session) oneRef(ctx context.Context, svc turno.Service, cfg config.Config, arg string) (string, error) {
	refs, err := s.refs(ctx, svc, cfg, []string{arg})
	if err != nil {
		return "", err
	}
	if len(refs) != 1 || refs[0] == everyJob {
		return "", usage("%s: name one job", arg)
	}
	return refs[0], nil
}

func (s *session) logs(ctx context.Context, svc turno.Service, ref string, o logsOptions) error {
	if o.format.data() {
		l, err := svc.Log(ctx, turno.LogQuery{Job: ref, Attempt: o.attempt})
		if err != nil {
			return err
		}
		return o.format.write(s.io.Out, map[string]any{"attempt": l.Attempt, "size": l.Size, "done": l.Done, "text": string(l.Data)})
	}
	out := s.logOut(o.raw)
	from := int64(0)
	attempt := o.attempt
	if o.tail >= 0 {
		start, at, err := tailStart(ctx, svc, turno.LogQuery{Job: ref, Attempt: o.attempt}, o.tail)
		if err != nil {
			return err
		}
		from = start
		if !o.follow {
			attempt = at
		}
	}
	if o.follow {
		_, err := s.follow(ctx, svc, ref, followOptions{attempt: attempt, offset: from, explain: s.errLook.terminal, out: out})
		return err
	}
	return s.dump(ctx, svc, turno.LogQuery{Job: ref, Attempt: attempt, Offset: from, Max: logPiece}, out)
}

// allLogs shows the output of every attempt that is kept, and with follow goes
// on with the last one. The lines above them go to the error stream.
func (s *session) allLogs(ctx context.Context, svc turno.Service, ref string, o logsOptions) error {
	j, err := svc.Job(ctx, ref)
	if err != nil {
		return err
	}
	for i := range j.Attempts {
		a := &j.Attempts[i]
		s.notef("%s\n", s.errLook.dim(attemptLine(a)))
		o.attempt = a.Number
		last := i == len(j.Attempts)-1
		if last && o.follow {
			o.attempt = 0
		}
		each := o
		each.follow = o.follow && last
		if err := s.logs(ctx, svc, ref, each); err != nil && !hasCode(err, turno.CodeNotFound) {
			return err
		}
	}
	if len(j.Attempts) == 0 {
		return s.logs(ctx, svc, ref, o)
	}
	return nil
}

func attemptLine(a *turno.Attempt) string {
	text := fmt.Sprintf("--- attempt %d on %s", a.Number, orDash(a.Worker))
	if a.Result != nil {
		text += fmt.Sprintf(": %s (%s)", a.Result.State, a.Result.Reason)
	}
	return clean(text, false) + " ---"
}

// dump writes what is there now.
func (s *session) dump(ctx context.Context, svc turno.Service, q turno.LogQuery, out io.Writer) error {
	for {
		l, err := svc.Log(ctx, q)
		if err != nil {
			return err
		}
		if _, err := out.Write(l.Data); err != nil {
			return err
		}
		q.Offset, q.Attempt = l.Offset+int64(len(l.Data)), l.Attempt
		if q.Offset >= l.Size || len(l.Data) == 0 {
			if l.Attempt == 0 {
				s.notef("%s\n", s.errLook.dim("The job has not started; turno why says why."))
			}
			if l.Done || l.Attempt == 0 {
				return nil
			}
			return s.rest(ctx, svc, q, out)
		}
	}
}

// lateOutput is how long the output of an attempt that has ended is waited for:
// its end may be known a moment before all that it printed.
const lateOutput = 10 * time.Second

// rest writes what is still under way of an attempt that has ended.
func (s *session) rest(ctx context.Context, svc turno.Service, q turno.LogQuery, out io.Writer) error {
	j, err := svc.Job(ctx, q.Job)
	if err != nil || !attemptEnded(&j, q.Attempt) {
		return err
	}
	own, cancel := context.WithTimeoutCause(ctx, lateOutput, errTimeout)
	defer cancel()
	err = s.pour(own, svc, q.Job, q.Attempt, q.Offset, out)
	if context.Cause(own) == errTimeout {
		s.warnf("the last of the output has not come yet from its worker")
		return nil
	}
	return err
}

func attemptEnded(j *turno.Job, number int) bool {
	for i := range j.Attempts {
		if a := &j.Attempts[i]; a.Number == number {
			return a.Result != nil
		}
	}
	return j.State.Ended() || number < j.Attempt
}

// tailStart finds where the last n lines of what is there begin, reading
// backwards.
func tailStart(ctx context.Context, svc turno.Service, q turno.LogQuery, n int) (offset int64, attempt int, err error) {
	q.Max = 1
	l, err := svc.Log(ctx, q)
	if err != nil {
		return 0, 0, err
	}
	if n == 0 {
		return l.Size, l.Attempt, nil
	}
	q.Attempt = l.Attempt
	end, lines := l.Size, 0
	for end > 0 {
		start := max(0, end-64<<10)
		piece, err := readRange(ctx, svc, q, start, end)
		if err != nil {
			return 0, 0, err
		}
		for i := len(piece) - 1; i >= 0; i-- {
			// The line break at the very end closes the last line.
			if piece[i] != '\n' || start+int64(i) == l.Size-1 {
				continue
			}
			if lines++; lines >= n {
				return start + int64(i) + 1, l.Attempt, nil
			}
		}
		end = start
	}
	return 0, l.Attempt, nil
}

func readRange(ctx context.Context, svc turno.Service, q turno.LogQuery, start, end int64) ([]byte, error) {
	var b bytes.Buffer
	for start < end {
		q.Offset, q.Max = start, int(end-start)
		l, err := svc.Log(ctx, q)
		if err != nil {
			return nil, err
		}
		if len(l.Data) == 0 {
			break
		}
		b.Write(l.Data)
		start += int64(len(l.Data))
	}
	return b.Bytes(), nil
}
