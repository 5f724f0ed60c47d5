package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"turno"
	"turno/client"
	"turno/internal/failpoint"
	"turno/internal/testenv"
	"turno/test/lab"
)

// stack is where broker and store are.
type stack string

// The stacks. NATS is the embedded broker's own code, reached by a wire.
const (
	embedded stack = "embedded"
	apart    stack = "RabbitMQ + PostgreSQL"
	onNATS   stack = "NATS + PostgreSQL"
	cluster  stack = "3 RabbitMQ + PostgreSQL"
)

// setup is how a turno is put together.
type setup struct {
	stack  stack
	tagged bool   // obeys failpoints
	lone   bool   // one worker and one scheduler, also where there could be two
	disks  bool   // each folder of turno up is a disk of its own
	cabled bool   // workers and schedulers have networks of their own
	repeat bool   // every message of the broker comes twice
	lease  string // 4s unless another is given
}

// bench is a turno that faults can be done to.
type bench struct {
	setup
	d     *lab.Deployment
	c     *client.Client // sees all
	hand  *client.Client // hands jobs in, over a wire that can be broken
	load  *lab.Load
	ends  *lab.Ends
	kinds []kind
	pace  pace
	jobs  map[string]int // of one seed

	queues  lab.Queues // of a broker that others can ask; nil: none
	dirs    []string   // data folders of workers
	rules   string     // file of failpoints; "": it obeys none
	struck  string     // folder of what was hit
	lenient []string   // kinds of jobs that may end in more than one way
	heard   func(id string, number int64)
	also    func(t *testing.T, b *bench) // looks at what became of a seed
	done    map[string]int               // faults, by what they were
}

// kind of fault. Faults on the same thing do not overlap.
type kind struct {
	on, name string
	hit      func(r *rand.Rand) (heal func())
}

func (k kind) String() string { return k.on + " " + k.name }

func (b *bench) add(on, name string, hit func() (heal func())) {
	b.kinds = append(b.kinds, kind{on, name, func(*rand.Rand) func() { return hit() }})
}

// start runs it, with every kind of fault that it has.
func (s setup) start(t *testing.T) *bench {
	t.Helper()
	build := lab.Build{}
	b := &bench{setup: s, pace: nemesis, jobs: blend, done: map[string]int{}}
	if s.tagged {
		build.Tags = "failpoints"
		b.rules, b.struck = filepath.Join(t.TempDir(), "rules"), t.TempDir()
	}
	b.d = lab.New(t, lab.Binary(t, build))
	b.d.Supervised = true
	b.d.Env = append([]string{}, settings...)
	if s.lease != "" {
		b.d.Env = append(b.d.Env, "TURNO_LEASE="+s.lease)
	}
	if s.tagged {
		b.d.Env = append(b.d.Env, failpoint.Variable+"=@"+b.rules, failpoint.Folder+"="+b.struck)
		for _, name := range failpoint.Names() {
			b.kinds = append(b.kinds, kind{"step", name, func(r *rand.Rand) func() { return b.killAt(r, name) }})
		}
	}
	b.dirs = []string{b.d.Data}
	if s.stack == embedded {
		b.startUp(t)
	} else {
		b.startApart(t)
	}
	for _, argument := range []string{"__keeper", "__shim", "runner"} {
		b.add(argument, "killed", func() func() { b.d.KillOne(argument); return func() {} })
	}
	api := lab.NewProxy(t, b.d.URL())
	b.c, b.hand, b.load = b.d.Client(), b.d.ClientBy(api.URL), b.d.NewLoad()
	b.wire("client", api, lab.Cut, lab.HalfOpen, lab.Late, lab.Sliced, lab.Reset, lab.Torn)
	b.ends = lab.Watch(t.Context(), t, b.c)
	return b
}

// settings make leases short.
var settings = []string{"TURNO_FAKE_GPUS=2", "TURNO_LEASE=4s", "TURNO_HEARTBEAT=300ms"}

// wire is faults of a connection.
func (b *bench) wire(name string, p *lab.Proxy, modes ...lab.Wire) {
	for _, mode := range modes {
		b.add(name, string(mode), func() func() { p.Set(mode); return func() { p.Set(lab.Whole) } })
	}
}

// role is faults of a process.
func (b *bench) role(name string, r *lab.Role) {
	b.add(name, "killed", func() func() { r.Kill(); return r.Revive })
	b.add(name, "frozen", func() func() { r.Freeze(); return r.Thaw })
}

