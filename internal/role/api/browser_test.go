package api_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"turno/internal/access"
	"turno/internal/role/api"
)

// signIn trades a code or a token for a cookie.
func (s server) signIn(t *testing.T, body string) (*http.Response, string) {
	t.Helper()
	return s.request(t, "POST", "/api/v1/session", body, "Authorization", "")
}

// code is that of a fresh link.
func (s server) code(t *testing.T) string {
	t.Helper()
	_, code, ok := strings.Cut(s.SignInURL(), "/#code=")
	if !ok || !strings.HasPrefix(s.SignInURL(), s.URL()) {
		t.Fatalf("the link is %q", s.SignInURL())
	}
	return code
}

func cookieOf(t *testing.T, res *http.Response) *http.Cookie {
	t.Helper()
	if len(res.Cookies()) != 1 {
		t.Fatalf("%d cookies", len(res.Cookies()))
	}
	return res.Cookies()[0]
}

func TestBrowser_CodeIsGoodOnce(t *testing.T) {
	t.Parallel()
	s := serve(t, api.Options{Service: &fake{}})
	code := s.code(t)
	res, body := s.signIn(t, `{"code":"`+code+`"}`)
	if res.StatusCode != http.StatusOK || !strings.Contains(body, `"user":"ana"`) {
		t.Fatalf("%d %s", res.StatusCode, body)
	}
	c := cookieOf(t, res)
	if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || !strings.HasPrefix(c.Name, "turno_") || c.MaxAge < 3600 {
		t.Errorf("the cookie is %v", c)
	}
	res, body = s.request(t, "GET", "/api/v1/summary", "", "Authorization", "", "Cookie", c.Name+"="+c.Value)
	if res.StatusCode != http.StatusOK {
		t.Errorf("with the cookie: %d %s", res.StatusCode, body)
	}
	res, body = s.signIn(t, `{"code":"`+code+`"}`)
	isProblem(t, res, body, http.StatusUnauthorized)
}

func TestBrowser_CookiesThatAreNotGood(t *testing.T) {
	t.Parallel()
	s := serve(t, api.Options{Service: &fake{}})
	res, _ := s.signIn(t, `{"token":"`+s.token+`"}`)
	c := cookieOf(t, res)
	other := serve(t, api.Options{Service: &fake{}})
	foreign, _ := other.signIn(t, `{"token":"`+other.token+`"}`)
	flipped := "A" + c.Value[1:]
	if c.Value[0] == 'A' {
		flipped = c.Value[:10] + "zz" + c.Value[12:]
	}
	for _, cookie := range []string{
		"", c.Name + "=", c.Name + "=" + flipped, c.Name + "=" + c.Value[:len(c.Value)-2], c.Name + "=" + cookieOf(t, foreign).Value,
		"turno_x=" + c.Value, c.Name + "=" + c.Value + "; " + c.Name + "=" + c.Value, c.Name + "=" + s.token,
	} {
		res, body := s.request(t, "GET", "/api/v1/summary", "", "Authorization", "", "Cookie", cookie)
		isProblem(t, res, body, http.StatusUnauthorized)
	}
	// A token that is wrong is wrong, also beside a cookie that is good.
	res, body := s.request(t, "GET", "/api/v1/summary", "", "Authorization", "Bearer "+access.NewSecret(), "Cookie", c.Name+"="+c.Value)
	isProblem(t, res, body, http.StatusUnauthorized)
}

