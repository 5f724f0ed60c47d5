package child

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// journalFile, in a shared keeper's directory, holds the exits of its jobs, a
// line each: a file, let alone a directory, for each job costs more than the
// job (ext4 looks long for an inode when many were lately removed).
const journalFile = "exits"

// journalSlack is how much of forgotten lines a journal may hold before it is
// written anew without them.
const journalSlack = 4 << 20

type journalLine struct {
	ID   string `json:"id"`
	Exit Exit   `json:"exit"`
}

// journal is what the keeper writes. It is not synced: after a power cut the
// agent has lost its jobs anyway, and all but the last moments are on disk.
type journal struct {
	path string

	mu    sync.Mutex // guards what follows
	file  *os.File
	size  int
	kept  int
	lines map[string][]byte // those not forgotten
}

func openJournal(dir string) (*journal, error) {
	j := &journal{path: filepath.Join(dir, journalFile), lines: map[string][]byte{}}
	var err error
	j.file, err = os.OpenFile(j.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	return j, nil
}

func (j *journal) add(id string, exit Exit) error {
	line, err := json.Marshal(journalLine{id, exit})
	if err != nil {
		return err
	}
	line = append(line, '\n')
	j.mu.Lock()
	defer j.mu.Unlock()
	n, err := j.file.Write(line)
	j.size += n
	if err != nil {
		// Half a line may be there: the next one must begin its own.
		_, _ = j.file.WriteString("\n")
		return fmt.Errorf("write journal: %w", err)
	}
	j.lines[id] = line
	j.kept += len(line)
	return nil
}

// forget drops exits that the agent has kept elsewhere.
func (j *journal) forget(ids []string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, id := range ids {
		j.kept -= len(j.lines[id])
		delete(j.lines, id)
	}
	if j.size-j.kept < journalSlack {
		return nil
	}
	var all bytes.Buffer
	for _, line := range j.lines {
		all.Write(line)
	}
	temporary := j.path + ".new"
	if err := os.WriteFile(temporary, all.Bytes(), 0o600); err != nil {
		return fmt.Errorf("write journal anew: %w", err)
	}
	file, err := os.OpenFile(temporary, os.O_WRONLY|os.O_APPEND, 0)
	if err == nil {
		err = os.Rename(temporary, j.path)
	}
	if err != nil {
		return fmt.Errorf("write journal anew: %w", err)
	}
	err = j.file.Close()
	j.file, j.size = file, all.Len()
	return err
}

// readJournal finds a job's exit, the last one of its id.
func readJournal(dir, id string) (exit Exit, ok bool, err error) {
	data, err := os.ReadFile(filepath.Join(dir, journalFile))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return Exit{}, false, fmt.Errorf("read journal: %w", err)
	}
	start, err := json.Marshal(id)
	if err != nil {
		return Exit{}, false, err
	}
	start = append([]byte(`{"id":`), append(start, ',')...)
	for text := range bytes.Lines(data) {
		var line journalLine
		if bytes.HasPrefix(text, start) && json.Unmarshal(text, &line) == nil {
			exit, ok = line.Exit, true
		}
	}
	return exit, ok, nil
}
