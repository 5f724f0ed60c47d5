package dataset

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"strings"
)

// Options of Read.
type Options struct {
	Labels string   // a file of labels, for IDX
	Column string   // of a CSV: the label's name, its number from 1, first, last or none; empty: found by its name, else the first
	Limit  int      // samples at most; 0: all
	Names  []string // of the classes that a model knows; empty: found in the file
	// Inputs is how many numbers a model takes; 0: any. A CSV of just that many
	// columns has no label.
	Inputs int
}

// Read reads a CSV or IDX file; which of them it is shows in its first bytes.
func Read(ctx context.Context, path string, o Options) (*Set, error) {
	in, done, err := open(path)
	if err != nil {
		return nil, err
	}
	defer done()
	head, _ := in.Peek(4) // a shorter file shows below
	if len(head) == 4 && head[0] == 0 && head[1] == 0 {
		return readIDX(ctx, in, path, o)
	}
	if o.Labels != "" {
		return nil, fmt.Errorf("%s is not an IDX file; a file of labels goes with those alone", path)
	}
	return readCSV(ctx, in, path, o)
}

// open unpacks gzip as it goes.
func open(path string) (*bufio.Reader, func() error, error) {
	// Asked before it is opened: opening a pipe would wait for its writer.
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, fmt.Errorf("%s is not a regular file", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	in := bufio.NewReaderSize(file, 1<<16)
	head, _ := in.Peek(2)
	if len(head) < 2 || head[0] != 0x1f || head[1] != 0x8b {
		return in, file.Close, nil
	}
	unpacked, err := gzip.NewReader(in)
	if err != nil {
		file.Close()
		return nil, nil, fmt.Errorf("%s: unpack: %w", path, err)
	}
	return bufio.NewReaderSize(unpacked, 1<<16), file.Close, nil
}

// idxHeader reads the magic number and the sizes. The format is that of Yann
// LeCun's MNIST page: two zeros, the type of the numbers, how many dimensions,
// their sizes as four bytes each, big end first.
func idxHeader(in io.Reader, path string) (dims []int, err error) {
	var magic [4]byte
	if _, err := io.ReadFull(in, magic[:]); err != nil {
		return nil, fmt.Errorf("%s: %w", path, noEnd(err))
	}
	if magic[0] != 0 || magic[1] != 0 || magic[2] != 8 {
		return nil, fmt.Errorf("%s: begins with %x, an IDX file of bytes with 000008", path, magic)
	}
	if magic[3] < 1 || magic[3] > 3 {
		return nil, fmt.Errorf("%s: has %d dimensions; use 1 for labels, 2 or 3 for samples", path, magic[3])
	}
	for range magic[3] {
		var size [4]byte
		if _, err := io.ReadFull(in, size[:]); err != nil {
			return nil, fmt.Errorf("%s: %w", path, noEnd(err))
		}
		dims = append(dims, int(binary.BigEndian.Uint32(size[:])))
	}
	return dims, nil
}

func readIDX(ctx context.Context, in *bufio.Reader, path string, o Options) (*Set, error) {
	dims, err := idxHeader(in, path)
	if err != nil {
		return nil, err
	}
	s := &Set{Height: 1}
	switch len(dims) {
	case 1:
		return nil, fmt.Errorf("%s: holds labels, not samples", path)
	case 2:
		s.Width = dims[1]
	default:
		s.Height, s.Width = dims[1], dims[2]
	}
	count := dims[0]
	if o.Limit > 0 {
		count = min(count, o.Limit)
	}
	if s.Height < 1 || s.Width < 1 || count < 1 {
		return nil, fmt.Errorf("%s: %d samples of %d by %d", path, count, s.Height, s.Width)
	}
	if s.Height > Most/s.Width || count > Most/s.Inputs() {
		return nil, errTooLarge(path)
	}
	row := make([]byte, s.Inputs())
	for i := range count {
		if i%1024 == 0 && ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if _, err := io.ReadFull(in, row); err != nil {
			return nil, fmt.Errorf("%s: sample %d of %d: %w", path, i+1, dims[0], noEnd(err))
		}
		for _, v := range row {
			s.X = append(s.X, float32(v))
		}
	}
	if o.Labels == "" {
		return s, nil
	}
	return s, s.readLabels(o.Labels, dims[0])
}

func (s *Set) readLabels(path string, count int) error {
	in, done, err := open(path)
	if err != nil {
		return err
	}
	defer done()
	dims, err := idxHeader(in, path)
	if err != nil {
		return err
	}
	if len(dims) != 1 || dims[0] != count {
		return fmt.Errorf("%s: has the sizes %d, but there are %d samples", path, dims, count)
	}
	labels := make([]byte, s.Len())
	if _, err := io.ReadFull(in, labels); err != nil {
		return fmt.Errorf("%s: %w", path, noEnd(err))
	}
	s.Labels = make([]int32, len(labels))
	for i, v := range labels {
		s.Labels[i] = int32(v)
		s.Classes = max(s.Classes, int(v)+1)
	}
	return nil
}

// WriteIDX writes the samples of a set whose numbers are bytes, and its labels.
func WriteIDX(samples, labels io.Writer, s *Set) error {
	head := []byte{0, 0, 8, 3}
	for _, n := range []int{s.Len(), s.Height, s.Width} {
		head = binary.BigEndian.AppendUint32(head, uint32(n))
	}
	for _, v := range s.X {
		head = append(head, byte(v))
	}
	if _, err := samples.Write(head); err != nil {
		return err
	}
	head = binary.BigEndian.AppendUint32([]byte{0, 0, 8, 1}, uint32(s.Len()))
	for _, v := range s.Labels {
		head = append(head, byte(v))
	}
	_, err := labels.Write(head)
	return err
}

// IsPicture tells by its name whether a file is one that Pictures reads.
func IsPicture(path string) bool {
	for _, end := range []string{".png", ".jpg", ".jpeg"} {
		if strings.HasSuffix(strings.ToLower(path), end) {
			return true
		}
	}
	return false
}