func TestBrowser_SessionsOutliveARestartAndEndWithTheirToken(t *testing.T) {
	t.Parallel()
	key := []byte("a secret of two servers")
	s := serve(t, api.Options{Service: &fake{}, SessionKey: key})
	res, _ := s.signIn(t, `{"token":"`+s.token+`"}`)
	c := cookieOf(t, res)
	same, err := api.New(api.Options{Service: &fake{}, SessionKey: key, Listen: "127.0.0.1:0", Access: access.Options{Fixed: []access.Fixed{{Hash: access.Hash(s.token)}}}})
	if err != nil {
		t.Fatal(err)
	}
	revoked, err := api.New(api.Options{Service: &fake{}, SessionKey: key, Listen: "127.0.0.1:0", Access: access.Options{Fixed: []access.Fixed{{Hash: access.Hash(access.NewSecret())}}}})
	if err != nil {
		t.Fatal(err)
	}
	for server, want := range map[*api.Role]int{same: http.StatusOK, revoked: http.StatusUnauthorized} {
		r, err := http.NewRequest("GET", "http://localhost/api/v1/summary", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.AddCookie(c)
		if got := answer(server, r); got != want {
			t.Errorf("%d, want %d", got, want)
		}
	}
}

func TestBrowser_SignOutEndsTheSession(t *testing.T) {
	t.Parallel()
	s := serve(t, api.Options{Service: &fake{}})
	res, _ := s.signIn(t, `{"code":"`+s.code(t)+`"}`)
	cookie := cookieOf(t, res).Name + "=" + cookieOf(t, res).Value
	res, _ = s.request(t, "DELETE", "/api/v1/session", "", "Authorization", "", "Cookie", cookie)
	if c := cookieOf(t, res); res.StatusCode != http.StatusOK || c.MaxAge >= 0 {
		t.Errorf("%d %v", res.StatusCode, c)
	}
	res, body := s.request(t, "GET", "/api/v1/summary", "", "Authorization", "", "Cookie", cookie)
	isProblem(t, res, body, http.StatusUnauthorized)
}

func TestBrowser_GuessingIsSlow(t *testing.T) {
	t.Parallel()
	s := serve(t, api.Options{Service: &fake{}})
	last := 0
	for range 30 {
		res, body := s.signIn(t, `{"code":"guess"}`)
		last = res.StatusCode
		if last != http.StatusTooManyRequests {
			isProblem(t, res, body, http.StatusUnauthorized)
		}
	}
	if last != http.StatusTooManyRequests {
		t.Errorf("the last guess got %d", last)
	}
}

func TestBrowser_WhoAmI(t *testing.T) {
	t.Parallel()
	s := serve(t, api.Options{Service: &fake{}})
	for auth, want := range map[string]bool{"": false, "Bearer " + s.token: true, "Bearer " + access.NewSecret(): false} {
		_, body := s.request(t, "GET", "/api/v1/session", "", "Authorization", auth)
		var got struct {
			SignedIn bool `json:"signed_in"`
		}
		if err := json.Unmarshal([]byte(body), &got); err != nil || got.SignedIn != want {
			t.Errorf("%q: %v %s", auth, err, body)
		}
	}
	link, err := connect(t, s).SignInLink(t.Context())
	if err != nil || !strings.HasPrefix(link.URL, s.URL()+"/#code=") || link.ExpiresAt.IsZero() {
		t.Errorf("%+v %v", link, err)
	}
}

func TestPages_HeadersAndCompression(t *testing.T) {
	t.Parallel()
	s := serve(t, api.Options{Service: &fake{}})
	for _, path := range []string{"/", "/jobs", "/jobs/12", "/settings", "/submit/matmul"} {
		// A link from another site may lead to a page: it holds nothing of anybody.
		res, body := s.request(t, "GET", path, "", "Authorization", "", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate")
		policy := res.Header.Get("Content-Security-Policy")
		switch {
		case res.StatusCode != http.StatusOK || !strings.Contains(body, `src="/assets/main-`):
			t.Errorf("%s: %d %s", path, res.StatusCode, body)
		case strings.Contains(policy, "unsafe") || !strings.Contains(policy, "script-src 'self'") || !strings.Contains(policy, "frame-ancestors 'none'"):
			t.Errorf("%s: policy %q", path, policy)
		case res.Header.Get("X-Content-Type-Options") != "nosniff" || res.Header.Get("Cross-Origin-Opener-Policy") != "same-origin" ||
			res.Header.Get("Referrer-Policy") != "no-referrer" || res.Header.Get("X-Frame-Options") != "DENY":
			t.Errorf("%s: %v", path, res.Header)
		}
		res, _ = s.request(t, "GET", path, "", "If-None-Match", res.Header.Get("ETag"))
		if res.StatusCode != http.StatusNotModified {
			t.Errorf("%s again: %d", path, res.StatusCode)
		}
	}
	_, body := s.request(t, "GET", "/", "")
	_, rest, _ := strings.Cut(body, `src="`)
	script, _, _ := strings.Cut(rest, `"`)
	res, _ := s.request(t, "GET", script, "", "Authorization", "", "Accept-Encoding", "gzip")
	if res.Header.Get("Content-Encoding") != "gzip" || !strings.Contains(res.Header.Get("Cache-Control"), "immutable") ||
		!strings.HasPrefix(res.Header.Get("Content-Type"), "text/javascript") {
		t.Errorf("%s: %v", script, res.Header)
	}
	for _, method := range []string{"POST", "DELETE", "PUT"} {
		res, body := s.request(t, method, "/jobs", "", "Authorization", "")
		isProblem(t, res, body, http.StatusUnauthorized)
	}
	res, body = s.request(t, "GET", "/jobs", "", "Host", "evil.example", "Authorization", "")
	isProblem(t, res, body, http.StatusMisdirectedRequest)
}

// answer is the status that a server gives.
func answer(a *api.Role, r *http.Request) int {
	w := httptest.NewRecorder()
	a.Handler().ServeHTTP(w, r)
	return w.Code
}
