package api_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"turno"
	"turno/internal/access"
	"turno/internal/broker/mem"
	"turno/internal/role/api"
	"turno/internal/service"
	storemem "turno/internal/store/mem"
)

// The numbers in the names are those of the attack list, spec/security.md C3.

// routes are all operations of the description, with their parameters filled.
func routes(t testing.TB, s server) [][2]string {
	t.Helper()
	text, err := s.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths map[string]map[string]any `json:"paths"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	out := [][2]string{{"GET", "/openapi.json"}}
	for path, methods := range doc.Paths {
		path = strings.NewReplacer("{ref}", "1", "{name}", "w", "{path}", "a/b", "{number}", "1", "{hash}", strings.Repeat("0", 64)).Replace(path)
		for method := range methods {
			out = append(out, [2]string{strings.ToUpper(method), path})
		}
	}
	if len(out) < 20 {
		t.Fatalf("only %d routes", len(out))
	}
	return out
}

// isProblem checks that an answer is one, and gives it.
func isProblem(t testing.TB, res *http.Response, body string, status int) map[string]any {
	t.Helper()
	if res.StatusCode != status {
		t.Errorf("%s %s: status %d, want %d: %s", res.Request.Method, res.Request.URL, res.StatusCode, status, body)
	}
	if got := res.Header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("%s %s: content type %q", res.Request.Method, res.Request.URL, got)
	}
	var p map[string]any
	if err := json.Unmarshal([]byte(body), &p); err != nil || p["code"] == "" || p["detail"] == "" || p["status"] != float64(res.StatusCode) {
		t.Errorf("%s %s: not a problem: %v %s", res.Request.Method, res.Request.URL, err, body)
	}
	return p
}

func TestAttack_C1_C2_TokenOnEveryRoute(t *testing.T) {
	t.Parallel()
	// Probes, and the way in: those have tests of their own.
	open := map[[2]string]bool{
		{"GET", "/healthz"}: true, {"GET", "/readyz"}: true,
		{"GET", "/api/v1/session"}: true, {"POST", "/api/v1/session"}: true, {"DELETE", "/api/v1/session"}: true,
	}
	s := serve(t, api.Options{Service: &fake{}})
	bad := []string{"", "Bearer ", "Bearer " + access.NewSecret(), "Bearer " + s.token[:len(s.token)-1], "Basic " + s.token, s.token,
		"bearer " + s.token + " x"}
	for _, route := range append(routes(t, s), [2]string{"GET", "/no/such"}, [2]string{"DELETE", "/api/v1/jobs"}) {
		for _, auth := range bad {
			res, body := s.request(t, route[0], route[1], "", "Authorization", auth)
			if open[route] {
				if res.StatusCode != http.StatusOK && route[0] == "GET" {
					t.Errorf("%s: %d", route[1], res.StatusCode)
				}
				continue
			}
			if res.StatusCode != http.StatusTooManyRequests { // C57
				isProblem(t, res, body, http.StatusUnauthorized)
			}
		}
	}
	res, body := s.request(t, "GET", "/api/v1/jobs?token="+s.token, "", "Authorization", "")
	isProblem(t, res, body, http.StatusUnauthorized)
}

func TestAttack_C14_C15_Hosts(t *testing.T) {
	t.Parallel()
	f := &fake{}
	s := serve(t, api.Options{Service: f, AllowHosts: []string{"turno.lab.example"}})
	for host, ok := range map[string]bool{
		"localhost": true, "localhost:5000": true, "127.0.0.1:1": true, "[::1]:5000": true, "[::1]": true,
		"turno.lab.example": true, "turno.lab.example:443": true,
		"evil.example": false, "evil.example:5000": false, "localhost.": false, "LOCALHOST": false, "localhost.:5000": false,
		"localhost.evil.example": false, "127.0.0.1.evil.example": false, "10.0.0.1": false, "[::2]": false, "0.0.0.0:5000": false,
		"localhost:0": false, "localhost:99999": false, "localhost:+5000": false, "localhost:evil": false, "127.1": false, "2130706433": false,
	} {
		res, body := s.request(t, "POST", "/api/v1/jobs", `{"spec":{"type":"noop"}}`, "Host", host,
			"Origin", "http://"+host, "Sec-Fetch-Site", "same-origin") // as after DNS rebinding
		if ok && res.StatusCode != http.StatusCreated {
			t.Errorf("Host %s: %d", host, res.StatusCode)
		}
		if !ok && res.StatusCode != http.StatusBadRequest { // net/http's own
			isProblem(t, res, body, http.StatusMisdirectedRequest)
		}
	}
}

func TestAttack_C16_C17_C18_C22_C23_Origins(t *testing.T) {
	t.Parallel()
	f := &fake{}
	s := serve(t, api.Options{Service: f})
	own := strings.TrimPrefix(s.URL(), "http://")
	for _, headers := range [][]string{
		{"Origin", "https://evil.example"}, {"Origin", "null"}, {"Origin", "http://localhost:1"}, {"Origin", "http://" + own + ".evil"},
		{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "http://" + own, "Sec-Fetch-Site", "cross-site"},
		{"Origin", "http://user@evil.example"}, {"Origin", "%"},
	} {
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "GET", "OPTIONS", "HEAD"} {
			for _, path := range []string{"/api/v1/jobs", "/api/v1/events"} {
				q := append([]string{"Access-Control-Request-Method", "POST", "Content-Type", "text/plain"}, headers...)
				res, body := s.request(t, method, path, "", q...)
				if method != "HEAD" {
					isProblem(t, res, body, http.StatusForbidden)
				}
				for name := range res.Header {
					if strings.HasPrefix(name, "Access-Control-") {
						t.Errorf("%s %v: answers %s", method, headers, name)
					}
				}
			}
		}
	}
	if f.changes.Load() != 0 {
		t.Error("something was changed")
	}
	res, _ := s.request(t, "GET", "/api/v1/jobs", "", "Origin", "http://"+own, "Sec-Fetch-Site", "same-origin")
	if res.StatusCode != http.StatusOK {
		t.Errorf("its own page: %d", res.StatusCode)
	}
}

func TestAttack_C19_C26_BodiesOfOtherKinds(t *testing.T) {
	t.Parallel()
	f := &fake{}
	s := serve(t, api.Options{Service: f})
	for _, kind := range []string{"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonx",
		"text/plain; application/json", "application/cbor"} {
		for _, path := range []string{"/api/v1/jobs", "/api/v1/actions", "/api/v1/jobs/1/cancel"} {
			res, body := s.request(t, "POST", path, `{"spec":{"type":"noop"}}`, "Content-Type", kind)
			isProblem(t, res, body, http.StatusUnsupportedMediaType)
		}
	}
	for _, coding := range []string{"gzip", "identity", "br"} {
		res, body := s.request(t, "POST", "/api/v1/jobs", "\x1f\x8b", "Content-Encoding", coding)
		isProblem(t, res, body, http.StatusUnsupportedMediaType)
	}
	if f.changes.Load() != 0 {
		t.Error("something was changed")
	}
	res, _ := s.request(t, "POST", "/api/v1/jobs", `{"spec":{"type":"noop"}}`, "Content-Type", "application/json; charset=utf-8")
	if res.StatusCode != http.StatusCreated {
		t.Errorf("with a charset: %d", res.StatusCode)
	}
}

func TestAttack_C20_C21_ReadingChangesNothing(t *testing.T) {
	t.Parallel()
	f := &fake{}
	s := serve(t, api.Options{Service: f})
	for _, route := range routes(t, s) {
		ends := route == [2]string{"DELETE", "/api/v1/session"} || route == [2]string{"DELETE", "/api/v1/benchmarks/{id}"}
		if route[0] != "GET" && route[0] != "POST" && route[0] != "PUT" && route[0] != "PATCH" && !ends {
			t.Errorf("route %v: what kind of method is that?", route)
		}
		for _, header := range []string{"X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"} {
			for _, method := range []string{"GET", "HEAD", "OPTIONS"} {
				s.request(t, method, route[1], "", header, "POST")
			}
		}
	}
	if f.changes.Load() != 0 {
		t.Error("something was changed")
	}
}

func TestAttack_C24_C37_HeadersOfAnswers(t *testing.T) {
	t.Parallel()
	s := serve(t, api.Options{Service: &fake{}})
	for _, path := range []string{"/api/v1/jobs/1/log", "/api/v1/jobs", "/no", "/healthz", "/api/v1/events", "/openapi.json"} {
		res, body := s.request(t, "GET", path, "")
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Resource-Policy": "same-origin",
			"Cross-Origin-Opener-Policy": "same-origin", "Cache-Control": "no-store", "X-Frame-Options": "DENY",
		} {
			if got := res.Header.Get(name); got != want {
				t.Errorf("%s: %s: %q", path, name, got)
			}
		}
		csp := res.Header.Get("Content-Security-Policy")
		if !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") || !strings.Contains(csp, "sandbox") {
			t.Errorf("%s: CSP %q", path, csp)
		}
		if strings.HasSuffix(path, "/log") {
			if got := res.Header.Get("Content-Type"); got != "text/plain; charset=utf-8" || body != "<script>alert(1)</script>" {
				t.Errorf("log: %q %q", got, body)
			}
		}
	}
}

// endless never ends, and has no length that is known.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func TestAttack_C25_LargeBodies(t *testing.T) {
	t.Parallel()
	s := serve(t, api.Options{Service: &fake{}})
	single := `{"spec":{"type":"noop","params":"` + strings.Repeat("x", 1<<20) + `"}}`
	res, body := s.request(t, "POST", "/api/v1/jobs", single)
	isProblem(t, res, body, http.StatusRequestEntityTooLarge)
	res, body = s.request(t, "POST", "/api/v1/actions", `{"verb":"`+strings.Repeat("x", 1<<20)+`"}`)
	isProblem(t, res, body, http.StatusRequestEntityTooLarge)
	res, body = s.request(t, "POST", "/api/v1/jobs", `{"jobs":[`+strings.Repeat(" ", 16<<20)+`]}`)
	isProblem(t, res, body, http.StatusRequestEntityTooLarge)
	many := `{"jobs":[` + strings.Repeat(`{},`, 10_000) + `{}]}`
	res, body = s.request(t, "POST", "/api/v1/jobs", many)
	isProblem(t, res, body, http.StatusRequestEntityTooLarge)

	q, err := http.NewRequestWithContext(t.Context(), "POST", s.URL()+"/api/v1/jobs", io.NopCloser(endless{}))
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Authorization", "Bearer "+s.token)
	q.Header.Set("Content-Type", "application/json")
	res, err = http.DefaultTransport.RoundTrip(q)
	if err != nil {
		return // the connection was closed while the client still wrote: as good
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusRequestEntityTooLarge || !res.Close {
		t.Errorf("endless: %d, close %v", res.StatusCode, res.Close)
	}
}

func TestAttack_C27_to_C33_Parsing(t *testing.T) {
	t.Parallel()
	svc, err := service.New(service.Options{Broker: mem.New(), Store: storemem.New()})
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, api.Options{Service: svc}) // Run is not called: what gets as far as the broker hangs
	spec := func(field string) string { return `{"spec":{"type":"noop",` + field + `}}` }
	for name, c := range map[string]struct {
		body   string
		status int
	}{
		"27 nested":             {strings.Repeat("[", 1e6), 400},
		"27 nested in params":   {spec(`"params":` + strings.Repeat("[", 1e6)), 400},
		"27 nested objects":     {spec(`"params":` + strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40)), 400},
		"28 twice":              {spec(`"gpus":1,"gpus":2`), 400},
		"28 twice by case":      {spec(`"gpus":1,"GPUs":2`), 400},
		"28 twice by escape":    {spec(`"gpus":1,"gp\u0075s":2`), 400},
		"28 twice by fold":      {spec(`"gpus":1,"gpuſ":2`), 400},
		"28 twice in params":    {spec(`"params":{"x":1,"X":2}`), 400},
		"28 twice in bulk":      {`{"jobs":[],"jobs":[]}`, 400},
		"28 env twice":          {spec(`"env":{"A":"1","A":"2"}`), 400},
		"29 unknown":            {spec(`"uid":0`), 400},
		"29 unknown beside":     {`{"uid":0,"spec":{"type":"noop"}}`, 400},
		"29 unknown in after":   {spec(`"after":[{"job":"1","when":"afterok","x":1}]`), 400},
		"29 both kinds":         {`{"jobs":[{"spec":{"type":"noop"}}],"spec":{"type":"noop"}}`, 400},
		"30 gpus -1":            {spec(`"gpus":-1`), 422},
		"30 gpus 1.5":           {spec(`"gpus":1.5`), 400},
		"30 gpus 1e9":           {spec(`"gpus":1e9`), 400},
		"30 gpus 1000000000":    {spec(`"gpus":1000000000`), 422},
		"30 gpus NaN":           {spec(`"gpus":NaN`), 400},
		"30 gpus text":          {spec(`"gpus":"8"`), 400},
		"31 time limit":         {spec(`"time_limit_seconds":1e300`), 400},
		"31 time limit int64":   {spec(`"time_limit_seconds":9223372036854775808`), 400},
		"31 priority":           {spec(`"priority":9223372036854775808`), 400},
		"31 memory":             {spec(`"memory_bytes":9223372036854775807`), 422},
		"31 cpus":               {spec(`"cpus":1e300`), 400},
		"32 NUL":                {spec(`"name":"a\u0000b"`), 422},
		"32 newline":            {spec(`"name":"a\nb"`), 422},
		"32 override":           {spec(`"name":"a\u202eb"`), 422},
		"32 long":               {spec(`"name":"` + strings.Repeat("n", 10<<10) + `"`), 422},
		"33 UTF-8":              {spec(`"name":"` + "\xff" + `"`), 400},
		"33 half a pair":        {spec(`"name":"\ud800"`), 400},
		"33 in a key":           {spec("\"\xc3\x28\":1"), 400},
		"43 reserved":           {spec(`"env":{"LD_PRELOAD":"x"}`), 422},
		"45 dir":                {spec(`"dir":"../x"`), 422},
		"trailing":              {`{"spec":{"type":"noop"}} x`, 400},
		"two values":            {`{"spec":{"type":"noop"}}{}`, 400},
		"trailing comma":        {`{"spec":{"type":"noop"},}`, 400},
		"comment":               {`{"spec":{"type":"noop"/**/}}`, 400},
		"empty":                 {` `, 400},
		"null":                  {`null`, 400},
		"list":                  {`[{"spec":{"type":"noop"}}]`, 400},
		"leading zero":          {spec(`"gpus":01`), 400},
		"control character":     {spec("\"name\":\"a\tb\""), 400},
		"cut off":               {`{"spec":{"type":"no`, 400},
		"no spec":               {`{}`, 422},
		"null spec":             {`{"spec":null}`, 422},
		"spec is text":          {`{"spec":"noop"}`, 400},
		"id is a number":        {`{"id":5,"spec":{"type":"noop"}}`, 400},
		"id is a path":          {`{"id":"../../x","spec":{"type":"noop"}}`, 422},
		"retry_of is text":      {`{"retry_of":"5","spec":{"type":"noop"}}`, 400},
		"array of ten million":  {spec(`"array":"0-99999999"`), 400},
		"begin before the ages": {spec(`"begin_at":"yesterday"`), 400},
		"no jobs":               {`{"jobs":[]}`, 422},
	} {
		res, body := s.request(t, "POST", "/api/v1/jobs", c.body)
		if res.StatusCode != c.status {
			t.Errorf("%s: status %d, want %d: %.200s", name, res.StatusCode, c.status, body)
		}
		p := isProblem(t, res, body, res.StatusCode)
		if c.status == 400 && !strings.Contains(fmt.Sprint(p["detail"]), "line 1, column ") && name != "29 both kinds" {
			t.Errorf("%s: does not say where: %v", name, p["detail"])
		}
	}
}

func TestParsing_EmojiAndCaseAreFine(t *testing.T) {
	t.Parallel()
	f := &fake{jobs: make(chan []turno.NewJob, 1)}
	s := serve(t, api.Options{Service: f})
	res, body := s.request(t, "POST", "/api/v1/jobs",
		`{"spec":{"type":"noop","name":"🚀 \ud83d\ude80 ñ","env":{"http_proxy":"a","HTTP_PROXY":"b"},"labels":{"a":"1","A":"2"},"params":null}}`)
	if res.StatusCode != http.StatusCreated {
		t.Fatalf("%d %s", res.StatusCode, body)
	}
	spec := (<-f.jobs)[0].Spec
	if spec.Name != "🚀 🚀 ñ" || len(spec.Env) != 2 || len(spec.Labels) != 2 || spec.User != "ana" {
		t.Errorf("got %+v", spec)
	}
}

func TestAttack_C34_Paths(t *testing.T) {
	t.Parallel()
	f := &fake{}
	s := serve(t, api.Options{Service: f})
	for _, id := range []string{"../", "..", "%2e%2e%2f", "%2e%2e/%2e%2e/etc/passwd", "..%5c", "%00", "1%00", "1%2f..%2f2", "1;2", "%ff", "1%0d%0aX: y",
		"..%2f..%2fhealthz", "x", "0", "-1", "1e3", "0x10", "9223372036854775808"} {
		for _, tail := range []string{"", "/log", "/why", "/cancel"} {
			method := "GET"
			if tail == "/cancel" {
				method = "POST"
			}
			if tail == "/why" && id == "x" || tail == "/cancel" { // the fake does not parse these
				continue
			}
			res, body := s.request(t, method, "/api/v1/jobs/"+id+tail, "")
			if tail == "" && res.StatusCode != 400 && res.StatusCode != 404 || res.StatusCode >= 500 || res.StatusCode/100 == 3 {
				t.Errorf("%s %s: %d %.100s", id, tail, res.StatusCode, body)
			}
		}
	}
	for _, path := range []string{"//api/v1/jobs", "/api/v1/../v1/jobs", "/api/v1/jobs/", "/api//v1/jobs", "/api/v1/./jobs", "/API/V1/jobs", "/api/v1/jobs\\"} {
		res, body := s.request(t, "GET", path, "")
		isProblem(t, res, body, http.StatusNotFound)
	}
}

func TestAttack_C41_C42_C59_Queries(t *testing.T) {
	t.Parallel()
	svc, err := service.New(service.Options{Broker: mem.New(), Store: storemem.New()})
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, api.Options{Service: svc})
	for query, status := range map[string]int{
		"name=%27%3B+DROP+TABLE+jobs": 200, "user=%00": 200,
		"cursor=1%3B+DROP+TABLE+jobs": 400, "cursor=-5": 400, "cursor=eyJhIjoxfQ": 400,
		"sort=-number;DELETE": 400, "name=%zz": 400, "sort=x": 422, "q=x": 200, "q=%27+OR+1%3D1": 200, "q=%00": 200, "since=x": 422, "fields=%2A": 422, "order=x": 422, "limit=abc": 422, "limit=1001": 422, "limit=-1": 422,
		"limit=99999999999999999999": 422, "parent=x": 422, "top=maybe": 422, "state=done": 422,
		"name=" + strings.Repeat("%28a%2B%29%2B", 2000): 422,
	} {
		res, body := s.request(t, "GET", "/api/v1/jobs?"+query, "")
		if res.StatusCode != status {
			t.Errorf("%.60s: status %d, want %d: %.200s", query, res.StatusCode, status, body)
		}
		if status != 200 {
			isProblem(t, res, body, res.StatusCode)
		}
	}
}

