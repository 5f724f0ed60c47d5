package sqlstore

import (
	"encoding/hex"
	"strconv"
	"strings"

	"turno/internal/store"
)

// conditions are those of a statement and their parameters.
type conditions struct {
	sql  strings.Builder
	args []any
}

// and adds a condition, which args are appended to.
func (c *conditions) and(sql string, args ...any) {
	c.sql.WriteString(` AND ` + sql)
	for _, arg := range args {
		c.sql.WriteString(c.arg(arg))
	}
}

// arg adds a parameter and gives its name.
func (c *conditions) arg(value any) string {
	c.args = append(c.args, value)
	return `?` + strconv.Itoa(len(c.args))
}

// word is one of a search: a part of name and labels, of the user, who is looked
// for among the kinds, or the beginning of an id.
type word struct {
	text        string
	kinds       []int64 // whose user holds it
	from, below []byte  // ids that begin with it; nil: there are none, below nil: all from it on
}

func wordsOf(search string) (words []word) {
	for _, w := range store.Words(search) {
		one := word{text: text(w)}
		one.from, one.below = idsFrom(w)
		words = append(words, one)
	}
	return words
}

// look keeps a kind whose user holds the word.
func (w *word) look(k Kind) {
	if strings.Contains(store.FoldName(k.User), w.text) {
		w.kinds = append(w.kinds, k.Number)
	}
}

func (w *word) condition(c *conditions, find string) string {
	either := []string{find + `(j.name, ` + c.arg(w.text) + `) > 0`}
	if len(w.kinds) > 0 {
		either = append(either, `j.kind IN (`+list(w.kinds)+`)`)
	}
	if w.from != nil {
		ids := `j.id >= ` + c.arg(w.from) + ` AND length(j.id) = 16`
		if w.below != nil {
			ids += ` AND j.id < ` + c.arg(w.below)
		}
		either = append(either, `(`+ids+`)`)
	}
	return `(` + strings.Join(either, ` OR `) + `)`
}

// idsFrom gives the stored ids that begin with a text: from … below, without
// that. Dashes must stand where a UUID has them.
func idsFrom(prefix string) (from, below []byte) {
	const shape = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
	if len(prefix) > len(shape) {
		return nil, nil
	}
	var digits []byte
	for i := range len(prefix) {
		if (shape[i] == '-') != (prefix[i] == '-') {
			return nil, nil
		}
		if prefix[i] != '-' {
			digits = append(digits, prefix[i])
		}
	}
	n := len(digits)
	low := append(digits, strings.Repeat("0", 32-n)...)
	from, err := hex.AppendDecode(nil, low)
	if err != nil {
		return nil, nil
	}
	// The next text of that length: of the last digit that can grow.
	high := []byte(string(low))
	for i := n - 1; i >= 0; i-- {
		if high[i] == 'f' {
			high[i] = '0'
			continue
		}
		if high[i]++; high[i] == '9'+1 {
			high[i] = 'a'
		}
		below, _ = hex.AppendDecode(nil, high) // as from, it is hexadecimal
		return from, below
	}
	return from, nil
}
