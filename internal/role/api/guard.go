package api

import (
	"net/http"
	"net/url"
	"path"
	"runtime/debug"
	"strings"
	"time"

	"turno"
	"turno/internal/access"
)

const (
	// bodyTimeout is for a whole body: 16 MiB at 5 Mbit/s.
	bodyTimeout = 30 * time.Second
	// answerTimeout is for a whole answer, waiting for it included; streams
	// set a new one with each write.
	answerTimeout = 3 * time.Minute
)

// public routes are for probes, which have no token; they tell nothing but
// "works" or "does not".
var public = map[string]bool{"/healthz": true, "/readyz": true}

// guard runs before every route, also before 404.
func (a *Role) guard(next http.Handler) http.Handler {
	crossOrigin := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer a.recover(w, r)
		secure(w.Header())
		switch {
		case !a.hosts.allowed(r.Host):
			a.turnAway(w, r, http.StatusMisdirectedRequest, turno.Errorf(turno.CodeForbidden, "%.80q is not a name of this server", r.Host).
				WithHint("call it by the name it was started with, or add this one to its allowed hosts"))
			return
		case crossOrigin.Check(r) != nil || foreign(r) && !a.isPage(r):
			a.turnAway(w, r, http.StatusForbidden, turno.Errorf(turno.CodeForbidden, "the request comes from a page of another site").
				WithHint("ask from turno's own pages, or from a program that sends no Origin"))
			return
		}
		a.letIn(w, r, next)
	})
}

// letIn serves who may, and notes what they did.
func (a *Role) letIn(w http.ResponseWriter, r *http.Request, next http.Handler) {
	var who *access.Who
	if !a.open(r) {
		var ok bool
		if who, ok = a.authenticate(r); !ok {
			a.unknown(w, r)
			return
		}
	}
	a.serveAs(w, r, who, next)
}

// serveAs serves somebody, nil where a route is for all.
func (a *Role) serveAs(w http.ResponseWriter, r *http.Request, who *access.Who, next http.Handler) {
	inner, seen := r.WithContext(access.With(r.Context(), who)), &answered{ResponseWriter: w}
	defer func() {
		r.Pattern = inner.Pattern // who counts requests has r
		a.noteRequest(inner, seen.status)
	}()
	switch {
	case who != nil && a.hurried(seen, inner, who), who != nil && a.forbidden(seen, inner, who), a.checkForm(seen, inner) != nil:
	default:
		a.dispatch(seen, inner, next)
	}
}

// authenticate finds out who asks: by a token, or by a browser's session.
func (a *Role) authenticate(r *http.Request) (*access.Who, bool) {
	if r.Header.Get("Authorization") == "" {
		_, who, ok := a.browserSession(r)
		return who, ok
	}
	return a.bearer(r)
}

// bearer finds out who asks by the token that they send.
func (a *Role) bearer(r *http.Request) (*access.Who, bool) {
	given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || len(r.Header.Values("Authorization")) != 1 {
		return nil, false
	}
	who, ok := a.access.Identify(r.Context(), given, address(r))
	if ok {
		who = who.As(r.Header.Get("Turno-User"))
	}
	return who, ok
}

// forbidden turns away whose roles a route is not for.
func (a *Role) forbidden(w http.ResponseWriter, r *http.Request, who *access.Who) bool {
	_, pattern := a.mux.Handler(r)
	allowed, known := a.allowed[pattern]
	if pattern == "" || known && allowed == nil || who.Token.Has(allowed...) {
		return false
	}
	a.refuse(w, r, turno.Errorf(turno.CodeForbidden, "the token %q of %s may not do this: it is for %s", who.Token.Name, who.User(), inWords(who.Token.Roles)).
		WithHint("it needs a token for %s: an admin makes one with turno token create", inWords(allowed)))
	return true
}

// inWords lists roles: submitter or viewer.
func inWords(roles []turno.Role) string {
	names := make([]string, len(roles))
	for i, r := range roles {
		names[i] = string(r)
	}
	return strings.Join(names, " or ")
}

