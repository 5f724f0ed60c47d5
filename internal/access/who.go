package access

import (
	"context"
	"slices"
	"strings"
	"time"

	"turno"
)

// Scope is what a route asks for.
type Scope string

const (
	// Read is for what a user sees, of the jobs that are theirs to see.
	Read Scope = "read"
	// Submit is for jobs of one's own: hand in, send files, order, enter.
	Submit Scope = "submit"
	// Operate is for all jobs, workers and dead letters.
	Operate Scope = "operate"
	// Administer is for tokens of others and the audit log.
	Administer Scope = "admin"
	// Store is for any file by its hash, as workers need it.
	Store Scope = "store"
	// Scrape is for /metrics.
	Scrape Scope = "metrics"
	// Join is for a worker that is to become one, Carry for one that is.
	Join  Scope = "join"
	Carry Scope = "carry"
	// Any is for every token there is.
	Any Scope = "any"
)

// scopes of each role.
var scopes = map[turno.Role][]Scope{
	turno.RoleAdmin:     {Any, Read, Submit, Operate, Administer, Store, Scrape},
	turno.RoleOperator:  {Any, Read, Submit, Operate},
	turno.RoleSubmitter: {Any, Read, Submit},
	turno.RoleViewer:    {Any, Read},
	turno.RoleWorker:    {Any, Store},
	turno.RoleMetrics:   {Scrape},
	turno.RoleJoin:      {Join},
	turno.RoleJoined:    {Any, Store, Carry},
}

// RolesFor are those whose tokens may do what one of these scopes stands for.
func RolesFor(needs ...Scope) (out []turno.Role) {
	for _, role := range turno.Roles {
		if slices.ContainsFunc(needs, func(s Scope) bool { return slices.Contains(scopes[role], s) }) {
			out = append(out, role)
		}
	}
	return out
}

// Who is whoever asks: a token at the time of a request.
type Who struct {
	Token turno.Token
	grant *grant
	user  string // instead of the token's
}

func (g *grant) who() *Who { return &Who{Token: g.token, grant: g} }

// User is whose jobs are those that this one submits.
func (w *Who) User() string {
	if w.user != "" {
		return w.user
	}
	return w.Token.User
}

// As names the person at the terminal. It counts for a token of the server's
// file, which is nobody's in particular, and for no other.
func (w *Who) As(user string) *Who {
	if user == "" || !w.Token.File || user == turno.Me || turno.CheckUser(user) != nil {
		return w
	}
	c := *w
	c.user = user
	return &c
}

// May tells whether one of the scopes is granted.
func (w *Who) May(needs ...Scope) bool {
	for _, role := range w.Token.Roles {
		if slices.ContainsFunc(needs, func(s Scope) bool { return slices.Contains(scopes[role], s) }) {
			return true
		}
	}
	return false
}

// SeesAll tells whether jobs of others are shown; if not, they are not there.
func (w *Who) SeesAll() bool {
	return w.Token.Has(turno.RoleAdmin, turno.RoleOperator, turno.RoleViewer)
}

// Hash is that of the token's secret.
func (w *Who) Hash() [32]byte { return w.grant.hash }

// Ended is closed when the token is accepted no more.
func (w *Who) Ended() <-chan struct{} { return w.grant.ended }

// entry begins a line of the audit log.
func (w *Who) entry(action, object, from string) turno.AuditEntry {
	return turno.AuditEntry{At: time.Now(), User: w.User(), TokenID: w.Token.ID, From: from, Action: action, Object: object, Result: turno.AuditDone}
}

// SignedIn tells who came by a request that began without a token.
func SignedIn(ctx context.Context, w *Who) {
	if r := of(ctx); r != nil {
		r.who = w
	}
}

// Denied tells whether a request was denied something, whatever its status.
func Denied(ctx context.Context) bool {
	r := of(ctx)
	return r != nil && r.denied != ""
}

func compare(a, b string) int { return strings.Compare(a, b) }

// key is that of a context's values. huma hands its handlers a context and
// nothing else of the request, so who asks travels there, as trace ids do: set
// once, by the guard.
type key struct{}

// request is what a context holds.
type request struct {
	who    *Who
	denied string // why: the audit log says it, whatever the answer was
	object string
	first  int64
	last   int64
}

// With is a context of a request by w.
func With(ctx context.Context, w *Who) context.Context {
	return context.WithValue(ctx, key{}, &request{who: w})
}

func of(ctx context.Context) *request {
	r, _ := ctx.Value(key{}).(*request)
	return r
}

// Of is who asks; nil: nobody was asked for.
func Of(ctx context.Context) *Who {
	if r := of(ctx); r != nil {
		return r.who
	}
	return nil
}
