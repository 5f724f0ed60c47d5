// Package sweep deletes from a file store what no job wants any more: blobs
// that were neither put nor asked for within a time, and that no job in the
// queue's store names. It belongs to the API's role; two of them do no harm.
//
//	old blobs ──▶ none? done ──▶ every job: inputs, workdir, what it left ──▶ delete the rest
//
// A store, or a prefix of one, is one turno's: others' files would be deleted.
package sweep

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"turno"
	"turno/internal/files"
)

const (
	// firstAfter a start: not while everything else starts.
	firstAfter = 10 * time.Minute
	every      = 24 * time.Hour
	pageJobs   = 500
)

// Jobs lists jobs, as turno.Service does.
type Jobs interface {
	Jobs(ctx context.Context, q turno.JobQuery) (turno.JobPage, error)
}

// Sweeper has what it needs. Keep is how long an unwanted blob stays.
type Sweeper struct {
	Files files.Keeper
	Jobs  Jobs
	Keep  time.Duration
	Log   *slog.Logger
}

// Run sweeps every day until ctx is done.
func (s *Sweeper) Run(ctx context.Context) {
	timer := time.NewTimer(firstAfter)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		began := time.Now()
		n, bytes, err := s.Once(ctx, began)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			s.Log.Warn("did not clear the file store; tries again tomorrow", "err", err)
		case n > 0:
			s.Log.Info("cleared the file store", "files", n, "bytes", bytes, "took", time.Since(began))
		}
		timer.Reset(every)
	}
}

// Once deletes what is unwanted now, and tells how much. An error on the way
// to knowing what is wanted deletes nothing.
func (s *Sweeper) Once(ctx context.Context, now time.Time) (n int, bytes int64, err error) {
	old := map[string]int64{}
	for e, err := range s.Files.List(ctx) {
		if err != nil {
			return 0, 0, fmt.Errorf("list the file store: %w", err)
		}
		if now.Sub(e.At) > s.Keep {
			old[e.Hash] = e.Stored
		}
	}
	if len(old) == 0 {
		return 0, 0, nil
	}
	w := &wanted{files: s.Files, old: old, seen: map[string]bool{}}
	if err := w.allJobs(ctx, s.Jobs); err != nil {
		return 0, 0, err
	}
	// Listed again: somebody may have asked for one while the jobs were read.
	for e, err := range s.Files.List(ctx) {
		if err != nil {
			return n, bytes, fmt.Errorf("list the file store: %w", err)
		}
		if _, unwanted := old[e.Hash]; !unwanted || now.Sub(e.At) <= s.Keep {
			continue
		}
		if err := s.Files.Delete(ctx, e.Hash); err != nil {
			return n, bytes, fmt.Errorf("delete a file: %w", err)
		}
		n++
		bytes += e.Stored
	}
	return n, bytes, nil
}

// wanted takes from old what some job names.
type wanted struct {
	files files.Store
	old   map[string]int64
	seen  map[string]bool // manifests
}

func (w *wanted) allJobs(ctx context.Context, jobs Jobs) error {
	for cursor := ""; ; {
		page, err := jobs.Jobs(ctx, turno.JobQuery{Limit: pageJobs, Cursor: cursor})
		if err != nil {
			return fmt.Errorf("list jobs: %w", err)
		}
		for i := range page.Items {
			if err := w.job(ctx, &page.Items[i]); err != nil {
				return err
			}
		}
		if cursor = page.NextCursor; cursor == "" {
			return nil
		}
	}
}

func (w *wanted) job(ctx context.Context, j *turno.Job) error {
	for _, f := range j.Spec.Inputs {
		delete(w.old, f.Hash)
	}
	if j.Spec.Workdir != nil {
		if err := w.tree(ctx, j.Spec.Workdir.Manifest); err != nil {
			return err
		}
	}
	results := []*turno.Result{j.Result}
	for i := range j.Attempts {
		results = append(results, j.Attempts[i].Result)
	}
	for _, r := range results {
		if r != nil && r.Artifacts != nil && r.Artifacts.Manifest != "" {
			if err := w.tree(ctx, r.Artifacts.Manifest); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *wanted) tree(ctx context.Context, manifest string) error {
	if w.seen[manifest] || !turno.ValidHash(manifest) {
		return nil
	}
	w.seen[manifest] = true
	delete(w.old, manifest)
	m, err := files.ReadManifest(ctx, w.files, manifest)
	var broken *turno.Error
	if errors.Is(err, files.ErrNotFound) || errors.As(err, &broken) && broken.Code == turno.CodeInvalid {
		return nil // it names nothing
	}
	if err != nil {
		return err
	}
	for _, f := range m.Files {
		delete(w.old, f.Hash)
	}
	return nil
}
