package client

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"

	"turno"
)

const (
	// bulkJobs and bulkBytes bound one request. The server takes ten times as
	// many jobs and twice the bytes.
	bulkJobs  = 1000
	bulkBytes = 8 << 20
	// inFlight requests of one Submit overlap encoding here with work there.
	inFlight = 3
)

// Submit implements turno.Service. Jobs get their ids here, so that a request
// can be sent again when a connection breaks. Many jobs go in several
// requests, some at a time: their answers are in order, but the numbers of
// jobs of different requests need not be. A request that fails is the error of
// each of its jobs; when all fail, it is returned.
func (c *Client) Submit(ctx context.Context, jobs []turno.NewJob) ([]turno.Submitted, error) {
	out := make([]turno.Submitted, len(jobs))
	places := make(chan struct{}, inFlight)
	var group sync.WaitGroup
	var failed failures
	requests := 0
	e := encoder{now: time.Now(), jobs: jobs, out: out}
	for {
		ch := e.next()
		if len(ch.at) == 0 {
			break
		}
		requests++
		places <- struct{}{}
		group.Go(func() {
			if err := c.submit(ctx, ch, out); err != nil {
				failed.add(err)
			}
			<-places
		})
	}
	group.Wait()
	if ctx.Err() != nil && len(failed.errs) > 0 || requests > 0 && len(failed.errs) == requests {
		return nil, failed.errs[0]
	}
	return out, nil
}

// failures are those of the requests of one Submit.
type failures struct {
	mu   sync.Mutex // guards errs while requests are under way
	errs []error
}

func (f *failures) add(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.errs = append(f.errs, err)
}

func (c *Client) submit(ctx context.Context, ch chunk, out []turno.Submitted) error {
	text, err := c.fetch(ctx, request{method: http.MethodPost, path: "/jobs", body: ch.body, again: true})
	if err == nil {
		err = ch.read(text, out)
	}
	if err != nil {
		problem, ok := errors.AsType[*turno.Error](err)
		if !ok {
			problem = turno.Errorf(turno.CodeUnavailable, "%v: whether the job was taken is unknown", err).
				WithHint("try again with the same id")
		}
		for _, i := range ch.at {
			out[i].Error = problem
		}
	}
	return err
}

// read enters the answer to a chunk.
func (ch *chunk) read(text []byte, out []turno.Submitted) error {
	if ch.quick(text, out) {
		return nil
	}
	var answer struct {
		Jobs []turno.Submitted `json:"jobs"`
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return fmt.Errorf("read the answer to a submission: %w", err)
	}
	if len(answer.Jobs) != len(ch.at) {
		return fmt.Errorf("the server answered for %d of %d jobs", len(answer.Jobs), len(ch.at))
	}
	for k, i := range ch.at {
		out[i] = answer.Jobs[k]
	}
	return nil
}

// quick reads the usual answer, that all jobs are taken under their ids, in a
// tenth of encoding/json's time. Of any other it reads a part, and returns
// false.
func (ch *chunk) quick(text []byte, out []turno.Submitted) bool {
	rest, ok := bytes.CutPrefix(text, []byte(`{"jobs":[`))
	for k := 0; ok && k < len(ch.at); k++ {
		const id, key = `{"id":"`, `","number":`
		s := &out[ch.at[k]]
		from := len(id) + len(s.ID)
		if len(rest) < from+len(key) || string(rest[len(id):from]) != s.ID || string(rest[from:from+len(key)]) != key {
			return false
		}
		rest = rest[from+len(key):]
		n, digits := int64(0), 0
		for ; digits < len(rest) && digits < 18 && rest[digits] >= '0' && rest[digits] <= '9'; digits++ {
			n = 10*n + int64(rest[digits]-'0')
		}
		if len(rest) < digits+2 || rest[digits] != '}' {
			return false
		}
		s.Number = n
		rest = rest[digits+2:] // the comma or the bracket too
	}
	return ok && string(bytes.TrimSpace(rest)) == "}"
}

// chunk is the body of one request, and which jobs are in it.
type chunk struct {
	body []byte
	at   []int
}

