package app

import (
	"fmt"
	"os"

	"turno/internal/config"
)

// giveToken puts the token of the environment where the API has its own, for
// servers that share one and no disk: pods of a cluster. turno up does not look
// there: what a client's shell has is another server's token.
func giveToken(cfg config.Config) error {
	path := cfg.TokenPath()
	if cfg.Token == "" || cfg.TokenFile != "" {
		return nil
	}
	if err := os.WriteFile(path+".new", []byte(cfg.Token+"\n"), 0o600); err != nil {
		return fmt.Errorf("write the token of TURNO_TOKEN: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("write the token of TURNO_TOKEN: %w", err)
	}
	return nil
}
