package app

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"turno"
	"turno/internal/access"
	"turno/internal/bench/archive"
	"turno/internal/cert"
	"turno/internal/config"
	"turno/internal/files"
	"turno/internal/files/sweep"
	"turno/internal/obs"
	"turno/internal/role/api"
	"turno/internal/service"
	"turno/internal/webhook"
	"turno/internal/workload/all"
)

// apiPart is the service and the HTTP server before it.
func apiPart(cfg config.Config, p *shared, log *slog.Logger, info *config.Info) (part, error) {
	allow, err := cfg.WebhookNetworks()
	if err != nil {
		return part{}, err
	}
	svc, err := service.New(service.Options{
		Broker: p.broker, Store: p.store, Normalize: all.Normalize, Check: checkSpec(allow), Types: Types(),
		Log: log, Durable: p.durable,
	})
	if err != nil {
		return part{}, err
	}
	p.metrics.Fleet(svc, obs.Parts{Store: kindOf(cfg.Store), Broker: kindOf(cfg.Broker), StoreSize: p.store.Size})
	if !p.alone {
		if err := giveToken(cfg); err != nil {
			return part{}, err
		}
	}
	token, err := access.LoadOrCreate(cfg.TokenPath())
	if err != nil {
		return part{}, err
	}
	certFile, keyFile, err := certificate(cfg)
	if err != nil {
		return part{}, err
	}
	workers, err := forWorkers(cfg, p)
	if err != nil {
		return part{}, err
	}
	server, err := api.New(api.Options{
		Service: svc, Link: svc.Link, Listen: cfg.Listen, FallForward: p.alone && !cfg.Explicit("listen"),
		Access: accessOptions(cfg, p), AllowHosts: cfg.AllowHosts, CertFile: certFile, KeyFile: keyFile,
		SessionKey: sessionKey(token), Size: all.Size,
		Bounds: api.Bounds{Bytes: cfg.SubmitBytes, Rate: float64(orNone(cfg.SubmitRate)), Streams: orNone(cfg.EventStreams)},
		Files:  p.files, InsecureBehindProxy: cfg.Insecure, Version: version(), Log: log,
		Metrics: p.metrics, Workers: workers,
		Benchmarks: archive.New(archive.Options{Store: p.store, Service: access.NewGate(svc), Version: version(), Log: log}),
	})
	if err != nil {
		return part{}, err
	}
	if err := server.Listen(); err != nil {
		return part{}, err
	}
	if certFile != "" {
		if info.Fingerprint, err = cert.FileFingerprint(certFile); err != nil {
			return part{}, err
		}
	}
	info.URL, info.LoginURL, info.TokenFile = server.URL(), server.SignInURL(), cfg.TokenPath()
	info.Workers = server.WorkersAddr()
	if p.alone && !cfg.Explicit("listen") && server.Addr() != cfg.Listen {
		info.Notes = append(info.Notes, fmt.Sprintf("%s is taken; listening on %s instead", cfg.Listen, server.Addr()))
	}
	run := sweeping(cfg, p, svc, log)
	return part{name: API, run: func(ctx context.Context) error { return serve(ctx, run, server.Run) }}, nil
}

// sweeping is the service's Run, beside it the removal of files that no job
// needs any more, where they are kept here.
func sweeping(cfg config.Config, p *shared, svc *service.Service, log *slog.Logger) func(context.Context) error {
	keeper, ok := p.files.(files.Keeper)
	if !ok || cfg.FilesKeep == 0 {
		return svc.Run
	}
	sweeper := &sweep.Sweeper{Files: keeper, Jobs: svc, Keep: cfg.FilesKeep, Log: log.With("role", "api")}
	return func(ctx context.Context) error {
		own, stop := context.WithCancel(ctx)
		var group sync.WaitGroup
		group.Go(func() { sweeper.Run(own) })
		defer group.Wait()
		defer stop()
		return svc.Run(ctx)
	}
}

// orNone is a bound as the API takes it: 0 in the settings is none.
func orNone(bound int) int {
	if bound == 0 {
		return -1
	}
	return bound
}

// certificate is the operator's, or one of turno's own; empty: there is no TLS.
func certificate(cfg config.Config) (certFile, keyFile string, err error) {
	if cfg.TLSCert != "" || !cfg.TLS {
		return cfg.TLSCert, cfg.TLSKey, nil
	}
	return ownCertificate(cfg)
}

// ownCertificate is for the addresses of the API and of workers alike.
func ownCertificate(cfg config.Config) (certFile, keyFile string, err error) {
	names := append([]string{"localhost", "127.0.0.1", "::1"}, cfg.AllowHosts...)
	if host, err := os.Hostname(); err == nil {
		names = append(names, host)
	}
	for _, address := range []string{cfg.Listen, cfg.ListenWorkers} {
		if host, _, err := net.SplitHostPort(address); err == nil && host != "" {
			if ip := net.ParseIP(host); ip == nil || !ip.IsUnspecified() {
				names = append(names, host)
			}
		}
	}
	slices.Sort(names)
	return cert.Own(filepath.Join(cfg.Data, "tls"), slices.Compact(names))
}

// serve runs the server, and the service for as long as it and a little longer.
func serve(ctx context.Context, service, server func(context.Context) error) error {
	own, stop := context.WithCancel(context.WithoutCancel(ctx))
	both, fail := context.WithCancel(ctx)
	var group sync.WaitGroup
	var behind error
	group.Go(func() {
		defer fail()
		behind = service(own)
	})
	err := server(both)
	fail()
	stop()
	group.Wait()
	return errors.Join(err, behind)
}

// sessionKey is the secret behind browsers' cookies: every API server with the
// same token has the same one, and a new token ends all sessions.
func sessionKey(token string) []byte {
	mac := hmac.New(sha256.New, []byte(token))
	mac.Write([]byte("turno: sessions of browsers"))
	return mac.Sum(nil)
}

func accessOptions(cfg config.Config, p *shared) access.Options {
	return access.Options{
		File: cfg.TokenPath(), User: userName(), Store: p.store,
		AuditFile: filepath.Join(cfg.Data, config.AuditName), KeepAudit: int64(cfg.AuditEntries),
	}
}

// userName is whose jobs are those that come with the token file of this server.
func userName() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return ""
}

// checkSpec tells why a job is refused whose spec is valid.
func checkSpec(allow []netip.Prefix) func(*turno.Spec) *turno.Error {
	return func(spec *turno.Spec) *turno.Error {
		if spec.Webhook != "" {
			if err := webhook.Check(spec.Webhook, allow); err != nil {
				return turno.Invalid("webhook", "%v", err)
			}
		}
		return all.CheckShipped(spec)
	}
}

// kindOf is what a setting says of a part without its address: embedded,
// sqlite, or the scheme of a URL.
func kindOf(setting string) string {
	kind, _, _ := strings.Cut(setting, ":")
	return kind
}
