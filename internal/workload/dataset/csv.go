package dataset

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// table is a CSV on its way into a set.
type table struct {
	path    string
	options Options
	label   int // column; -1: none
	columns int
	header  []string // nil: none
	texts   []string // of the labels
	x       []float32
	integer bool // all numbers are whole, from 0 to 255
}

func readCSV(ctx context.Context, in *bufio.Reader, path string, o Options) (*Set, error) {
	r := csv.NewReader(in)
	r.Comma, r.ReuseRecord, r.TrimLeadingSpace = delimiter(in), true, true
	t := &table{path: path, options: o, integer: true}
	for first := true; ; first = false {
		record, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, csvError(path, err)
		}
		line, _ := r.FieldPos(0)
		if first {
			if err := t.begin(record); err != nil {
				return nil, err
			}
			if t.header != nil {
				continue
			}
		}
		if err := t.add(record, line); err != nil {
			return nil, err
		}
		if len(t.texts)%1024 == 0 && ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if o.Limit > 0 && len(t.texts) == o.Limit {
			break
		}
	}
	return t.set()
}

// csvError says the line first, as the others do.
func csvError(path string, err error) error {
	if bad, ok := errors.AsType[*csv.ParseError](err); ok {
		if errors.Is(bad.Err, csv.ErrFieldCount) {
			return fmt.Errorf("%s: line %d: has another number of columns than the first line", path, bad.Line)
		}
		return fmt.Errorf("%s: line %d: %w", path, bad.Line, bad.Err)
	}
	return fmt.Errorf("%s: %w", path, noEnd(err))
}

// delimiter is the one of comma, semicolon and tab that the first line has most of.
func delimiter(in *bufio.Reader) rune {
	head, _ := in.Peek(1 << 15)
	if end := bytes.IndexByte(head, '\n'); end >= 0 {
		head = head[:end]
	}
	best := ','
	for _, r := range ";\t" {
		if bytes.Count(head, []byte(string(r))) > bytes.Count(head, []byte(string(best))) {
			best = r
		}
	}
	return best
}

// labelNames are what people call the column of labels.
var labelNames = []string{"label", "labels", "class", "target", "y", "digit", "species"}

// begin looks at the first line: it is a header if none of its cells is a
// number, and says which column holds the label.
func (t *table) begin(record []string) error {
	t.columns = len(record)
	numbers := 0
	for _, cell := range record {
		if _, err := strconv.ParseFloat(strings.TrimSpace(cell), 64); err == nil {
			numbers++
		}
	}
	if numbers == 0 {
		t.header = slices.Clone(record)
		t.header[0] = strings.TrimPrefix(t.header[0], "\ufeff")
	}
	if err := t.choose(); err != nil {
		return err
	}
	if t.inputs() < 1 {
		return fmt.Errorf("%s: line 1: has no column beside the label", t.path)
	}
	return nil
}

func (t *table) choose() error {
	named := func(name string) int {
		return slices.IndexFunc(t.header, func(h string) bool { return strings.EqualFold(strings.TrimSpace(h), name) })
	}
	switch column := t.options.Column; column {
	case "":
		for _, name := range labelNames {
			if t.label = named(name); t.label >= 0 {
				return nil
			}
		}
		t.label = 0
		if t.options.Inputs > 0 && t.columns == t.options.Inputs {
			t.label = -1
		}
	case "none":
		t.label = -1
	case "first":
		t.label = 0
	case "last":
		t.label = t.columns - 1
	default:
		if t.label = named(column); t.label >= 0 {
			return nil
		}
		n, err := strconv.Atoi(column)
		if err != nil || n < 1 || n > t.columns {
			return fmt.Errorf("%s: has no column %.80q; there are %d", t.path, column, t.columns)
		}
		t.label = n - 1
	}
	return nil
}

func (t *table) inputs() int {
	if t.label < 0 {
		return t.columns
	}
	return t.columns - 1
}

func (t *table) add(record []string, line int) error {
	for i, cell := range record {
		cell = strings.TrimSpace(cell)
		if i == t.label {
			if cell == "" {
				return fmt.Errorf("%s: line %d: has no label", t.path, line)
			}
			t.texts = append(t.texts, strings.Clone(cell))
			continue
		}
		v, err := strconv.ParseFloat(cell, 32)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("%s: line %d, column %d: %.40q is not a number", t.path, line, i+1, cell)
		}
		t.integer = t.integer && v >= 0 && v <= 255 && v == math.Trunc(v)
		t.x = append(t.x, float32(v))
	}
	if t.label < 0 {
		t.texts = append(t.texts, "")
	}
	if len(t.x) > Most {
		return errTooLarge(t.path)
	}
	return nil
}

// leastSide of what is taken for a picture: a table of 9 or 16 columns of small
// whole numbers is more likely one of measurements.
const leastSide = 8

func (t *table) set() (*Set, error) {
	if len(t.texts) == 0 {
		return nil, fmt.Errorf("%s: holds no samples", t.path)
	}
	s := &Set{Height: 1, Width: t.inputs(), X: t.x}
	if side := int(math.Sqrt(float64(s.Width))); t.integer && side*side == s.Width && side >= leastSide {
		s.Height, s.Width = side, side
	}
	if t.label < 0 {
		return s, nil
	}
	return s, t.classes(s)
}

// classes turns the labels' texts into numbers: themselves where all are whole
// numbers, their place among the sorted names otherwise.
func (t *table) classes(s *Set) error {
	s.Labels = make([]int32, len(t.texts))
	whole := len(t.options.Names) == 0
	for i, text := range t.texts {
		v, err := strconv.ParseFloat(text, 64)
		if whole = whole && err == nil && v >= 0 && v < MaxClasses && v == math.Trunc(v); !whole {
			break
		}
		s.Labels[i] = int32(v)
		s.Classes = max(s.Classes, int(v)+1)
	}
	if whole {
		return nil
	}
	s.Names = t.options.Names
	if len(s.Names) == 0 {
		s.Names = slices.Compact(slices.Sorted(slices.Values(t.texts)))
	}
	if s.Classes = len(s.Names); s.Classes > MaxClasses {
		return fmt.Errorf("%s: %d different labels; at most %d are allowed: is it the right column?", t.path, s.Classes, MaxClasses)
	}
	place := map[string]int32{}
	for i, name := range s.Names {
		place[name] = int32(i)
	}
	for i, text := range t.texts {
		at, known := place[text]
		if !known {
			return fmt.Errorf("%s: sample %d: the label %.40q is none of the model's classes", t.path, i+1, text)
		}
		s.Labels[i] = at
	}
	return nil
}
