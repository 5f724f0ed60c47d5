package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"turno"
	"turno/client"
	"turno/internal/role/api"
)

// slow is a service whose store does not answer until it is released.
type slow struct {
	fake
	released chan struct{}
	inside   atomic.Int64
	most     atomic.Int64
}

func (s *slow) Submit(ctx context.Context, jobs []turno.NewJob) ([]turno.Submitted, error) {
	n := s.inside.Add(1)
	defer s.inside.Add(-1)
	for most := s.most.Load(); n > most && !s.most.CompareAndSwap(most, n); most = s.most.Load() {
	}
	select {
	case <-s.released:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return s.fake.Submit(ctx, jobs)
}

// TestBounds_FloodWhileTheStoreIsSlow: 400 clients send a megabyte each. What is
// held stays within its bound; who is turned away is told to come again, and
// when, and that nothing was taken; afterwards all is as before.
func TestBounds_FloodWhileTheStoreIsSlow(t *testing.T) {
	const clients, bytes = 400, 1 << 20
	svc := &slow{released: make(chan struct{})}
	s := serve(t, api.Options{Service: svc, Bounds: api.Bounds{Bytes: 32 << 20, Rate: -1}})
	body := `{"spec":{"type":"noop","params":{"x":"` + strings.Repeat("a", bytes-60) + `"}}}`
	before := memory()
	var statuses [600]atomic.Int64
	var cut atomic.Int64
	var clientsDone sync.WaitGroup
	turnedAway := make(chan struct{}, clients)
	var peak atomic.Uint64
	for range clients {
		clientsDone.Go(func() {
			res, text, err := s.try(t, "POST", "/api/v1/jobs", body)
			if err != nil { // who still sends may find the connection closed before the answer
				cut.Add(1)
				turnedAway <- struct{}{}
				return
			}
			statuses[res.StatusCode].Add(1)
			if res.StatusCode == http.StatusCreated {
				return
			}
			p := isProblem(t, res, text, http.StatusTooManyRequests)
			after, err := strconv.Atoi(res.Header.Get("Retry-After"))
			if p["code"] != "busy" || p["hint"] == "" || err != nil || after < 1 {
				t.Errorf("turned away with %s, Retry-After %q", text, res.Header.Get("Retry-After"))
			}
			turnedAway <- struct{}{}
		})
	}
	// 16 MiB of bodies of one job are let in; the others are turned away.
	for range clients - 16 {
		<-turnedAway
	}
	peak.Store(memory())
	close(svc.released)
	clientsDone.Wait()
	created, busy := statuses[http.StatusCreated].Load(), statuses[http.StatusTooManyRequests].Load()
	t.Logf("%d clients of 1 MiB: %d taken, %d turned away, %d of their connections cut; heap %d MiB before, %d MiB with all of them there",
		clients, created, busy, cut.Load(), before>>20, peak.Load()>>20)
	if created+busy+cut.Load() != clients || busy == 0 || svc.most.Load() > 16 {
		t.Errorf("%d taken, %d turned away, at most %d at once", created, busy, svc.most.Load())
	}
	if grown := int64(peak.Load()) - int64(before); grown > 150<<20 {
		t.Errorf("the heap has grown by %d MiB", grown>>20)
	}
	if res, text := s.request(t, "POST", "/api/v1/jobs", body); res.StatusCode != http.StatusCreated {
		t.Errorf("afterwards: %d %s", res.StatusCode, text)
	}
}

func memory() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestBounds_Rate: a token has its share of requests a second; reading costs
// nothing of it, nor does another token's share.
func TestBounds_Rate(t *testing.T) {
	t.Parallel()
	s := serve(t, api.Options{Service: &fake{}, Bounds: api.Bounds{Rate: 5}})
	const body = `{"spec":{"type":"noop"}}`
	began, busy := time.Now(), 0
	for range 30 {
		res, text := s.request(t, "POST", "/api/v1/jobs", body)
		if res.StatusCode == http.StatusTooManyRequests {
			busy++
			if p := isProblem(t, res, text, http.StatusTooManyRequests); p["code"] != "busy" || res.Header.Get("Retry-After") == "" {
				t.Fatalf("turned away with %s", text)
			}
		}
	}
	if most := 11 + int(5*time.Since(began).Seconds()); 30-busy > most { // ten at once, and five a second while this lasts
		t.Errorf("of 30 requests in %s %d were turned away", time.Since(began), busy)
	}
	for range 30 {
		if res, text := s.request(t, "GET", "/api/v1/jobs", ""); res.StatusCode != http.StatusOK {
			t.Fatalf("reading: %d %s", res.StatusCode, text)
		}
	}
}

// TestBounds_ClientComesAgain: it waits as long as it is told, says so once for
// each wait, and sends the same ids.
func TestBounds_ClientComesAgain(t *testing.T) {
	t.Parallel()
	s := serve(t, api.Options{Service: &fake{}, Bounds: api.Bounds{Rate: 1}}) // a slow machine is quicker than that
	var waits atomic.Int64
	c, err := client.New(client.Options{URL: s.URL(), Token: s.token, OnWait: func(why *turno.Error, wait time.Duration) {
		waits.Add(1)
		if why.Code != turno.CodeBusy || why.RetryAfter <= 0 || wait < time.Duration(why.RetryAfter) {
			t.Errorf("waits %s for %+v", wait, why)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	began := time.Now()
	for i := range 3 {
		out, err := c.Submit(t.Context(), []turno.NewJob{{Spec: &turno.Spec{Type: "noop"}}})
		if err != nil || out[0].Error != nil {
			t.Fatalf("submission %d: %v %+v", i, err, out)
		}
	}
	if took := time.Since(began); waits.Load() == 0 || took < 500*time.Millisecond {
		t.Errorf("3 requests at 1 a second, the first 2 at once, took %s, with %d waits", took, waits.Load())
	}
}

// TestBounds_Streams: each token has so many; a closed one makes room.
func TestBounds_Streams(t *testing.T) {
	t.Parallel()
	svc := &fake{events: func(ctx context.Context, _ turno.EventQuery) iter.Seq2[turno.Event, error] {
		return func(yield func(turno.Event, error) bool) {
			if yield(turno.Event{Revision: 1, Reset: true}, nil) {
				<-ctx.Done()
			}
		}
	}}
	s := serve(t, api.Options{Service: svc, Bounds: api.Bounds{Streams: 3}})
	open := func(ctx context.Context) *http.Response {
		r, err := http.NewRequestWithContext(ctx, "GET", s.URL()+"/api/v1/events?job=1", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+s.token)
		res, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = res.Body.Close() })
		return res
	}
	ctx, cancel := context.WithCancel(t.Context())
	for range 3 {
		if res := open(ctx); res.StatusCode != http.StatusOK {
			t.Fatalf("a stream within the bound: %d", res.StatusCode)
		}
	}
	res := open(t.Context())
	text, _ := io.ReadAll(res.Body)
	if p := isProblem(t, res, string(text), http.StatusTooManyRequests); p["code"] != "busy" || res.Header.Get("Retry-After") != "5" {
		t.Errorf("one too many: %s", text)
	}
	cancel()
	for { // until the server has noticed
		if res := open(t.Context()); res.StatusCode == http.StatusOK {
			return
		}
		if t.Context().Err() != nil {
			t.Fatal("closed streams make no room")
		}
	}
}

// TestBounds_SlowReaderOfEvents: what waits for one is bounded; it is dropped,
// its server stays.
func TestBounds_SlowReaderOfEvents(t *testing.T) {
	const events = 400_000
	ended := make(chan int, 1)
	svc := &fake{events: func(ctx context.Context, _ turno.EventQuery) iter.Seq2[turno.Event, error] {
		return func(yield func(turno.Event, error) bool) {
			for n := range events {
				e := turno.Event{Revision: uint64(n + 1), Number: int64(n), Name: strings.Repeat("x", 200)}
				if !yield(e, nil) || ctx.Err() != nil {
					ended <- n
					return
				}
			}
			ended <- events
			<-ctx.Done()
		}
	}}
	s := serve(t, api.Options{Service: svc})
	before := memory()
	r, err := http.NewRequestWithContext(t.Context(), "GET", s.URL()+"/api/v1/events?job=1", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.token)
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	n := <-ended // nobody reads meanwhile
	grown := int64(memory()) - int64(before)
	t.Logf("dropped after %d of %d events; the heap has grown by %d KiB", n, events, grown>>10)
	if n == events || grown > 32<<20 {
		t.Errorf("after %d events the heap has grown by %d MiB", n, grown>>20)
	}
}

// TestQuota_IsTold: as 429, with when to come again; in bulk, entry by entry.
func TestQuota_IsTold(t *testing.T) {
	t.Parallel()
	full := turno.Errorf(turno.CodeQuota, "7 jobs have not ended").WithHint("wait").After(30 * time.Second)
	s := serve(t, api.Options{Service: &refusing{err: full}})
	res, text := s.request(t, "POST", "/api/v1/jobs", `{"spec":{"type":"noop"}}`)
	p := isProblem(t, res, text, http.StatusTooManyRequests)
	if p["code"] != "quota" || p["hint"] != "wait" || res.Header.Get("Retry-After") != "30" || p["retry_after_seconds"] != 30.0 {
		t.Errorf("%v, Retry-After %q", p, res.Header.Get("Retry-After"))
	}
	res, text = s.request(t, "POST", "/api/v1/jobs", `{"jobs":[{"spec":{"type":"noop"}}]}`)
	var many struct{ Jobs []turno.Submitted }
	if err := json.Unmarshal([]byte(text), &many); err != nil || res.StatusCode != http.StatusMultiStatus ||
		many.Jobs[0].Error.Code != turno.CodeQuota || many.Jobs[0].Error.RetryAfter != turno.Duration(30*time.Second) {
		t.Errorf("in bulk: %d %s", res.StatusCode, text)
	}
	if _, err := connect(t, s).Submit(t.Context(), []turno.NewJob{{Spec: &turno.Spec{Type: "noop"}}}); err != nil {
		t.Errorf("the client: %v", err)
	}
}

// refusing refuses every job.
type refusing struct {
	fake
	err *turno.Error
}

func (r *refusing) Submit(_ context.Context, jobs []turno.NewJob) ([]turno.Submitted, error) {
	out := make([]turno.Submitted, len(jobs))
	for i := range out {
		out[i] = turno.Submitted{ID: fmt.Sprint(i), Error: r.err}
	}
	return out, nil
}

// TestBounds_RefusalIsRead: who has sent much before being turned away finds
// the answer, and not a connection that was cut.
func TestBounds_RefusalIsRead(t *testing.T) {
	t.Parallel()
	s := serve(t, api.Options{Service: &fake{}, Bounds: api.Bounds{Rate: 0.001}})
	body := strings.Repeat(" ", 8<<20)
	for range 3 { // one may pass; it is no JSON
		conn, err := net.Dial("tcp", s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		_, err = fmt.Fprintf(conn, "POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
			s.token, len(body), body)
		if err != nil {
			t.Errorf("it was cut off while it sent: %v", err)
		}
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || res.StatusCode != http.StatusTooManyRequests && res.StatusCode != http.StatusBadRequest {
			t.Errorf("got %v, %v", res, err)
		}
		_ = conn.Close()
	}
}
