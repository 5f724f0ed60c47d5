package cli

import (
	"context"
	"net"
	"net/url"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"turno/internal/config"
	"turno/internal/obs/grafana"
)

const (
	grafanaShort = "print what Grafana and Prometheus need to watch turno"
	grafanaLong  = `Prints to standard output, and asks no server:

  turno grafana dashboard > turno.json      in Grafana: Dashboards, New, Import
  turno grafana rules > turno-rules.yml     alerts: name it under rule_files of prometheus.yml
  turno grafana scrape                      what goes into prometheus.yml`
	dashboardShort = "a dashboard for Grafana, as JSON"
	rulesShort     = "rules of alert for Prometheus"
	scrapeShort    = "how Prometheus scrapes the configured server"
)

func (s *session) grafanaCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "grafana", Short: grafanaShort, Long: grafanaLong,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(cmd, args[0])
			}
			return cmd.Help()
		},
	}
	dashboard := &cobra.Command{Use: "dashboard", Short: dashboardShort, Args: cobra.NoArgs, RunE: s.command(func(context.Context, *cobra.Command, []string) error {
		text, err := grafana.Dashboard()
		if err != nil {
			return err
		}
		_, err = s.io.Out.Write(text)
		return err
	})}
	rules := &cobra.Command{Use: "rules", Aliases: []string{"alerts"}, Short: rulesShort, Args: cobra.NoArgs, RunE: s.command(func(context.Context, *cobra.Command, []string) error {
		_, err := s.io.Out.Write(grafana.Rules())
		return err
	})}
	var schedulers []string
	scrape := &cobra.Command{Use: "scrape", Short: scrapeShort, Args: cobra.NoArgs}
	scrape.Flags().StringSliceVar(&schedulers, "scheduler", nil, "`HOST:PORT` of a scheduler that runs apart, as its --metrics-listen says; may be repeated")
	scrape.RunE = s.command(func(_ context.Context, cmd *cobra.Command, _ []string) error {
		cfg, err := s.settings(cmd)
		if err != nil {
			return err
		}
		target, err := scrapeTarget(cfg)
		if err != nil {
			return err
		}
		for _, address := range schedulers {
			if _, _, err := net.SplitHostPort(address); err != nil {
				return usage("--scheduler %q: give HOST:PORT", address)
			}
		}
		target.Schedulers = schedulers
		if target.TLS && target.CA == "" && cfg.Fingerprint != "" {
			s.warnf("Prometheus knows no fingerprints: give its configuration the server's certificate, with --ca FILE")
		}
		_, err = s.io.Out.Write(grafana.Scrape(target))
		return err
	})
	cmd.AddCommand(dashboard, rules, scrape)
	return cmd
}

// scrapeTarget is the configured server as Prometheus reaches it from here.
func scrapeTarget(cfg config.Config) (grafana.Target, error) {
	u, err := url.Parse(cfg.Server)
	if err != nil || u.Host == "" {
		return grafana.Target{}, usage("the server %q is not a URL", cfg.Server)
	}
	t := grafana.Target{Address: u.Host, TLS: u.Scheme == "https", CA: absolute(cfg.CA)}
	if u.Port() == "" {
		t.Address = net.JoinHostPort(u.Hostname(), map[bool]string{true: "443", false: "80"}[t.TLS])
	}
	if own := filepath.Join(cfg.Data, "tls", "cert.pem"); t.TLS && t.CA == "" {
		if _, err := os.Stat(own); err == nil {
			t.CA = absolute(own)
		}
	}
	if ip := net.ParseIP(u.Hostname()); u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		t.TokenFile = absolute(cfg.TokenPath())
	}
	return t, nil
}

// absolute: Prometheus runs elsewhere.
func absolute(path string) string {
	if path == "" {
		return ""
	}
	if full, err := filepath.Abs(path); err == nil {
		return full
	}
	return path
}
