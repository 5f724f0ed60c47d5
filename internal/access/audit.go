package access

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync"
	"time"

	"turno"
)

const (
	// maxPending entries wait for the store, at most: while it is away the file
	// has the rest.
	maxPending = 10_000
	// maxFile is when the file is put aside; keptFiles such are kept.
	maxFile   = 64 << 20
	keptFiles = 4
)

// auditLog collects entries. What is alike within a second is one entry.
type auditLog struct {
	path    string     // constant; empty: there is no file
	writing sync.Mutex // held by who writes the file

	mu      sync.Mutex // guards all below
	pending []*pending // of this second
	alike   map[alike]*pending
	lines   []turno.AuditEntry // for the file
	waiting []turno.AuditEntry // for the store
	lost    int
}

// pending is an entry, and the jobs that it is about.
type pending struct {
	turno.AuditEntry
	first, last int64
}

// alike is what entries have in common that become one.
type alike struct {
	user, token, from, action, object, result, detail string
	status                                            int
}

// note adds an entry.
func (l *auditLog) note(e turno.AuditEntry, first, last int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := alike{e.User, e.TokenID, e.From, e.Action, e.Object, e.Result, e.Detail, e.Status}
	if p := l.alike[k]; p != nil {
		p.Times = max(p.Times, 1) + 1
		if first > 0 {
			p.first, p.last = min(p.first, first), max(p.last, last)
		}
		return
	}
	if len(l.pending)+len(l.waiting) >= maxPending {
		l.lost++
		return
	}
	if l.alike == nil {
		l.alike = map[alike]*pending{}
	}
	p := &pending{e, first, last}
	l.pending, l.alike[k] = append(l.pending, p), p
}

// lineOnly is for what stands in the store already.
func (l *auditLog) lineOnly(e turno.AuditEntry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, e)
}

// gather ends a second.
func (l *auditLog) gather() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lost > 0 {
		l.pending = append(l.pending, &pending{AuditEntry: turno.AuditEntry{
			At: time.Now(), Action: "audit", Result: turno.AuditFailed, Detail: fmt.Sprintf("%d entries were too many at once", l.lost),
		}})
		l.lost = 0
	}
	for _, p := range l.pending {
		switch {
		case p.first > 0 && p.first == p.last:
			p.Object = fmt.Sprintf("job %d", p.first)
		case p.first > 0:
			p.Object = fmt.Sprintf("jobs %d to %d", p.first, p.last)
		}
		l.lines, l.waiting = append(l.lines, p.AuditEntry), append(l.waiting, p.AuditEntry)
	}
	l.pending = nil
	clear(l.alike)
}

// take gives what waits for the store.
func (l *auditLog) take() []turno.AuditEntry {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := l.waiting
	l.waiting = nil
	return out
}

// giveBack is for entries that the store did not take.
func (l *auditLog) giveBack(entries []turno.AuditEntry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting = append(entries, l.waiting...)
}

// toFile appends what is new, each entry once. The file is for other programs: it
// is written without a sync.
func (l *auditLog) toFile() error {
	l.writing.Lock()
	defer l.writing.Unlock()
	l.mu.Lock()
	lines := l.lines
	l.lines = nil
	l.mu.Unlock()
	if l.path == "" || len(lines) == 0 {
		return nil
	}
	var text bytes.Buffer
	for _, e := range lines {
		line, err := json.Marshal(e)
		if err != nil {
			return fmt.Errorf("encode an entry: %w", err)
		}
		text.Write(append(line, '\n'))
	}
	if info, err := os.Stat(l.path); err == nil && info.Size()+int64(text.Len()) > maxFile {
		if err := l.putAside(); err != nil {
			return err
		}
	}
	f, err := os.OpenFile(l.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text.Bytes())
	return errors.Join(err, f.Close())
}

// putAside makes audit.jsonl audit.jsonl.1, and so on; the oldest goes.
func (l *auditLog) putAside() error {
	for n := range slices.Backward(make([]struct{}, keptFiles)) {
		from := l.path
		if n > 0 {
			from = fmt.Sprintf("%s.%d", l.path, n)
		}
		if err := os.Rename(from, fmt.Sprintf("%s.%d", l.path, n+1)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("put an audit log aside: %w", err)
		}
	}
	return nil
}

// Note adds an entry to the audit log. When and who are filled in.
func (k *Keeper) Note(ctx context.Context, e turno.AuditEntry) {
	e.At = time.Now()
	var first, last int64
	if r := of(ctx); r != nil {
		if r.who != nil {
			e.User, e.TokenID = r.who.User(), r.who.Token.ID
		}
		if r.object != "" {
			e.Object = r.object
		}
		if r.denied != "" {
			e.Result, e.Detail = turno.AuditDenied, r.denied
		}
		if first, last = r.first, r.last; first > 0 {
			e.Object = ""
		}
	}
	k.audit.note(e, first, last)
}
