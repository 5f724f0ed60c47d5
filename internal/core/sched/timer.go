package sched

import (
	"container/heap"
	"time"
)

type timerKind uint8

const (
	timerStart    timerKind = iota // begin time or backoff is over
	timerDeadline                  // the job must have ended
)

type timer struct {
	at   time.Time
	kind timerKind
	job  int64
}

// timers is a heap by time; equal times go by job, so that replays agree.
type timers struct{ heap timerHeap }

func (t *timers) add(at time.Time, kind timerKind, job int64) {
	heap.Push(&t.heap, timer{at, kind, job})
}

func (t *timers) next() time.Time {
	if len(t.heap) == 0 {
		return time.Time{}
	}
	return t.heap[0].at
}

func (t *timers) due(now time.Time) (timer, bool) {
	if len(t.heap) == 0 || t.heap[0].at.After(now) {
		return timer{}, false
	}
	return heap.Pop(&t.heap).(timer), true
}

type timerHeap []timer

func (h timerHeap) Len() int { return len(h) }
func (h timerHeap) Less(a, b int) bool {
	if !h[a].at.Equal(h[b].at) {
		return h[a].at.Before(h[b].at)
	}
	if h[a].job != h[b].job {
		return h[a].job < h[b].job
	}
	return h[a].kind < h[b].kind
}
func (h timerHeap) Swap(a, b int) { h[a], h[b] = h[b], h[a] }
func (h *timerHeap) Push(x any)   { *h = append(*h, x.(timer)) }
func (h *timerHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}