// encoder writes the jobs of one Submit, chunk after chunk. A spec that is
// submitted many times in a row is encoded once.
type encoder struct {
	now  time.Time
	jobs []turno.NewJob
	out  []turno.Submitted // ids, and what cannot be sent

	ids     ids
	done    int // jobs
	given   *turno.Spec
	encoded []byte
	problem *turno.Error
}

// next encodes the jobs that come next; none are left when it is empty.
func (e *encoder) next() chunk {
	var ch chunk
	for ; e.done < len(e.jobs) && len(ch.at) < bulkJobs; e.done++ {
		n, out := &e.jobs[e.done], &e.out[e.done]
		if out.ID == "" {
			if out.ID = n.ID; n.ID == "" {
				out.ID = e.ids.next(e.now)
			}
		}
		if out.Error = e.encode(n.Spec); out.Error != nil {
			continue
		}
		if len(ch.at) == 0 {
			left := min(len(e.jobs)-e.done, bulkJobs)
			ch.at = make([]int, 0, left)
			ch.body = append(make([]byte, 0, min(bulkBytes, (len(e.encoded)+80)*left+32)), `{"jobs":[`...)
		} else if len(ch.body)+len(e.encoded) > bulkBytes {
			break
		} else {
			ch.body = append(ch.body, ',')
		}
		ch.at = append(ch.at, e.done)
		ch.body = e.job(ch.body, n, out.ID)
	}
	ch.body = append(ch.body, "]}"...)
	return ch
}

func (e *encoder) encode(spec *turno.Spec) *turno.Error {
	if e.encoded != nil && spec == e.given {
		return e.problem
	}
	e.given, e.encoded, e.problem = spec, []byte{}, notText(spec)
	if e.problem != nil {
		return e.problem
	}
	var err error
	if e.encoded, err = json.Marshal(spec); err != nil {
		e.encoded = []byte{}
		e.problem = turno.Invalid("spec", "cannot be sent: %v", unwrapped(err))
	}
	return e.problem
}

// notText finds what JSON cannot carry: encoding/json would put other
// characters in the place of those that are not UTF-8.
func notText(spec *turno.Spec) *turno.Error {
	if spec == nil {
		return nil
	}
	for _, f := range []struct{ field, text string }{{"name", spec.Name}, {"dir", spec.Dir}, {"submit_dir", spec.SubmitDir}} {
		if !utf8.ValidString(f.text) {
			return turno.Invalid(f.field, "%.80q is not UTF-8", f.text)
		}
	}
	for name, value := range spec.Env {
		if !utf8.ValidString(name) || !utf8.ValidString(value) {
			return turno.Invalid("env", "the variable %.80q or its value is not UTF-8", name)
		}
	}
	return nil
}

func (e *encoder) job(b []byte, n *turno.NewJob, id string) []byte {
	b = append(b, `{"id":`...)
	if turno.ValidID(id) {
		b = append(append(append(b, '"'), id...), '"')
	} else {
		text, _ := json.Marshal(id) // a string has no error
		b = append(b, text...)
	}
	b = append(append(b, `,"spec":`...), e.encoded...)
	if n.RetryOf != 0 {
		b = strconv.AppendInt(append(b, `,"retry_of":`...), n.RetryOf, 10)
	}
	return append(b, '}')
}

// unwrapped leaves out encoding/json's frame.
func unwrapped(err error) error {
	if inner := errors.Unwrap(err); inner != nil {
		return inner
	}
	return err
}

// ids makes UUIDv7s that sort in the order they were made.
type ids struct {
	stamp  uint64 // milliseconds, then 12 bits of what is left of them
	random []byte
}

func (s *ids) next(now time.Time) string {
	const half = 8 // bytes of an id that are random
	ns := now.UnixNano()
	ms := ns / 1e6
	s.stamp = max(uint64(ms)<<12|uint64(ns-ms*1e6)<<12/1e6, s.stamp+1)
	if len(s.random) < half {
		s.random = make([]byte, half*128)
		_, _ = rand.Read(s.random) // never fails: it ends the process instead
	}
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[:], s.stamp>>12<<16|7<<12|s.stamp&0xfff)
	copy(raw[8:], s.random[:half])
	s.random = s.random[half:]
	raw[8] = raw[8]&0x3f | 0x80
	h := hex.EncodeToString(raw[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// NewID makes an id for a job: a UUIDv7.
func NewID() string {
	var s ids
	return s.next(time.Now())
}
