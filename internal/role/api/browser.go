package api

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"turno"
	"turno/internal/access"
)

// How a browser is let in. Who has a token asks for a link with a code (turno
// up does it at its start); the page at that link trades the code, once, for a
// cookie that no script can read:
//
//	http://localhost:5000/#code=… ─▶ POST session {code} ─▶ Set-Cookie: turno_<instance>=…
//
// The code stands in the fragment, which a browser sends to nobody. The cookie
// is no key to a table: it carries its end, the id of its token, and a MAC under
// the server's secret and that token's hash. So a session outlives a restart, is good at every API
// server with the same secret, and ends with its token.

const (
	// sessionLife is two weeks: who leaves the page open over the holidays signs
	// in again.
	sessionLife = 14 * 24 * time.Hour
	// codeLife is for a person who reads the terminal to open the link.
	codeLife = 15 * time.Minute
	// maxCodes bounds the links that wait to be used.
	maxCodes = 100
	codeSize = 32
	idSize   = 16
)

// signIns are the codes that were given out, and the sessions that were ended.
type signIns struct {
	secret   []byte // constant after construction
	instance string // constant after construction

	mu    sync.Mutex // guards all below
	codes map[[sha256.Size]byte]code
	ended map[[idSize]byte]time.Time // signed out, until they would have ended
}

// code can be traded for a session of a token.
type code struct {
	who   *access.Who
	until time.Time
}

func newSignIns(secret []byte) *signIns {
	if len(secret) == 0 {
		secret = make([]byte, 32)
		_, _ = rand.Read(secret) // never fails: it ends the process instead
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("instance"))
	return &signIns{
		secret: secret, instance: hex.EncodeToString(mac.Sum(nil)[:6]),
		codes: map[[sha256.Size]byte]code{}, ended: map[[idSize]byte]time.Time{},
	}
}

// give makes a code.
func (s *signIns) give(who *access.Who, now time.Time) (string, bool) {
	raw := make([]byte, codeSize)
	_, _ = rand.Read(raw) // never fails
	text := base64.RawURLEncoding.EncodeToString(raw)
	s.mu.Lock()
	defer s.mu.Unlock()
	for hash, c := range s.codes {
		if now.After(c.until) {
			delete(s.codes, hash)
		}
	}
	if len(s.codes) >= maxCodes {
		return "", false
	}
	s.codes[sha256.Sum256([]byte(text))] = code{who, now.Add(codeLife)}
	return text, true
}

// trade takes a code, which is then of no more use.
func (s *signIns) trade(text string, now time.Time) (*access.Who, bool) {
	hash := sha256.Sum256([]byte(text))
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.codes[hash]
	delete(s.codes, hash)
	return c.who, ok && now.Before(c.until)
}

// browserSession is what a cookie stands for.
type browserSession struct {
	id    [idSize]byte
	until time.Time
}

// tokenSize is that of a token's id in a cookie.
const tokenSize = 6

// seal is the cookie's value: end, id, token and MAC.
func (s *signIns) seal(b browserSession, who *access.Who) string {
	raw := binary.BigEndian.AppendUint64(nil, uint64(b.until.Unix()))
	raw = append(raw, b.id[:]...)
	hash := who.Hash()
	raw = append(raw, hash[:tokenSize]...)
	return base64.RawURLEncoding.EncodeToString(append(raw, s.mac(raw, hash)...))
}

func (s *signIns) mac(raw []byte, hash [sha256.Size]byte) []byte {
	mac := hmac.New(sha256.New, s.secret)
	mac.Write([]byte("session"))
	mac.Write(hash[:])
	mac.Write(raw)
	return mac.Sum(nil)
}

// sealed is a cookie's value whose MAC has not been looked at.
type sealed struct {
	browserSession
	token string // its id
	raw   []byte
}

func unseal(value string) (sealed, bool) {
	const head = 8 + idSize + tokenSize
	raw, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil || len(raw) != head+sha256.Size {
		return sealed{}, false
	}
	c := sealed{token: hex.EncodeToString(raw[8+idSize : head]), raw: raw}
	c.until = time.Unix(int64(binary.BigEndian.Uint64(raw)), 0)
	copy(c.id[:], raw[8:])
	return c, true
}

