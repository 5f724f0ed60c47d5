package client

import (
	"context"
	"net/http"
	"time"
)

// SignInLink lets one browser in, once, before it expires.
type SignInLink struct {
	URL       string    `json:"url"`
	ExpiresAt time.Time `json:"expires_at"`
}

// SignInLink asks the server for one.
func (c *Client) SignInLink(ctx context.Context) (SignInLink, error) {
	var link SignInLink
	err := c.call(ctx, request{method: http.MethodPost, path: "/session:link"}, &link)
	return link, err
}
