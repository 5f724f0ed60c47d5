package app

import (
	"log/slog"

	"turno/internal/config"
)

func apiPart(cfg config.Config, p *shared, log *slog.Logger, info *config.Info) (part, error) {
	return part{name: API}, nil
}
