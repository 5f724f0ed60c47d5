package brokertest

import (
	"fmt"
	"slices"
	"strings"

	"turno/internal/broker"
)

func topic(name, id string) broker.TopicMessage {
	return broker.TopicMessage{Topic: name, Message: broker.Message{ID: id, Body: []byte("body " + id)}}
}

func testTopics(s *suite) {
	all := s.consume(s.b, "all", broker.ConsumeOptions{Pattern: "#"})
	done := s.consume(s.b, "done", broker.ConsumeOptions{Pattern: "job.*.done"})
	s.ok(done.Close())
	s.ok(s.b.PublishTopic(s.ctx, topic("job.7.done", "a"), topic("job.7.failed", "b"), topic("other", "c")))
	s.ok(s.b.PublishTopic(s.ctx, topic("job.8.done", "d")))
	s.wantIDs(s.receive(all, 4), "a b c d")

	done = s.consume(s.b, "done", broker.ConsumeOptions{Pattern: "job.*.done"})
	ds := s.receive(done, 2)
	s.wantIDs(ds, "a d")
	s.ok(done.Ack(s.ctx, ds[0]))
	s.ok(done.Close())
	// Bound, it stays bound; and it is a queue like any other.
	s.ok(s.b.PublishTopic(s.ctx, topic("job.9.done", "e")))
	done = s.consume(s.b, "done", broker.ConsumeOptions{})
	ds = s.receive(done, 2)
	s.wantSet(ds, "d e")
	if !ds[0].Redelivered && !ds[1].Redelivered {
		s.Error("d came again without the mark Redelivered")
	}
	s.ok(done.Ack(s.ctx, ds...))
	s.ok(s.b.Publish(s.ctx, "done", messages(0, 1)...))
	s.wantIDs(s.receive(done, 1), "0")
}

func testTopicsUnbound(s *suite) {
	s.ok(s.b.PublishTopic(s.ctx, topic("job.1.done", "lost")))
	s.ok(s.b.PublishTopic(s.ctx))
	c := s.consume(s.b, "q", broker.ConsumeOptions{Pattern: "job.#"})
	s.ok(s.b.PublishTopic(s.ctx, topic("elsewhere", "lost"), topic("job.2.done", "kept")))
	s.wantIDs(s.receive(c, 1), "kept")
}

// patterns is a table that a stranger can read: which topics a pattern takes.
var patterns = []struct{ pattern, takes string }{
	{"#", "a a.b a.b.c b x.a.b a-b.c_d"},
	{"a", "a"},
	{"a.#", "a a.b a.b.c"},
	{"a.*", "a.b"},
	{"*", "a b"},
	{"*.b", "a.b"},
	{"#.b", "a.b b x.a.b"},
	{"a.#.c", "a.b.c"},
	{"*.#", "a a.b a.b.c b x.a.b a-b.c_d"},
	{"*.*.*", "a.b.c x.a.b"},
	{"#.b.#", "a.b a.b.c b x.a.b"},
	{"a-b.*", "a-b.c_d"},
}

func testPatterns(s *suite) {
	topics := strings.Fields(patterns[0].takes)
	consumers := make([]broker.Consumer, len(patterns))
	for i, p := range patterns {
		for _, topic := range topics {
			if want := slices.Contains(strings.Fields(p.takes), topic); broker.MatchTopic(p.pattern, topic) != want {
				s.Fatalf("MatchTopic(%q, %q) is %t", p.pattern, topic, !want)
			}
		}
		consumers[i] = s.consume(s.b, fmt.Sprintf("q%d", i), broker.ConsumeOptions{Pattern: p.pattern})
	}
	for _, name := range topics {
		s.ok(s.b.PublishTopic(s.ctx, topic(name, name)))
	}
	for i, p := range patterns {
		got := s.receive(consumers[i], len(strings.Fields(p.takes)))
		if ids := idsOf(got); ids != p.takes {
			s.Errorf("pattern %s received [%s], want [%s]", p.pattern, ids, p.takes)
		}
		s.ok(consumers[i].Ack(s.ctx, got...))
		// What follows is the next thing: nothing else was there.
		s.ok(s.b.Publish(s.ctx, fmt.Sprintf("q%d", i), messages(0, 1)...))
		s.wantIDs(s.receive(consumers[i], 1), "0")
	}
}