func TestAttack_C56_C57_Guessing(t *testing.T) {
	t.Parallel()
	s := serve(t, api.Options{Service: &fake{}})
	for i := range 25 {
		res, body := s.request(t, "GET", "/api/v1/jobs", "", "Authorization", "Bearer "+access.NewSecret(),
			"X-Forwarded-For", fmt.Sprintf("10.0.0.%d", i), "X-Real-IP", fmt.Sprintf("10.0.0.%d", i), "Forwarded", fmt.Sprintf("for=10.0.0.%d", i))
		want := http.StatusUnauthorized
		if i >= 20 {
			want = http.StatusTooManyRequests
		}
		isProblem(t, res, body, want)
		if !res.Close {
			t.Error("the connection stays open")
		}
	}
	if res, _ := s.request(t, "GET", "/api/v1/jobs", ""); res.StatusCode != http.StatusOK {
		t.Errorf("a valid token is locked out: %d", res.StatusCode)
	}
}

func TestAttack_C58_IdempotencyKey(t *testing.T) {
	t.Parallel()
	f := &fake{jobs: make(chan []turno.NewJob, 1)}
	s := serve(t, api.Options{Service: f})
	const id, other = "0190a000-0000-7000-8000-000000000000", "0190a000-0000-7000-8000-000000000001"
	res, body := s.request(t, "POST", "/api/v1/jobs", `{"spec":{"type":"noop"}}`, "Idempotency-Key", id)
	if got := (<-f.jobs)[0].ID; res.StatusCode != 201 || got != id {
		t.Errorf("%d %s: id %s", res.StatusCode, body, got)
	}
	if got := res.Header.Get("Location"); got != "/api/v1/jobs/1" {
		t.Errorf("location %q", got)
	}
	res, body = s.request(t, "POST", "/api/v1/jobs", `{"id":"`+other+`","spec":{"type":"noop"}}`, "Idempotency-Key", id)
	isProblem(t, res, body, http.StatusUnprocessableEntity)
	for _, key := range []string{"x", "../../x", strings.ToUpper(id), strings.Repeat("k", 5000)} {
		res, body = s.request(t, "POST", "/api/v1/jobs", `{"spec":{"type":"noop"}}`, "Idempotency-Key", key)
		isProblem(t, res, body, http.StatusBadRequest)
	}
	res, body = s.request(t, "POST", "/api/v1/jobs", `{"jobs":[{"spec":{"type":"noop"}}]}`, "Idempotency-Key", id)
	isProblem(t, res, body, http.StatusBadRequest)
}

