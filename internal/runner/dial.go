package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sort"
	"sync"
	"time"

	"turno"
)

// DialOptions are Dial's.
type DialOptions struct {
	// HelloTimeout is how long the runner may take to say hello; 0 is
	// DefaultHelloTimeout.
	HelloTimeout time.Duration
	// OnEvents gets what the runner says after its hello, in order: all events
	// that arrived together, progress and done, in one call, from one
	// goroutine. Every run gets exactly one done, also when the runner dies. It
	// must neither keep the slice nor wait for the runner.
	OnEvents func([]Event)
}

// DefaultHelloTimeout has room for a cold import of PyTorch from a network
// disk (1.5 to 3.5 s from a warm local one).
const DefaultHelloTimeout = 60 * time.Second

// ErrClosed is what Err and Run return after Close.
var ErrClosed = errors.New("the connection to the runner was closed by its agent")

// Conn is the agent's end: it speaks with one runner child, whose process it
// does not own. Its methods may be called from any goroutine.
//
//	Run, Cancel ─▶ outbox ─▶ writer ─▶ out        in ─▶ reader ─▶ OnEvents
type Conn struct {
	hello    Hello
	types    map[string]bool
	onEvents func([]Event)
	in       io.Reader
	writeTo  io.Writer
	out      *outbox
	wait     sync.WaitGroup
	done     chan struct{}
	connState
}

type connState struct {
	mu   sync.Mutex
	open map[string]float64 // runs without a done, with the largest fraction that each has told
	// spent is why no run may be given to this child any more; nil: it may.
	spent error
	// broken is why the connection ended; nil while it has not.
	broken error
	ended  recentKeys
}

// Dial waits for the runner's hello on in, its standard output, and returns a
// connection that sends requests to out, its standard input. If it fails, it
// closes both where they are io.Closers; the child is then to be ended. ctx
// bounds the wait for hello only: the connection lasts until in ends.
func Dial(ctx context.Context, in io.Reader, out io.Writer, o DialOptions) (*Conn, error) {
	if o.HelloTimeout == 0 {
		o.HelloTimeout = DefaultHelloTimeout
	}
	c := &Conn{onEvents: o.OnEvents, in: in, writeTo: out, out: newOutbox(out), done: make(chan struct{}), types: map[string]bool{}}
	c.open = map[string]float64{}
	ctx, cancel := context.WithTimeoutCause(ctx, o.HelloTimeout, fmt.Errorf("it said no hello within %s", o.HelloTimeout))
	defer cancel()
	greeted := make(chan error, 1) // the reader does not wait for a Dial that gave up
	c.wait.Go(c.write)
	go c.read(greeted)
	var err error
	select {
	case err = <-greeted:
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	if err != nil {
		shut(in)
		c.out.close() // ends the writer, which closes out
		return nil, fmt.Errorf("dial runner: %w", err)
	}
	return c, nil
}

func shut(stream any) {
	if c, ok := stream.(io.Closer); ok {
		c.Close()
	}
}

// Hello is what the runner said of itself.
func (c *Conn) Hello() Hello { return c.hello }

// Run gives the runner an attempt. Its end comes to OnEvents, unless Run
// returns an error: then the attempt has not been given. Run waits for nothing.
func (c *Conn) Run(r Run) error {
	line, err := json.Marshal(Request{Run: &r})
	if err != nil {
		return fmt.Errorf("run %s: encode: %w", r.Key, err)
	}
	if len(line) > MaxLine {
		return fmt.Errorf("run %s: the request has %d bytes; at most %d are allowed", r.Key, len(line), MaxLine)
	}
	if err := c.enter(r.Key, r.Type); err != nil {
		return fmt.Errorf("run %s: %w", r.Key, err)
	}
	if err := c.out.try(line); err != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		if _, open := c.open[r.Key]; !open {
			return nil // its end was told meanwhile, with the connection's
		}
		delete(c.open, r.Key)
		return fmt.Errorf("run %s: %w", r.Key, err)
	}
	return nil
}