// disk makes a folder one of its own, that may be full.
func (b *bench) disk(t *testing.T, name, dir, size string) {
	t.Helper()
	if err := b.d.Mount(dir, size); err != nil {
		t.Fatal(err)
	}
	b.add("disk of "+name, "full", func() func() { return b.d.Fill(dir) })
}

// startUp runs turno up, on a small disk.
func (b *bench) startUp(t *testing.T) {
	t.Helper()
	data := b.d.Data
	b.disk(t, "turno up", data, "64m")
	if b.disks {
		b.kinds[len(b.kinds)-1].on = "disk of the store"
		for _, part := range []string{"broker", "worker", "files"} {
			b.disk(t, part, filepath.Join(data, part), "32m")
		}
	}
	up := b.d.Up()
	b.role("turno up", up)
	b.add("store", "locked", b.d.LockStore)
	files := []string{filepath.Join(data, "turno.db"), filepath.Join(data, "turno.db-wal")}
	b.add("store", "read-only", func() func() {
		stop := up.Inject("pwrite64,write,ftruncate", "error=EROFS", files...)
		return func() { stop() }
	})
	b.add("store", "sync fails", func() func() { return b.failSync(up, files) })
	b.add("turno up", "killed, its broker wiped", func() func() {
		up.Kill()
		if err := os.RemoveAll(filepath.Join(data, "broker")); err != nil {
			b.d.T.Error(err)
		}
		return up.Revive
	})
}

// startApart runs each role as a process of its own, with two schedulers and
// two workers.
func (b *bench) startApart(t *testing.T) {
	t.Helper()
	broker := b.startBroker(t)
	postgres := testenv.Postgres(t)
	start := func(name string, own []string, args ...string) *lab.Role {
		toBroker, toStore := lab.NewProxy(t, broker...), lab.NewProxy(t, postgres.URL())
		brokerURL, storeURL, by := toBroker.URL, toStore.URL, []string(nil)
		if b.cabled && args[0] != "api" {
			c := lab.NewCable(t)
			brokerURL, storeURL, by = c.Reach(brokerURL), c.Reach(storeURL), c.Enter()
			for _, mode := range []lab.Wire{lab.Dropped, lab.Refused, lab.Mute, lab.Deaf, lab.Gone, lab.Lossy, lab.Narrow} {
				b.add("cable of "+name, string(mode), func() func() { c.Set(mode); return func() { c.Set(lab.Whole) } })
			}
		}
		r := b.d.StartBy(by, own, append(args, "--broker", brokerURL, "--store", storeURL)...)
		b.role(name, r)
		modes := []lab.Wire{lab.Cut, lab.HalfOpen, lab.Slow, lab.Late, lab.Sliced, lab.Reset, lab.Torn}
		b.wire(name+"-broker", toBroker, modes...)
		if args[0] != "worker" {
			b.wire(name+"-store", toStore, modes...)
		}
		return r
	}
	start("scheduler 1", nil, "scheduler")
	start("api", nil, "api", "--listen", fmt.Sprintf("127.0.0.1:%d", b.d.Port))
	b.d.Client() // the API has made what the others share
	start("worker 1", nil, "worker")
	if !b.lone {
		second := filepath.Join(b.d.Data, "second")
		b.dirs = append(b.dirs, second)
		b.disk(t, "worker 2", second, "24m")
		other := start("worker 2", []string{"TURNO_DATA=" + second, "TURNO_WORKER=w2"}, "worker")
		b.add("worker 2", "off with its machine", func() func() {
			other.Kill()
			b.d.KillAll(second)
			return other.Revive
		})
		start("scheduler 2", nil, "scheduler")
	}
	b.add("PostgreSQL", "killed", func() func() { postgres.Kill(); return postgres.Start })
}

// startBroker gives the URLs of what takes connections.
func (b *bench) startBroker(t *testing.T) (urls []string) {
	t.Helper()
	if b.stack == cluster {
		return b.startCluster(t)
	}
	name, broker := "RabbitMQ", (*testenv.Server)(nil)
	if b.stack == apart {
		broker = testenv.RabbitMQ(t)
		b.queues = lab.RabbitQueues(broker.URL())
	} else {
		name, broker = "NATS", testenv.NATS(t)
		b.queues = lab.NATSQueues(broker.URL())
	}
	if b.repeat {
		b.repeatAll(t, broker)
	}
	b.add(name, "killed", func() func() {
		if b.stack == apart {
			settle(b.d.T, broker)
		}
		broker.Kill()
		return broker.Start
	})
	b.add(name, "wiped", func() func() { broker.Wipe(); return broker.Start })
	return []string{broker.URL()}
}