// good tells whether a cookie is of this server and of the token of a hash.
func (s *signIns) good(c sealed, hash [sha256.Size]byte, now time.Time) bool {
	head := len(c.raw) - sha256.Size
	if !hmac.Equal(c.raw[head:], s.mac(c.raw[:head], hash)) {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ended := s.ended[c.id]
	return !ended && now.Before(c.until)
}

// end makes a session worthless before its time.
func (s *signIns) end(b browserSession, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, until := range s.ended {
		if now.After(until) {
			delete(s.ended, id)
		}
	}
	s.ended[b.id] = b.until
}

// cookieName holds the instance: cookies know no ports, and two servers on one
// host must not sign each other out. With TLS no other host can set it.
func (a *Role) cookieName() string {
	name := "turno_" + a.signIns.instance
	if a.tls != nil {
		name = "__Host-" + name
	}
	return name
}

func (a *Role) setCookie(w http.ResponseWriter, value string, life time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: a.cookieName(), Value: value, Path: "/", MaxAge: int(life.Seconds()),
		HttpOnly: true, Secure: a.tls != nil, SameSite: http.SameSiteStrictMode,
	})
}

// browserSession finds the session of a request's cookie.
func (a *Role) browserSession(r *http.Request) (browserSession, *access.Who, bool) {
	cookies := r.CookiesNamed(a.cookieName())
	if len(cookies) != 1 {
		return browserSession{}, nil, false
	}
	c, ok := unseal(cookies[0].Value)
	if !ok {
		return browserSession{}, nil, false
	}
	who, ok := a.access.Find(r.Context(), c.token, address(r), func(hash [sha256.Size]byte) bool { return a.signIns.good(c, hash, time.Now()) })
	return c.browserSession, who, ok
}

// SignInURL is a link that lets one browser in, once, within a quarter of an
// hour. It is empty when too many wait to be used, or before Listen.
func (a *Role) SignInURL() string {
	link, _ := a.signInLink(a.access.First())
	return link
}

func (a *Role) signInLink(who *access.Who) (string, bool) {
	code, ok := a.signIns.give(who, time.Now())
	if !ok || a.URL() == "" {
		return "", false
	}
	return a.URL() + "/#code=" + code, true
}

// sessionAnswer says who is signed in.
type sessionAnswer struct {
	SignedIn  bool         `json:"signed_in"`
	User      string       `json:"user,omitempty"`
	Roles     []turno.Role `json:"roles,omitempty" doc:"of the token"`
	Token     string       `json:"token_id,omitempty"`
	ExpiresAt time.Time    `json:"expires_at,omitzero" doc:"of a browser's session"`
	Instance  string       `json:"instance" doc:"of this turno: its cookie's name holds it"`
	Version   string       `json:"version" doc:"of the server"`
}

// signInOrder is what lets a browser in: one of both.
type signInOrder struct {
	Code  string `json:"code,omitempty" doc:"of a sign-in link"`
	Token string `json:"token,omitempty"`
}

// signInLink is the answer to who asks for one.
type linkAnswer struct {
	URL       string    `json:"url"`
	ExpiresAt time.Time `json:"expires_at"`
}

func (a *Role) routeBrowser() {
	raw(a, huma.Operation{
		Method: http.MethodGet, Path: base + "/session", OperationID: "whoami", Summary: "Who is signed in, if anybody",
		Responses: answers[sessionAnswer](a, map[string]string{"200": "Who"}), Security: []map[string][]string{},
	}, a.whoami)
	raw(a, huma.Operation{
		Method: http.MethodPost, Path: base + "/session", OperationID: "signIn", Summary: "Sign a browser in",
		Description: "Trades the code of a sign-in link, or a token, for a cookie. A code is good once.",
		RequestBody: body[signInOrder](a, "A code or a token"), Security: []map[string][]string{},
		Responses: answers[sessionAnswer](a, map[string]string{"200": "Who"}),
		Errors:    []int{http.StatusTooManyRequests},
	}, a.signIn)
	raw(a, huma.Operation{
		Method: http.MethodDelete, Path: base + "/session", OperationID: "signOut", Summary: "End a browser's session",
		Responses: answers[sessionAnswer](a, map[string]string{"200": "Nobody"}), Security: []map[string][]string{},
	}, a.signOut)
	raw(a, huma.Operation{
		Method: http.MethodPost, Path: base + "/session:link", OperationID: "signInLink", Summary: "Make a link that signs a browser in, once",
		Responses: answers[linkAnswer](a, map[string]string{"200": "The link"}), Security: roles(access.Read),
		Errors: []int{http.StatusTooManyRequests},
	}, a.makeLink)
}

