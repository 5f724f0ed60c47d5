package obs

import "sync"

// maxWords of one label: each is a series of every metric that has it, for
// good.
const maxWords = 100

// other stands for all further ones.
const other = "other"

// words bounds the values of a label that users choose.
type words struct {
	mu   sync.Mutex // guards seen
	seen map[string]bool
}

func newWords() *words { return &words{seen: map[string]bool{}} }

// of gives the label's value: the word itself if it was among the first.
func (w *words) of(word string) string {
	if word == "" {
		return "none"
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.seen[word] {
		if len(w.seen) == maxWords {
			return other
		}
		w.seen[word] = true
	}
	return word
}
