package turno

import (
	"strings"
	"time"
)

// maxURL is of a webhook: as long as browsers take.
const maxURL = 2048

// WebhookState is how the telling of a job's end stands.
type WebhookState string

const (
	WebhookPending   WebhookState = "pending"
	WebhookDelivered WebhookState = "delivered"
	WebhookFailed    WebhookState = "failed" // it is not tried again
)

// Webhook is what has become of telling a job's end to the address that its
// Spec names.
type Webhook struct {
	Job   int64        `json:"job"` // number
	State WebhookState `json:"state"`
	Tries int          `json:"tries,omitempty"`
	Due   time.Time    `json:"due,omitzero"` // of the next try; zero: there is none
	// LastAt, Status and Error are of the last try. Status is HTTP's; 0: there
	// was no answer.
	LastAt time.Time `json:"last_at,omitzero"`
	Status int       `json:"status,omitempty"`
	Error  string    `json:"error,omitempty"`
}

// checkWebhook accepts what could be posted to. Whether its address may be is
// seen when it is dialled: a name can mean another one then.
func (s *Spec) checkWebhook() *Error {
	if s.Webhook == "" {
		return nil
	}
	if len(s.Webhook) > maxURL {
		return Invalid("webhook", "has %d bytes; at most %d are allowed", len(s.Webhook), maxURL)
	}
	scheme, rest, _ := strings.Cut(s.Webhook, "://")
	host := rest
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		host = rest[:i]
	}
	switch {
	case strings.ContainsFunc(s.Webhook, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"<>\\^{}|`, r) }):
		return Invalid("webhook", "%q: write what is not plain ASCII as %%XX", clip(s.Webhook))
	case scheme != "https" && scheme != "http" || host == "" || host[0] == ':':
		return Invalid("webhook", "%q: use https://HOST/…", clip(s.Webhook))
	case strings.Contains(host, "@"):
		return Invalid("webhook", "must not hold a password: whoever may see the job sees it").
			WithHint("what is sent is signed; the receiver checks that instead")
	case strings.Contains(rest, "#"):
		return Invalid("webhook", "%q: what follows # is never sent", clip(s.Webhook))
	}
	return nil
}