func (a *Role) whoami(w http.ResponseWriter, r *http.Request, _ *struct{}) error {
	who, ok := a.authenticate(r)
	if !ok {
		who = nil
	}
	s, _, _ := a.browserSession(r)
	return a.encode(w, a.signedIn(who, s))
}

// signedIn says who is signed in; nil: nobody.
func (a *Role) signedIn(who *access.Who, s browserSession) sessionAnswer {
	out := sessionAnswer{SignedIn: who != nil, Instance: a.signIns.instance, Version: a.o.Version}
	if who != nil {
		out.User, out.Roles, out.Token, out.ExpiresAt = who.User(), who.Token.Roles, who.Token.ID, s.until.UTC()
	}
	return out
}

func (a *Role) signIn(w http.ResponseWriter, r *http.Request, _ *struct{}) error {
	var in signInOrder
	if err := a.small(w, r, &in); err != nil {
		return err
	}
	if (in.Code == "") == (in.Token == "") {
		return turno.Errorf(turno.CodeMalformed, "give a code or a token")
	}
	now := time.Now()
	who, ok := a.access.Identify(r.Context(), in.Token, address(r))
	if in.Code != "" {
		who, ok = a.signIns.trade(in.Code, now)
	}
	if !ok {
		if a.guesses.tooMany(r, now) {
			w.Header().Set("Retry-After", "60")
			return problemOf(turno.Errorf(turno.CodeUnauthorized, "too many wrong tries from this address"), http.StatusTooManyRequests)
		}
		if in.Code != "" {
			return turno.Errorf(turno.CodeUnauthorized, "the link was used before, or is too old").
				WithHint("turno open makes a new one")
		}
		return turno.Errorf(turno.CodeUnauthorized, "the token is not valid here").
			WithHint("turno up says in which file it is")
	}
	if !who.May(access.Read) {
		return turno.Errorf(turno.CodeForbidden, "the token %q is for %v, not for the dashboard", who.Token.Name, who.Token.Roles)
	}
	s := browserSession{until: now.Add(sessionLife).Truncate(time.Second)}
	if end := who.Token.ExpiresAt; !end.IsZero() && end.Before(s.until) {
		s.until = end.Truncate(time.Second)
	}
	_, _ = rand.Read(s.id[:]) // never fails
	a.setCookie(w, a.signIns.seal(s, who), s.until.Sub(now))
	a.log.Info("signed a browser in", "user", who.User(), "from", r.RemoteAddr)
	access.SignedIn(r.Context(), who)
	return a.encode(w, a.signedIn(who, s))
}

func (a *Role) signOut(w http.ResponseWriter, r *http.Request, _ *struct{}) error {
	if s, _, ok := a.browserSession(r); ok {
		a.signIns.end(s, time.Now())
	}
	a.setCookie(w, "", -time.Second)
	return a.encode(w, a.signedIn(nil, browserSession{}))
}

func (a *Role) makeLink(w http.ResponseWriter, r *http.Request, _ *struct{}) error {
	link, ok := a.signInLink(access.Of(r.Context()))
	if !ok {
		return problemOf(turno.Errorf(turno.CodeUnavailable, "too many links wait to be used").WithHint("use one, or wait a quarter of an hour"),
			http.StatusTooManyRequests)
	}
	return a.encode(w, linkAnswer{link, time.Now().Add(codeLife).UTC().Truncate(time.Second)})
}
