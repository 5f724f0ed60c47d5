package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"slices"
	"sync"

	"turno"
	"turno/client"
	"turno/internal/access"
	"turno/internal/broker/nats"
	"turno/internal/cert"
	"turno/internal/config"
	"turno/internal/role/api"
)

// A worker on another machine joins by one word, which an admin's turno token
// create --join makes. It holds the server's fingerprint and a secret that is good
// once; what the worker gets for it is a token of its own. All goes through one
// address of the API, by TLS: files as ever, the broker's words on a connection
// that the API has let in (see nats.Broker.Admit).
//
//	turno join ──▶ POST workers:join ──▶ joined.json
//	turno worker ──▶ joined.json ──▶ GET broker ──▶ embedded broker

// forWorkers is how the API lets workers in, if it is to.
func forWorkers(cfg config.Config, p *shared) (api.Workers, error) {
	host, ok := p.dialled.(interface {
		Admit(worker string) (net.Conn, string, error)
	})
	if cfg.ListenWorkers == "" || !ok {
		return api.Workers{}, nil
	}
	certFile, keyFile, err := ownCertificate(cfg)
	return api.Workers{Listen: cfg.ListenWorkers, Host: reachedAs(cfg), CertFile: certFile, KeyFile: keyFile, Admit: host.Admit}, err
}

// reachedAs is how other machines probably call this one: a name that the
// operator has given, or the address by which it would speak to the world. Nothing
// is sent to find that out.
func reachedAs(cfg config.Config) string {
	if len(cfg.AllowHosts) > 0 {
		return cfg.AllowHosts[0]
	}
	if c, err := net.Dial("udp4", "192.0.2.1:9"); err == nil { // an address that nobody has
		defer c.Close()
		return c.LocalAddr().(*net.UDPAddr).IP.String()
	}
	name, _ := os.Hostname()
	return name
}

// joinedOf is the configuration of a worker alone that joined somebody.
func joinedOf(cfg config.Config, roles []string) (config.Config, *config.Joined, error) {
	if !slices.Equal(roles, []string{Worker}) {
		return cfg, nil, nil
	}
	of, j, ok, err := cfg.OfJoined()
	if err != nil || !ok {
		return cfg, nil, err
	}
	return of, &j, nil
}

// dialJoined is a worker's way to the broker of whom it joined.
func dialJoined(ctx context.Context, cfg config.Config, onLink func(bool), log *slog.Logger) (*nats.Broker, error) {
	c, err := Client(cfg, "turno-worker")
	if err != nil {
		return nil, err
	}
	refused := &refusals{log: log}
	return nats.Open(ctx, nats.Options{Logger: log, OnLink: onLink, Guest: &nats.GuestOptions{
		Worker: cfg.Worker,
		Dial: func(ctx context.Context) (net.Conn, string, error) {
			conn, ticket, err := c.Carry(ctx)
			refused.note(err)
			return conn, ticket, err
		},
	}})
}

// refusals tells once that a server takes this worker no more: the connection is
// tried again all the same, while what runs here runs out its lease.
type refusals struct {
	log *slog.Logger

	mu   sync.Mutex
	told bool
}

func (r *refusals) note(err error) {
	known, ok := errors.AsType[*turno.Error](err)
	refused := ok && (known.Code == turno.CodeUnauthorized || known.Code == turno.CodeForbidden)
	r.mu.Lock()
	defer r.mu.Unlock()
	if refused && !r.told {
		r.log.Error("the server does not take this worker any more: its token was revoked; jobs here end with their lease, and turno join joins again", "err", err)
	}
	r.told = refused
}

// Join has this machine's worker join the turno at an address, with a word that
// was made there, and remembers that in the data folder. Called again after an
// answer was lost it goes on where it was.
func Join(ctx context.Context, cfg config.Config, address, word string) (config.Joined, error) {
	fingerprint, secret, err := access.ParseJoinWord(word)
	if err != nil {
		return config.Joined{}, fmt.Errorf("the word to join with: %w", err)
	}
	j := config.Joined{Server: "https://" + address, Fingerprint: fingerprint, Worker: cfg.Worker, Waits: true}
	old, joined, err := cfg.ReadJoined()
	switch {
	case err != nil:
		return j, err
	case joined:
		return old, fmt.Errorf("this machine's worker has joined %s as %s already: turno worker starts it; to join anew remove %s", old.Server, old.Worker, cfg.JoinedPath())
	case old.Fingerprint == j.Fingerprint && old.Worker == j.Worker && old.Token != "":
		j.Token = old.Token // it may have been taken
	default:
		j.Token = access.NewSecret()
	}
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return j, fmt.Errorf("make the data folder: %w", err)
	}
	if err := cfg.WriteJoined(j); err != nil {
		return j, err
	}
	trust, err := cert.Trust("", fingerprint)
	if err != nil {
		return j, err
	}
	c, err := client.New(client.Options{URL: j.Server, Token: secret, TLS: trust, UserAgent: "turno-join/" + version()})
	if err != nil {
		return j, err
	}
	defer c.Close()
	if _, err := c.Join(ctx, j.Worker, j.Token); err != nil {
		return j, err
	}
	j.Waits = false
	return j, cfg.WriteJoined(j)
}
