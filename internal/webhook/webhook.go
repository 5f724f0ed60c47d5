// Package webhook tells one address of one thing, by HTTP: it signs what it
// posts and looks at the address that it dials. It keeps nothing and tries
// once; who calls it knows what is still to be told.
//
// What is sent follows the Standard Webhooks convention, so that libraries of
// many languages can check it: the headers webhook-id, webhook-timestamp and
// webhook-signature, which is "v1," and the HMAC-SHA256 of id.timestamp.body in
// base64.
//
// The URL is a stranger's: every address that its name stands for is looked at
// when it is dialled, after all names are resolved, so that a name which means
// another address by then is caught. Redirects are not followed and no proxy of
// the environment is used: both would dial elsewhere.
package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	// timeout is of one try, all of it: a receiver notes what it is told and
	// answers.
	timeout = 10 * time.Second
	// answerBytes are read of an answer, so that it can be said what was wrong.
	answerBytes = 1 << 10
)

// ErrForbidden says that an address may not be told; another try would not help.
var ErrForbidden = errors.New("the address may not be told")

// Options of a Sender.
type Options struct {
	// Secrets sign; more than one while receivers change from one to the next.
	Secrets [][]byte
	// Allow are networks that may be told though they are not of the internet.
	Allow   []netip.Prefix
	Version string // of turno
}

// Sender is safe for concurrent use.
type Sender struct {
	o      Options
	client *http.Client
}

// New makes a Sender.
func New(o Options) *Sender {
	dialer := &net.Dialer{Timeout: timeout / 2, Control: func(_, address string, _ syscall.RawConn) error { return o.look(address) }}
	return &Sender{o: o, client: &http.Client{
		Timeout: timeout,
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: timeout / 2, DisableKeepAlives: true,
			MaxResponseHeaderBytes: 16 << 10, ForceAttemptHTTP2: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// look refuses an address, host and port, that may not be told.
func (o *Options) look(address string) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %q is no address", ErrForbidden, address)
	}
	ip := to.Addr().Unmap().WithZone("")
	for _, p := range o.Allow {
		if p.Contains(ip) {
			return nil
		}
	}
	if why := special(ip); why != "" {
		return fmt.Errorf("%w: %s is %s; the operator can allow it with --webhook-allow", ErrForbidden, ip, why)
	}
	return nil
}

// ranges are not of the internet, or lead back out of it.
var ranges = []struct{ prefix, why string }{
	{"0.0.0.0/8", "this machine"}, {"100.64.0.0/10", "a provider's own"}, {"192.0.0.0/24", "set aside for protocols"},
	{"192.0.2.0/24", "for documentation"}, {"198.18.0.0/15", "for measurements"}, {"198.51.100.0/24", "for documentation"},
	{"203.0.113.0/24", "for documentation"}, {"240.0.0.0/4", "reserved"},
	{"::/96", "an IPv4 address in disguise"}, {"64:ff9b::/96", "an IPv4 address in disguise"}, {"64:ff9b:1::/48", "an IPv4 address in disguise"},
	{"100::/64", "nowhere"}, {"2001::/32", "a tunnel"}, {"2001:db8::/32", "for documentation"}, {"2002::/16", "a tunnel"},
	{"fec0::/10", "a private network"},
}

// special says what an address is that is not one of the internet.
func special(ip netip.Addr) string {
	switch {
	case !ip.IsValid():
		return "no address"
	case ip.IsLoopback(), ip.IsUnspecified():
		return "this machine"
	case ip.IsLinkLocalUnicast():
		return "of the link alone, as those of clouds' metadata are"
	case ip.IsPrivate():
		return "of a private network"
	case ip.IsMulticast():
		return "many machines"
	}
	for _, r := range ranges {
		if netip.MustParsePrefix(r.prefix).Contains(ip) {
			return r.why
		}
	}
	return ""
}

// Check refuses a URL whose address can be seen not to be told without looking
// a name up: what a name stands for is looked at when it is dialled.
func Check(raw string, allow []netip.Prefix) error {
	u, err := url.Parse(raw)
	if err != nil {
		return fmt.Errorf("%w: it is no URL", ErrForbidden)
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		host = "127.0.0.1"
	}
	ip, err := netip.ParseAddr(host)
	if err == nil {
		o := Options{Allow: allow}
		return o.look(netip.AddrPortFrom(ip, 0).String())
	}
	last := host[strings.LastIndexByte(host, '.')+1:]
	if _, err := strconv.ParseUint(last, 0, 64); err == nil { // 127.1, 2130706433, 0x7f.1
		return fmt.Errorf("%w: write the address as four numbers", ErrForbidden)
	}
	return nil
}

// Message is what is posted. ID stays the same over all tries.
type Message struct {
	URL, ID string
	At      time.Time
	Body    []byte
}

// Sign gives the value of webhook-signature.
func Sign(secrets [][]byte, m Message) string {
	var all []string
	for _, secret := range secrets {
		mac := hmac.New(sha256.New, secret)
		fmt.Fprintf(mac, "%s.%d.", m.ID, m.At.Unix())
		mac.Write(m.Body)
		all = append(all, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	return strings.Join(all, " ")
}

// Send tries once. Status is what was answered, 0 for nothing; an error says
// why it was not taken.
func (s *Sender) Send(ctx context.Context, m Message) (status int, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, m.URL, bytes.NewReader(m.Body))
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrForbidden, err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "turno/"+s.o.Version)
	req.Header.Set("webhook-id", m.ID)
	req.Header.Set("webhook-timestamp", strconv.FormatInt(m.At.Unix(), 10))
	req.Header.Set("webhook-signature", Sign(s.o.Secrets, m))
	res, err := s.client.Do(req)
	if err != nil {
		if outer, ok := errors.AsType[*url.Error](err); ok {
			err = outer.Err // the rest is known
		}
		return 0, err
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(res.Body, answerBytes))
	switch {
	case res.StatusCode < 300:
		return res.StatusCode, nil
	case res.StatusCode < 400:
		return res.StatusCode, fmt.Errorf("%s: redirects are not followed", res.Status)
	}
	return res.StatusCode, errors.New(strings.TrimSuffix(res.Status+": "+printable(text), ": "))
}

// printable is what a stranger answered, as far as it can stand in a line.
func printable(text []byte) string {
	line, _, _ := strings.Cut(strings.TrimSpace(strings.ToValidUTF8(string(text), "?")), "\n")
	line = strings.Map(func(r rune) rune {
		if strconv.IsPrint(r) {
			return r
		}
		return '?'
	}, line)
	const most = 200
	if runes := []rune(line); len(runes) > most {
		line = string(runes[:most]) + "…"
	}
	return line
}
