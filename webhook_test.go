package turno_test

import (
	"strings"
	"testing"

	"turno"
)

func TestValidate_Webhooks(t *testing.T) {
	t.Parallel()
	check := func(url string) *turno.Error {
		s := turno.Spec{Type: "noop", Webhook: url}
		s.Normalize()
		return s.Validate()
	}
	for _, url := range []string{"https://example.org", "http://[::1]:8080/a?b=c%20d&e=[f]", "https://user.example.org:443/@x", "https://example.org?token=1"} {
		if err := check(url); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
	for _, url := range []string{
		"example.org", "file:///etc/passwd", "gopher://example.org/", "https://", "https:///path", "https://:443/", "HTTPS://", "https://user:password@example.org/",
		"https://example.org/#x", "https://example.org/ x", "https://example.org/\n", "https://ex\u202eample.org", "https://example.org/" + strings.Repeat("x", 3000),
	} {
		if err := check(url); err == nil || err.Field != "webhook" {
			t.Errorf("%q: %v", url, err)
		}
	}
}
