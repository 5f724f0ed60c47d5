package api_test

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"turno"
	"turno/client"
	"turno/internal/access"
	"turno/internal/cert"
	"turno/internal/role/api"
	storemem "turno/internal/store/mem"
)

// joinable is a server that workers can join, and what stands for its broker: it
// says hello to the worker that it was told of, and repeats what it hears.
type joinable struct {
	people
	fingerprint string
}

func serveWorkers(t testing.TB, workers ...turno.Worker) joinable {
	t.Helper()
	certFile, keyFile, err := cert.Own(filepath.Join(t.TempDir(), "tls"), []string{"localhost"})
	if err != nil {
		t.Fatal(err)
	}
	j := joinable{people: people{store: storemem.New(), tokens: map[string]string{}}}
	if j.fingerprint, err = cert.FileFingerprint(certFile); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	t.Cleanup(group.Wait)
	j.server = serve(t, api.Options{
		Service: &fake{workers: workers}, Access: access.Options{Store: j.store},
		Workers: api.Workers{Listen: "127.0.0.1:0", CertFile: certFile, KeyFile: keyFile, Admit: func(worker string) (net.Conn, string, error) {
			mine, theirs := net.Pipe()
			group.Go(func() {
				defer mine.Close()
				if _, err := fmt.Fprintf(mine, "hello %s\n", worker); err != nil {
					return
				}
				for lines := bufio.NewScanner(mine); lines.Scan(); {
					if _, err := fmt.Fprintln(mine, lines.Text()); err != nil {
						return
					}
				}
			})
			return theirs, "ticket of " + worker, nil
		}},
	})
	return j
}