func (c *Conn) enter(key, kind string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.broken != nil:
		return c.broken
	case c.spent != nil:
		return c.spent
	case key == "":
		return errors.New("it has no key")
	case c.has(key):
		return errors.New("the runner already runs it")
	case !c.types[kind]:
		return fmt.Errorf("the runner %s does not offer %q", c.hello.Name, kind)
	case len(c.open) >= c.hello.Concurrent:
		return fmt.Errorf("the runner %s runs %d already, as many as it takes", c.hello.Name, len(c.open))
	}
	c.open[key] = 0
	return nil
}

// has is called under mu.
func (c *Conn) has(key string) bool {
	_, open := c.open[key]
	return open
}

// Cancel asks the runner to end an attempt. Its done follows all the same; for
// one that has ended, Cancel does nothing.
func (c *Conn) Cancel(key string) error {
	c.mu.Lock()
	open := c.has(key)
	c.mu.Unlock()
	if !open {
		return nil
	}
	line, err := json.Marshal(Request{Cancel: &Cancel{Key: key}})
	if err != nil {
		return fmt.Errorf("cancel %s: encode: %w", key, err)
	}
	if err := c.out.try(line); err != nil {
		return fmt.Errorf("cancel %s: %w", key, err)
	}
	return nil
}

// Open is how many runs have no end yet.
func (c *Conn) Open() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.open)
}

// Spent is nil while the child may be given runs; else why it is to be replaced
// once its open runs have ended: it broke, was closed, or a run poisoned it.
func (c *Conn) Spent() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.spent
}

// Close ends the runner's input, once what was asked for is written; the
// runner then cancels what it runs, says how that ended, and ends. Close does
// not wait: Done tells when nothing more comes. A runner that does not end is
// ended by who owns its process.
func (c *Conn) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.spend(ErrClosed)
	c.out.close()
}

// Done is closed after the last OnEvents, when in has ended or has broken.
func (c *Conn) Done() <-chan struct{} { return c.done }

// Err is why the connection ended; nil before Done is closed.
func (c *Conn) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.broken
}

// write is the writer's goroutine. A runner that reads no more cannot be used,
// so its output is closed too, which ends the reader.
func (c *Conn) write() {
	if err := c.out.run(); err != nil {
		c.mu.Lock()
		c.spend(fmt.Errorf("the runner %s reads no more: %w", c.hello.Name, err))
		c.mu.Unlock()
		shut(c.in)
	}
	shut(c.writeTo)
}

// spend is called under mu. The first reason counts.
func (c *Conn) spend(why error) {
	if c.spent == nil {
		c.spent = why
	}
}

// end breaks the connection: every open run ends now, with the reason.
func (c *Conn) end(why error) {
	c.mu.Lock()
	if c.spent != nil && errorIsEnd(why) {
		why = c.spent // the end of a child that was already given up
	} else {
		why = fmt.Errorf("the runner %s: %w", c.hello.Name, why)
	}
	c.spend(why)
	c.broken = why
	keys := make([]string, 0, len(c.open))
	// order-free: sorted below
	for key := range c.open {
		keys = append(keys, key)
	}
	clear(c.open)
	c.mu.Unlock()
	c.out.close()
	sort.Strings(keys)
	events := make([]Event, len(keys))
	for i, key := range keys {
		events[i].Done = &Done{Key: key, Error: &Error{
			Reason: turno.ReasonRunnerFailed, Message: why.Error(), Retryable: true, Poisoned: true}}
	}
	c.deliver(events)
}

// errorIsEnd tells an end of the stream from a breach of the protocol.
func errorIsEnd(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrClosedPipe) || errors.Is(err, os.ErrClosed)
}

func (c *Conn) deliver(events []Event) {
	if len(events) > 0 && c.onEvents != nil {
		c.onEvents(events)
	}
}

// recentKeys are the last keys that ended, to tell a second done from a done
// that was never asked for. Looked through only when something is wrong.
type recentKeys struct {
	keys [64]string
	next int
}

func (r *recentKeys) add(key string) {
	r.keys[r.next%len(r.keys)] = key
	r.next++
}

func (r *recentKeys) has(key string) bool { return slices.Contains(r.keys[:], key) }
