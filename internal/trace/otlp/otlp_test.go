package otlp

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	collector "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"turno"
	"turno/internal/store"
	"turno/internal/trace"
)

// wireTo answers requests inside a bubble, where there is no network.
type wireTo func(*http.Request) (*http.Response, error)

func (f wireTo) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// rig is an Exporter with a receiver of the test's, and its counts.
type rig struct {
	*Exporter
	mu     sync.Mutex // guards counts
	counts map[string]int
}

func newRig(t *testing.T, receiver wireTo) *rig {
	r := &rig{counts: map[string]int{}}
	x, err := New(Options{
		Receiver: Receiver{URL: "http://receiver/v1/traces", Headers: http.Header{"Authorization": {"Bearer x"}}, Version: "v1", Resource: map[string]string{"service.name": "turno"}},
		Sampler:  &trace.Sampler{Ratio: 1},
		Count: func(result string, n int) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.counts[result] += n
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	x.sender.client.Transport = receiver
	r.Exporter = x
	return r
}

func (r *rig) want(t *testing.T, want map[string]int) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !maps.Equal(r.counts, want) {
		t.Errorf("counted %v, not %v", r.counts, want)
	}
}

// end commits the ends of n jobs.
func (r *rig) end(n int) {
	changes := make([]store.Change, n)
	for i := range changes {
		j := job(turno.Succeeded, turno.ReasonCompleted, 9, attempt(1, 1, 2, 3, done))
		j.ID = fmt.Sprintf("01a20849-6dd3-712c-b73f-%012x", i)
		changes[i] = store.Change{Job: &j, From: turno.Running}
	}
	r.Committed(changes)
}

func answer(status int, headers ...string) *http.Response {
	h := http.Header{}
	for i := 0; i < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	return &http.Response{StatusCode: status, Status: fmt.Sprint(status), Header: h, Body: io.NopCloser(strings.NewReader(""))}
}

func TestExporter_SendsWhatEnded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		traces := map[string]int{}
		r := newRig(t, func(req *http.Request) (*http.Response, error) {
			packed, err := gzip.NewReader(req.Body)
			if err != nil {
				return nil, err
			}
			body, err := io.ReadAll(packed)
			var got collector.ExportTraceServiceRequest
			if err = errors.Join(err, proto.Unmarshal(body, &got)); err != nil || req.Header.Get("Content-Type") != "application/x-protobuf" || req.Header.Get("Authorization") != "Bearer x" {
				t.Errorf("%v, %v", err, req.Header)
			}
			for _, s := range got.GetResourceSpans()[0].GetScopeSpans()[0].GetSpans() {
				traces[string(s.GetTraceId())]++
			}
			return answer(http.StatusOK), nil
		})
		_ = r.During(t.Context(), func(context.Context) error {
			r.end(700)
			<-time.After(gatherFor + time.Second)
			j := job(turno.Queued, turno.ReasonBackoff, 9, attempt(1, 1, 2, 3, failed))
			r.Committed([]store.Change{{Job: &j, From: turno.Running}}) // no end
			r.end(3)                                                    // as the process ends
			return nil
		})
		r.want(t, map[string]int{Sent: 703})
		if len(traces) != 700 { // three came again, as another process would send them
			t.Errorf("%d traces were received", len(traces))
		}
		for id, n := range traces {
			if n%6 != 0 {
				t.Errorf("trace %x has %d spans", id, n)
			}
		}
	})
}

// TestExporter_ADeadReceiverHoldsNothingUp: it takes connections and says
// nothing, for ten minutes.
func TestExporter_ADeadReceiverHoldsNothingUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(req *http.Request) (*http.Response, error) {
			<-req.Context().Done()
			return nil, context.Cause(req.Context())
		})
		const commits, each = 60, 300
		var ended time.Time
		_ = r.During(t.Context(), func(context.Context) error {
			for range commits {
				began := time.Now()
				r.end(each)
				if took := time.Since(began); took > 0 {
					t.Fatalf("a commit waited for %v", took)
				}
				<-time.After(10 * time.Second)
			}
			if n := r.waiting(); n > queueJobs {
				t.Errorf("%d wait", n)
			}
			ended = time.Now()
			return nil
		})
		if took := time.Since(ended); took > leaveFor {
			t.Errorf("the end of the process waited for %v", took)
		}
		sum := 0
		for _, n := range r.counts {
			sum += n
		}
		if sum+r.waiting() != commits*each || r.counts[Dropped] == 0 || r.counts[Failed] == 0 || r.counts[Sent] != 0 {
			t.Errorf("%v, and %d wait, of %d", r.counts, r.waiting(), commits*each)
		}
	})
}

