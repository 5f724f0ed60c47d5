package sweep_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"testing"
	"time"

	"turno"
	"turno/internal/files"
	"turno/internal/files/folder"
	"turno/internal/files/sweep"
)

// jobs are a queue's, one a page.
type jobs struct {
	list []turno.Job
	err  error
}

func (j *jobs) Jobs(_ context.Context, q turno.JobQuery) (turno.JobPage, error) {
	n := len(q.Cursor)
	if n == len(j.list) {
		return turno.JobPage{}, j.err
	}
	return turno.JobPage{Items: j.list[n : n+1], NextCursor: q.Cursor + "x"}, nil
}

func TestOnce_DeletesOnlyWhatIsOldAndUnwanted(t *testing.T) {
	t.Parallel()
	ctx, now := t.Context(), time.Now()
	s, err := folder.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	put := func(text string, age time.Duration) string {
		h := files.Hash([]byte(text))
		if err := s.PutAll(ctx, func(yield func(files.Small, error) bool) { yield(files.Small{Hash: h, Data: []byte(text)}, nil) }); err != nil {
			t.Fatal(err)
		}
		name, _ := s.Path(h)
		if err := os.Chtimes(name, now.Add(-age), now.Add(-age)); err != nil {
			t.Fatal(err)
		}
		return h
	}
	tree := func(file string) string {
		m := &turno.Manifest{Files: []turno.File{{Path: "f", Hash: file, Size: 1}}}
		data, bad := m.Encode()
		if bad != nil {
			t.Fatal(bad)
		}
		return put(string(data), 100*time.Hour)
	}
	old := 100 * time.Hour
	input, inWorkdir, left, leftEarlier := put("input", old), put("in workdir", old), put("left", old), put("left by attempt 1", old)
	young, unwanted, orphan := put("young", time.Hour), put("unwanted", old), put("of a job that is gone", old)
	workdir, artifacts, earlier, gone := tree(inWorkdir), tree(left), tree(leftEarlier), tree(orphan)
	result := func(manifest string) *turno.Result {
		return &turno.Result{Artifacts: &turno.Artifacts{Tree: turno.Tree{Manifest: manifest, Files: 1}}}
	}
	queue := &jobs{list: []turno.Job{
		{Spec: &turno.Spec{Inputs: []turno.File{{Path: "x", Hash: input}, {Path: "y", From: "job:1/z"}}}},
		{Spec: &turno.Spec{Workdir: &turno.Tree{Manifest: workdir}}},
		{Spec: &turno.Spec{}, Result: result(artifacts), Attempts: []turno.Attempt{{Number: 1, Result: result(earlier)}, {Number: 2}}},
		{Spec: &turno.Spec{}, Result: result(files.Hash([]byte("was never stored")))},
	}}
	sweeper := &sweep.Sweeper{Files: s, Jobs: queue, Keep: 50 * time.Hour, Log: slog.New(slog.DiscardHandler)}
	queue.err = errors.New("the store is away")
	if n, _, err := sweeper.Once(ctx, now); err == nil || n != 0 {
		t.Errorf("deleted %d without knowing what is wanted: %v", n, err)
	}
	queue.err = nil
	if n, _, err := sweeper.Once(ctx, now); err != nil || n != 3 {
		t.Errorf("deleted %d, want 3: %v", n, err)
	}
	for text, want := range map[string]bool{
		input: true, inWorkdir: true, left: true, leftEarlier: true, young: true, workdir: true, artifacts: true, earlier: true,
		unwanted: false, orphan: false, gone: false,
	} {
		if _, ok := s.Path(text); ok != want {
			t.Errorf("%s is there: %v, want %v", text, ok, want)
		}
	}
}
