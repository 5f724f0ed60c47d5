package api

import (
	"context"
	"fmt"
	"sync"
	"time"

	"turno"
	"turno/internal/figures"
	"turno/internal/obs"
)

const (
	// statisticsOf so many of the newest ended jobs: one page of the store's.
	statisticsOf = 1000
	// statisticsFresh is how long an answer is good for everybody who asks.
	statisticsFresh = 2 * time.Second
)

// ended are the states that statistics are of.
var ended = []turno.State{turno.Succeeded, turno.Failed, turno.Cancelled, turno.Lost}

// statistics keeps the newest answer: fifty pages that ask cost the store what
// one does.
type statistics struct {
	mu sync.Mutex // guards all below; held while they are made: all wait for them anyway
	at time.Time
	of figures.Statistics
}

// speedUps are those of the statistics, for whoever scrapes.
func (a *Role) speedUps(ctx context.Context) ([]obs.SpeedUp, error) {
	s, err := a.statistics(ctx, nil)
	var out []obs.SpeedUp
	for _, u := range s.SpeedUps {
		size := "any"
		if u.SizeUnit != "" {
			size = fmt.Sprintf("%.4g %s", u.Size, u.SizeUnit)
		}
		out = append(out, obs.SpeedUp{Type: u.Type, SizeClass: size, Point: u.Ratio, Low: u.Low, High: u.High})
	}
	return out, err
}

func (a *Role) statistics(ctx context.Context, _ *nothing) (figures.Statistics, error) {
	s := &a.figures
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Since(s.at) < statisticsFresh {
		return s.of, nil
	}
	page, err := a.o.Service.Jobs(ctx, turno.JobQuery{States: ended, Limit: statisticsOf})
	if err != nil {
		return figures.Statistics{}, err
	}
	s.of, s.at = figures.Of(page.Items, a.o.Size), time.Now()
	return s.of, nil
}