func TestAttack_C60_NothingElseIsServed(t *testing.T) {
	t.Parallel()
	s := serve(t, api.Options{Service: &fake{}})
	for _, path := range []string{"/metrics", "/debug/pprof", "/debug/pprof/heap", "/debug/vars", "/docs", "/schemas/Job.json", "/openapi.yaml", "/.env", "/index.html"} {
		res, body := s.request(t, "GET", path, "", "Authorization", "")
		isProblem(t, res, body, http.StatusUnauthorized)
		res, body = s.request(t, "GET", path, "")
		isProblem(t, res, body, http.StatusNotFound)
	}
	for _, c := range []struct{ method, path, allow string }{
		{"DELETE", "/api/v1/jobs", "GET, HEAD, POST"}, {"PUT", "/api/v1/jobs/1", "GET, HEAD, PATCH"}, {"GET", "/api/v1/actions", "POST"},
		{"OPTIONS", "/api/v1/jobs", "GET, HEAD, POST"}, {"TRACE", "/api/v1/jobs", "GET, HEAD, POST"}, {"BREW", "/healthz", "GET, HEAD"},
	} {
		res, body := s.request(t, c.method, c.path, "")
		isProblem(t, res, body, http.StatusMethodNotAllowed)
		if got := res.Header.Get("Allow"); got != c.allow {
			t.Errorf("%s %s: Allow %q", c.method, c.path, got)
		}
	}
}

func TestAttack_C66_ErrorsTellNothing(t *testing.T) {
	t.Parallel()
	secret := "open /var/lib/turno/turno.db: SELECT * FROM jobs: dial tcp 10.1.2.3:5432"
	f := &fake{
		err: errors.New(secret),
		job: func(ref string) (turno.Job, error) {
			if ref == "13" {
				panic(secret)
			}
			return turno.Job{}, errors.New(secret)
		},
	}
	s := serve(t, api.Options{Service: f})
	for path, status := range map[string]int{"/api/v1/jobs/1": 500, "/api/v1/jobs/13": 500, "/api/v1/summary": 500, "/readyz": 503} {
		res, body := s.request(t, "GET", path, "")
		isProblem(t, res, body, status)
		for _, word := range []string{"turno.db", "SELECT", "10.1.2.3", "goroutine", ".go:", "/work"} {
			if strings.Contains(body, word) {
				t.Errorf("%s tells %q: %s", path, word, body)
			}
		}
	}
}
