package lab

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	amqp "github.com/rabbitmq/amqp091-go"

	"turno"
)

// Queues looks into a broker, past turno: how many messages each of its
// durable queues holds. Those that were delivered and not acknowledged count
// only once their consumer is gone.
type Queues func(ctx context.Context) (map[string]int, error)

// RabbitQueues are those of RabbitMQ that turno makes.
func RabbitQueues(url string) Queues {
	return func(context.Context) (map[string]int, error) {
		conn, err := amqp.Dial(url)
		if err != nil {
			return nil, err
		}
		defer conn.Close()
		held := map[string]int{}
		for _, name := range []string{"turno.jobs", "turno.control", "turno.dead"} {
			ch, err := conn.Channel() // an error ends it
			if err != nil {
				return nil, err
			}
			q, err := ch.QueueDeclarePassive(name, true, false, false, false, nil)
			if err != nil {
				return nil, fmt.Errorf("look at queue %s: %w", name, err)
			}
			held[name] = q.Messages
		}
		return held, nil
	}
}

// NATSQueues are the streams of a NATS server.
func NATSQueues(url string, more ...nats.Option) Queues {
	return func(ctx context.Context) (map[string]int, error) {
		nc, err := nats.Connect(url, more...)
		if err != nil {
			return nil, err
		}
		defer nc.Close()
		js, err := jetstream.New(nc)
		if err != nil {
			return nil, err
		}
		ctx, cancel := context.WithTimeout(ctx, 4*time.Second) // a server that has just started may not hear
		defer cancel()
		held := map[string]int{}
		streams := js.ListStreams(ctx)
		for s := range streams.Info() {
			if held[s.Config.Name], err = waiting(ctx, js, s); err != nil {
				return nil, fmt.Errorf("look at stream %s: %w", s.Config.Name, err)
			}
		}
		if err := streams.Err(); err != nil {
			return nil, fmt.Errorf("look at the streams: %w", err)
		}
		return held, nil
	}
}

// waiting is how many messages of a stream somebody has yet to take, or to
// acknowledge. One that was acknowledged while the disk was full may stand in
// the stream for ever: it is given to nobody.
func waiting(ctx context.Context, js jetstream.JetStream, s *jetstream.StreamInfo) (n int, err error) {
	if s.State.Consumers == 0 {
		return int(s.State.Msgs), nil
	}
	stream, err := js.Stream(ctx, s.Config.Name)
	if err != nil {
		return 0, err
	}
	consumers := stream.ListConsumers(ctx)
	for c := range consumers.Info() {
		n += int(c.NumPending) + c.NumAckPending
	}
	return n, consumers.Err()
}

// EmbeddedQueues are those of a turno up that has ended: its broker is started
// once more on what it left, without the rest.
func (d *Deployment) EmbeddedQueues() Queues {
	return func(ctx context.Context) (map[string]int, error) {
		s, err := server.NewServer(&server.Options{
			DontListen: true, NoSigs: true, NoLog: true,
			JetStream: true, StoreDir: filepath.Join(d.Data, "broker"), JetStreamMaxStore: 1 << 30,
			DisableJetStreamBanner: true,
		})
		if err != nil {
			return nil, err
		}
		s.Start()
		defer s.WaitForShutdown()
		defer s.Shutdown()
		if !s.ReadyForConnections(20 * time.Second) {
			return nil, fmt.Errorf("the broker did not start on what turno up left")
		}
		return NATSQueues("", nats.InProcessServer(s))(ctx)
	}
}

// CheckQueues sees to it that no message is left behind once all jobs have
// ended. What is acknowledged may be on its way, and NATS gives what a killed
// scheduler had to the next one only after 10 s.
func (d *Deployment) CheckQueues(look Queues) {
	d.T.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(d.T.Context()), 20*time.Second)
	defer cancel()
	var held map[string]int
	found := ""
	err := Retry(ctx, func() (err error) {
		if held, err = look(ctx); err != nil {
			return fmt.Errorf("%w; before: %s", err, found)
		}
		found = fmt.Sprint(held)
		if len(held) < 2 {
			return fmt.Errorf("the broker knows the queues %v only", held)
		}
		for _, n := range held {
			if n > 0 {
				return turno.Errorf(turno.CodeUnavailable, "messages were left behind: %v", held)
			}
		}
		return nil
	})
	if err != nil {
		d.T.Error(err)
	}
}

// spareParts are what a folder of an attempt has that waits for the next one.
var spareParts = []string{"out", "tmp", "work"}

// CheckFolders sees to it that no attempt has left anything in the folders of
// workers, dirs: no file, and no folder but empty ones that are kept for the
// attempts to come; one keeper at most.
func (d *Deployment) CheckFolders(dirs ...string) {
	d.T.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(d.T.Context()), 15*time.Second)
	defer cancel()
	for _, dir := range dirs {
		if err := Retry(ctx, func() error { return leftIn(filepath.Join(dir, "worker")) }); err != nil {
			d.T.Error(err)
		}
	}
}

func leftIn(worker string) error {
	keepers := 0
	attempts, err := filepath.Glob(filepath.Join(worker, "attempts", "*"))
	if err != nil {
		return err
	}
	for _, dir := range attempts {
		if ok, _ := filepath.Match("keeper-*", filepath.Base(dir)); ok {
			keepers++
			continue
		}
		parts, err := filepath.Glob(filepath.Join(dir, "*"))
		if err != nil {
			return err
		}
		for _, p := range parts {
			inside, err := filepath.Glob(filepath.Join(p, "*"))
			if err != nil {
				return err
			}
			if len(inside) > 0 || !slices.Contains(spareParts, filepath.Base(p)) {
				return turno.Errorf(turno.CodeUnavailable, "an attempt left %s %v", p, inside)
			}
		}
	}
	checkpoints, err := filepath.Glob(filepath.Join(worker, "ckpt", "*", "*"))
	if err == nil && (len(checkpoints) > 0 || keepers > 1) {
		err = turno.Errorf(turno.CodeUnavailable, "%d keepers have folders in %s, and jobs left %v", keepers, worker, checkpoints)
	}
	return err
}
