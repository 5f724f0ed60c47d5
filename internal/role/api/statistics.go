package api

import (
	"context"
	"sync"
	"time"

	"turno"
	"turno/internal/figures"
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
