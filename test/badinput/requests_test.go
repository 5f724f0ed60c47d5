package badinput

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"turno"
	"turno/test/lab"
)

// request is one, and the answer that it must get. Its name begins with the
// attack's number.
type request struct {
	name, method, path, body string
	header                   []string // name, value, …; an empty value takes it away
	status                   int
	code                     turno.Code
}

const jobsPath = "/api/v1/jobs"

func spec(fields string) string { return `{"spec":{"type":"noop",` + fields + `}}` }

// requestCases are those that net/http can send.
var requestCases = []request{
	{"1 no token", "GET", jobsPath, "", []string{"Authorization", ""}, 401, "unauthorized"},
	{"1 no token, dead letters", "POST", "/api/v1/dead-letters/1/redrive", "", []string{"Authorization", ""}, 401, "unauthorized"},
	{"2 wrong token", "GET", jobsPath, "", []string{"Authorization", "Bearer turno_0000"}, 401, "unauthorized"},
	{"2 token as a password", "GET", jobsPath, "", []string{"Authorization", "Basic dHVybm86dHVybm8="}, 401, "unauthorized"},
	{"2 token in the address", "GET", jobsPath + "?token=x", "", []string{"Authorization", ""}, 401, "unauthorized"},
	{"4 a job that is not there", "GET", jobsPath + "/999999", "", nil, 404, "not_found"},
	{"5 cancel what is not there", "POST", jobsPath + "/999999/cancel", "", nil, 404, "not_found"},
	{"14 another host", "GET", jobsPath, "", []string{"Host", "evil.example"}, 421, "forbidden"},
	{"14 another host, foreign page", "POST", jobsPath, spec(`"gpus":0`), []string{"Host", "evil.example", "Origin", "http://evil.example"}, 421, "forbidden"},
	{"15 host in upper case", "GET", jobsPath, "", []string{"Host", "LOCALHOST"}, 421, "forbidden"},
	{"15 host with a dot", "GET", jobsPath, "", []string{"Host", "localhost."}, 421, "forbidden"},
	{"15 host with a bad port", "GET", jobsPath, "", []string{"Host", "localhost:0"}, 421, "forbidden"},
	{"16 POST of another site", "POST", jobsPath, spec(`"gpus":0`), []string{"Origin", "http://evil.example", "Sec-Fetch-Site", "cross-site"}, 403, "forbidden"},
	{"16 DELETE of another site", "DELETE", jobsPath + "/1", "", []string{"Sec-Fetch-Site", "cross-site"}, 403, "forbidden"},
	{"16 PATCH of another site", "PATCH", jobsPath + "/1", "", []string{"Origin", "http://evil.example"}, 403, "forbidden"},
	{"17 origin null", "POST", jobsPath, spec(`"gpus":0`), []string{"Origin", "null"}, 403, "forbidden"},
	{"18 same site, other port", "POST", jobsPath, spec(`"gpus":0`), []string{"Origin", "http://127.0.0.1:1", "Sec-Fetch-Site", "same-site"}, 403, "forbidden"},
	{"19 a form", "POST", jobsPath, "spec=1", []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "malformed"},
	{"19 plain text", "POST", jobsPath, spec(`"gpus":0`), []string{"Content-Type", "text/plain"}, 415, "malformed"},
	{"19 no kind", "POST", jobsPath, spec(`"gpus":0`), []string{"Content-Type", ""}, 415, "malformed"},
	{"20 method override", "GET", jobsPath + "/999999", "", []string{"X-HTTP-Method-Override", "DELETE"}, 404, "not_found"},
	{"21 GET of an order", "GET", jobsPath + "/1/cancel", "", nil, 405, "not_found"},
	{"22 events for another site", "GET", "/api/v1/events", "", []string{"Origin", "http://evil.example"}, 403, "forbidden"},
	{"23 preflight", "OPTIONS", jobsPath, "", []string{"Origin", "http://evil.example", "Access-Control-Request-Method", "POST"}, 403, "forbidden"},
	{"25 a job over 1 MiB", "POST", jobsPath, spec(`"params":{"x":"` + strings.Repeat("a", 1<<20) + `"}`), nil, 413, "too_large"},
	{"25 an order over 1 MiB", "POST", jobsPath + "/1/cancel", `{"message":"` + strings.Repeat("a", 1<<20) + `"}`, nil, 413, "too_large"},
	{"25 many jobs over 16 MiB", "POST", jobsPath, `{"jobs":[` + strings.Repeat(" ", 16<<20) + `]}`, nil, 413, "too_large"},
	{"25 10,001 jobs", "POST", jobsPath, `{"jobs":[` + strings.Repeat(`{},`, 10_000) + `{}]}`, nil, 413, "too_large"},
	{"26 a gzip bomb", "POST", jobsPath, "\x1f\x8b", []string{"Content-Encoding", "gzip"}, 415, "malformed"},
	{"27 a million arrays", "POST", jobsPath, strings.Repeat("[", 1e6), nil, 400, "malformed"},
	{"27 nested parameters", "POST", jobsPath, spec(`"params":` + strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40)), nil, 400, "malformed"},
	{"28 a key twice", "POST", jobsPath, spec(`"gpus":0,"gpus":8`), nil, 400, "malformed"},
	{"28 a key twice, by case", "POST", jobsPath, spec(`"gpus":0,"GPUS":8`), nil, 400, "malformed"},
	{"28 a key twice, by Unicode", "POST", jobsPath, spec(`"gpus":0,"gpuſ":8`), nil, 400, "malformed"},
	{"29 uid", "POST", jobsPath, spec(`"uid":0`), nil, 400, "malformed"},
	{"29 unknown in an order", "POST", jobsPath + "/1/cancel", `{"uid":0}`, nil, 400, "malformed"},
	{"30 gpus -1", "POST", jobsPath, spec(`"gpus":-1`), nil, 422, "invalid"},
	{"30 gpus 1.5", "POST", jobsPath, spec(`"gpus":1.5`), nil, 400, "malformed"},
	{"30 gpus a milliard", "POST", jobsPath, spec(`"gpus":1000000000`), nil, 422, "invalid"},
	{"30 gpus NaN", "POST", jobsPath, spec(`"gpus":NaN`), nil, 400, "malformed"},
	{"30 gpus as text", "POST", jobsPath, spec(`"gpus":"8"`), nil, 400, "malformed"},
	{"31 a time limit of ages", "POST", jobsPath, spec(`"time_limit_seconds":1e300`), nil, 400, "malformed"},
	{"31 a priority over int64", "POST", jobsPath, spec(`"priority":9223372036854775808`), nil, 400, "malformed"},
	{"31 an array of a milliard", "POST", jobsPath, spec(`"array":"0-999999999"`), nil, 400, "malformed"},
	{"32 NUL in a name", "POST", jobsPath, spec(`"name":"a\u0000b"`), nil, 422, "invalid"},
	{"32 a line in a name", "POST", jobsPath, spec(`"name":"a\nlevel=INFO msg=forged"`), nil, 422, "invalid"},
	{"32 right to left", "POST", jobsPath, spec(`"name":"a\u202eb"`), nil, 422, "invalid"},
	{"32 a name of 10 kB", "POST", jobsPath, spec(`"name":"` + strings.Repeat("n", 10<<10) + `"`), nil, 422, "invalid"},
	{"32 a line in a reason", "POST", jobsPath + "/1/cancel", `{"message":"a\nb"}`, nil, 422, "invalid"},
	{"33 no UTF-8", "POST", jobsPath, spec("\"name\":\"\xff\xfe\""), nil, 400, "malformed"},
	{"33 half a pair", "POST", jobsPath, spec(`"name":"\ud800"`), nil, 400, "malformed"},
	{"34 ..", "GET", jobsPath + "/../../../etc/passwd", "", nil, 404, "not_found"},
	{"34 %2e%2e%2f", "GET", jobsPath + "/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "", nil, 404, "not_found"},
	{"34 ..%5c", "GET", jobsPath + "/..%5c..%5cwin.ini", "", nil, 404, "not_found"},
	{"34 %00", "GET", jobsPath + "/1%00", "", nil, 404, "not_found"},
	{"34 an id that is a path", "POST", jobsPath, `{"id":"../../x","spec":{"type":"noop"}}`, nil, 422, "invalid"},
	{"35 an artifact elsewhere", "GET", jobsPath + "/1/artifacts/..%2f..%2f..%2fetc%2fpasswd", "", nil, 404, "not_found"},
	{"35 an input with ..", "POST", jobsPath, spec(`"inputs":[{"path":"../x","hash":"` + strings.Repeat("0", 64) + `"}]`), nil, 422, "invalid"},
	{"36 a pack that is none", "POST", "/api/v1/files:pack", "\x1f\x8bnonsense", []string{"Content-Type", "application/octet-stream"}, 400, "malformed"},
	{"41 SQL in a filter", "GET", jobsPath + "?limit=1%27%3BDROP%20TABLE%20jobs", "", nil, 422, "invalid"},
	{"41 SQL in a state", "GET", jobsPath + "?state=%27%20OR%201%3D1--", "", nil, 422, "invalid"},
	{"41 a sort", "GET", jobsPath + "?sort=name", "", nil, 422, "invalid"},
	{"42 a filter of 10 kB", "GET", jobsPath + "?name=" + strings.Repeat("(a%2B)%2B", 1200), "", nil, 422, "invalid"},
	{"43 LD_PRELOAD", "POST", jobsPath, spec(`"env":{"LD_PRELOAD":"/tmp/x.so"}`), nil, 422, "invalid"},
	{"43 TURNO_TOKEN", "POST", jobsPath, spec(`"env":{"TURNO_TOKEN":"x"}`), nil, 422, "invalid"},
	{"43 CUDA_VISIBLE_DEVICES", "POST", jobsPath, spec(`"env":{"CUDA_VISIBLE_DEVICES":"0"}`), nil, 422, "invalid"},
	{"43 a million variables", "POST", jobsPath, spec(`"env":{` + variables(20_000) + `"Z":"1"}`), nil, 422, "invalid"},
	{"45 a folder that is relative", "POST", jobsPath, spec(`"dir":"../../x"`), nil, 422, "invalid"},
	{"58 a key that is no UUID", "POST", jobsPath, spec(`"gpus":0`), []string{"Idempotency-Key", "mine"}, 400, "malformed"},
	{"59 a cursor", "GET", jobsPath + "?cursor=-1", "", nil, 400, "malformed"},
	{"59 a cursor of dead letters", "GET", "/api/v1/dead-letters?cursor=1%20OR%201", "", nil, 400, "malformed"},
	{"59 a number of a dead letter", "GET", "/api/v1/dead-letters/-1", "", nil, 422, "invalid"},
	{"59 an offset below zero", "GET", jobsPath + "/1/log?offset=-1", "", nil, 422, "invalid"},
	{"59 a revision that is none", "GET", "/api/v1/events", "", []string{"Last-Event-ID", "x"}, 400, "malformed"},
	{"60 /debug/pprof without a token", "GET", "/debug/pprof/", "", []string{"Authorization", ""}, 401, "unauthorized"},
	{"60 /debug/pprof", "GET", "/debug/pprof/", "", nil, 404, "not_found"},
	{"60 /debug/vars", "GET", "/debug/vars", "", nil, 404, "not_found"},
	{"a type that is not there", "POST", jobsPath, `{"spec":{"type":"nop"}}`, nil, 422, "invalid"},
	{"parameters of another type", "POST", jobsPath, `{"spec":{"type":"matmul","params":{"m":-1}}}`, nil, 422, "invalid"},
	{"a command that is none", "POST", jobsPath, `{"spec":{"type":"exec","params":{"command":[]}}}`, nil, 422, "invalid"},
	{"a command with NUL", "POST", jobsPath, `{"spec":{"type":"exec","params":{"command":["a\u0000b"]}}}`, nil, 422, "invalid"},
	{"after itself", "POST", jobsPath, spec(`"after":[{"job":"999999","when":"afterok"}]`), nil, 422, "invalid"},
	{"a verb that is none", "POST", "/api/v1/actions", `{"verb":"explode","jobs":["1"]}`, nil, 422, "invalid"},
	{"trailing text", "POST", jobsPath, `{"spec":{"type":"noop"}} x`, nil, 400, "malformed"},
	{"cut off", "POST", jobsPath, `{"spec":{"type":"no`, nil, 400, "malformed"},
}

