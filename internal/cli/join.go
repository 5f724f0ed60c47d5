package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"turno"
	"turno/client"
	"turno/internal/cert"
	"turno/internal/config"
)

const (
	joinShort = "have this machine take jobs of a turno on another one"
	joinLong  = `On the machine with the queue, turno up --listen-workers 0.0.0.0:5001, and then
turno token create --join, which prints the line to type here. Nothing but turno
is needed on this machine. The worker runs until Ctrl-C; the next time turno worker starts it. With
--install systemd starts it with the machine.

The word is good once and for an hour, and holds the fingerprint of the server's
key: another server that answers at that address learns nothing. What the worker
gets for it is a token of its own, in joined.json in the data folder, good until
it is revoked there: turno token revoke "worker NAME". Give - to have
the line read from standard input, where no list of processes shows it.`
	joinHelp = `  turno join 192.168.1.5:5001 turnojoin_...
  sudo turno join --install 192.168.1.5:5001 turnojoin_...
  turno join --leave`
)

func (s *session) joinCommand() *cobra.Command {
	install, only, leaves := false, false, false
	cmd := &cobra.Command{Use: "join ADDRESS WORD", Short: joinShort, Long: joinLong, Example: joinHelp, Args: cobra.MaximumNArgs(2)}
	cmd.Flags().BoolVar(&install, "install", false, "have systemd start the worker, now and with this machine")
	cmd.Flags().BoolVar(&only, "only", false, "join and start nothing")
	cmd.Flags().BoolVar(&leaves, "leave", false, "forget whom this machine has joined")
	s.addSettings(cmd.Flags(), "worker", "role")
	cmd.RunE = s.command(func(ctx context.Context, cmd *cobra.Command, args []string) error {
		cfg, err := s.settings(cmd)
		if err != nil {
			return err
		}
		if leaves {
			return s.leave(cfg)
		}
		address, word, err := s.joinArguments(args)
		if err != nil {
			return err
		}
		j, err := s.deps.Join(ctx, cfg, address, word)
		if err != nil {
			return joinFailure(err)
		}
		s.notef("%s has joined %s.\n", j.Worker, j.Server)
		switch {
		case install:
			return s.install(ctx, cmd, "worker", false)
		case only:
			s.notef("turno worker starts it.\n")
			return nil
		}
		return s.roles("worker")(ctx, cmd, nil)
	})
	return cmd
}

// joinArguments are the address and the word, as typed or from standard input.
// The whole line is taken there too.
func (s *session) joinArguments(args []string) (address, word string, err error) {
	if len(args) == 1 && args[0] == "-" {
		text, err := io.ReadAll(io.LimitReader(s.io.In, 1<<16))
		if err != nil {
			return "", "", fmt.Errorf("read the line: %w", err)
		}
		args = strings.Fields(strings.TrimPrefix(strings.TrimSpace(string(text)), "turno join "))
	}
	if len(args) != 2 {
		return "", "", usage("an address and a word are needed").hint("turno token create --join prints both, on the machine with the queue")
	}
	if _, _, err := net.SplitHostPort(args[0]); err != nil {
		return "", "", usage("%.80q is no address: use HOST:PORT, as turno token create --join prints it", args[0])
	}
	return args[0], args[1], nil
}

func joinFailure(err error) error {
	switch {
	case strings.Contains(err.Error(), cert.ErrFingerprint.Error()):
		return failed(exitRefused, "%v", err).hint("somebody may stand between this machine and that one, or the address is another machine's; nothing was told to it")
	case hasCode(err, turno.CodeUnauthorized):
		return failed(exitRefused, "the word is not good any more: it is good once, and for an hour").hint("make another: turno token create --join")
	}
	return err
}

// leave forgets whom this machine has joined.
func (s *session) leave(cfg config.Config) error {
	j, _, err := cfg.ReadJoined()
	if gone := os.Remove(cfg.JoinedPath()); gone != nil {
		if errors.Is(gone, os.ErrNotExist) {
			return failed(exitNotFound, "this machine has joined nobody: there is no %s", cfg.JoinedPath())
		}
		return gone
	}
	if err == nil {
		s.printf("Forgot %s. There, an admin ends what this worker could do: turno token revoke %q\n", j.Server, "worker "+j.Worker)
	}
	return nil
}

// checkJoined asks the server that this machine's worker joined whether it is
// still taken.
func (s *session) checkJoined(ctx context.Context, cfg config.Config, j config.Joined, err error) check {
	const name = "joined"
	if err != nil {
		return fail(name, "turno join joins again", "%v", err)
	}
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	svc, err := s.deps.Dial(cfg)
	if who, ok := svc.(interface {
		Me(ctx context.Context) (client.Me, error)
	}); err == nil && ok {
		_, err = who.Me(ctx)
	}
	switch {
	case hasCode(err, turno.CodeUnauthorized, turno.CodeForbidden):
		return fail(name, "its token was revoked there; turno join --leave, and join again", "%s does not take this worker any more", j.Server)
	case err != nil:
		return fail(name, "does it run, with --listen-workers? its jobs here run on within their lease", "%s does not answer: %v", j.Server, err)
	}
	return okay(name, "%s takes this machine as %s", j.Server, j.Worker)
}
