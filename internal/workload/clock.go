package workload

import "time"

// Clock measures the phases of a run, one after the other.
type Clock struct {
	phases []Phase
	since  time.Time
}

// NewClock starts the first phase.
func NewClock() *Clock { return &Clock{since: time.Now()} }

// End gives the phase that ends here its name, starts the next one, and returns
// its seconds. A name that has occurred adds to that phase.
func (c *Clock) End(name string) float64 {
	now := time.Now()
	seconds := now.Sub(c.since).Seconds()
	c.since = now
	for i := range c.phases {
		if c.phases[i].Name == name {
			c.phases[i].Seconds += seconds
			return seconds
		}
	}
	c.phases = append(c.phases, Phase{name, seconds})
	return seconds
}

// Took ends a phase of which another clock, such as a device's, has measured so
// many seconds, and starts the next one.
func (c *Clock) Took(name string, seconds float64) {
	c.since = time.Now()
	for i := range c.phases {
		if c.phases[i].Name == name {
			c.phases[i].Seconds += seconds
			return
		}
	}
	c.phases = append(c.phases, Phase{name, seconds})
}

// Phases are those that have ended, in the order in which they first did.
func (c *Clock) Phases() []Phase { return c.phases }

// Rate is an amount per second, and 0 where the clock saw no time pass: it must
// be a number to be written as JSON.
func Rate(amount, seconds float64) float64 {
	if seconds <= 0 {
		return 0
	}
	return amount / seconds
}
