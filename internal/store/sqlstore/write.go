package sqlstore

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"turno"
	"turno/internal/store"
)

// Block is how many consecutive numbers share a line of counts: small, so that
// little is read in vain to find a rare job, and large, so that there are few
// lines.
const Block = 512

// Totals is the block of the counts of all jobs. Those count an array's tasks
// that wait and not the array; the other blocks count rows.
const Totals = -1

// Write is a batch, ready for the database. A DB writes, all or nothing:
//
//   - head: that its term is Term, else store.ErrFenced; adds len(Events) to its
//     revision and raises its next number to Next;
//   - Kinds, Added (specs before jobs), Changed, Renamed, Counts, Spans, Workers, Gone, Logs, dead
//     letters, Webhooks by PutWebhook, in this order; that each Changed is in state From, else
//     store.ErrConflict.
//
// Its slices are used again by the next batch.
type Write struct {
	Term    uint64
	Next    int64
	Kinds   []Kind
	Added   []Added
	Specs   []Spec
	Changed []Changed
	Renamed []Renamed
	Counts  []Count
	Spans   []Span
	Workers []WorkerRow
	Gone    []string
	Logs    []turno.LogChunk
	Events  []turno.Event // without their revisions

	DeadLetters     []DeadLetterRow
	Dropped         []int64 // numbers of dead letters
	Keep, KeepBytes int64   // see BoundDeadLetters

	Webhooks []WebhookRow

	buf    []byte // all text, in one piece
	ids    []byte
	counts map[Count]int64

	spec     *turno.Spec // of the job before, which many share that were handed in together
	specText span
}

// Added is a row of jobs. Live: see live.
type Added struct {
	Number, State, Live, Kind, Index, Parent, Spec int64
	ID                                             []byte
	Name, Status                                   string
	status                                         span
}

// Spec is a row of specs.
type Spec struct {
	Number int64
	Text   string
	text   span
}

// Changed is an update of a row of jobs. Turns: Live is another than before.
type Changed struct {
	Number, From, State, Live int64
	Turns                     bool
	Status                    string
	status                    span
}

// Renamed is a new search text of a row of jobs.
type Renamed struct {
	Number int64
	Name   string
}

// span is where in the text of a batch something stands.
type span struct{ from, to int }

// Count is by how much the number of jobs of a kind and state in a block
// changed.
type Count struct {
	Block, Kind, State int64
	By                 int64
}

// Span is a row of spans: when the jobs of a block were submitted, the first and
// the last of them, in microseconds since 1970. What is stored grows to hold it.
type Span struct{ Block, First, Last int64 }

// WorkerRow is a row of workers.
type WorkerRow struct{ Name, Worker string }

func (w *Write) prepare(b store.Batch, c *cache) error {
	w.reset(b)
	for i := range b.Jobs {
		if j := b.Jobs[i].Job; j.Tasks != nil {
			c.specs[j.Number] = j.Spec
		}
	}
	for i := range b.Jobs {
		if err := w.addJob(&b.Jobs[i], c); err != nil {
			return fmt.Errorf("job %d: %w", b.Jobs[i].Job.Number, err)
		}
	}
	for i := range b.Jobs {
		if j := b.Jobs[i].Job; j.Tasks != nil && j.State.Ended() {
			delete(c.specs, j.Number)
		}
	}
	w.sumUp()
	for i := range b.Workers {
		text, err := json.Marshal(&b.Workers[i])
		if err != nil {
			return fmt.Errorf("worker %q: %w", b.Workers[i].Name, err)
		}
		w.Workers = append(w.Workers, WorkerRow{b.Workers[i].Name, string(text)})
	}
	w.texts()
	if err := w.addWebhooks(b.Webhooks); err != nil {
		return err
	}
	return w.addDead(b.Dead)
}

func (w *Write) reset(b store.Batch) {
	counts := w.counts
	if counts == nil {
		counts = map[Count]int64{}
	}
	clear(counts)
	*w = Write{
		Term: b.Term, Next: b.Next, Gone: b.Gone, Logs: b.Logs,
		Webhooks: w.Webhooks[:0], DeadLetters: w.DeadLetters[:0], Dropped: b.Dead.Gone, Keep: b.Dead.Keep, KeepBytes: b.Dead.KeepBytes,
		Kinds: w.Kinds[:0], Added: w.Added[:0], Specs: w.Specs[:0], Changed: w.Changed[:0],
		Renamed: w.Renamed[:0], Counts: w.Counts[:0], Spans: w.Spans[:0], Workers: w.Workers[:0], Events: w.Events[:0],
		buf: w.buf[:0], ids: w.ids[:0], counts: counts,
	}
}