// startCluster has three nodes, and kills one, or two, of them.
func (b *bench) startCluster(t *testing.T) (urls []string) {
	t.Helper()
	nodes := testenv.RabbitMQCluster(t, 3)
	b.queues = lab.RabbitQueues(lab.NewProxy(t, nodes.URLs()...).URL)
	for n, name := range []string{"one killed", "two killed"} {
		b.kinds = append(b.kinds, kind{"RabbitMQ", name, func(r *rand.Rand) func() {
			some := r.Perm(3)[:n+1]
			nodes.Kill(some...)
			return func() { nodes.Start(some...) }
		}})
	}
	return nodes.URLs()
}

// declared is what RabbitMQ says when it has made a quorum queue.
var declared = regexp.MustCompile(`(?m)^\s*(\S+ \S+) \[notice\].* queue 'turno\..*: candidate -> leader`)

// settle waits until the youngest queue is half a second old: RabbitMQ 3.10,
// killed within a tenth of a second of the first declaration of a queue, can
// have one without a leader afterwards, for ever (docs/reliability.md).
func settle(t testing.TB, broker *testenv.Server) {
	t.Helper()
	for range 20 {
		all := declared.FindAllStringSubmatch(broker.Log(), -1)
		if len(all) == 0 {
			return
		}
		at, err := time.Parse("2006-01-02 15:04:05.999999-07:00", all[len(all)-1][1])
		if err != nil {
			t.Error(err)
			return
		}
		left := time.Until(at.Add(time.Second / 2))
		if left <= 0 {
			return
		}
		<-time.After(left)
	}
}

// failSync has the disk refuse to sync what the store wrote, until the process
// is another one: what a failed sync has left is not known, and a second one
// that succeeds says nothing. An idle store syncs nothing, so healing waits for
// the next sync, which the load brings.
func (b *bench) failSync(up *lab.Role, files []string) (heal func()) {
	runs, failed := up.Runs(), 0
	stop := up.Inject("fsync,fdatasync", "error=EIO", files...)
	b.also = func(t *testing.T, _ *bench) {
		if failed > 0 && up.Runs() == runs { // else it was frozen, and synced nothing
			t.Errorf("turno up went on after %d syncs that failed", failed)
		}
		t.Logf("%d syncs failed", failed)
	}
	ctx := b.d.T.Context()
	return func() {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		_ = lab.Retry(ctx, func() error {
			if up.Runs() == runs {
				return turno.Errorf(turno.CodeUnavailable, "it has not ended")
			}
			return nil
		}) // also tells
		failed = stop()
	}
}

// repeatAll has every message come twice.
func (b *bench) repeatAll(t *testing.T, broker *testenv.Server) {
	t.Helper()
	var count *atomic.Int64
	if b.stack == apart {
		broker.Control("trace_on")
		count = lab.RepeatRabbit(t, broker.URL())
	} else {
		count = lab.RepeatNATS(t, broker.URL())
	}
	b.also = func(t *testing.T, _ *bench) {
		if n := count.Swap(0); n == 0 {
			t.Error("no message was repeated")
		} else {
			t.Logf("%d messages came twice", n)
		}
	}
}

// killAt kills whoever comes to a step, at one of the next times.
func (b *bench) killAt(r *rand.Rand, name string) (heal func()) {
	rule := fmt.Sprintf("%s=kill#%d\n", name, 1+r.IntN(2))
	_ = os.Remove(filepath.Join(b.struck, name))
	if err := os.WriteFile(b.rules+".new", []byte(rule), 0o600); err != nil {
		b.d.T.Error(err)
	}
	if err := os.Rename(b.rules+".new", b.rules); err != nil {
		b.d.T.Error(err)
	}
	b.also = func(t *testing.T, b *bench) {
		if _, err := os.Stat(filepath.Join(b.struck, name)); err != nil {
			t.Errorf("nothing came to %s: %v", strings.TrimSpace(rule), err)
		}
		_ = os.Remove(b.rules)
	}
	return func() {}
}

// only leaves it the faults that are named, as thing/fault with stars.
func (b *bench) only(t *testing.T, patterns ...string) {
	t.Helper()
	var kinds []kind
	for _, p := range patterns {
		before := len(kinds)
		for _, k := range b.kinds {
			if ok, err := path.Match(p, k.on+"/"+k.name); err != nil {
				t.Fatal(err)
			} else if ok {
				kinds = append(kinds, k)
			}
		}
		if len(kinds) == before {
			t.Fatalf("%s has no fault %s", b.stack, p)
		}
	}
	b.kinds = kinds
}