func TestExporter_TriesAgainWhereThatHelps(t *testing.T) {
	t.Parallel()
	partial, err := proto.Marshal(&collector.ExportTraceServiceResponse{PartialSuccess: &collector.ExportTracePartialSuccess{RejectedSpans: 2, ErrorMessage: "too old"}})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		answers []*http.Response // the last one goes on; nil: the connection breaks
		want    string
		tries   int
		took    time.Duration
	}{
		"there at the third time":          {[]*http.Response{nil, answer(503), answer(200)}, Sent, 3, firstPause * 3},
		"busy, and says for how long":      {[]*http.Response{answer(429, "Retry-After", "20"), answer(200)}, Sent, 2, 20 * time.Second},
		"asks for an hour, and gets less":  {[]*http.Response{answer(503, "Retry-After", "3600"), answer(200)}, Sent, 2, longestPause},
		"away":                             {[]*http.Response{nil}, Failed, tries, firstPause * 15},
		"takes no such thing":              {[]*http.Response{answer(400)}, Refused, 1, 0},
		"wants another token":              {[]*http.Response{answer(401)}, Refused, 1, 0},
		"is elsewhere":                     {[]*http.Response{answer(307, "Location", "http://elsewhere/")}, Refused, 1, 0},
		"takes a part":                     {[]*http.Response{{StatusCode: 200, Header: http.Header{"Content-Type": {"application/x-protobuf"}}, Body: io.NopCloser(bytes.NewReader(partial))}}, Refused, 1, 0},
		"answers something else that is 2": {[]*http.Response{{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("thanks"))}}, Sent, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				asked := 0
				r := newRig(t, func(*http.Request) (*http.Response, error) {
					a := c.answers[min(asked, len(c.answers)-1)]
					asked++
					if a == nil {
						return nil, errors.New("connection refused")
					}
					return a, nil
				})
				ctx, cancel := context.WithCancel(t.Context())
				began := time.Now()
				go r.Run(ctx)
				r.end(1)
				<-time.After(gatherFor + c.took + time.Millisecond)
				synctest.Wait()
				r.want(t, map[string]int{c.want: 1})
				if asked != c.tries {
					t.Errorf("asked %d times within %v", asked, time.Since(began))
				}
				cancel()
			})
		})
	}
}

// TestExporter_LargeOutputsAreNotKept: what waits is bounded in bytes too.
func TestExporter_LargeOutputsAreNotKept(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	big := done
	big.Output = bytes.Repeat([]byte(" "), queueBytes/4)
	for range 10 {
		j := job(turno.Succeeded, turno.ReasonCompleted, 9, attempt(1, 1, 2, 3, big))
		r.Committed([]store.Change{{Job: &j, From: turno.Running}})
	}
	r.want(t, map[string]int{Dropped: 6})
	if r.take(); r.bytes != 0 || r.waiting() != 0 {
		t.Errorf("%d bytes are counted of %d that wait", r.bytes, r.waiting())
	}
}

// BenchmarkCommitted is what the scheduler's loop pays for a job.
func BenchmarkCommitted(b *testing.B) {
	j := job(turno.Succeeded, turno.ReasonCompleted, 9, attempt(1, 1, 2, 3, done))
	changes := make([]store.Change, 100)
	for i := range changes {
		changes[i] = store.Change{Job: &j, From: turno.Running}
	}
	x, err := New(Options{Receiver: Receiver{URL: "http://receiver/"}, Sampler: &trace.Sampler{Ratio: 1}})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		x.Committed(changes)
		x.take()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(changes)), "ns/job")
}
