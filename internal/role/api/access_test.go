package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"strings"
	"testing"
	"time"

	"turno"
	"turno/internal/access"
	"turno/internal/obs"
	"turno/internal/role/api"
	port "turno/internal/store"
	storemem "turno/internal/store/mem"
)

// people is a server that keeps tokens, and one of each role. Users are called
// as their roles; ben is another submitter.
type people struct {
	server
	store  *storemem.Store
	tokens map[string]string
}

func serveAll(t testing.TB, o api.Options) people {
	t.Helper()
	p := people{store: storemem.New(), tokens: map[string]string{}}
	o.Access.Store = p.store
	p.server = serve(t, o)
	for _, role := range turno.Roles {
		if role == turno.RoleJoin || role == turno.RoleJoined {
			p.tokens[string(role)] = p.put(t, turno.Token{Name: string(role), User: string(role), Roles: []turno.Role{role}})
			continue
		}
		p.tokens[string(role)] = p.make(t, string(role), role).Secret
	}
	p.tokens["ben"] = p.make(t, "ben", turno.RoleSubmitter).Secret
	return p
}

func (p people) make(t testing.TB, user string, roles ...turno.Role) turno.MadeToken {
	t.Helper()
	made, err := connect(t, p.server).MakeToken(t.Context(), turno.NewToken{Name: user, User: user, Roles: roles})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// put makes a token that no admin can make.
func (p people) put(t testing.TB, token turno.Token) string {
	t.Helper()
	secret := access.NewSecret()
	hash := access.Hash(secret)
	token.ID = access.IDOf(hash)
	if err := p.store.WriteAccess(t.Context(), port.AccessBatch{New: []port.TokenRecord{{Token: token, Hash: hash}}}); err != nil {
		t.Fatal(err)
	}
	return secret
}

// as sends a request with somebody's token.
func (p people) as(t testing.TB, who, method, path, body string) (*http.Response, string) {
	t.Helper()
	return p.request(t, method, path, body, "Authorization", "Bearer "+p.tokens[who])
}

// operations of the description: their ids, methods and paths.
func operations(t testing.TB, s server) map[string][2]string {
	t.Helper()
	text, err := s.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths map[string]map[string]struct {
			ID string `json:"operationId"`
		} `json:"paths"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	out := map[string][2]string{}
	for path, methods := range doc.Paths {
		filled := strings.NewReplacer("{ref}", "1", "{name}", "w", "{path}", "a/b", "{number}", "1", "{hash}", strings.Repeat("0", 64), "{id}", "0123456789ab").Replace(path)
		for method, op := range methods {
			id := op.ID
			if strings.Contains(path, "{number}") && strings.ToUpper(method) == "POST" {
				id = "letters:" + id
			}
			out[id] = [2]string{strings.ToUpper(method), filled}
		}
	}
	return out
}

// Who may what. A route that is not here fails the test: decide whose it is.
const (
	nobodyNeeded = "admin operator submitter viewer worker metrics join joined"
	anyUser      = "admin operator submitter viewer worker joined"
	readers      = "admin operator submitter viewer"
	submitters   = "admin operator submitter"
	operators    = "admin operator"
	admins       = "admin"
	workers      = "admin worker joined"
	senders      = "admin operator submitter worker joined"
)

var mayUse = map[string]string{
	"healthz": nobodyNeeded, "readyz": nobodyNeeded, "whoami": nobodyNeeded, "signIn": nobodyNeeded, "signOut": nobodyNeeded,
	"version": anyUser, "me": anyUser,
	"jobs": readers, "facets": readers, "job": readers, "why": readers, "log": readers, "events": readers, "artifacts": readers, "artifact": readers, "countJobs": readers,
	"workers": readers, "types": readers, "summary": readers, "statistics": readers, "timeseries": readers, "signInLink": readers,
	"tokens": readers, "revokeToken": readers,
	"submit": submitters, "preview": submitters, "act": submitters, "actOnMatches": submitters, "retry": submitters, "session": submitters,
	"updateJob": submitters, "cancel": submitters, "hold": submitters, "release": submitters, "requeue": submitters,
	"drain": operators, "undrain": operators, "dead-letters": operators, "dead-letter": operators, "letters:redrive": operators, "letters:drop": operators,
	"benchmarks": readers, "benchmark": readers, "benchmarkFindings": readers, "compareBenchmarks": readers, "benchmarkResults": readers, "benchmarkReport": readers,
	"putBenchmark": submitters, "startBenchmark": submitters, "stopBenchmark": submitters, "removeBenchmark": submitters,
	"makeToken": admins, "audit": admins,
	"join": "join", "carry": "joined",
	"statFiles": senders, "packFiles": senders, "putFile": senders,
	"getFile": anyUser, "nameFile": workers, "fileName": workers,
}

// TestAttack_C3_C6_EveryRouteForEveryRole: a viewer that posts, a worker that
// submits, and all others, on all there is.
func TestAttack_C3_C6_EveryRouteForEveryRole(t *testing.T) {
	t.Parallel()
	p := serveAll(t, api.Options{Service: &fake{}})
	all := operations(t, p.server)
	for id := range all {
		if mayUse[id] == "" {
			t.Errorf("nobody has said who may use %s", id)
		}
	}
	for id, allowed := range mayUse {
		op, ok := all[id]
		if !ok {
			t.Errorf("there is no operation %s", id)
			continue
		}
		for _, role := range turno.Roles {
			body := ""
			if op[0] == "POST" && id != "packFiles" {
				body = "{}"
			}
			res, text := p.as(t, string(role), op[0], op[1], body)
			may := strings.Contains(" "+allowed+" ", " "+string(role)+" ")
			if refused := res.StatusCode == http.StatusForbidden; refused == may || res.StatusCode == http.StatusUnauthorized && id != "signIn" {
				t.Errorf("%s by %s: %d %s, want it allowed: %v", id, role, res.StatusCode, text, may)
			}
		}
	}
	for _, role := range []string{"worker", "metrics", "join", "joined"} {
		res, body := p.request(t, "POST", "/api/v1/session", `{"token":"`+p.tokens[role]+`"}`, "Authorization", "")
		isProblem(t, res, body, http.StatusForbidden)
	}
}

// owned is a service in which job 1 is submitter's, and any other is not there.
func owned() *fake {
	return &fake{job: func(ref string) (turno.Job, error) {
		r, err := turno.ParseRef(ref)
		if err != nil {
			return turno.Job{}, err
		}
		if r.Number != 1 {
			return turno.Job{}, turno.NoJob(r)
		}
		return turno.Job{ID: "0190a000-0000-7000-8000-000000000000", Number: 1, State: turno.Failed, Spec: &turno.Spec{Type: "noop", User: "submitter"}, Result: &turno.Result{}}, nil
	}}
}

// TestAttack_C4_C5_JobsOfOthersAreNotThere: what is not theirs and what is not
// there is answered word for word alike, and nothing is done.
func TestAttack_C4_C5_JobsOfOthersAreNotThere(t *testing.T) {
	t.Parallel()
	f := owned()
	p := serveAll(t, api.Options{Service: f})
	for _, c := range [][2]string{
		{"GET", "/api/v1/jobs/1"}, {"GET", "/api/v1/jobs/1/why"}, {"GET", "/api/v1/jobs/1/log"}, {"GET", "/api/v1/jobs/1/artifacts"},
		{"GET", "/api/v1/jobs/1/artifacts/a.png"}, {"POST", "/api/v1/jobs/1/retry"},
		{"POST", "/api/v1/jobs/1/cancel"}, {"POST", "/api/v1/jobs/1/hold"}, {"POST", "/api/v1/jobs/1/release"}, {"POST", "/api/v1/jobs/1/requeue"},
	} {
		res, body := p.as(t, "ben", c[0], c[1], "")
		isProblem(t, res, body, http.StatusNotFound)
		_, missing := p.as(t, "ben", c[0], strings.Replace(c[1], "/1", "/2", 1), "")
		if want := strings.ReplaceAll(missing, "job 2", "job 1"); body != want {
			t.Errorf("%s %s tells: %s of what is not theirs, %s of what is not there", c[0], c[1], body, missing)
		}
	}
	for body, want := range map[string]string{
		`{"verb":"cancel","jobs":["1","2"]}`:                `"acted":[{"target":"1","error":{"code":"not_found"`,
		`{"verb":"drain","workers":["w"]}`:                  `"code":"forbidden"`,
		`{"verb":"drop","dead_letters":["1"]}`:              `"code":"forbidden"`,
		`{"verb":"cancel","jobs":["1"],"user":"submitter"}`: `"code":"forbidden"`,
	} {
		if _, text := p.as(t, "ben", "POST", "/api/v1/actions", body); !strings.Contains(text, want) {
			t.Errorf("%s: %s", body, text)
		}
	}
	for spec, code := range map[string]string{
		`{"spec":{"type":"noop","user":"submitter"}}`:                             "forbidden",
		`{"spec":{"type":"noop","after":[{"job":"1","when":"ok"}]}}`:              "not_found",
		`{"spec":{"type":"noop","inputs":[{"path":"x","from":"job:1/out.png"}]}}`: "not_found",
		`{"spec":{"type":"noop"},"retry_of":1}`:                                   "not_found",
		`{"jobs":[{"spec":{"type":"noop","user":"submitter"}}]}`:                  "forbidden",
	} {
		if _, text := p.as(t, "ben", "POST", "/api/v1/jobs", spec); !strings.Contains(text, `"code":"`+code+`"`) {
			t.Errorf("%s: %s", spec, text)
		}
	}
	if n := f.changes.Load(); n != 0 {
		t.Errorf("%d orders came through", n)
	}
	for _, who := range []string{"submitter", "operator", "admin"} {
		if res, text := p.as(t, who, "POST", "/api/v1/jobs/1/cancel", ""); res.StatusCode != http.StatusOK {
			t.Errorf("%s: %d %s", who, res.StatusCode, text)
		}
	}
	res, text := p.as(t, "viewer", "GET", "/api/v1/jobs/1", "")
	if res.StatusCode != http.StatusOK {
		t.Errorf("a viewer sees %d %s", res.StatusCode, text)
	}
}

// TestSubmit_AsWhom: everybody as themselves, an admin as anybody, and the token
// of the file as whoever sits there.
func TestSubmit_AsWhom(t *testing.T) {
	t.Parallel()
	f := &fake{jobs: make(chan []turno.NewJob, 1)}
	p := serveAll(t, api.Options{Service: f})
	for _, c := range []struct{ token, header, given, want string }{
		{p.tokens["submitter"], "", "", "submitter"}, {p.tokens["submitter"], "mallory", "", "submitter"}, {p.tokens["submitter"], "", "submitter", "submitter"},
		{p.tokens["operator"], "", "me", "operator"}, {p.tokens["admin"], "mallory", "", "admin"}, {p.tokens["admin"], "", "eva", "eva"},
		{p.token, "", "", "ana"}, {p.token, "eva", "", "eva"}, {p.token, "../x", "", "ana"}, {p.token, "eva", "ben", "ben"},
	} {
		res, text := p.request(t, "POST", "/api/v1/jobs", `{"spec":{"type":"noop","user":"`+c.given+`"}}`, "Authorization", "Bearer "+c.token, "Turno-User", c.header)
		if res.StatusCode != http.StatusCreated {
			t.Fatalf("%+v: %d %s", c, res.StatusCode, text)
		}
		if got := (<-f.jobs)[0].Spec.User; got != c.want {
			t.Errorf("%+v: submitted as %q", c, got)
		}
	}
}

// TestSubmit_RepeatedByAnOperator: whoever repeats a job, it is theirs; an admin
// repeats it for whom it was.
func TestSubmit_RepeatedByAnOperator(t *testing.T) {
	t.Parallel()
	f := owned()
	f.jobs = make(chan []turno.NewJob, 1)
	p := serveAll(t, api.Options{Service: f})
	for who, want := range map[string]string{"operator": "operator", "submitter": "submitter", "admin": "submitter"} {
		for path, body := range map[string]string{"/api/v1/jobs": `{"spec":{"type":"noop","user":"submitter"},"retry_of":1}`, "/api/v1/jobs/1/retry": ""} {
			res, text := p.as(t, who, "POST", path, body)
			if res.StatusCode != http.StatusCreated {
				t.Errorf("%s by %s: %d %s", who, path, res.StatusCode, text)
				continue
			}
			if got := (<-f.jobs)[0].Spec.User; got != want {
				t.Errorf("%s by %s: it is %q's", who, path, got)
			}
		}
	}
}

// TestSubmit_RepeatedTogether: of jobs with the same spec each is decided on by
// itself.
func TestSubmit_RepeatedTogether(t *testing.T) {
	t.Parallel()
	f := owned()
	f.jobs = make(chan []turno.NewJob, 1)
	p := serveAll(t, api.Options{Service: f})
	const again, new = `{"spec":{"type":"noop","user":"submitter"},"retry_of":1}`, `{"spec":{"type":"noop","user":"submitter"}}`
	for jobs, want := range map[string]int{again + "," + again: 2, again + "," + new: 1, new + "," + again: 1} {
		res, text := p.as(t, "operator", "POST", "/api/v1/jobs", `{"jobs":[`+jobs+`]}`)
		if res.StatusCode != http.StatusCreated && res.StatusCode != http.StatusMultiStatus {
			t.Fatalf("%s: %d %s", jobs, res.StatusCode, text)
		}
		var taken []turno.NewJob
		select {
		case taken = <-f.jobs:
		default: // none was let through
		}
		if len(taken) != want {
			t.Errorf("%s: %d jobs came through, not %d", jobs, len(taken), want)
		}
		for _, n := range taken {
			if n.Spec.User != "operator" {
				t.Errorf("%s: a job of %q came through", jobs, n.Spec.User)
			}
		}
	}
}

// TestAttack_C2_ExpiredAndRevoked: such a token is as good as none, at once, and
// what was open with it ends.
func TestAttack_C2_ExpiredAndRevoked(t *testing.T) {
	t.Parallel()
	f := &fake{
		events: func(ctx context.Context, _ turno.EventQuery) iter.Seq2[turno.Event, error] {
			return func(yield func(turno.Event, error) bool) {
				yield(turno.Event{Revision: 1, Reset: true}, nil)
				<-ctx.Done()
			}
		},
		log: func(ctx context.Context, q turno.LogQuery) (turno.Log, error) {
			if q.Offset > 0 {
				<-ctx.Done()
				return turno.Log{}, ctx.Err()
			}
			return turno.Log{Attempt: 1, Data: []byte("x")}, nil
		},
	}
	p := serveAll(t, api.Options{Service: f})
	expired := access.NewSecret()
	hash := access.Hash(expired)
	err := p.store.WriteAccess(t.Context(), port.AccessBatch{New: []port.TokenRecord{{Hash: hash, Token: turno.Token{
		ID: access.IDOf(hash), Name: "old", User: "ben", Roles: []turno.Role{turno.RoleAdmin}, ExpiresAt: time.Now().Add(-time.Second),
	}}}})
	if err != nil {
		t.Fatal(err)
	}
	res, body := p.request(t, "GET", "/api/v1/jobs", "", "Authorization", "Bearer "+expired)
	isProblem(t, res, body, http.StatusUnauthorized)

	res, _ = p.signIn(t, `{"token":"`+p.tokens["viewer"]+`"}`)
	cookie := cookieOf(t, res)
	var open []*http.Response
	for _, path := range []string{"/api/v1/events", "/api/v1/jobs/1/log?follow=true"} {
		q, err := http.NewRequestWithContext(t.Context(), "GET", p.URL()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		q.AddCookie(cookie)
		res, err := http.DefaultTransport.RoundTrip(q)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatal(res, err)
		}
		defer res.Body.Close()
		if _, err := bufio.NewReader(res.Body).ReadByte(); err != nil {
			t.Fatal(err)
		}
		open = append(open, res)
	}
	id := access.IDOf(access.Hash(p.tokens["viewer"]))
	res, body = p.request(t, "POST", "/api/v1/tokens/"+id+"/revoke", "")
	if res.StatusCode != http.StatusOK || !strings.Contains(body, `"revoked_by":"ana"`) {
		t.Fatalf("%d %s", res.StatusCode, body)
	}
	for _, stream := range open { // each ends, or this test does not
		rest := bufio.NewReader(stream.Body)
		for err = error(nil); err == nil; {
			_, err = rest.ReadByte()
		}
	}
	for _, header := range [][]string{{"Authorization", "Bearer " + p.tokens["viewer"]}, {"Authorization", "", "Cookie", cookie.Name + "=" + cookie.Value}} {
		res, body = p.request(t, "GET", "/api/v1/jobs", "", header...)
		isProblem(t, res, body, http.StatusUnauthorized)
	}
}

// TestTokens_OfOthers: a user knows and ends their own tokens, and no others.
func TestTokens_OfOthers(t *testing.T) {
	t.Parallel()
	p := serveAll(t, api.Options{Service: &fake{}})
	_, body := p.as(t, "ben", "GET", "/api/v1/tokens", "")
	if strings.Count(body, `"id"`) != 1 || !strings.Contains(body, `"user":"ben"`) || strings.Contains(body, "turno_") {
		t.Errorf("ben sees %s", body)
	}
	_, body = p.as(t, "admin", "GET", "/api/v1/tokens", "")
	if strings.Count(body, `"id"`) != len(turno.Roles)+2 || strings.Contains(body, "turno_") || strings.Contains(body, "hash") {
		t.Errorf("an admin sees %s", body)
	}
	id := func(who string) string { return access.IDOf(access.Hash(p.tokens[who])) }
	res, body := p.as(t, "ben", "POST", "/api/v1/tokens/"+id("admin")+"/revoke", "")
	isProblem(t, res, body, http.StatusNotFound)
	res, body = p.as(t, "admin", "POST", "/api/v1/tokens/"+access.IDOf(access.Hash(p.token))+"/revoke", "")
	isProblem(t, res, body, http.StatusConflict)
	if res, body = p.as(t, "ben", "POST", "/api/v1/tokens/"+id("ben")+"/revoke", ""); res.StatusCode != http.StatusOK {
		t.Errorf("ben cannot end his own: %d %s", res.StatusCode, body)
	}
	for body, field := range map[string]string{
		`{"roles":["viewer"]}`: "name", `{"name":"x"}`: "roles", `{"name":"x","roles":["root"]}`: "roles", `{"name":"x","roles":["viewer"],"user":"me"}`: "user",
		`{"name":"x","roles":["viewer"],"user":"a b"}`: "user", `{"name":"x\u0000","roles":["viewer"]}`: "name", `{"name":"x","roles":["viewer"],"expires_seconds":9e8}`: "expires_seconds",
	} {
		res, text := p.as(t, "admin", "POST", "/api/v1/tokens", body)
		if got := isProblem(t, res, text, http.StatusUnprocessableEntity)["field"]; got != field {
			t.Errorf("%s: field %v", body, got)
		}
	}
	res, body = p.as(t, "admin", "POST", "/api/v1/tokens", `{"name":"viewer","roles":["viewer"]}`)
	isProblem(t, res, body, http.StatusConflict)
}

// TestAudit_WhatIsInIt: what was done and what was denied, by whom, and no
// secret; what was read is not. C57: guesses too, a flood of them in few lines.
func TestAudit_WhatIsInIt(t *testing.T) {
	t.Parallel()
	p := serveAll(t, api.Options{Service: owned()})
	p.as(t, "ben", "GET", "/api/v1/jobs/1", "")
	p.as(t, "ben", "GET", "/api/v1/summary", "")
	p.as(t, "ben", "POST", "/api/v1/actions", `{"verb":"cancel","jobs":["1"]}`)
	p.as(t, "submitter", "POST", "/api/v1/jobs/1/cancel", "")
	p.as(t, "viewer", "POST", "/api/v1/jobs", `{"spec":{"type":"noop"}}`)
	p.as(t, "submitter", "POST", "/api/v1/jobs", `{"spec":{"type":"noop","env":{"PASSWORD":"hunter2"}}}`)
	guess := access.NewSecret()
	for range 25 {
		p.request(t, "GET", "/api/v1/jobs", "", "Authorization", "Bearer "+guess)
	}
	page, err := connect(t, p.server).Audit(t.Context(), turno.AuditQuery{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	seen, guesses := map[string]bool{}, 0
	for _, e := range page.Items {
		seen[strings.Join([]string{e.User, e.Action, e.Object, e.Result}, "|")] = true
		if e.Action == "authenticate" {
			guesses += max(1, e.Times)
		}
		if e.From != "127.0.0.1" || e.At.IsZero() || e.Number == 0 {
			t.Errorf("%+v", e)
		}
	}
	for _, want := range []string{
		"ben|job|jobs/1|denied", "ben|act|cancel 1|denied", "submitter|cancel|cancel 1|done", "viewer|submit|jobs|denied", "submitter|submit|job 1|done",
	} {
		if !seen[want] {
			t.Errorf("%s is not in %v", want, seen)
		}
	}
	text, _ := json.Marshal(page)
	for _, secret := range []string{"turno_", "hunter2", guess, "summary"} {
		if strings.Contains(string(text), secret) {
			t.Errorf("%q is in %s", secret, text)
		}
	}
	if guesses != 25 || len(page.Items) > len(turno.Roles)+20 {
		t.Errorf("%d guesses are noted, in %d entries", guesses, len(page.Items))
	}
}

// TestAttack_C60_MetricsBeyondThisMachine: the token of a Prometheus reads
// /metrics and nothing else.
func TestAttack_C60_MetricsBeyondThisMachine(t *testing.T) {
	t.Parallel()
	p := serveAll(t, api.Options{Service: &fake{}, Metrics: obs.New("test"), Listen: "0.0.0.0:0", InsecureBehindProxy: true})
	for who, want := range map[string]int{"metrics": 200, "admin": 200, "submitter": 403, "viewer": 403, "worker": 403, "nobody": 401} {
		if res, body := p.as(t, who, "GET", "/metrics", ""); res.StatusCode != want {
			t.Errorf("%s: %d %.100s", who, res.StatusCode, body)
		}
	}
	res, body := p.as(t, "metrics", "GET", "/openapi.json", "")
	isProblem(t, res, body, http.StatusForbidden)
}

// TestEvents_OfOthersAreNotTold: a submitter hears of their own jobs.
func TestEvents_OfOthersAreNotTold(t *testing.T) {
	t.Parallel()
	f := owned()
	f.events = func(context.Context, turno.EventQuery) iter.Seq2[turno.Event, error] {
		return func(yield func(turno.Event, error) bool) {
			for n := range int64(3) {
				if !yield(turno.Event{Revision: uint64(n + 1), Number: n, Reset: n == 0, State: turno.Queued}, nil) {
					return
				}
			}
		}
	}
	p := serveAll(t, api.Options{Service: f})
	for who, want := range map[string]int{"submitter": 1, "ben": 0, "viewer": 2} {
		_, body := p.as(t, who, "GET", "/api/v1/events?job=1&job=2", "")
		if got := strings.Count(body, "event: job"); got != want || !strings.Contains(body, "event: reset") {
			t.Errorf("%s hears of %d: %s", who, got, body)
		}
	}
}
