package client

import (
	"bufio"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"turno"
	"turno/internal/cert"
)

// carryProtocol is what a worker's connection becomes, and ticketHeader tells
// what the broker at its end asks for first.
const carryProtocol, ticketHeader = "turno-broker", "Turno-Ticket"

// Join has a worker join with the client's token, which is used up. The secret is
// one that the caller has made for that worker: it stays here. Where an answer was
// lost, it finds out with that secret whether the server has taken it.
func (c *Client) Join(ctx context.Context, worker, secret string) (turno.Token, error) {
	sum := sha256.Sum256([]byte(secret))
	body, err := json.Marshal(turno.Join{Worker: worker, Hash: hex.EncodeToString(sum[:])})
	if err != nil {
		return turno.Token{}, fmt.Errorf("encode a wish to join: %w", err)
	}
	var t turno.Token
	err = c.call(ctx, request{method: http.MethodPost, path: "/workers:join", body: body}, &t)
	known, _ := errors.AsType[*turno.Error](err)
	if known == nil || known.Code != turno.CodeUnauthorized && known.Code != turno.CodeUnavailable {
		return t, err
	}
	as := *c
	as.token = secret
	if me, lost := as.Me(ctx); lost == nil {
		return me.Token, nil
	}
	return t, err
}

// Carry opens a connection with the server's broker, for the worker whose token the
// client has, and gives the ticket that the broker asks for. On it the broker
// speaks first. An error that is a *turno.Error is the server's answer.
func (c *Client) Carry(ctx context.Context) (net.Conn, string, error) {
	u, err := url.Parse(c.url)
	if err != nil {
		return nil, "", fmt.Errorf("carry: %w", err)
	}
	conn, err := c.dialServer(ctx, u)
	if errors.Is(err, cert.ErrFingerprint) {
		return nil, "", fmt.Errorf("%s is not trusted: %w", c.url, err)
	}
	if err != nil {
		return nil, "", c.unreachable(err)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	upgraded, ticket, err := c.upgrade(conn, u)
	if !stop() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return nil, "", errors.Join(err, conn.Close())
	}
	return upgraded, ticket, nil
}

func (c *Client) dialServer(ctx context.Context, u *url.URL) (net.Conn, error) {
	dialer := net.Dialer{KeepAlive: 15 * time.Second}
	address := u.Host
	if u.Port() == "" {
		address = net.JoinHostPort(u.Hostname(), map[string]string{"http": "80", "https": "443"}[u.Scheme])
	}
	if u.Scheme == "http" {
		return dialer.DialContext(ctx, "tcp", address)
	}
	secure := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.tls != nil {
		secure = c.tls.Clone()
	}
	if secure.ServerName == "" {
		secure.ServerName = u.Hostname()
	}
	secure.NextProtos = []string{"http/1.1"}
	return (&tls.Dialer{NetDialer: &dialer, Config: secure}).DialContext(ctx, "tcp", address)
}

// upgrade asks for the broker's words on a fresh connection.
func (c *Client) upgrade(conn net.Conn, u *url.URL) (net.Conn, string, error) {
	r, err := http.NewRequest(http.MethodGet, u.JoinPath(base, "broker").String(), nil)
	if err != nil {
		return nil, "", fmt.Errorf("carry: %w", err)
	}
	c.sign(r)
	r.Header.Set("Connection", "Upgrade")
	r.Header.Set("Upgrade", carryProtocol)
	if err := r.Write(conn); err != nil {
		return nil, "", c.unreachable(err)
	}
	reader := bufio.NewReader(conn)
	res, err := http.ReadResponse(reader, r)
	if err != nil {
		return nil, "", c.unreachable(err)
	}
	if res.StatusCode == http.StatusSwitchingProtocols {
		return &buffered{Conn: conn, reader: reader}, res.Header.Get(ticketHeader), nil
	}
	if _, err := c.check(res); err != nil {
		return nil, "", err
	}
	return nil, "", turno.Errorf(turno.CodeInternal, "%s answered %q to a worker", c.url, res.Status)
}

// buffered is a connection of which some has been read.
type buffered struct {
	net.Conn
	reader *bufio.Reader
}

func (b *buffered) Read(p []byte) (int, error) { return b.reader.Read(p) }
