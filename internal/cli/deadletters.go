package cli

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"turno"
	"turno/internal/config"
)

const (
	deadLettersShort = "messages that could not be taken as jobs: look, hand them in again, drop them"
	deadLettersLong  = `A message in the broker's jobs queue that the scheduler cannot take is set aside
as a dead letter: it is no JSON, speaks another version, is too large, makes the
scheduler break, or its jobs are refused and it names nobody to tell.

Handing one in again (redrive) is safe: its jobs keep their ids, and what was
taken before is not taken twice. Do it when the cause is gone: after an upgrade,
or once a worker offers the type.`
	deadLettersHelp = `  turno dead-letters                   the newest first
  turno dead-letters show 3            all of one, and why
  turno dead-letters show 3 --raw      its body, byte by byte
  turno dead-letters redrive 3 5-9
  turno dead-letters redrive --all
  turno dead-letters drop 3`
)

func (s *session) deadLettersCommand() *cobra.Command {
	list := func() *cobra.Command {
		f := format{wide: true}
		limit := 0
		cmd := &cobra.Command{Use: "list", Aliases: []string{"ls"}, Short: "list them, newest first", Args: cobra.NoArgs}
		f.add(cmd.Flags())
		cmd.Flags().IntVarP(&limit, "limit", "n", 100, "at most `N`; 0: all")
		cmd.RunE = s.service(func(ctx context.Context, svc turno.Service, _ []string) error {
			return s.deadLetters(ctx, svc, &f, limit)
		})
		return cmd
	}
	root := list()
	root.Use, root.Aliases, root.Short = "dead-letters", []string{"dead-letter", "dlq"}, deadLettersShort
	root.Long, root.Example = deadLettersLong, deadLettersHelp
	show := &cobra.Command{Use: "show NUMBER", Short: "show one: where from, why, and its body", Args: cobra.ExactArgs(1)}
	var f format
	raw := false
	f.add(show.Flags())
	show.Flags().BoolVar(&raw, "raw", false, "only its body, byte by byte")
	show.RunE = s.service(func(ctx context.Context, svc turno.Service, args []string) error {
		return s.showDeadLetter(ctx, svc, args[0], &f, raw)
	})
	root.AddCommand(list(), show,
		s.deadLetterAction(turno.Redrive, "hand them to the scheduler again; those whose jobs are all accepted are gone from the list"),
		s.deadLetterAction(turno.Drop, "forget them"))
	return root
}

func (s *session) deadLetters(ctx context.Context, svc turno.Service, f *format, limit int) error {
	letters, total, err := allDeadLetters(ctx, svc, limit)
	switch {
	case err != nil:
		return err
	case f.data():
		return f.write(s.io.Out, map[string]any{"items": letters, "total": total})
	case f.kind == "name":
		for i := range letters {
			s.printf("%d\n", letters[i].Number)
		}
		return nil
	}
	wide := f.kind == "wide"
	header := []string{"NUMBER", "LAST", "TIMES", "REASON", "FROM", "SIZE", "WHY"}
	if wide {
		header = []string{"NUMBER", "FIRST", "LAST", "TIMES", "QUEUE", "REASON", "FROM", "REPLY TO", "MESSAGE ID", "SIZE", "WHY"}
	}
	t := s.table(header...)
	for i := range letters {
		l := &letters[i]
		number, times, size := strconv.FormatInt(l.Number, 10), strconv.Itoa(l.Times), config.FormatBytes(l.Size)
		if wide {
			t.row(number, s.moment(l.FirstAt), s.moment(l.LastAt), times, l.Queue, string(l.Reason), l.From, l.ReplyTo, l.MessageID, size, l.Detail)
		} else {
			t.row(number, s.moment(l.LastAt), times, string(l.Reason), l.From, size, l.Detail)
		}
	}
	t.write(s.io.Out)
	switch n := int64(len(letters)); {
	case n < total:
		s.notef("%s\n", s.errLook.dim(fmt.Sprintf("%d of %d. -n 0 shows all.", n, total)))
	case n == 0 && s.errLook.terminal:
		s.notef("%s\n", s.errLook.dim("No dead letters: every message was taken."))
	}
	return nil
}

// allDeadLetters reads pages until there are limit; 0: all.
func allDeadLetters(ctx context.Context, svc turno.Service, limit int) (all []turno.DeadLetter, total int64, err error) {
	all = []turno.DeadLetter{}
	q := turno.DeadLetterQuery{Limit: batch}
	for {
		if limit > 0 {
			q.Limit = min(batch, limit-len(all))
		}
		page, err := svc.DeadLetters(ctx, q)
		if err != nil {
			return nil, 0, err
		}
		all = append(all, page.Items...)
		if q.Cursor = page.NextCursor; q.Cursor == "" || limit > 0 && len(all) >= limit {
			return all, page.Total, nil
		}
	}
}

