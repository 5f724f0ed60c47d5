package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"turno"
	"turno/internal/config"
)

// Exit codes: a contract with scripts, see docs.
const (
	exitOK          = 0
	exitFailed      = 1 // a job failed, or turno did
	exitUsage       = 2
	exitNotFound    = 3
	exitRefused     = 4
	exitUnavailable = 5
	exitTimeout     = 124 // as timeout(1)
	exitSignal      = 128 // plus the signal's number
)

// failure is an error with an exit code and a next step.
type failure struct {
	code int
	text string // empty: the exit code says it all
	next string
}

func (f *failure) Error() string { return f.text }

func (f *failure) hint(format string, args ...any) *failure {
	c := *f
	c.next = fmt.Sprintf(format, args...)
	return &c
}

func usage(format string, args ...any) *failure {
	return &failure{code: exitUsage, text: fmt.Sprintf(format, args...)}
}

func failed(code int, format string, args ...any) *failure {
	return &failure{code: code, text: fmt.Sprintf(format, args...)}
}

// quiet ends with a code and says nothing more.
func quiet(code int) error {
	if code == exitOK {
		return nil
	}
	return &failure{code: code}
}

// interrupted is the end by a signal.
type interrupted struct{ sig os.Signal }

func (i *interrupted) Error() string { return "interrupted by " + i.sig.String() }

func (i *interrupted) code() int {
	if n, ok := i.sig.(syscall.Signal); ok {
		return exitSignal + int(n)
	}
	return exitSignal + int(syscall.SIGINT)
}

// finish says what went wrong, in two lines at most, and returns the exit code.
func (s *session) finish(cmd *cobra.Command, err error) int {
	if err == nil {
		return exitOK
	}
	f := s.explain(cmd, err)
	if f.text != "" {
		s.notef("%s %s\n", s.errLook.red("turno:"), clean(f.text, true))
	}
	if f.next != "" {
		s.notef("%s %s\n", s.errLook.dim("hint:"), clean(f.next, true))
	}
	return f.code
}

// explain makes a failure of any error.
func (s *session) explain(cmd *cobra.Command, err error) *failure {
	if it := (*interrupted)(nil); errors.As(err, &it) {
		return &failure{code: it.code()}
	}
	if f := (*failure)(nil); errors.As(err, &f) {
		return f
	}
	if e := (*turno.Error)(nil); errors.As(err, &e) {
		return ofService(e)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return failed(exitTimeout, "%v", err)
	}
	if ne := net.Error(nil); errors.As(err, &ne) {
		return failed(exitUnavailable, "%v", err).hint("is it running? turno up starts one here; turno doctor looks for what is wrong")
	}
	if strings.HasPrefix(err.Error(), "accepts ") || strings.HasPrefix(err.Error(), "requires ") {
		return failed(exitUsage, "%v", err).hint("usage: %s", cmd.UseLine())
	}
	return failed(exitFailed, "%v", err)
}

// ofService maps the stable codes of errors to exit codes, and gives a next
// step where the server gave none.
func ofService(e *turno.Error) *failure {
	f := &failure{code: exitFailed, text: e.Error(), next: e.Hint}
	next := ""
	switch e.Code {
	case turno.CodeInvalid, turno.CodeMalformed:
		f.code = exitUsage
	case turno.CodeNotFound:
		f.code, next = exitNotFound, "turno ps -a lists every job"
	case turno.CodeUnauthorized:
		// The server's hint is for those who speak HTTP.
		f.code, f.next = exitRefused, "set TURNO_TOKEN or token_file; turno doctor shows which token is used"
	case turno.CodeForbidden, turno.CodeConflict, turno.CodeTooLarge, turno.CodeQuota:
		f.code = exitRefused
	case turno.CodeUnsatisfied:
		f.code, next = exitRefused, "turno nodes shows what there is"
	case turno.CodeBusy:
		f.code, next = exitUnavailable, "try again in a moment"
	case turno.CodeUnavailable:
		f.code, next = exitUnavailable, "is it running? turno up starts one here; turno doctor looks for what is wrong"
	case turno.CodeInternal:
		next = "this is a bug in turno; its server's log says more"
	}
	if f.next == "" {
		f.next = next
	}
	return f
}

// temporary tells whether trying again may help.
func temporary(err error) bool {
	if e := (*turno.Error)(nil); errors.As(err, &e) {
		return e.Code == turno.CodeUnavailable || e.Code == turno.CodeBusy
	}
	ne := net.Error(nil)
	return errors.As(err, &ne)
}

func hasCode(err error, codes ...turno.Code) bool {
	e := (*turno.Error)(nil)
	if !errors.As(err, &e) {
		return false
	}
	return slices.Contains(codes, e.Code)
}

func unknownCommand(root *cobra.Command, word string) error {
	var words []string
	for _, c := range root.Commands() {
		if !c.Hidden {
			words = append(append(words, c.Name()), c.Aliases...)
		}
	}
	f := usage("there is no command %q", word).hint("turno --help lists the commands")
	if near := config.Nearest(word, words); near != "" {
		f = f.hint("did you mean turno %s?", near)
	}
	return f
}

var (
	unknownLong  = regexp.MustCompile(`^unknown flag: --(\S+)`)
	unknownShort = regexp.MustCompile(`^unknown shorthand flag: '(.)'`)
)

func flagError(cmd *cobra.Command, err error) error {
	help := strings.TrimSpace(cmd.CommandPath() + " --help")
	if m := unknownLong.FindStringSubmatch(err.Error()); m != nil {
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		f := usage("%s has no flag --%s", cmd.CommandPath(), m[1]).hint("%s lists its flags", help)
		if near := config.Nearest(m[1], names); near != "" {
			f = f.hint("did you mean --%s? (%s lists all)", near, help)
		}
		return f
	}
	if m := unknownShort.FindStringSubmatch(err.Error()); m != nil {
		return usage("%s has no flag -%s", cmd.CommandPath(), m[1]).hint("%s lists its flags", help)
	}
	return usage("%v", err).hint("%s explains its flags", help)
}
