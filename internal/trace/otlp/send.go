package otlp

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	collector "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
	resource "go.opentelemetry.io/proto/slim/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"turno/internal/trace"
)

const (
	// tryFor is OpenTelemetry's own default for one request.
	tryFor = 10 * time.Second
	// tries of one batch, over half a minute at least: then the next is due.
	tries = 5
	// firstPause before the second; each further one is twice as long.
	firstPause = 2 * time.Second
	// longestPause that a receiver may ask for.
	longestPause = time.Minute
	// answerBytes are read of an answer.
	answerBytes = 64 << 10
)

// Receiver is where traces go.
type Receiver struct {
	URL     string // all of it: …/v1/traces
	Headers http.Header
	TLS     *tls.Config // nil: as the system has it
	Version string      // of turno
	// Resource says who sends: service.name and what else there is.
	Resource map[string]string
}

// sender is used by one goroutine.
type sender struct {
	to       Receiver
	client   *http.Client
	resource *resource.Resource
	last     string // result of the batch before
	packed   bytes.Buffer
}

func newSender(to Receiver) (*sender, error) {
	u, err := url.Parse(to.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("send traces to %q: it is no URL of HTTP", to.URL)
	}
	s := &sender{to: to, resource: &resource.Resource{}, client: &http.Client{
		Timeout: tryFor,
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, TLSClientConfig: to.TLS, TLSHandshakeTimeout: tryFor / 2, ForceAttemptHTTP2: true,
			MaxResponseHeaderBytes: 16 << 10, IdleConnTimeout: time.Minute, MaxIdleConnsPerHost: 1,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	for _, key := range slices.Sorted(maps.Keys(to.Resource)) {
		s.resource.Attributes = append(s.resource.Attributes, text(key, to.Resource[key]))
	}
	return s, nil
}

// shown is the receiver's address without what may be secret in it.
func (s *sender) shown() string {
	u, err := url.Parse(s.to.URL)
	if err != nil {
		return ""
	}
	u.RawQuery = ""
	return u.Redacted()
}

// news tells whether a result is another one than before.
func (s *sender) news(result string) bool {
	changed := s.last != result
	s.last = result
	return changed
}

// send posts a batch, more than once if it must.
func (s *sender) send(ctx context.Context, batch []end, sampler *trace.Sampler) (result string, err error) {
	body, err := s.encode(batch, sampler)
	if err != nil {
		return Refused, err
	}
	pause := firstPause
	for try := 1; ; try++ {
		again, after, err := s.post(ctx, body)
		switch {
		case err == nil:
			return Sent, nil
		case !again:
			return Refused, err
		case try == tries || ctx.Err() != nil:
			return Failed, err
		}
		timer := time.NewTimer(max(pause, min(after, longestPause)))
		select {
		case <-ctx.Done():
			timer.Stop()
			return Failed, errors.Join(err, context.Cause(ctx))
		case <-timer.C:
		}
		pause *= 2
	}
}

// encode makes a request's body, packed.
func (s *sender) encode(batch []end, sampler *trace.Sampler) ([]byte, error) {
	scope := &tracepb.ScopeSpans{Scope: &common.InstrumentationScope{Name: "turno", Version: s.to.Version}}
	for i := range batch {
		scope.Spans = append(scope.Spans, spans(sampler, &batch[i])...)
	}
	body, err := proto.Marshal(&collector.ExportTraceServiceRequest{
		ResourceSpans: []*tracepb.ResourceSpans{{Resource: s.resource, ScopeSpans: []*tracepb.ScopeSpans{scope}}},
	})
	if err != nil {
		return nil, fmt.Errorf("encode spans: %w", err)
	}
	s.packed.Reset()
	w := gzip.NewWriter(&s.packed)
	_, err = w.Write(body)
	if err = errors.Join(err, w.Close()); err != nil {
		return nil, fmt.Errorf("pack spans: %w", err)
	}
	return s.packed.Bytes(), nil
}

// post tries once. Again says that another try may do, after a while that the
// receiver may have asked for.
func (s *sender) post(ctx context.Context, body []byte) (again bool, after time.Duration, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.to.URL, bytes.NewReader(body))
	if err != nil {
		return false, 0, err
	}
	maps.Copy(req.Header, s.to.Headers)
	req.Header.Set("Content-Type", "application/x-protobuf")
	req.Header.Set("Content-Encoding", "gzip")
	req.Header.Set("User-Agent", "turno/"+s.to.Version)
	res, err := s.client.Do(req)
	if err != nil {
		if outer, ok := errors.AsType[*url.Error](err); ok {
			err = outer.Err // the address is known, and may hold a secret
		}
		return true, 0, err
	}
	defer res.Body.Close()
	answer, readErr := io.ReadAll(io.LimitReader(res.Body, answerBytes))
	switch res.StatusCode {
	case http.StatusOK, http.StatusAccepted, http.StatusNoContent:
		return false, 0, partly(res, answer)
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true, retryAfter(res), errors.Join(fmt.Errorf("the receiver answers %s", res.Status), readErr)
	}
	return false, 0, fmt.Errorf("the receiver answers %s", res.Status)
}

// partly finds out whether the receiver left some spans out.
func partly(res *http.Response, answer []byte) error {
	var told collector.ExportTraceServiceResponse
	if res.Header.Get("Content-Type") != "application/x-protobuf" || proto.Unmarshal(answer, &told) != nil {
		return nil // it was taken; what else it says is not known
	}
	if n := told.GetPartialSuccess().GetRejectedSpans(); n > 0 {
		return fmt.Errorf("the receiver refused %d spans: %.200q", n, told.GetPartialSuccess().GetErrorMessage())
	}
	return nil
}

func retryAfter(res *http.Response) time.Duration {
	seconds, err := strconv.ParseInt(res.Header.Get("Retry-After"), 10, 32)
	if err != nil || seconds < 0 {
		return 0
	}
	return time.Duration(seconds) * time.Second
}