func (s *session) showDeadLetter(ctx context.Context, svc turno.Service, number string, f *format, raw bool) error {
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 1 {
		return usage("%.40q is not the number of a dead letter", number).hint("turno dead-letters lists them")
	}
	page, err := svc.DeadLetters(ctx, turno.DeadLetterQuery{Number: n})
	if err != nil {
		return err
	}
	l := &page.Items[0]
	switch {
	case raw:
		_, err := s.io.Out.Write(l.Body)
		return err
	case f.data():
		return f.write(s.io.Out, l)
	}
	at := func(t time.Time) string { return t.In(s.sys.Now().Location()).Format("2006-01-02 15:04:05 MST") }
	for _, line := range [][2]string{
		{"Dead letter", number}, {"Reason", string(l.Reason)}, {"Why", l.Detail}, {"Queue", l.Queue},
		{"First", at(l.FirstAt)}, {"Last", at(l.LastAt)}, {"Times", strconv.Itoa(l.Times)},
		{"From", l.From}, {"Message id", l.MessageID}, {"Correlation id", l.CorrelationID}, {"Reply to", l.ReplyTo},
		{"Content type", l.ContentType}, {"Size", config.FormatBytes(l.Size)}, {"SHA-256", l.Digest},
	} {
		if line[1] != "" {
			s.printf("%-15s %s\n", line[0]+":", clean(line[1], false))
		}
	}
	s.printf("\n%s\n", bodyText(l))
	if !l.Cut {
		s.notef("%s\n", s.errLook.dim(fmt.Sprintf("turno dead-letters redrive %d hands it in again, drop %d forgets it.", n, n)))
	}
	return nil
}

// shownBytes of a body are shown; --raw gives all.
const shownBytes = 4096

// bodyText is a body as text, or as a dump where it is none.
func bodyText(l *turno.DeadLetter) string {
	body, more := l.Body, ""
	if int64(len(body)) < l.Size || len(body) > shownBytes {
		body = body[:min(len(body), shownBytes)]
		more = fmt.Sprintf("\n… %d bytes of %d; --raw writes all that are kept", len(body), l.Size)
	}
	for len(body) > 0 && !utf8.Valid(body) && utf8.Valid(body[:len(body)-1]) {
		body = body[:len(body)-1] // a character that was cut
	}
	if !utf8.Valid(body) || strings.ContainsRune(string(body), 0) {
		return strings.TrimSuffix(hex.Dump(body[:min(len(body), 512)]), "\n") + more
	}
	return clean(string(body), true) + more
}

func (s *session) deadLetterAction(verb turno.Verb, short string) *cobra.Command {
	var f format
	all, yes := false, false
	cmd := &cobra.Command{Use: string(verb) + " NUMBER...", Short: short}
	if verb == turno.Redrive {
		cmd.Aliases = []string{"re-drive", "retry"}
	}
	f.add(cmd.Flags())
	cmd.Flags().BoolVarP(&all, "all", "a", false, "all there are")
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	cmd.RunE = s.service(func(ctx context.Context, svc turno.Service, args []string) error {
		targets, err := deadLetterNumbers(args)
		if err != nil {
			return err
		}
		if all == (len(args) > 0) {
			return usage("name the dead letters to %s, or say --all", verb).hint("turno dead-letters %s 3 5-9; turno dead-letters lists them", verb)
		}
		if all {
			letters, _, err := allDeadLetters(ctx, svc, 0)
			if err != nil {
				return err
			}
			for i := range slices.Backward(letters) { // the oldest first, as they came
				targets = append(targets, strconv.FormatInt(letters[i].Number, 10))
			}
			if len(targets) == 0 {
				s.notef("No dead letter to %s.\n", verb)
				return nil
			}
			if !yes && verb == turno.Drop {
				if err := s.ask(fmt.Sprintf("drop %d dead letters?", len(targets))); err != nil {
					return err
				}
			}
		}
		return s.actOnDeadLetters(ctx, svc, turno.Action{Verb: verb, Letters: targets}, f)
	})
	return cmd
}

// deadLetterNumbers reads 3 and 5-9.
func deadLetterNumbers(args []string) ([]string, error) {
	var out []string
	for _, arg := range args {
		first, last, isRange := strings.Cut(arg, "-")
		if !isRange {
			last = first
		}
		from, err1 := strconv.ParseInt(first, 10, 64)
		to, err2 := strconv.ParseInt(last, 10, 64)
		if err1 != nil || err2 != nil || from < 1 || to < from || to-from >= maxRefs {
			return nil, usage("%.40q is not the number of a dead letter, nor numbers such as 5-9", arg).hint("turno dead-letters lists them")
		}
		for n := from; n <= to; n++ {
			out = append(out, strconv.FormatInt(n, 10))
		}
	}
	return out, nil
}

// actOnDeadLetters says what became of each; the first error counts.
func (s *session) actOnDeadLetters(ctx context.Context, svc turno.Service, a turno.Action, f format) error {
	done, err := svc.Act(ctx, a)
	if err != nil {
		return err
	}
	if f.data() {
		if err := f.write(s.io.Out, map[string]any{"items": done}); err != nil {
			return err
		}
	}
	var first error
	for _, d := range done {
		target := clean(d.Target, false)
		if d.Error != nil {
			if first == nil {
				first = d.Error
			}
			if len(done) > 1 {
				s.notef("%s: %s\n", target, clean(d.Error.Error(), false))
			}
			continue
		}
		if f.data() {
			continue
		}
		s.printf("%s %s%s\n", target, clean(d.State, false), jobNumbers(d.Jobs))
	}
	return first
}

func jobNumbers(jobs []turno.Submitted) string {
	switch n := len(jobs); {
	case n == 0:
		return ""
	case n == 1:
		return fmt.Sprintf(": job %d", jobs[0].Number)
	default:
		return fmt.Sprintf(": %d jobs, %d to %d", n, jobs[0].Number, jobs[n-1].Number)
	}
}
