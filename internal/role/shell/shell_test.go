package shell_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"turno/internal/role/shell"
)

func TestClock_MovesWithTimeAndIsExact(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := shell.NewClock()
		first, taken := c.Now(), time.Now()
		<-time.After(1500 * time.Nanosecond)
		if d := c.Now().Sub(first); d != 2*time.Microsecond && d != time.Microsecond {
			t.Errorf("1.5 µs later the clock says %s", d)
		}
		if at := c.At(taken); !at.Equal(first) || at.Location() != time.UTC {
			t.Errorf("a time taken before is %s, not %s", at, first)
		}
	})
}

func TestAlone_GivesTheError(t *testing.T) {
	t.Parallel()
	want := errors.New("enough")
	if err := shell.Alone(func() error { return want }); err != want {
		t.Errorf("%v", err)
	}
}
