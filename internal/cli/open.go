package cli

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"turno/client"
)

const (
	openShort = "open the dashboard in a browser, signed in"
	openLong  = `Asks the server for a link that lets one browser in, once, within a quarter of
an hour, and opens it where there is a desktop. The link is printed too: give
it to nobody, it is as good as your token until it is used.`
)

// linker makes sign-in links: every Service over HTTP does.
type linker interface {
	SignInLink(ctx context.Context) (client.SignInLink, error)
}

func (s *session) openCommand() *cobra.Command {
	print := false
	cmd := &cobra.Command{Use: "open", Short: openShort, Long: openLong, Args: cobra.NoArgs}
	cmd.Flags().BoolVar(&print, "print", false, "only print the link")
	cmd.RunE = s.command(func(ctx context.Context, cmd *cobra.Command, _ []string) error {
		svc, _, err := s.dial(cmd)
		if err != nil {
			return err
		}
		server, ok := svc.(linker)
		if !ok {
			return errors.New("this server cannot make sign-in links")
		}
		link, err := server.SignInLink(ctx)
		if err != nil {
			return err
		}
		s.printf("%s\n", link.URL)
		if !print && s.atTerminal() {
			openBrowser(link.URL)
		}
		return nil
	})
	return cmd
}

// atTerminal tells whether a person reads what is written.
func (s *session) atTerminal() bool {
	f, ok := s.io.Out.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// openBrowser hands a link to the desktop, if there is one. Whether a browser
// appears nobody can tell: the link is printed in any case.
func openBrowser(link string) {
	var cmd *exec.Cmd
	switch {
	case runtime.GOOS == "darwin":
		cmd = exec.Command("open", link)
	case runtime.GOOS == "windows":
		cmd = exec.Command("rundll32", "url.dll,FileProtocolHandler", link)
	case os.Getenv("DISPLAY") != "" || os.Getenv("WAYLAND_DISPLAY") != "":
		cmd = exec.Command("xdg-open", link)
	default:
		return
	}
	if cmd.Start() == nil {
		go func() { _ = cmd.Wait() }() // it ends at once, or with the browser
	}
}
