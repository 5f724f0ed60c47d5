package turno

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Range is the indices First, First+Step, … up to Last; Step is at least 1.
type Range struct{ First, Last, Step int }

// Len is the number of indices.
func (r Range) Len() int {
	if r.Last < r.First {
		return 0
	}
	return (r.Last-r.First)/r.Step + 1
}

// Ranges is a set of task indices in their order of dispatch. Its text form is
// sbatch's: 0-99, 0-99:10, 1,3,7-9.
type Ranges []Range

// Len is the number of indices.
func (rs Ranges) Len() int {
	n := 0
	for _, r := range rs {
		n += r.Len()
	}
	return n
}

// First is the first index; the set must not be empty.
func (rs Ranges) First() int { return rs[0].First }

// Rest is the set without its first index. It may share memory with rs.
func (rs Ranges) Rest() Ranges {
	r := rs[0]
	if r.First+r.Step > r.Last {
		return rs[1:]
	}
	rest := append(Ranges(nil), rs...)
	rest[0].First += r.Step
	return rest
}

// Has tells whether i is in the set.
func (rs Ranges) Has(i int) bool {
	for _, r := range rs {
		if i >= r.First && i <= r.Last && (i-r.First)%r.Step == 0 {
			return true
		}
	}
	return false
}

// Without is the set without i.
func (rs Ranges) Without(i int) Ranges {
	var out Ranges
	for _, r := range rs {
		if i < r.First || i > r.Last || (i-r.First)%r.Step != 0 {
			out = append(out, r)
			continue
		}
		if left := (Range{r.First, i - r.Step, r.Step}); left.Len() > 0 {
			out = append(out, left)
		}
		if right := (Range{i + r.Step, r.Last, r.Step}); right.Len() > 0 {
			out = append(out, right)
		}
	}
	return out
}

// With is the set with i as its first index: a task that is to run again.
func (rs Ranges) With(i int) Ranges {
	if len(rs) > 0 && rs[0].Step == 1 && rs[0].First == i+1 {
		out := append(Ranges(nil), rs...)
		out[0].First = i
		return out
	}
	return append(Ranges{{i, i, 1}}, rs...)
}

func (rs Ranges) String() string {
	var b strings.Builder
	for i, r := range rs {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Itoa(r.First))
		if r.Last > r.First {
			b.WriteString("-" + strconv.Itoa(r.Last))
		}
		if r.Last > r.First && r.Step > 1 {
			b.WriteString(":" + strconv.Itoa(r.Step))
		}
	}
	return b.String()
}

// MaxTasks bounds one array: a million is promised to be cheap, ten million is
// where restart after a crash would leave its time limit.
const MaxTasks = 10_000_000

// maxRanges bounds the text "1,3,5,…": beyond it an array should be a range.
const maxRanges = 10_000

// ParseRanges reads sbatch's --array without the %: 0-99:2,200.
func ParseRanges(text string) (Ranges, error) {
	var rs Ranges
	seen := 0
	for part := range strings.SplitSeq(text, ",") {
		r, err := parseRange(strings.TrimSpace(part))
		if err != nil {
			return nil, err
		}
		for _, old := range rs {
			if overlaps(old, r) {
				return nil, fmt.Errorf("array %q: %q repeats an index", text, part)
			}
		}
		rs = append(rs, r)
		if seen += r.Len(); seen > MaxTasks || len(rs) > maxRanges {
			return nil, fmt.Errorf("array %.40q: more than %d tasks or %d parts", text, MaxTasks, maxRanges)
		}
	}
	return rs, nil
}

// overlaps is exact for steps of 1 and for single indices, and cautious for
// two interleaved steps.
func overlaps(a, b Range) bool {
	if a.Last < b.First || b.Last < a.First {
		return false
	}
	if a.Len() == 1 {
		return Ranges{b}.Has(a.First)
	}
	if b.Len() == 1 {
		return Ranges{a}.Has(b.First)
	}
	return a.Step != b.Step || a.First%a.Step == b.First%b.Step
}

func parseRange(text string) (Range, error) {
	bad := fmt.Errorf("array: %.40q is not an index or a range such as 0-99 or 0-99:10", text)
	span, step, hasStep := strings.Cut(text, ":")
	first, last, isRange := strings.Cut(span, "-")
	r := Range{Step: 1}
	var err error
	if r.First, err = strconv.Atoi(first); err != nil {
		return r, bad
	}
	r.Last = r.First
	if isRange {
		if r.Last, err = strconv.Atoi(last); err != nil {
			return r, bad
		}
	}
	if hasStep {
		if r.Step, err = strconv.Atoi(step); err != nil || r.Step < 1 || !isRange {
			return r, bad
		}
	}
	if r.First < 0 || r.Last < r.First || r.Last > 1<<31-2 {
		return r, bad
	}
	r.Last = r.First + (r.Last-r.First)/r.Step*r.Step
	return r, nil
}

// Array is a job that stands for many tasks. Its text form, also in JSON, is
// sbatch's: 0-99%10 is the tasks 0 to 99, at most 10 at once.
type Array struct {
	Tasks Ranges
	Limit int // tasks at once; 0: no limit
}

func (a Array) String() string {
	if a.Limit > 0 {
		return a.Tasks.String() + "%" + strconv.Itoa(a.Limit)
	}
	return a.Tasks.String()
}

// ParseArray reads 0-99%10.
func ParseArray(text string) (*Array, error) {
	tasks, limit, has := strings.Cut(text, "%")
	a := &Array{}
	var err error
	if has {
		if a.Limit, err = strconv.Atoi(limit); err != nil || a.Limit < 1 {
			return nil, fmt.Errorf("array %.40q: %q is not a number of tasks at once", text, limit)
		}
	}
	a.Tasks, err = ParseRanges(tasks)
	return a, err
}

// MarshalText makes the text form the JSON form too.
func (a Array) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads the text form.
func (a *Array) UnmarshalText(text []byte) error {
	p, err := ParseArray(string(text))
	if err == nil {
		*a = *p
	}
	return err
}

// MarshalText makes the text form the JSON form too.
func (rs Ranges) MarshalText() ([]byte, error) { return []byte(rs.String()), nil }

// UnmarshalText reads the text form; no text is no index.
func (rs *Ranges) UnmarshalText(text []byte) error {
	*rs = nil
	if len(text) == 0 {
		return nil
	}
	p, err := ParseRanges(string(text))
	*rs = p
	return err
}

// TaskCount is an array's progress. Waiting has not been expanded into jobs of
// their own; Ended counts ends by state.
type TaskCount struct {
	Total   int           `json:"total"`
	Waiting Ranges        `json:"waiting,omitempty"`
	Active  int           `json:"active"`
	Ended   map[State]int `json:"ended,omitempty"`
}

var _ json.Unmarshaler = (*Duration)(nil)
