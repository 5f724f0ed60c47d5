package brokertest

import (
	"context"
	"fmt"
	"strconv"
	"sync"

	"turno/internal/broker"
)

func (s *suite) watch(b broker.Broker, pattern string) broker.Watcher {
	s.Helper()
	w, err := b.Watch(s.ctx, pattern)
	s.ok(err)
	s.Cleanup(func() { _ = w.Close() })
	return w
}

func (s *suite) subscribe(b broker.Broker, pattern string) broker.Watcher {
	s.Helper()
	w, err := b.Subscribe(s.ctx, pattern)
	s.ok(err)
	s.Cleanup(func() { _ = w.Close() })
	return w
}

func number(v broker.Value) int {
	n, err := strconv.Atoi(string(v.Body))
	if err != nil {
		return -1
	}
	return n
}

// follow receives values of a pattern until each of the names has shown last,
// and fails if a name's values go backwards or a name is not expected.
func (s *suite) follow(w broker.Watcher, last int, names ...string) {
	s.Helper()
	newest := map[string]int{}
	for _, name := range names {
		newest[name] = -1
	}
	for missing := len(names); missing > 0; {
		vs, err := w.Receive(s.ctx)
		if err != nil {
			s.Fatalf("receive with %v: %v", newest, err)
		}
		for _, v := range vs {
			before, expected := newest[v.Name]
			n := number(v)
			if !expected || n < before || n == before && !s.env.Repeats {
				s.Fatalf("%s is %q after %d", v.Name, v.Body, before)
			}
			newest[v.Name] = n
			if n == last && before != last {
				missing--
			}
		}
	}
}

func testNewest(s *suite) {
	s.ok(s.b.Put(s.ctx, "m", []byte("0"))) // nobody watches
	w := s.watch(s.b, "m")
	for i := 1; i <= 500; i++ {
		s.ok(s.b.Put(s.ctx, "m", []byte(strconv.Itoa(i))))
	}
	s.follow(w, 500, "m")
	s.nothing("watch after the last value", func(ctx context.Context) (int, error) {
		vs, err := w.Receive(ctx)
		return len(vs), err
	})
}

func testValueOrder(s *suite) {
	w := s.watch(s.b, "m.*")
	names := []string{"m.a", "m.b", "m.c"}
	var put sync.WaitGroup
	for _, name := range names {
		put.Go(func() {
			for i := 1; i <= 200; i++ {
				if err := s.b.Put(s.ctx, name, []byte(strconv.Itoa(i))); err != nil {
					s.Error(err)
					return
				}
			}
		})
	}
	s.follow(w, 200, names...)
	put.Wait()
}

func testWatchPattern(s *suite) {
	other := s.open()
	prefix := s.watch(s.b, broker.ReportBox+"*")
	exact := s.watch(s.b, broker.ReportBox+"node-1.example.org")
	part := s.watch(s.b, "report.node-1*")
	for _, name := range []string{"report.node-1", "desired.node-1", "report.node-1.example.org", "reports", "report.α β"} {
		s.ok(other.Put(s.ctx, name, []byte("1")))
	}
	s.follow(prefix, 1, "report.node-1", "report.node-1.example.org", "report.α β")
	s.follow(exact, 1, "report.node-1.example.org")
	s.follow(part, 1, "report.node-1", "report.node-1.example.org")
}

func testStream(s *suite) {
	s.ok(s.b.Send(s.ctx, "log.a", []byte("0"))) // nobody listens
	other := s.open()
	subscribers := []broker.Watcher{s.subscribe(s.b, "log.*"), s.subscribe(s.b, "log.a"), s.subscribe(other, "log.*")}
	const n = 300
	for i := 1; i <= n; i++ {
		s.ok(s.b.Send(s.ctx, "log.a", []byte(strconv.Itoa(i))))
	}
	for i, w := range subscribers {
		for next := 1; next <= n; {
			vs, err := w.Receive(s.ctx)
			if err != nil {
				s.Fatalf("subscriber %d waits for %d: %v", i, next, err)
			}
			for _, v := range vs {
				if v.Name != "log.a" || number(v) != next {
					s.Fatalf("subscriber %d received %s %q, want %d", i, v.Name, v.Body, next)
				}
				next++
			}
		}
	}
}

// untilSeen repeats a put or send until the watcher shows it: how a
// level-triggered sender lives with a watcher that was away.
func (s *suite) untilSeen(w broker.Watcher, from int, put func(ctx context.Context, body []byte) error) {
	s.Helper()
	for n := from; ; n++ {
		if s.ctx.Err() != nil {
			s.Fatalf("never seen again: %v", context.Cause(s.ctx))
		}
		ctx, cancel := context.WithTimeout(s.ctx, putAgain)
		if err := put(ctx, fmt.Append(nil, n)); err != nil {
			<-ctx.Done()
			cancel()
			continue
		}
		vs, err := w.Receive(ctx)
		cancel()
		if err == nil && number(vs[len(vs)-1]) >= from {
			return
		}
	}
}
