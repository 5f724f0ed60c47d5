package access_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"turno"
	"turno/internal/access"
	"turno/internal/store"
	"turno/internal/store/mem"
)

// away is a store that can be out of reach.
type away struct {
	*mem.Store
	gone atomic.Bool
}

var errAway = errors.New("out of reach")

func (a *away) WriteAccess(ctx context.Context, b store.AccessBatch) error {
	if a.gone.Load() {
		return errAway
	}
	return a.Store.WriteAccess(ctx, b)
}

func (a *away) Tokens(ctx context.Context, known uint64) ([]store.TokenRecord, uint64, error) {
	if a.gone.Load() {
		return nil, 0, errAway
	}
	return a.Store.Tokens(ctx, known)
}

// keeper runs one until the test ends.
func keeper(t *testing.T, o access.Options) (k *access.Keeper, root *access.Who, stop func()) {
	t.Helper()
	secret := access.NewSecret()
	o.Fixed = []access.Fixed{{Hash: access.Hash(secret), User: "root"}}
	k, err := access.New(o)
	if err != nil {
		t.Fatal(err)
	}
	root, ok := k.Identify(t.Context(), secret, "::1")
	if !ok {
		t.Fatal("the fixed token is not known")
	}
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() { k.Run(ctx) })
	stop = sync.OnceFunc(func() { cancel(); group.Wait() })
	t.Cleanup(stop)
	return k, root, stop
}

func makeToken(t *testing.T, k *access.Keeper, by *access.Who, n turno.NewToken) turno.MadeToken {
	t.Helper()
	made, err := k.Make(t.Context(), by, n, "::1")
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func ended(w *access.Who) bool {
	select {
	case <-w.Ended():
		return true
	default:
		return false
	}
}

// TestKeeper_RevokedElsewhere: a token that was made at one server is good at
// another at once, and when it is revoked it ends there within two seconds.
func TestKeeper_RevokedElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := mem.New()
		here, root, _ := keeper(t, access.Options{Store: s})
		there, _, _ := keeper(t, access.Options{Store: s})
		made := makeToken(t, here, root, turno.NewToken{Name: "x", User: "ana", Roles: []turno.Role{turno.RoleViewer}})
		who, ok := there.Identify(t.Context(), made.Secret, "::1")
		if !ok || who.User() != "ana" || !who.May(access.Read) || who.May(access.Submit) {
			t.Fatalf("%+v, %v", who, ok)
		}
		if _, err := here.Revoke(t.Context(), root, made.ID, "::1"); err != nil {
			t.Fatal(err)
		}
		<-time.After(2 * time.Second)
		if _, ok := there.Identify(t.Context(), made.Secret, "::1"); ok || !ended(who) {
			t.Errorf("it is accepted: %v; its streams have ended: %v", ok, ended(who))
		}
	})
}

// TestKeeper_Expires: what is open with a token ends when the token does.
func TestKeeper_Expires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, root, _ := keeper(t, access.Options{Store: mem.New()})
		made := makeToken(t, k, root, turno.NewToken{Name: "x", Roles: []turno.Role{turno.RoleViewer}, Expires: turno.Duration(time.Hour)})
		forever := makeToken(t, k, root, turno.NewToken{Name: "y", Roles: []turno.Role{turno.RoleViewer}, Expires: -1})
		usual := makeToken(t, k, root, turno.NewToken{Name: "z", Roles: []turno.Role{turno.RoleViewer}})
		if !forever.ExpiresAt.IsZero() || usual.ExpiresAt.Sub(usual.CreatedAt) != turno.DefaultTokenLife {
			t.Errorf("they end at %v, %v", forever.ExpiresAt, usual.ExpiresAt)
		}
		who, _ := k.Identify(t.Context(), made.Secret, "::1")
		<-time.After(59 * time.Minute)
		if _, ok := k.Identify(t.Context(), made.Secret, "::1"); !ok || ended(who) {
			t.Error("it ended too early")
		}
		<-time.After(2 * time.Minute)
		if _, ok := k.Identify(t.Context(), made.Secret, "::1"); ok || !ended(who) {
			t.Error("it is out of date and lives on")
		}
	})
}

