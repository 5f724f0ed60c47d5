package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"turno"
	"turno/internal/store"
)

// PutWebhook is what a DB writes of a webhook, with its Args.
const PutWebhook = `INSERT INTO webhooks (job, due, webhook) VALUES (?1, ?2, ?3)
ON CONFLICT (job) DO UPDATE SET due = excluded.due, webhook = excluded.webhook`

// WebhookRow is a row of webhooks.
type WebhookRow struct {
	Job, Due int64 // Due in microseconds since 1970; 0: there is no next try
	Text     string
}

// Args are PutWebhook's.
func (r *WebhookRow) Args() []any { return []any{r.Job, r.Due, r.Text} }

func (w *Write) addWebhooks(all []turno.Webhook) error {
	for _, hook := range all {
		row := WebhookRow{Job: hook.Job}
		if !hook.Due.IsZero() {
			row.Due = hook.Due.UnixMicro()
		}
		hook.Job, hook.Due, hook.LastAt = 0, time.Time{}, hook.LastAt.UTC().Round(time.Microsecond)
		encoded, err := json.Marshal(&hook)
		if err != nil {
			return fmt.Errorf("webhook of job %d: %w", row.Job, err)
		}
		row.Text = string(encoded)
		w.Webhooks = append(w.Webhooks, row)
	}
	return nil
}

// Webhook implements store.Webhooks.
func (s *Store) Webhook(ctx context.Context, job int64) (turno.Webhook, error) {
	found, err := s.webhooks(ctx, `SELECT job, due, webhook FROM webhooks WHERE job = ?1`, job)
	if err != nil {
		return turno.Webhook{}, err
	}
	if len(found) == 0 {
		return turno.Webhook{}, fmt.Errorf("webhook of job %d: %w", job, store.ErrNotFound)
	}
	return found[0], nil
}

// DueWebhooks implements store.Webhooks.
func (s *Store) DueWebhooks(ctx context.Context, limit int) ([]turno.Webhook, error) {
	return s.webhooks(ctx, `SELECT job, due, webhook FROM webhooks WHERE due <> 0 ORDER BY due, job LIMIT ?1`, int64(limit))
}

func (s *Store) webhooks(ctx context.Context, sql string, arg int64) (found []turno.Webhook, err error) {
	rows, err := s.DB.Query(ctx, sql, arg)
	if err != nil {
		return nil, fmt.Errorf("read webhooks: %w", ended(ctx, err))
	}
	defer rows.Close()
	for rows.Next() {
		var job, due int64
		var text string
		if err := rows.Scan(&job, &due, &text); err != nil {
			return nil, fmt.Errorf("read webhooks: %w", err)
		}
		var w turno.Webhook
		if err := json.Unmarshal([]byte(text), &w); err != nil {
			return nil, fmt.Errorf("read webhook of job %d: %w", job, err)
		}
		if w.Job = job; due != 0 {
			w.Due = time.UnixMicro(due).UTC()
		}
		found = append(found, w)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read webhooks: %w", ended(ctx, err))
	}
	return found, nil
}
