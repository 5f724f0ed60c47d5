package hold_test

import (
	"testing"
	"time"

	"turno/internal/core/hold"
)

func TestLease_EndsByUptime(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	lease := hold.Lease{Until: noon.Add(5 * time.Minute)}
	hold.Moment{Now: noon, Up: time.Hour, Boot: "a"}.Note(&lease)
	for _, x := range []struct {
		about string
		then  hold.Moment
		left  time.Duration // from then.Now; negative: it is out
	}{
		{"a minute later", hold.Moment{Now: noon.Add(time.Minute), Up: 61 * time.Minute, Boot: "a"}, 4 * time.Minute},
		{"a minute later, the clock set back by two hours", hold.Moment{Now: noon.Add(-119 * time.Minute), Up: 61 * time.Minute, Boot: "a"}, 4 * time.Minute},
		{"ten minutes later, the clock set back", hold.Moment{Now: noon, Up: 70 * time.Minute, Boot: "a"}, -5 * time.Minute},
		{"where no uptime is known", hold.Moment{Now: noon.Add(time.Minute)}, 4 * time.Minute},
	} {
		if left := x.then.End(lease).Sub(x.then.Now); left != x.left {
			t.Errorf("%s: %s are left, not %s", x.about, left, x.left)
		}
	}
	if end := (hold.Moment{Now: noon, Up: time.Second, Boot: "b"}).End(lease); !end.IsZero() {
		t.Errorf("after a start of the machine there is still a lease until %s", end)
	}
}

func TestAfter_Rises(t *testing.T) {
	t.Parallel()
	const last = "019b8b8b-ffff-7589-8937-5937ac623a55"
	for fresh, want := range map[string]string{
		"019b8b8c-0000-7000-8000-000000000001": "019b8b8c-0000-7000-8000-000000000001",
		"019a0000-0000-7abc-8def-000000000001": "019b8b8c-0000-7abc-8def-000000000001",
	} {
		if got := hold.After(last, fresh); got != want || got <= last {
			t.Errorf("after %s: %s becomes %s, not %s", last, fresh, got, want)
		}
	}
	if got := hold.After("", last); got != last {
		t.Errorf("the first is %s", got)
	}
}
