package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/tracing"
	"github.com/chromedp/chromedp"
)

// allocators logs what of a process belongs to whom, by Chromium's own account:
// "megabytes name", the largest first.
func (x *tab) allocators(b *testing.B, pid int) {
	var mu sync.Mutex // guards found
	var found []string
	done := make(chan struct{})
	ctx, stop := context.WithCancel(x.ctx) // of this dump alone
	defer stop()
	err := chromedp.Listen(ctx, func(event any) {
		mu.Lock()
		defer mu.Unlock()
		switch e := event.(type) {
		case *tracing.EventDataCollected:
			for _, v := range e.Value {
				found = append(found, allocations([]byte(v), pid)...)
			}
		case *tracing.EventTracingComplete:
			close(done)
		}
	})
	if err != nil {
		b.Fatal(err)
	}
	config := &tracing.TraceConfig{IncludedCategories: []string{"disabled-by-default-memory-infra"}}
	if _, err := chromedp.Call(x.ctx, tracing.Start, tracing.StartParams{TraceConfig: config}); err != nil {
		b.Fatal(err)
	}
	if _, err := chromedp.Call(x.ctx, tracing.RequestMemoryDump, tracing.RequestMemoryDumpParams{}); err != nil {
		b.Fatal(err)
	}
	if _, err := chromedp.Call(x.ctx, tracing.End, cdp.Empty{}); err != nil {
		b.Fatal(err)
	}
	<-done
	mu.Lock()
	defer mu.Unlock()
	slices.Sort(found)
	slices.Reverse(found)
	b.Logf("what the tab's process has:\n%s", strings.Join(found[:min(40, len(found))], "\n"))
}

// allocations reads an event of a trace.
func allocations(text []byte, pid int) (out []string) {
	var e struct {
		PID  int `json:"pid"`
		Args struct {
			Dumps struct {
				Allocators map[string]struct {
					Attrs map[string]struct{ Value any } `json:"attrs"`
				} `json:"allocators"`
			} `json:"dumps"`
		} `json:"args"`
	}
	if json.Unmarshal(text, &e) != nil || e.PID != pid {
		return nil
	}
	for name, a := range e.Args.Dumps.Allocators { // order-free: sorted later
		size, _ := strconv.ParseUint(fmt.Sprint(a.Attrs["size"].Value), 16, 64)
		used, _ := strconv.ParseUint(fmt.Sprint(a.Attrs["allocated_objects_size"].Value), 16, 64)
		out = append(out, fmt.Sprintf("%7.1f (%.1f in use) %s", float64(size)/(1<<20), float64(used)/(1<<20), name))
	}
	return out
}
