package child

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// drainBound is how long the log's pipe is read after the tree is empty. It
// then has no writer, unless one outside the tree was handed it.
const drainBound = 200 * time.Millisecond

// dropPause lies between two reads of what is dropped anyway: a flood would
// else take a core from everybody. A pipe of 64 KiB lets 60 MB/s through.
const dropPause = time.Millisecond

// logPipe copies what a job writes to its log file, up to a cap.
type logPipe struct {
	path string
	keep int64 // bytes; 0: all

	read, write *os.File
	tap         *ring // takes all of it too; nil: none
	done        chan struct{}

	// owned by copy until done is closed
	file    *os.File
	kept    int64
	dropped int64
}

func openLog(dir string, keep int64) (*logPipe, error) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
		return nil, fmt.Errorf("make the log's pipe: %w", err)
	}
	_ = unix.SetNonblock(fds[0], true) // our end only: the job's stays as it expects
	l := newLog(dir, keep, os.NewFile(uintptr(fds[0]), "log"))
	l.write = os.NewFile(uintptr(fds[1]), "log")
	return l, nil
}

func newLog(dir string, keep int64, read *os.File) *logPipe {
	return &logPipe{path: filepath.Join(dir, LogFile), keep: keep, done: make(chan struct{}), read: read}
}

// begin writes what comes before the job's own output, before copy.
func (l *logPipe) begin(note string) {
	if note != "" {
		l.put([]byte(note))
	}
}

// copy reads to the pipe's end. A disk that refuses does not hold up the job.
func (l *logPipe) copy() {
	defer close(l.done)
	defer l.read.Close()
	// Small until there is much: most jobs write little.
	buf := make([]byte, 4<<10)
	for {
		n, err := l.read.Read(buf)
		if n > 0 {
			l.put(buf[:n])
		}
		if l.dropped > 0 {
			time.Sleep(dropPause)
		}
		if n == len(buf) && n < 64<<10 { // 64 KiB is what a pipe holds
			buf = make([]byte, 64<<10)
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			l.rest(buf)
		}
		if err != nil {
			break
		}
	}
	if l.file == nil {
		return
	}
	if l.dropped > 0 {
		line := fmt.Sprintf("\nturno: %d more bytes were dropped: the log is kept up to %d bytes\n", l.dropped, l.keep)
		if l.keep == 0 || l.kept < l.keep {
			line = fmt.Sprintf("\nturno: %d bytes were dropped: they could not be written\n", l.dropped)
		}
		n, _ := l.file.WriteString(line)
		l.kept += int64(n)
	}
	_ = l.file.Close()
}

// rest takes what is in the pipe when the time for it is over: on a busy
// machine this goroutine may not have run before. It takes no more than a pipe
// can hold, as whoever still writes is none of the tree.
func (l *logPipe) rest(buf []byte) {
	conn, err := l.read.SyscallConn()
	if err != nil {
		return
	}
	_ = conn.Control(func(fd uintptr) {
		for taken := 0; taken < maxPipe; {
			n, err := unix.Read(int(fd), buf)
			if err == unix.EINTR {
				continue
			}
			if n <= 0 {
				return
			}
			l.put(buf[:n])
			taken += n
		}
	})
}

// maxPipe is what a job without privileges can make a pipe hold.
const maxPipe = 1 << 20

func (l *logPipe) put(data []byte) {
	if l.tap != nil {
		l.tap.write(data)
	}
	room := int64(len(data))
	if l.keep > 0 {
		room = min(room, max(0, l.keep-l.kept))
	}
	if l.file == nil {
		file, err := openAppend(l.path)
		if errors.Is(err, os.ErrNotExist) && os.MkdirAll(filepath.Dir(l.path), 0o700) == nil {
			file, err = openAppend(l.path)
		}
		if err != nil {
			l.dropped += int64(len(data))
			return
		}
		l.file = file
	}
	n := 0
	if room > 0 {
		n, _ = l.file.Write(data[:room])
	}
	l.kept += int64(n)
	l.dropped += int64(len(data) - n)
}

func openAppend(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
}

// finish is called when the tree is empty; kept and dropped are final then.
func (l *logPipe) finish() {
	_ = l.read.SetReadDeadline(time.Now().Add(drainBound))
	<-l.done
}

// writeExit puts an Exit where it survives whatever comes, a power cut too.
func writeExit(dir string, exit Exit) error {
	data, err := json.Marshal(exit)
	if err != nil {
		return err
	}
	temporary := filepath.Join(dir, "."+ExitFile)
	file, err := os.OpenFile(temporary, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("write exit: %w", err)
	}
	_, err = file.Write(data)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("write exit: %w", err)
	}
	if err := os.Rename(temporary, filepath.Join(dir, ExitFile)); err != nil {
		return fmt.Errorf("write exit: %w", err)
	}
	folder, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync exit's directory: %w", err)
	}
	defer folder.Close()
	if err := folder.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) {
		return fmt.Errorf("sync exit's directory: %w", err)
	}
	return nil
}
