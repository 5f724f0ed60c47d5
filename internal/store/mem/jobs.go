package mem

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"turno"
	"turno/internal/store"
)

// Jobs implements store.Store.
func (s *Store) Jobs(ctx context.Context, q turno.JobQuery) (turno.JobPage, error) {
	if err := ctx.Err(); err != nil {
		return turno.JobPage{}, fmt.Errorf("list jobs: %w", err)
	}
	from, below, err := store.Span(q)
	if err != nil {
		return turno.JobPage{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var page turno.JobPage
	order := slices.Clone(s.order)
	if !q.OldestFirst {
		slices.Reverse(order)
	}
	for _, n := range order {
		j := s.jobs[n]
		if n < from || n >= below || !selects(q, j) {
			continue
		}
		if len(page.Items) == store.PageSize(q) {
			page.NextCursor = store.NextCursor(q, page.Items[len(page.Items)-1].Number)
			break
		}
		page.Items = append(page.Items, *cloneJob(j))
	}
	return page, nil
}

func selects(q turno.JobQuery, j *turno.Job) bool {
	return (len(q.States) == 0 || slices.Contains(q.States, j.State)) &&
		(q.Queue == "" || q.Queue == j.Spec.Queue) &&
		(q.User == "" || q.User == j.Spec.User) &&
		(q.Type == "" || q.Type == j.Spec.Type) &&
		strings.Contains(store.FoldName(j.Spec.Name), store.FoldName(q.Name)) &&
		(q.Parent == 0 || q.Parent == j.Parent) &&
		(!q.Top || j.Parent == 0) &&
		(q.Since.IsZero() || !micro(j.SubmittedAt).Before(micro(q.Since))) &&
		(q.Until.IsZero() || micro(j.SubmittedAt).Before(micro(q.Until))) &&
		found(q.Search, j)
}

// found tells whether a job has every word of a search.
func found(search string, j *turno.Job) bool {
	id, _, _ := strings.Cut(j.ID, "_")
	for _, word := range store.Words(search) {
		if !strings.Contains(store.SearchText(j.Spec), word) && !strings.Contains(store.FoldName(j.Spec.User), word) && !strings.HasPrefix(id, word) {
			return false
		}
	}
	return true
}

// Facets implements store.Facets: each dimension by a query without it.
func (s *Store) Facets(ctx context.Context, q turno.CountQuery) (turno.Facets, error) {
	if err := ctx.Err(); err != nil {
		return turno.Facets{}, fmt.Errorf("count jobs: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f := turno.Facets{States: map[turno.State]int64{}, Queues: map[string]int64{}, Users: map[string]int64{}, Types: map[string]int64{}}
	anyState, anyQueue, anyUser, anyType := q.JobQuery, q.JobQuery, q.JobQuery, q.JobQuery
	anyState.States, anyQueue.Queue, anyUser.User, anyType.Type = nil, "", "", ""
	for _, j := range s.jobs {
		if selects(q.JobQuery, j) {
			f.Count++
		}
		if selects(anyState, j) {
			f.States[j.State]++
		}
		if selects(anyQueue, j) {
			f.Queues[j.Spec.Queue]++
		}
		if selects(anyUser, j) {
			f.Users[j.Spec.User]++
		}
		if selects(anyType, j) {
			f.Types[j.Spec.Type]++
		}
	}
	return f, nil
}