// at is a client of the address for workers.
func (j joinable) at(t testing.TB, token, fingerprint string) *client.Client {
	t.Helper()
	trust, err := cert.Trust("", fingerprint)
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.New(client.Options{URL: "https://" + j.WorkersAddr(), Token: token, TLS: trust})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// word makes a token to join with, and gives what a client has of it.
func (j joinable) word(t testing.TB, name string) (fingerprint, secret string) {
	t.Helper()
	made, err := connect(t, j.server).MakeToken(t.Context(), turno.NewToken{Name: name, Roles: []turno.Role{turno.RoleJoin}})
	if err != nil {
		t.Fatal(err)
	}
	address, word, _ := strings.Cut(made.Join, " ")
	if fingerprint, secret, err = access.ParseJoinWord(word); err != nil || address != j.WorkersAddr() || secret != made.Secret || fingerprint != j.fingerprint {
		t.Fatalf("the line is %q: %v", made.Join, err)
	}
	if life := time.Until(made.ExpiresAt); life < 50*time.Minute || life > time.Hour {
		t.Errorf("it is good for %s", life)
	}
	return fingerprint, secret
}

// hello opens a worker's connection and hears whom the broker takes it for.
func hello(t testing.TB, c *client.Client) (net.Conn, *bufio.Reader, error) {
	t.Helper()
	conn, ticket, err := c.Carry(t.Context())
	if err != nil {
		return nil, nil, err
	}
	t.Cleanup(func() { _ = conn.Close() })
	lines := bufio.NewReader(conn)
	greeting, err := lines.ReadString('\n')
	if err != nil || strings.TrimPrefix(greeting, "hello ") != strings.TrimPrefix(ticket, "ticket of ")+"\n" {
		t.Fatalf("%q with %q: %v", greeting, ticket, err)
	}
	return conn, lines, nil
}

func codeOf(err error) turno.Code {
	if known, ok := errors.AsType[*turno.Error](err); ok {
		return known.Code
	}
	return ""
}

// TestJoin_AndTakeJobs: a word is good once; the worker's own token takes jobs
// under its name until it is revoked, which ends a connection that is open.
func TestJoin_AndTakeJobs(t *testing.T) {
	t.Parallel()
	j := serveWorkers(t)
	fingerprint, secret := j.word(t, "first")
	mine := access.NewSecret()
	token, err := j.at(t, secret, fingerprint).Join(t.Context(), "lab2", mine)
	if err != nil || token.User != "lab2" || !token.Has(turno.RoleJoined) || !token.ExpiresAt.IsZero() {
		t.Fatalf("%+v: %v", token, err)
	}
	// The answer was lost: asked again it is the same worker.
	if again, err := j.at(t, secret, fingerprint).Join(t.Context(), "lab2", mine); err != nil || again.ID != token.ID {
		t.Errorf("%+v: %v", again, err)
	}
	conn, lines, err := hello(t, j.at(t, mine, fingerprint))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintln(conn, "words of the broker"); err != nil {
		t.Fatal(err)
	}
	if line, err := lines.ReadString('\n'); err != nil || line != "words of the broker\n" {
		t.Errorf("%q: %v", line, err)
	}
	if _, err := connect(t, j.server).RevokeToken(t.Context(), token.ID); err != nil {
		t.Fatal(err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := lines.ReadString('\n'); err == nil || errors.Is(err, net.ErrClosed) {
		t.Errorf("the connection outlives the token: %v", err)
	}
	if _, _, err := j.at(t, mine, fingerprint).Carry(t.Context()); codeOf(err) != turno.CodeUnauthorized {
		t.Errorf("revoked: %v", err)
	}
}

// TestAttack_10_WordsThatAreNotGood: guessed, used, expired, revoked, for another
// worker, and at a server with another key.
func TestAttack_10_WordsThatAreNotGood(t *testing.T) {
	t.Parallel()
	j := serveWorkers(t, turno.Worker{Name: "here", State: turno.WorkerReady})
	join := func(secret, fingerprint, worker string) error {
		_, err := j.at(t, secret, fingerprint).Join(t.Context(), worker, access.NewSecret())
		return err
	}
	fingerprint, used := j.word(t, "used")
	if err := join(used, fingerprint, "lab2"); err != nil {
		t.Fatal(err)
	}
	_, good := j.word(t, "good")
	_, revoked := j.word(t, "revoked")
	if _, err := connect(t, j.server).RevokeToken(t.Context(), access.IDOf(access.Hash(revoked))); err != nil {
		t.Fatal(err)
	}
	past := time.Now().Add(-time.Second)
	expired := j.put(t, turno.Token{Name: "expired", User: "ana", Roles: []turno.Role{turno.RoleJoin}, ExpiresAt: past})
	for name, c := range map[string]struct {
		secret, worker string
		code           turno.Code
	}{
		"used": {used, "lab3", turno.CodeUnauthorized}, "guessed": {access.NewSecret(), "lab3", turno.CodeUnauthorized},
		"revoked": {revoked, "lab3", turno.CodeUnauthorized}, "expired": {expired, "lab3", turno.CodeUnauthorized},
		"an admin's": {j.token, "lab3", turno.CodeForbidden},
		"taken name": {good, "lab2", turno.CodeConflict}, "of one at work": {good, "here", turno.CodeConflict}, "of none": {good, "", turno.CodeInvalid},
		"of others too": {good, "lab2.>", turno.CodeInvalid},
	} {
		if err := join(c.secret, fingerprint, c.worker); codeOf(err) != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
	// Somebody stands between: nothing is told to whom has another key.
	other := serveWorkers(t)
	if err := join(good, other.fingerprint, "lab3"); err == nil || !strings.Contains(err.Error(), "not the one that was expected") {
		t.Errorf("another key: %v", err)
	}
	if _, _, err := j.at(t, good, other.fingerprint).Carry(t.Context()); !errors.Is(err, cert.ErrFingerprint) {
		t.Errorf("another key: %v", err)
	}
	if err := join(good, fingerprint, "lab3"); err != nil {
		t.Errorf("what was refused has used it up: %v", err)
	}
}

// TestJoin_OfManyAtOnceOne: with one word, and with one name.
func TestJoin_OfManyAtOnceOne(t *testing.T) {
	t.Parallel()
	j := serveWorkers(t)
	fingerprint, one := j.word(t, "one")
	_, two := j.word(t, "two")
	errs := make([]error, 8)
	var group sync.WaitGroup
	for i := range errs {
		secret, worker := one, fmt.Sprintf("lab%d", i)
		if i >= 6 {
			secret, worker = two, "same"
		}
		c := j.at(t, secret, fingerprint)
		group.Go(func() { _, errs[i] = c.Join(t.Context(), worker, access.NewSecret()) })
	}
	group.Wait()
	joined := 0
	for _, err := range errs {
		if err == nil {
			joined++
		}
	}
	if joined != 2 {
		t.Errorf("%d joined with two words: %v", joined, errs)
	}
}

// TestAttack_C6_AddressForWorkers: it is for nobody else, and workers' tokens are
// for nothing else.
func TestAttack_C6_AddressForWorkers(t *testing.T) {
	t.Parallel()
	j := serveWorkers(t)
	joined := j.put(t, turno.Token{Name: "worker lab2", User: "lab2", Roles: []turno.Role{turno.RoleJoined}})
	_, join := j.word(t, "join")
	files := j.make(t, "files", turno.RoleWorker).Secret
	trust, err := cert.Trust("", j.fingerprint)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(token, method, path string, header ...string) int {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, "https://"+j.WorkersAddr()+path, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		transport := &http.Transport{TLSClientConfig: trust, DisableKeepAlives: true}
		res, err := transport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		return res.StatusCode
	}
	for _, c := range []struct {
		who, token, method, path string
		want                     int
	}{
		{"nobody", "", "GET", "/", 401}, {"nobody", "", "GET", "/healthz", 401}, {"nobody", "", "GET", "/api/v1/session", 401},
		{"admin", j.token, "GET", "/api/v1/jobs", 403}, {"admin", j.token, "POST", "/api/v1/tokens", 403}, {"admin", j.token, "GET", "/", 403},
		{"worker", joined, "POST", "/api/v1/jobs", 403}, {"worker", joined, "GET", "/api/v1/jobs", 403}, {"worker", joined, "GET", "/api/v1/tokens", 403},
		{"worker", joined, "POST", "/api/v1/tokens", 403}, {"worker", joined, "GET", "/api/v1/events", 403}, {"worker", joined, "POST", "/api/v1/workers:join", 403},
		{"worker", joined, "GET", "/api/v1/version", 200}, {"worker", joined, "GET", "/api/v1/broker", 426},
		{"join", join, "GET", "/api/v1/version", 403}, {"join", join, "GET", "/api/v1/broker", 403}, {"join", join, "POST", "/api/v1/jobs", 403},
		{"files", files, "GET", "/api/v1/broker", 403}, {"files", files, "POST", "/api/v1/workers:join", 403},
	} {
		if got := ask(c.token, c.method, c.path); got != c.want {
			t.Errorf("%s %s by %s: %d, want %d", c.method, c.path, c.who, got, c.want)
		}
	}
	if got := ask(joined, "GET", "/api/v1/version", "Origin", "https://"+j.WorkersAddr()); got != 403 {
		t.Errorf("a browser: %d", got)
	}
	old := trust.Clone()
	old.MaxVersion = tls.VersionTLS12
	if conn, err := tls.Dial("tcp", j.WorkersAddr(), old); err == nil {
		_ = conn.Close()
		t.Error("TLS 1.2 is taken")
	}
}

// TestCarry_WorkerThatIsGoneWithoutAWord: its machine takes nothing more, and no
// reset comes; its place is free again soon.
func TestCarry_WorkerThatIsGoneWithoutAWord(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inner, broker := net.Pipe()
		outer, machine := net.Pipe()
		began := time.Now()
		var group sync.WaitGroup
		group.Go(func() { api.RelayBytes(t.Context(), inner, outer) })
		if _, err := broker.Write([]byte("PING")); err != nil {
			t.Error(err)
		}
		group.Wait()
		if took := time.Since(began); took > time.Minute {
			t.Errorf("it was waited for %s", took)
		}
		_, _ = broker.Close(), machine.Close()
	})
}
