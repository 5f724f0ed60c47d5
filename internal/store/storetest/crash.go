package storetest

import (
	"bufio"
	"fmt"
	"io"
	"testing"

	"turno"
	"turno/internal/store"
)

// Of crash tests: a child process commits numbered batches and says so of each
// when Commit has returned; it is killed at some moment; what it said must be
// there, nothing may be there by halves.

// perBatch is how many jobs a batch of a crash test has: enough that a commit
// takes a while in which it can be killed.
const perBatch = 50

// CommitAndTell commits until something fails. It is the child's part. Batch n
// has perBatch new jobs, starts those of batch n-1, ends those of batch n-2,
// and writes n bytes of log in all.
func CommitAndTell(t testing.TB, s store.Store, out io.Writer) error {
	w := newWriter(t, s)
	var last, before []store.Change
	for n := int64(1); ; n++ {
		fresh := busy(w, perBatch)
		b := store.Batch{Jobs: fresh, Logs: []turno.LogChunk{{AttemptKey: logOf, Offset: n - 1, Data: []byte{byte(n)}}}}
		for _, c := range last {
			b.Jobs = append(b.Jobs, step(c.Job))
		}
		for _, c := range before {
			b.Jobs = append(b.Jobs, step(c.Job))
		}
		if err := w.try(b); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(out, n); err != nil {
			return err
		}
		started := b.Jobs[perBatch : perBatch+len(last)]
		before, last = started, fresh
	}
}

// Told reads what a child said until it ends, and gives the number of the last
// batch; each is called with each number.
func Told(t testing.TB, in io.Reader, each func(n int64)) (last int64) {
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		if _, err := fmt.Sscan(lines.Text(), &last); err != nil {
			t.Fatalf("the child said %q", lines.Text())
		}
		each(last)
	}
	return last
}

// CheckAfterCrash checks that all batches up to told are there, or one more,
// and nothing else.
func CheckAfterCrash(t testing.TB, s store.Store, told int64) {
	t.Helper()
	jobs := list(t, s, turno.JobQuery{Limit: 1000})
	n := int64(len(jobs)) / perBatch
	if int64(len(jobs))%perBatch != 0 || n < told || n > told+1 {
		t.Fatalf("%d jobs are there, %d batches of %d were committed", len(jobs), told, perBatch)
	}
	counts := map[turno.State]int64{}
	for _, j := range jobs {
		batch := (j.Number-1)/perBatch + 1
		want := turno.Queued
		switch n - batch {
		case 0:
		case 1:
			want = turno.Starting
		default:
			want = turno.Succeeded
		}
		if j.State != want {
			t.Fatalf("job %d of batch %d of %d is %s", j.Number, batch, n, j.State)
		}
		counts[j.State]++
	}
	equal(t, "counts", summary(t, s).States, counts)
	if _, size := readLog(t, s, logOf); size != n {
		t.Fatalf("%d bytes of log after %d batches", size, n)
	}
	live, state := load(t, s)
	if int64(len(live)) != min(2, n)*perBatch || state.Next != n*perBatch+1 {
		t.Fatalf("%d jobs are live, the next is %d, after %d batches", len(live), state.Next, n)
	}
}
