package cli

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"turno/internal/cert"
	"turno/internal/config"
)

const (
	healthShort = "say whether the role that runs here works; for a container's health check"
	healthLong  = `Asks the role that runs with the same settings: at its metrics_listen, where it
has one, else the server of the setting server. Exits 0 if it is ready to work, 1 if it is not
ready, and 5 if nothing answers. With --alive it only has to answer: a role that waits for
its broker is alive, and not ready.`

	// healthTime is below what a container's health check is usually given.
	healthTime = 3 * time.Second
)

func (s *session) healthCommand() *cobra.Command {
	alive := false
	cmd := &cobra.Command{Use: "health", Short: healthShort, Long: healthLong, Args: cobra.NoArgs}
	cmd.Flags().BoolVar(&alive, "alive", false, "only ask whether it answers")
	s.addSettings(cmd.Flags(), "--metrics-listen")
	cmd.RunE = s.command(func(ctx context.Context, cmd *cobra.Command, _ []string) error {
		cfg, err := s.settings(cmd)
		if err != nil {
			return err
		}
		path := "/readyz"
		if alive {
			path = "/healthz"
		}
		return s.health(ctx, cfg, path)
	})
	return cmd
}

func (s *session) health(ctx context.Context, cfg config.Config, path string) error {
	at, secure, err := healthAddress(cfg)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, healthTime, fmt.Errorf("no answer within %s", healthTime))
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at+path, nil)
	if err != nil {
		return usage("%v", err)
	}
	// No proxy: it is this machine that is asked, or the server of the settings.
	ask := http.Client{Transport: &http.Transport{TLSClientConfig: secure, DisableKeepAlives: true}}
	res, err := ask.Do(req)
	if err != nil {
		return failed(exitUnavailable, "nothing answers at %s: %v", at, err).hint("does the role run, and with these settings? turno config shows them")
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 1<<10))
	switch said := strings.TrimSpace(string(text)); {
	case err != nil:
		return failed(exitUnavailable, "%s does not end its answer: %v", at, err)
	case res.StatusCode == http.StatusOK:
		s.printf("ok: %s%s\n", at, path)
		return nil
	default:
		return failed(exitFailed, "%s is not ready: %s", at, clean(said, false))
	}
}

// healthAddress is where to ask, and whom to trust there.
func healthAddress(cfg config.Config) (string, *tls.Config, error) {
	if cfg.MetricsListen == "" {
		secure, err := cert.Trust(cfg.CA, cfg.Fingerprint)
		if err != nil {
			return "", nil, usage("%v", err).hint("see --ca and --fingerprint")
		}
		return cfg.Server, secure, nil
	}
	host, port, err := net.SplitHostPort(cfg.MetricsListen)
	if err != nil {
		return "", nil, usage("metrics_listen: %v", err)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1" // it listens on all of the machine's
	}
	return "http://" + net.JoinHostPort(host, port), nil, nil
}