func variables(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(`"V`)
		for v := i; ; v /= 10 {
			b.WriteByte(byte('0' + v%10))
			if v < 10 {
				break
			}
		}
		b.WriteString(strings.Repeat("_", i%7) + `x":"",`)
	}
	return b.String()
}

// send sends one, signed.
func (s *stage) send(r request) (*http.Response, string, error) {
	var body io.Reader
	if r.body != "" {
		body = strings.NewReader(r.body)
	}
	q, err := http.NewRequestWithContext(s.Context(), r.method, s.url+r.path, body)
	if err != nil {
		return nil, "", err
	}
	q.Header.Set("Authorization", "Bearer "+s.token)
	if r.body != "" {
		q.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(r.header); i += 2 {
		switch {
		case r.header[i] == "Host":
			q.Host = r.header[i+1]
		case r.header[i+1] == "":
			q.Header.Del(r.header[i])
		default:
			q.Header.Set(r.header[i], r.header[i+1])
		}
	}
	res, err := http.DefaultTransport.RoundTrip(q)
	if err != nil {
		return nil, "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return res, string(text), err
}

// requests: each has its status, code and a sentence; none tells how turno is
// made inside; none changes anything.
func requests(t *testing.T, s *stage) {
	before := s.state()
	for _, r := range requestCases {
		t.Run(r.name, func(t *testing.T) {
			s.given.Add(1)
			res, text, err := s.send(r)
			if err != nil {
				t.Fatal(err)
			}
			problem(t, r, res, text)
			if res.Header.Get("Access-Control-Allow-Origin") != "" {
				t.Error("lets other sites read")
			}
		})
	}
	if after := s.state(); !bytes.Equal(before, after) {
		t.Errorf("something has changed: from %s to %s", before, after)
	}
}

// problem checks an error's form: what happened, and what to do.
func problem(t *testing.T, r request, res *http.Response, text string) {
	t.Helper()
	var p struct {
		Status             int
		Code               turno.Code
		Detail, Hint, Type string
	}
	if err := json.Unmarshal([]byte(text), &p); err != nil || res.Header.Get("Content-Type") != "application/problem+json" {
		t.Fatalf("%d, not a problem: %v %.300q", res.StatusCode, err, text)
	}
	if res.StatusCode != r.status || p.Status != r.status || p.Code != r.code {
		t.Errorf("answered %d %s, want %d %s: %.300s", res.StatusCode, p.Code, r.status, r.code, text)
	}
	if len(p.Detail) < 10 {
		t.Errorf("says only %q", p.Detail)
	}
	if p.Hint == "" && !tells(p.Detail) {
		t.Errorf("does not say what to do: %s", text)
	}
	if len(text) > 2000 {
		t.Errorf("an answer of %d bytes", len(text))
	}
	for _, inside := range []string{"goroutine", ".go:", "SELECT ", "INSERT ", "pq:", "pgx", "ERROR:", "SQLSTATE", "/root/", "/tmp/", "runtime."} {
		if strings.Contains(text, inside) {
			t.Errorf("tells of the inside, %q: %s", inside, text)
		}
	}
}

// tells whether a sentence says by itself what would be right: by naming it, or
// the place of the mistake.
func tells(detail string) bool {
	for _, word := range []string{"use ", "send ", "at most", "must", "line 1, column", "is not a", "are allowed", "leave", "cannot be printed", "expected", "unexpected", "reserved", "is not valid", "no such", "give", "there is no"} {
		if strings.Contains(detail, word) {
			return true
		}
	}
	return false
}

// state is what a request could have changed.
func (s *stage) state() []byte {
	s.Helper()
	sum, err := s.c.Summary(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	letters, err := s.c.DeadLetters(s.Context(), turno.DeadLetterQuery{})
	if err != nil {
		s.Fatal(err)
	}
	text, err := json.Marshal([]any{sum, letters.Total})
	if err != nil {
		s.Fatal(err)
	}
	return text
}

// submissions: what is only wrong because of what was there before.
func submissions(t *testing.T, s *stage) {
	id := lab.NewID(t)
	s.given.Add(2)
	first := request{method: "POST", path: jobsPath, body: `{"spec":{"type":"noop","name":"one"}}`, header: []string{"Idempotency-Key", id}}
	res, text, err := s.send(first)
	if err != nil || res.StatusCode != http.StatusCreated {
		t.Fatalf("%v %s", err, text)
	}
	other := request{method: "POST", path: jobsPath, body: `{"spec":{"type":"noop","name":"two"}}`, header: first.header, status: 422, code: "invalid"}
	res, text, err = s.send(other)
	if err != nil {
		t.Fatal(err)
	}
	problem(t, other, res, text)
	res, again, err := s.send(first)
	if err != nil || res.StatusCode != http.StatusCreated {
		t.Fatalf("the same again: %v %s", err, again)
	}
	var bulk turno.SubmissionReply
	res, text, err = s.send(request{method: "POST", path: jobsPath, body: `{"jobs":[{"spec":{"type":"nop"}},{"spec":null},{"spec":{"type":"noop"}}]}`})
	if err != nil || res.StatusCode != http.StatusMultiStatus || json.Unmarshal([]byte(text), &bulk) != nil ||
		bulk.Jobs[0].Error == nil || bulk.Jobs[1].Error == nil || bulk.Jobs[2].Number == 0 {
		t.Errorf("one good one among bad ones: %v %d %s", err, res.StatusCode, text)
	}
}
