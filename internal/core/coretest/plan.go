package coretest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Event is something that happens in a season at its time, counted from the
// season's beginning; the two numbers say how exactly.
type Event struct {
	At   time.Duration
	Kind string
	A, B uint32
}

// What can happen: work, what people do with it, what operators do, faults.
var eventKinds = append(slices.Clone(jobKinds),
	"cancel", "hold", "release", "requeue",
	"drain", "maintenance", "leave", "quarantine",
	"nothing", "kill-scheduler", "take-over", "kill-agent", "power-cut", "new-disk", "kill-shim", "kill-keeper", "cut", "storm", "set-clock",
)

func (e Event) String() string {
	day, rest := e.At/(24*time.Hour), e.At%(24*time.Hour)
	return fmt.Sprintf("%d %s %s %d %d", day, epoch.Add(rest).Format("15:04:05.000"), e.Kind, e.A, e.B)
}

// ParsePlan reads events as String writes them, one a line; # begins a comment.
func ParsePlan(text string) ([]Event, error) {
	var plan []Event
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		if strings.TrimSpace(line) == "" {
			continue
		}
		var day time.Duration
		var clock string
		var e Event
		if _, err := fmt.Sscan(line, &day, &clock, &e.Kind, &e.A, &e.B); err != nil {
			return nil, fmt.Errorf("%q is not an event: %w", strings.TrimSpace(line), err)
		}
		at, err := time.Parse("15:04:05.000", clock)
		if err != nil || !slices.Contains(eventKinds, e.Kind) {
			return nil, fmt.Errorf("%q is not an event", strings.TrimSpace(line))
		}
		e.At = day*24*time.Hour + at.Sub(at.Truncate(24*time.Hour))
		plan = append(plan, e)
	}
	return plan, nil
}

// A habit is how often something happens, on a working day.
type habit struct {
	kind  string
	daily float64
	// night is by how much less it happens at night and on a Sunday; 1: as often.
	night float64
}

var habits = []habit{
	{"script", 80, 0.1},
	{"infer", 30, 0.3},
	{"train", 11, 0.2},
	{"sweep", 4, 0.15},
	{"pipeline", 5, 0.3},
	{"nightly", 3, 0},
	{"deadline", 4, 0.1},
	{"burst", 2, 0.3},
	{"wide", 1.5, 0.2},
	{"nonsense", 1, 0.1},
	{"held", 2, 0.1},

	{"cancel", 10, 0.1},
	{"hold", 3, 0.1},
	{"release", 4, 0.1},
	{"requeue", 6, 0.1},

	{"drain", 0.8, 0.1},
	{"leave", 0.4, 1},
	{"quarantine", 0.4, 1},

	{"kill-scheduler", 4, 1},
	{"take-over", 1.5, 1},
	{"kill-agent", 4, 1},
	{"power-cut", 0.7, 1},
	{"new-disk", 0.6, 1},
	{"kill-shim", 1, 1},
	{"kill-keeper", 0.5, 1},
	{"cut", 4, 1},
	{"storm", 1, 1},
	{"set-clock", 1.5, 1},
}

// Plan draws what happens in a number of days. Days are long in the lab, nights
// and Sundays quiet; on Tuesday morning machines are looked after.
func Plan(seed uint64, days int) []Event {
	r := rand.New(rand.NewPCG(seed, 0x736561736f6e))
	var plan []Event
	for day := range days {
		for _, h := range habits {
			for range drawn(r, h.daily) {
				at := time.Duration(r.Int64N(int64(24 * time.Hour)))
				if r.Float64() < awake(day, at, h.night) {
					plan = append(plan, Event{time.Duration(day)*24*time.Hour + at.Truncate(time.Millisecond), h.kind, r.Uint32(), r.Uint32()})
				}
			}
		}
		if day%7 == 1 {
			at := time.Duration(day)*24*time.Hour + 6*time.Hour
			plan = append(plan, Event{at, "maintenance", uint32(day / 7), r.Uint32()})
		}
	}
	slices.SortStableFunc(plan, func(a, b Event) int { return int(a.At - b.At) })
	return plan
}

// drawn is a whole number with that mean, at the peak of a day: the hours of
// little work thin it out again.
func drawn(r *rand.Rand, daily float64) int {
	n := daily * 24 / busyHours
	whole := int(n)
	if r.Float64() < n-float64(whole) {
		whole++
	}
	return whole
}

// busyHours is what a day's hours amount to, were all as busy as its busiest.
const busyHours = 11

// awake is how likely it is that people work at a time of day.
func awake(day int, at time.Duration, night float64) float64 {
	const all = float64(busyHours) / 24
	if night == 1 {
		return all
	}
	hour := at.Hours()
	switch {
	case day%7 == 6:
		return night
	case hour < 7, hour >= 23:
		return night
	case day%7 == 5, hour >= 19:
		return max(0.4, night)
	case hour >= 9 && hour < 18:
		return 1
	}
	return 0.6
}
