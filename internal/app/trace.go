package app

import (
	"log/slog"
	"os"

	"turno/internal/cert"
	"turno/internal/config"
	"turno/internal/obs"
	"turno/internal/trace"
	"turno/internal/trace/otlp"
)

// sampler says which jobs are traced; nil: none.
func sampler(cfg config.Config) *trace.Sampler {
	if cfg.TracesURL() == "" {
		return nil
	}
	return &trace.Sampler{Ratio: cfg.TraceRatio}
}

// traces is what sends them; nil: nobody asked for it.
func traces(cfg config.Config, metrics *obs.Registry, log *slog.Logger) (*otlp.Exporter, error) {
	sampler := sampler(cfg)
	if sampler == nil {
		return nil, nil //nolint:nilnil // a nil Exporter sends nothing
	}
	to := otlp.Receiver{URL: cfg.TracesURL(), Version: version()}
	var err error
	if to.Headers, err = cfg.TraceHeaders(); err != nil {
		return nil, err
	}
	if to.Resource, err = cfg.TraceResource(); err != nil {
		return nil, err
	}
	if to.TLS, err = cert.Trust(cfg.OTLPCA, ""); err != nil {
		return nil, err
	}
	to.Resource["service.version"] = version()
	if host, err := os.Hostname(); err == nil {
		to.Resource["host.name"] = host
	}
	return otlp.New(otlp.Options{Receiver: to, Sampler: sampler, Count: metrics.Traces(otlp.Results), Log: log.With("part", "traces")})
}
