package worker

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/google/uuid"

	"turno"
	"turno/internal/core/hold"
	"turno/internal/role/shell"
)

// journal is the worker's memory across its own restarts: lines of
// hold.Record. It is written before anything is done or told, and not synced:
// it has to outlive the agent, and when the machine goes down the attempts go
// with it.
type journal struct {
	path  string
	clock shell.Clock
	file  *os.File
	buf   bytes.Buffer
	size  int64
	held  map[turno.AttemptKey]*hold.Kept
	// As noted last.
	lease       *hold.Lease
	incarnation string
}

// compactAt is where a journal is written anew with what still counts.
const compactAt = 8 << 20

// savedJournal is what an earlier agent left.
type savedJournal struct {
	journal *journal
	kept    []hold.Kept
	lease   time.Time // its end; zero: there is none
}

func openJournal(path string, clock shell.Clock) (savedJournal, error) {
	j := &journal{path: path, clock: clock, held: map[turno.AttemptKey]*hold.Kept{}}
	var saved savedJournal
	order, err := j.read()
	if err != nil {
		return saved, err
	}
	for _, k := range order {
		if kept := j.held[k]; kept != nil {
			saved.kept = append(saved.kept, *kept)
		}
	}
	saved.journal = j
	if j.lease != nil {
		saved.lease = moment(clock.Now()).End(*j.lease)
	}
	return saved, j.compact()
}

// read replays the file. A line that was cut off by a crash is the last one
// and is dropped.
func (j *journal) read() ([]turno.AttemptKey, error) {
	file, err := os.Open(j.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var order []turno.AttemptKey
	lines := bufio.NewReaderSize(file, 1<<20)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return order, nil
		}
		if err != nil {
			return nil, err
		}
		var rec hold.Record
		if err := json.Unmarshal(line, &rec); err != nil {
			return nil, fmt.Errorf("%s holds a line that is no record: %w", j.path, err)
		}
		if rec.Start != nil {
			order = append(order, rec.Start.AttemptKey)
		}
		j.apply(rec)
	}
}

// next is an incarnation that sorts after the one before it.
func (j *journal) next() (string, error) {
	fresh, err := uuid.NewV7()
	if err != nil {
		return "", fmt.Errorf("make an incarnation: %w", err)
	}
	return hold.After(j.incarnation, fresh.String()), nil
}

func (j *journal) knows(k turno.AttemptKey) bool { return j.held[k] != nil }

func (j *journal) apply(rec hold.Record) {
	switch {
	case rec.Start != nil:
		j.held[rec.Start.AttemptKey] = &hold.Kept{Assignment: *rec.Start}
	case rec.End != nil:
		if k := j.held[rec.End.AttemptKey]; k != nil {
			k.StartedAt, k.EndedAt, k.Result = rec.End.StartedAt, rec.End.EndedAt, rec.End.Result
		}
	case rec.Forget != nil:
		delete(j.held, *rec.Forget)
	case rec.Lease != nil:
		j.lease = rec.Lease
	case rec.Began != nil:
		j.incarnation = rec.Began.Incarnation
	}
}

// write appends records with one write.
func (j *journal) write(records []hold.Record) error {
	if len(records) == 0 {
		return nil
	}
	j.buf.Reset()
	enc := json.NewEncoder(&j.buf)
	for _, rec := range records {
		if rec.Lease != nil {
			moment(j.clock.Now()).Note(rec.Lease)
		}
		if err := enc.Encode(rec); err != nil {
			return err
		}
		j.apply(rec)
	}
	n, err := j.file.Write(j.buf.Bytes())
	j.size += int64(n)
	if err == nil && j.size > compactAt {
		err = j.compact()
	}
	return err
}

// compact writes a new journal with what still counts and puts it in place. Both
// are closed meanwhile: Windows renames no file that is open, nor onto one.
func (j *journal) compact() error {
	temp, err := os.OpenFile(j.path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(temp)
	enc := json.NewEncoder(out)
	if j.incarnation != "" {
		err = enc.Encode(hold.Record{Began: &hold.Began{Incarnation: j.incarnation}})
	}
	if j.lease != nil {
		err = errors.Join(err, enc.Encode(hold.Record{Lease: j.lease}))
	}
	for _, k := range j.held {
		err = errors.Join(err, enc.Encode(hold.Record{Start: &k.Assignment}))
		if k.Result != nil {
			end := &hold.End{AttemptKey: k.AttemptKey, StartedAt: k.StartedAt, EndedAt: k.EndedAt, Result: k.Result}
			err = errors.Join(err, enc.Encode(hold.Record{End: end}))
		}
	}
	err = errors.Join(err, out.Flush(), temp.Close(), j.close())
	if err == nil {
		err = os.Rename(temp.Name(), j.path)
	}
	if err != nil {
		return err
	}
	if j.file, err = os.OpenFile(j.path, os.O_WRONLY, 0o600); err != nil {
		return err
	}
	j.size, err = j.file.Seek(0, io.SeekEnd)
	return err
}

// close may be called again, and of a journal that could not be opened.
func (j *journal) close() error {
	file := j.file
	j.file = nil
	if file == nil {
		return nil
	}
	return file.Close()
}
