package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"turno"
)

// MakeToken implements turno.Access.
func (c *Client) MakeToken(ctx context.Context, n turno.NewToken) (turno.MadeToken, error) {
	var made turno.MadeToken
	body, err := json.Marshal(n)
	if err != nil {
		return made, fmt.Errorf("encode a token: %w", err)
	}
	err = c.call(ctx, request{method: http.MethodPost, path: "/tokens", body: body}, &made)
	return made, err
}

// Tokens implements turno.Access.
func (c *Client) Tokens(ctx context.Context) ([]turno.Token, error) {
	var list items[turno.Token]
	err := c.get(ctx, "/tokens", nil, &list)
	return list.Items, err
}

// RevokeToken implements turno.Access.
func (c *Client) RevokeToken(ctx context.Context, id string) (turno.Token, error) {
	var t turno.Token
	err := c.call(ctx, request{method: http.MethodPost, path: "/tokens/" + url.PathEscape(id) + "/revoke", again: true}, &t)
	return t, err
}

// Audit implements turno.Access.
func (c *Client) Audit(ctx context.Context, q turno.AuditQuery) (turno.AuditPage, error) {
	v := url.Values{}
	for key, text := range map[string]string{"user": q.User, "action": q.Action, "result": q.Result, "cursor": q.Cursor} {
		if text != "" {
			v.Set(key, text)
		}
	}
	if q.Limit != 0 {
		v.Set("limit", strconv.Itoa(q.Limit))
	}
	var page turno.AuditPage
	err := c.get(ctx, "/audit", v, &page)
	return page, err
}

// Me is who asks, as the server sees them.
type Me struct {
	User   string                `json:"user"`
	Token  turno.Token           `json:"token"`
	States map[turno.State]int64 `json:"states"` // of their jobs
}

// Me asks the server who asks.
func (c *Client) Me(ctx context.Context) (Me, error) {
	var me Me
	err := c.get(ctx, "/users/me", nil, &me)
	return me, err
}
