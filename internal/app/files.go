package app

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"turno/client"
	"turno/internal/cert"
	"turno/internal/config"
	"turno/internal/files"
	"turno/internal/files/folder"
	"turno/internal/files/remote"
	"turno/internal/files/s3"
)

// staleTemp is how old a file must be that a killed process left half written.
const staleTemp = 24 * time.Hour

// openFiles opens the file store for the roles that use one. A worker apart
// has none unless it is told: a folder of its own would be seen by nobody else.
func (p *shared) openFiles(ctx context.Context, cfg config.Config, roles []string) error {
	worker, server := slices.Contains(roles, Worker), slices.Contains(roles, API)
	switch {
	case !worker && !server, cfg.Files == "" && !server:
		return nil
	case cfg.Files == "api" && server:
		return fmt.Errorf("the API cannot keep its files with itself; give --files a folder or s3://…")
	case cfg.Files == "api":
		c, err := Client(cfg, "turno-worker")
		if err != nil {
			return err
		}
		p.files = remote.New(c)
		return nil
	case strings.HasPrefix(cfg.Files, "s3://"):
		s, err := s3.Open(ctx, cfg.Files)
		if err != nil {
			return err
		}
		p.files = s
		return nil
	}
	dir := cfg.Files
	if dir == "" {
		dir = filepath.Join(cfg.Data, "files")
	}
	s, err := openFolder(dir)
	if err != nil {
		return err
	}
	p.files, p.closers = s, append(p.closers, s.Close)
	return nil
}

func openFolder(dir string) (*folder.Store, error) {
	s, err := folder.Open(dir)
	if err != nil {
		return nil, err
	}
	return s, s.Tidy(staleTemp)
}

// Client is the way to the server of the settings.
func Client(cfg config.Config, agent string) (*client.Client, error) {
	token, _, err := cfg.ReadToken()
	if err != nil {
		return nil, fmt.Errorf("read the token: %w", err)
	}
	trust, err := cert.Trust(cfg.CA, cfg.Fingerprint)
	if err != nil {
		return nil, err
	}
	return client.New(client.Options{URL: cfg.Server, Token: token, TLS: trust, UserAgent: agent + "/" + version()})
}

// Files is the file store of the server of the settings.
func Files(cfg config.Config) (files.Store, error) {
	c, err := Client(cfg, "turno-cli")
	if err != nil {
		return nil, err
	}
	return remote.New(c), nil
}
