package runner

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// errTruncated is a last line without its end: the writer died within it.
var errTruncated = errors.New("the stream ended in the middle of a line")

// errTooLong is a line over MaxLine.
var errTooLong = fmt.Errorf("a line has more than %d bytes", MaxLine)

// lines splits a stream into lines of at most MaxLine bytes. It keeps one
// buffer, which grows with the longest line seen and is otherwise one read of
// many lines.
type lines struct {
	from  io.Reader
	buf   []byte
	start int // of what was read and not yet returned
	end   int
	clear int // up to here, from start, there is no line end
	err   error
}

// firstBuffer is what one read of a Linux pipe returns at most.
const firstBuffer = 64 << 10

func newLines(from io.Reader) *lines { return &lines{from: from, buf: make([]byte, firstBuffer)} }

// next returns a line without its end. It is valid until the next call. The
// error is io.EOF after the last complete line, errTruncated, errTooLong, or
// the reader's.
func (l *lines) next() ([]byte, error) {
	for {
		if i := bytes.IndexByte(l.buf[l.start+l.clear:l.end], '\n'); i >= 0 {
			line := l.buf[l.start : l.start+l.clear+i]
			if len(line) > MaxLine {
				return nil, errTooLong
			}
			l.start += l.clear + i + 1
			l.clear = 0
			return bytes.TrimSuffix(line, []byte{'\r'}), nil
		}
		l.clear = l.end - l.start
		if l.clear > MaxLine {
			return nil, errTooLong
		}
		if l.err != nil {
			if l.err == io.EOF && l.clear > 0 {
				return nil, errTruncated
			}
			return nil, l.err
		}
		l.fill()
	}
}

// ready tells whether next returns a line without reading.
func (l *lines) ready() bool {
	return bytes.IndexByte(l.buf[l.start+l.clear:l.end], '\n') >= 0
}

func (l *lines) fill() {
	if l.start > 0 {
		l.end = copy(l.buf, l.buf[l.start:l.end])
		l.start = 0
	}
	if l.end == len(l.buf) {
		l.buf = append(l.buf, make([]byte, len(l.buf))...)
	}
	n, err := l.from.Read(l.buf[l.end:])
	l.end += n
	l.err = err
}
