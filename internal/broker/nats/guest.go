package nats

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"sync"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"turno/internal/broker"
)

// A guest is a worker on another machine that speaks to the embedded server
// through a door that somebody else keeps: the server listens nowhere.
//
//	guest ──dial──▶ doorkeeper ──Admit──▶ connection and ticket ──▶ server
//	                knows whose it is      the ticket, shown in CONNECT, is good
//	                                       once, and gives that worker's rights
//
// A connection without a ticket, or without this process' own secret, is refused.

// GuestOptions make a connection a guest's.
type GuestOptions struct {
	Worker string
	// Dial asks the doorkeeper for a connection and its ticket. It is called again
	// whenever the connection broke.
	Dial func(ctx context.Context) (conn net.Conn, ticket string, err error)
}

// guestURL is what a server is called that is reached by Dial alone. An address,
// not a name: names are looked up.
const guestURL = "nats://127.0.0.1:4222"

// dialer is nats.go's way to the doorkeeper. nats.go calls Dial and then the
// token's handler, in one goroutine.
type dialer struct {
	guest  GuestOptions
	ticket string
}

// Dial is nats.CustomDialer's. The connection is TLS already, or needs none.
func (d *dialer) Dial(string, string) (conn net.Conn, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	conn, d.ticket, err = d.guest.Dial(ctx)
	return conn, err
}

// SkipTLSHandshake keeps nats.go from a second TLS inside the first.
func (d *dialer) SkipTLSHandshake() bool { return true }

func (d *dialer) options() []nats.Option {
	return []nats.Option{
		nats.SetCustomDialer(d), nats.TokenHandler(func() string { return d.ticket }),
		nats.CustomInboxPrefix(guestInbox(d.guest.Worker)),
	}
}

// guestInbox begins every inbox of a guest, so that it can be kept from those of
// others. The worker's name is one word: of a and a.b neither may listen to the
// other.
func guestInbox(worker string) string { return inboxPrefix + "worker." + encodeWord(worker) }

// rights are what a worker needs, by subject, and nothing else: it tells of
// itself, and hears what is meant for it. It has no word with JetStream, so no
// queue can be read or written, and no job handed in.
func rights(prefix, worker string) *server.Permissions {
	name := encode(worker)
	return &server.Permissions{
		Publish: &server.SubjectPermission{Allow: []string{
			prefix + "mail." + broker.ReportBox + name,
			prefix + "stream." + broker.LogStream + name,
			prefix + "stream." + broker.ClientStream + "*", // by the id of a session, which is a secret
		}},
		Subscribe: &server.SubjectPermission{Allow: []string{
			prefix + "mail." + broker.DesiredBox + name,
			prefix + "stream." + broker.HelloStream,
			prefix + "stream." + broker.SessionStream + name,
			guestInbox(worker) + ".>",
		}},
	}
}

// entry decides who may connect to the embedded server.
type entry struct {
	own    string // shown by this process' own connections; constant
	prefix string

	mu      sync.Mutex
	tickets map[string]string // the worker, by a ticket that was not yet shown
}

func newEntry(prefix string) *entry {
	return &entry{own: rand.Text(), prefix: prefix, tickets: map[string]string{}}
}

// Check is server.Authentication's.
func (e *entry) Check(c server.ClientAuthentication) bool {
	shown := c.GetOpts().Token
	if subtle.ConstantTimeCompare([]byte(shown), []byte(e.own)) == 1 {
		c.RegisterUser(&server.User{Username: "turno"})
		return true
	}
	e.mu.Lock()
	worker, ok := e.tickets[shown]
	delete(e.tickets, shown)
	e.mu.Unlock()
	if ok {
		c.RegisterUser(&server.User{Username: "worker " + worker, Permissions: rights(e.prefix, worker)})
	}
	return ok
}

// Admit makes a connection with a worker's rights to the embedded server. The
// caller has found out that it is that worker who asks, and carries bytes between
// the two; closing the connection ends it.
func (b *Broker) Admit(worker string) (net.Conn, string, error) {
	if b.embedded == nil {
		return nil, "", errors.New("admit a worker: not an embedded broker")
	}
	conn, err := b.embedded.InProcessConn()
	if err != nil {
		return nil, "", fmt.Errorf("admit worker %s: %w", worker, err)
	}
	e, ticket := b.embedded.entry, rand.Text()
	e.mu.Lock()
	e.tickets[ticket] = worker
	e.mu.Unlock()
	return &admitted{Conn: conn, forget: func() {
		e.mu.Lock()
		delete(e.tickets, ticket)
		e.mu.Unlock()
	}}, ticket, nil
}

// admitted takes its ticket with it, shown or not.
type admitted struct {
	net.Conn
	forget func()
}

func (a *admitted) Close() error {
	a.forget()
	return a.Conn.Close()
}
