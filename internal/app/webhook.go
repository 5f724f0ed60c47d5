package app

import (
	"path/filepath"

	"turno/internal/config"
	"turno/internal/webhook"
)

// webhookSecret is the file in the data folder.
const webhookSecret = "webhook-secret"

// webhooks is what tells ends of jobs to the addresses that they name.
func webhooks(cfg config.Config) (*webhook.Sender, error) {
	path := cfg.WebhookSecret
	if path == "" {
		path = filepath.Join(cfg.Data, webhookSecret)
	}
	secrets, err := webhook.LoadOrCreateSecrets(path)
	if err != nil {
		return nil, err
	}
	allow, err := cfg.WebhookNetworks()
	if err != nil {
		return nil, err
	}
	return webhook.New(webhook.Options{Secrets: secrets, Allow: allow, Version: version()}), nil
}