func (w *Write) addJob(change *store.Change, c *cache) error {
	j := change.Job
	state, from := codes[j.State], codes[change.From]
	if state == 0 || (from == 0) != (change.From == "") {
		return fmt.Errorf("from %q to %q: %w", change.From, j.State, store.ErrConflict)
	}
	kind := c.kind(j, w)
	if from == 0 {
		if err := w.addNew(j, kind, c); err != nil {
			return err
		}
	} else {
		w.Changed = append(w.Changed, Changed{
			Number: j.Number, From: from, State: state, Live: live(j.State),
			Turns: live(j.State) != live(change.From), status: w.take(appendRecord(w.buf, j)),
		})
		if c := j.Changes; c != nil && (c.Name != nil || len(c.Labels) > 0) {
			w.Renamed = append(w.Renamed, Renamed{j.Number, text(store.SearchText(j.Spec))})
		}
	}
	w.Events = append(w.Events, store.EventOf(j, 0))
	w.count(change, kind)
	return nil
}

func (w *Write) addNew(j *turno.Job, kind int64, c *cache) error {
	n := Added{Number: j.Number, State: codes[j.State], Live: live(j.State), Kind: kind, Parent: j.Parent, Spec: j.Number}
	if j.Parent != 0 && c.specs[j.Parent] == j.Spec {
		n.Spec = j.Parent
	} else {
		if w.spec != j.Spec {
			text, err := json.Marshal(j.Spec)
			if err != nil {
				return fmt.Errorf("spec: %w", err)
			}
			w.spec, w.specText = j.Spec, w.take(append(w.buf, text...))
		}
		w.Specs = append(w.Specs, Spec{Number: j.Number, text: w.specText})
	}
	at := len(w.ids)
	w.ids, n.Index = packID(w.ids, j.ID)
	n.ID = w.ids[at:len(w.ids):len(w.ids)]
	n.Name = text(store.SearchText(j.Spec))
	n.status = w.take(appendRecord(w.buf, j))
	w.Added = append(w.Added, n)
	w.span(j.Number/Block, j.SubmittedAt.UnixMicro())
	return nil
}

// span books a time of submission. New jobs come mostly in order of number.
func (w *Write) span(block, at int64) {
	if last := len(w.Spans) - 1; last >= 0 && w.Spans[last].Block == block {
		s := &w.Spans[last]
		s.First, s.Last = min(s.First, at), max(s.Last, at)
		return
	}
	w.Spans = append(w.Spans, Span{block, at, at})
}

// live is the column of that name: what an index holds of the jobs that people
// ask for and the scheduler needs, and not of the many that succeeded.
func live(s turno.State) int64 {
	switch {
	case !s.Ended():
		return isLive
	case s == turno.Succeeded:
		return 0
	}
	return isBad
}

const isLive, isBad = 1, 2

// take makes what was appended to the text a part of it.
func (w *Write) take(longer []byte) span {
	s := span{len(w.buf), len(longer)}
	w.buf = longer
	return s
}

// texts gives each row its text: one allocation for all.
func (w *Write) texts() {
	all := string(w.buf)
	for i := range w.Added {
		n := &w.Added[i]
		n.Status = all[n.status.from:n.status.to]
	}
	for i := range w.Specs {
		s := &w.Specs[i]
		s.Text = all[s.text.from:s.text.to]
	}
	for i := range w.Changed {
		c := &w.Changed[i]
		c.Status = all[c.status.from:c.status.to]
	}
}

// count books a change in the block's counts and in the totals.
func (w *Write) count(change *store.Change, kind int64) {
	j := change.Job
	block := j.Number / Block
	state, from := codes[j.State], codes[change.From]
	add := func(block, state, by int64) {
		if by != 0 {
			w.counts[Count{Block: block, Kind: kind, State: state}] += by
		}
	}
	if from != 0 {
		add(block, from, -1)
	}
	add(block, state, 1)
	if j.Tasks == nil {
		if from != 0 {
			add(Totals, from, -1)
		}
		add(Totals, state, 1)
		return
	}
	as, now := store.Counted(j)
	before, was := now-int64(change.Waiting), turno.Queued
	if change.From == turno.Held {
		was = turno.Held
	}
	if j.State.Ended() {
		as = was
	}
	add(Totals, codes[was], -before)
	add(Totals, codes[as], now)
}

// sumUp lists the counts in the order of their key, which is how the database
// wants them and how two processes cannot lock each other out.
func (w *Write) sumUp() {
	for key, by := range w.counts {
		if by != 0 {
			key.By = by
			w.Counts = append(w.Counts, key)
		}
	}
	slices.SortFunc(w.Counts, func(a, b Count) int {
		return cmp.Or(cmp.Compare(a.Block, b.Block), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.State, b.State))
	})
}