// secure sets headers that keep a browser from making a page of an answer.
func secure(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

// foreign tells whether a page of another origin asks. http.CrossOriginProtection
// lets such a GET pass; here it could open a stream.
func foreign(r *http.Request) bool {
	if origin := r.Header.Get("Origin"); origin != "" {
		u, err := url.Parse(origin)
		if err != nil || u.Host != r.Host {
			return true
		}
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin":
		return false
	}
	return true
}

// turnAway refuses and ends the connection: who is wrong here once will be
// wrong again.
func (a *Role) turnAway(w http.ResponseWriter, r *http.Request, status int, e *turno.Error) {
	w.Header().Set("Connection", "close")
	a.refuse(w, r, problemOf(e, status))
}

func (a *Role) unknown(w http.ResponseWriter, r *http.Request) {
	given := r.Header.Get("Authorization") != ""
	if given && a.guesses.tooMany(r, time.Now()) {
		a.log.Warn("turned away who guesses tokens", "from", r.RemoteAddr)
		a.noteStranger(r, http.StatusTooManyRequests)
		w.Header().Set("Retry-After", "60")
		a.turnAway(w, r, http.StatusTooManyRequests, turno.Errorf(turno.CodeUnauthorized, "too many wrong tokens from this address"))
		return
	}
	if given {
		a.noteStranger(r, http.StatusUnauthorized)
	}
	w.Header().Set("WWW-Authenticate", `Bearer realm="turno"`)
	e := turno.Errorf(turno.CodeUnauthorized, "a token is needed").
		WithHint("send it as: Authorization: Bearer turno_…; turno up writes it to a file and says where")
	if given {
		e = turno.Errorf(turno.CodeUnauthorized, "the token is not valid here").
			WithHint("is it that of another server, or has it expired or been revoked? see TURNO_TOKEN and --token-file")
	}
	a.turnAway(w, r, http.StatusUnauthorized, e)
}

// checkForm refuses bodies that no route takes, before they are read.
func (a *Role) checkForm(w http.ResponseWriter, r *http.Request) *turno.Error {
	var bad *turno.Error
	status := http.StatusUnsupportedMediaType
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	hasBody := r.ContentLength != 0
	_, query := url.ParseQuery(r.URL.RawQuery)
	want, long := "application/json", streamed(r)
	if long {
		want = octets
	}
	switch {
	case path.Clean(r.URL.Path) != r.URL.Path || strings.ContainsAny(r.URL.Path, "\x00\\"):
		bad, status = turno.Errorf(turno.CodeNotFound, "there is nothing at this path"), http.StatusNotFound
	case query != nil:
		bad, status = turno.Errorf(turno.CodeMalformed, "the part of the address after the ? cannot be read"), http.StatusBadRequest
	case r.Header.Get("Content-Encoding") != "":
		bad = turno.Errorf(turno.CodeMalformed, "bodies must not be compressed: leave Content-Encoding out")
	case hasBody && !strings.EqualFold(strings.TrimSpace(kind), want):
		bad = turno.Errorf(turno.CodeMalformed, "the body is not of the right kind here: send Content-Type: %s", want)
	}
	if len(r.TransferEncoding) > 0 {
		// Where a proxy counts the body's length otherwise, what it takes for
		// the rest of the body must not be read as another request.
		w.Header().Set("Connection", "close")
	}
	if bad != nil {
		a.turnAway(w, r, status, bad)
		return bad
	}
	c := http.NewResponseController(w)
	_ = c.SetWriteDeadline(time.Now().Add(answerTimeout)) // a test's writer has none
	if long {
		return nil // its route bounds it, and sets deadlines as it comes
	}
	if hasBody {
		_ = c.SetReadDeadline(time.Now().Add(bodyTimeout))
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	return nil
}

// dispatch serves, and makes problems of the mux's own 404 and 405.
func (a *Role) dispatch(w http.ResponseWriter, r *http.Request, next http.Handler) {
	if _, pattern := a.mux.Handler(r); pattern != "" {
		if a.tagged[pattern] && r.Method == http.MethodGet {
			tag(w, r, next)
			return
		}
		next.ServeHTTP(w, r)
		return
	}
	probe := &probe{header: http.Header{}}
	next.ServeHTTP(probe, r)
	if probe.status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", probe.header.Get("Allow"))
		a.refuse(w, r, problemOf(turno.Errorf(turno.CodeNotFound, "%s is not possible here; %s is", r.Method, probe.header.Get("Allow")).
			WithHint("see /openapi.json for what there is"), http.StatusMethodNotAllowed))
		return
	}
	a.refuse(w, r, turno.Errorf(turno.CodeNotFound, "there is nothing at this path").WithHint("see /openapi.json for what there is"))
}

// probe takes the mux's answer and keeps its header only.
type probe struct {
	header http.Header
	status int
}

func (p *probe) Header() http.Header            { return p.header }
func (p *probe) Write(data []byte) (int, error) { return len(data), nil }
func (p *probe) WriteHeader(status int)         { p.status = status }

// recover answers for a handler that panicked, if it has not answered.
func (a *Role) recover(w http.ResponseWriter, r *http.Request) {
	cause := recover()
	if cause == nil {
		return
	}
	if cause == http.ErrAbortHandler {
		panic(cause)
	}
	a.log.Error("a handler panicked", "method", r.Method, "path", r.URL.Path, "err", cause, "stack", string(debug.Stack()))
	w.Header().Set("Connection", "close")
	a.refuse(w, r, turno.Errorf(turno.CodeInternal, "turno could not do this because of an error of its own").
		WithHint("its log says which"))
}
