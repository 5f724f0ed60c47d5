package main

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
)

// fakeQueue says what it was asked for.
type fakeQueue struct {
	said []string
	fail error
}

func (q *fakeQueue) many(_ context.Context, kind string, n int) error {
	q.said = append(q.said, "many "+kind)
	return q.fail
}
func (q *fakeQueue) one(_ context.Context, kind string) error {
	q.said = append(q.said, "one "+kind)
	return q.fail
}
func (q *fakeQueue) all(context.Context) error  { q.said = append(q.said, "all"); return nil }
func (q *fakeQueue) last(context.Context) error { q.said = append(q.said, "last"); return nil }
func (q *fakeQueue) close()                     { q.said = append(q.said, "close") }

func TestDrive(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, orders string
		fail         error
		said         string
		answers      int
		problem      string
	}{
		{name: "bulk", orders: `{"do":"bulk","kind":"noop","n":3}`, said: "many noop, all, close", answers: 1},
		{name: "one by one", orders: `{"do":"single","kind":"command","n":2}`, said: "one command, one command, all, close", answers: 1},
		{name: "latency", orders: `{"do":"latency","kind":"noop","pauses":[0,0]}`, said: "one noop, last, one noop, last, close", answers: 1},
		{name: "two orders", orders: "{\"do\":\"bulk\",\"kind\":\"noop\",\"n\":1}\n{\"do\":\"single\",\"kind\":\"noop\",\"n\":1}", said: "many noop, all, one noop, all, close", answers: 2},
		{name: "unknown", orders: `{"do":"dance"}`, said: "close", answers: 1, problem: `there is no order "dance"`},
		{name: "refused", orders: `{"do":"bulk","kind":"noop","n":3}`, fail: errors.New("full"), said: "many noop, close", answers: 1, problem: "submit: full"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			q := &fakeQueue{fail: tc.fail}
			var out strings.Builder
			if err := drive(t.Context(), q, strings.NewReader(tc.orders+"\n"), &out); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(q.said, ", "); got != tc.said {
				t.Errorf("the queue was asked for %q, want %q", got, tc.said)
			}
			lines := strings.Split(strings.TrimSpace(out.String()), "\n")
			if len(lines) != tc.answers {
				t.Fatalf("%d answers, want %d: %s", len(lines), tc.answers, out.String())
			}
			var a answer
			if err := json.Unmarshal([]byte(lines[0]), &a); err != nil {
				t.Fatal(err)
			}
			if a.Error != tc.problem {
				t.Errorf("answered %q, want %q", a.Error, tc.problem)
			}
		})
	}
}

func TestFigure(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		v    float64
		want string
	}{{1.604, "1.6"}, {44.25, "44.2"}, {99.96, "100"}, {100, "100"}, {999.6, "1,000"}, {15412, "15,400"}, {1234567, "1,230,000"}} {
		if got := figure(tc.v); got != tc.want {
			t.Errorf("figure(%v) = %q, want %q", tc.v, got, tc.want)
		}
	}
}

func TestWriteTable_RatiosAreOfTheSameRound(t *testing.T) {
	t.Parallel()
	values := func(bulk ...float64) map[string][]float64 {
		one := []float64{1, 1, 1}
		return map[string][]float64{bulkRate: bulk, singleRate: one, commandRate: one, latencyP50: one, latencyP99: one}
	}
	r := record{Contestants: []*result{
		{Name: "turno, embedded", Durable: true, Jobs: 9, Settings: "as it comes", Values: values(1000, 3000, 2000)},
		{Name: "Other", Jobs: 9, Settings: "fast", Values: values(500, 1000, 100)},
	}}
	var out strings.Builder
	if err := writeTable(&out, r); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\n")
	i := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "| Other") })
	if i < 0 {
		t.Fatalf("no line of Other:\n%s", out.String())
	}
	cells := strings.Split(lines[i], "|")
	if bulk, ratio := strings.TrimSpace(cells[3]), strings.TrimSpace(cells[8]); bulk != "500 (100 to 1,000)" || ratio != "3" {
		t.Errorf("Other has %q and a ratio of %q, want 500 (100 to 1,000) and 3:\n%s", bulk, ratio, out.String())
	}
	if !strings.Contains(out.String(), "- Other (9 no-op jobs in bulk): fast.") {
		t.Errorf("its settings are not told:\n%s", out.String())
	}
}

func TestPauses_AreTheSameForAll(t *testing.T) {
	t.Parallel()
	a := pauses(50, 3)
	if !slices.Equal(a, pauses(50, 3)) || slices.Equal(a, pauses(50, 4)) {
		t.Error("the pauses are not drawn from the seed alone")
	}
	if least, most := slices.Min(a), slices.Max(a); least < 0 || most > 0.1 || most-least < 0.05 {
		t.Errorf("pauses go from %v to %v s, want most of 0 to 0.1", least, most)
	}
}

func TestChosen(t *testing.T) {
	t.Parallel()
	var got []string
	for _, c := range chosen(contestants("turno"), "River, rq") {
		got = append(got, c.name)
	}
	if want := []string{"River, default", "River, tuned", "River, fast", "RQ, durable", "RQ, fast"}; !slices.Equal(got, want) {
		t.Errorf("chosen %v, want %v", got, want)
	}
}