// TestKeeper_StoreAway: tokens go on, and what was done meanwhile is in the log
// afterwards, once.
func TestKeeper_StoreAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &away{Store: mem.New()}
		path := filepath.Join(t.TempDir(), "audit.jsonl")
		k, root, stop := keeper(t, access.Options{Store: s, AuditFile: path})
		made := makeToken(t, k, root, turno.NewToken{Name: "x", User: "ana", Roles: []turno.Role{turno.RoleSubmitter}})
		s.gone.Store(true)
		who, ok := k.Identify(t.Context(), made.Secret, "::1")
		if !ok {
			t.Fatal("the token is not known while the store is away")
		}
		for n := range 5 {
			k.Note(access.With(t.Context(), who), turno.AuditEntry{Action: "submit", Object: string(rune('a' + n)), Result: turno.AuditDone})
			<-time.After(1500 * time.Millisecond)
		}
		s.gone.Store(false)
		stop()
		page, err := s.Audit(t.Context(), turno.AuditQuery{Action: "submit"})
		if err != nil || len(page.Items) != 5 || page.Items[0].Object != "e" || page.Items[4].Object != "a" || page.Items[0].User != "ana" {
			t.Errorf("%+v, %v", page.Items, err)
		}
		text, err := os.ReadFile(path)
		if err != nil || bytes.Count(text, []byte("\n")) != 6 {
			t.Errorf("%v, the file has %s", err, text)
		}
		for line := range bytes.Lines(text) {
			var e turno.AuditEntry
			if err := json.Unmarshal(line, &e); err != nil || e.TokenID == "" {
				t.Errorf("%s: %v", line, err)
			}
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v, %v", info.Mode(), err)
		}
	})
}

// TestAudit_FileIsPutAside: it is bounded, however long a server runs.
func TestAudit_FileIsPutAside(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	k, _, _ := keeper(t, access.Options{AuditFile: path})
	for range 7 {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(path, 64<<20); err != nil { // a hole: it takes no room
			t.Fatal(err)
		}
		k.Note(t.Context(), turno.AuditEntry{Action: "submit"})
		if err := k.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	files, err := filepath.Glob(path + "*")
	if err != nil || len(files) != 5 || !strings.HasSuffix(files[4], ".4") {
		t.Errorf("%v, %v", files, err)
	}
	if info, err := os.Stat(path); err != nil || info.Size() > 1000 {
		t.Errorf("the newest has %d bytes, %v", info.Size(), err)
	}
}

// TestAudit_FloodIsBounded: what nobody could read is counted.
func TestAudit_FloodIsBounded(t *testing.T) {
	t.Parallel()
	s := mem.New()
	k, err := access.New(access.Options{Store: s, Fixed: []access.Fixed{{}}, KeepAudit: 20_000})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 12_000 {
		k.Note(t.Context(), turno.AuditEntry{Action: "x", Status: n})
	}
	if err := k.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	page, err := s.Audit(t.Context(), turno.AuditQuery{})
	if err != nil || page.Items[0].Number != 10_001 || !strings.HasPrefix(page.Items[0].Detail, "2000 entries") {
		t.Errorf("%+v, %v", page.Items[0], err)
	}
}

// TestKeeper_TokenFile: a token that is taken out of the file ends.
func TestKeeper_TokenFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "token")
	secret, err := access.LoadOrCreate(path)
	if err != nil {
		t.Fatal(err)
	}
	k, err := access.New(access.Options{File: path, User: "root"})
	if err != nil {
		t.Fatal(err)
	}
	who, ok := k.Identify(t.Context(), secret, "::1")
	if !ok || !who.Token.File || !who.May(access.Administer) || who.As("eva").User() != "eva" {
		t.Fatalf("%+v, %v", who, ok)
	}
	if err := os.WriteFile(path, []byte(access.NewSecret()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	var group sync.WaitGroup
	defer group.Wait()
	running, end := context.WithCancel(ctx)
	defer end()
	group.Go(func() { k.Run(running) })
	select {
	case <-who.Ended():
	case <-ctx.Done():
		t.Error("it lives on")
	}
}
