package webhook_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"turno/internal/webhook"
)

var (
	secret = []byte("a secret of 24 bytes....")
	at     = time.Unix(1_795_000_000, 0)
)

func message(url string) webhook.Message {
	return webhook.Message{URL: url, ID: "msg_1", At: at, Body: []byte(`{"number":42}`)}
}

func sender(allow ...string) *webhook.Sender {
	o := webhook.Options{Secrets: [][]byte{secret}, Version: "v1"}
	for _, a := range allow {
		o.Allow = append(o.Allow, netip.MustParsePrefix(a))
	}
	return webhook.New(o)
}

// TestSign_AsTheConventionSays: the value is openssl's,
// printf 'msg_1.1795000000.{"number":42}' | openssl dgst -sha256 -hmac 'a secret of 24 bytes....' -binary | base64
func TestSign_AsTheConventionSays(t *testing.T) {
	t.Parallel()
	const want = "v1,OVa7T3TSNJMPAZhq5Uzml3MF5dzCB+eCEcexKRgOklc="
	if got := webhook.Sign([][]byte{secret}, message("")); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := webhook.Sign([][]byte{secret, []byte("the next one")}, message("")); !strings.HasPrefix(got, want+" v1,") {
		t.Errorf("two secrets sign %s", got)
	}
}

func TestSend_SignsWhatItPosts(t *testing.T) {
	t.Parallel()
	var got *http.Request
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
	}))
	defer server.Close()
	m := message(server.URL + "/hook?a=1")
	if status, err := sender("127.0.0.0/8").Send(t.Context(), m); err != nil || status != http.StatusOK {
		t.Fatalf("%d %v", status, err)
	}
	if got.Method != http.MethodPost || got.URL.String() != "/hook?a=1" || string(body) != string(m.Body) ||
		got.Header.Get("webhook-id") != "msg_1" || got.Header.Get("webhook-timestamp") != "1795000000" ||
		got.Header.Get("webhook-signature") != webhook.Sign([][]byte{secret}, m) || got.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%s %s %v %s", got.Method, got.URL, got.Header, body)
	}
}

// TestSend_NoAddressThatIsNotOfTheInternet: item 52 of the list of attacks. A
// name that stands for this machine is one that was rebound.
func TestSend_NoAddressThatIsNotOfTheInternet(t *testing.T) {
	t.Parallel()
	reached := false
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer server.Close()
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	for _, host := range []string{
		"127.0.0.1", "localhost", "127.1.2.3", "0.0.0.0", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::7f00:1]", "10.0.0.1", "172.16.0.1",
		"192.168.1.1", "169.254.169.254", "[fe80::1]", "[fd00:ec2::254]", "100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "255.255.255.255",
		"[64:ff9b::a9fe:a9fe]", "[2002:7f00:1::]", "[fec0::1]", "[ff02::1]",
	} {
		for _, scheme := range []string{"http", "https"} {
			status, err := sender().Send(t.Context(), message(scheme+"://"+host+":"+port+"/"))
			if status != 0 || !errors.Is(err, webhook.ErrForbidden) {
				t.Errorf("%s://%s: %d %v", scheme, host, status, err)
			}
		}
	}
	for _, url := range []string{"file:///etc/passwd", "gopher://127.0.0.1/", "unix:///run/x", "http://"} {
		if status, err := sender("127.0.0.0/8").Send(t.Context(), message(url)); err == nil {
			t.Errorf("%s: %d", url, status)
		}
	}
	if reached {
		t.Error("something was told")
	}
}

func TestSend_RedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	followed := false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if followed = r.URL.Path != "/"; !followed {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}
	}))
	defer server.Close()
	status, err := sender("127.0.0.1/32").Send(t.Context(), message(server.URL))
	if status != http.StatusTemporaryRedirect || err == nil || followed {
		t.Errorf("%d %v, followed: %v", status, err, followed)
	}
}

func TestSend_SaysWhatWasAnswered(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, "come\x1b[31m later\nINFO forged "+strings.Repeat("x", 1<<20))
	}))
	defer server.Close()
	status, err := sender("127.0.0.1/32").Send(t.Context(), message(server.URL))
	if status != http.StatusServiceUnavailable || err == nil || err.Error() != "503 Service Unavailable: come?[31m later" {
		t.Errorf("%d %v", status, err)
	}
}

func TestSecrets_AreMadeOnceAndRead(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "webhook-secret")
	first, err := webhook.LoadOrCreateSecrets(path)
	if err != nil || len(first) != 1 || len(first[0]) != 32 {
		t.Fatalf("%v %v", first, err)
	}
	if again, err := webhook.LoadOrCreateSecrets(path); err != nil || string(again[0]) != string(first[0]) {
		t.Errorf("%v %v", again, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	for _, bad := range []string{"", "\n", "whsec_", "whsec_c2hvcnQ=", "password", "whsec_%%%"} {
		if err := os.WriteFile(path, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := webhook.LoadOrCreateSecrets(path); err == nil {
			t.Errorf("%q was taken for %v", bad, got)
		}
	}
}

// TestCheck_WhatCanBeSeen: addresses are refused before anybody dials; names
// are not looked up.
func TestCheck_WhatCanBeSeen(t *testing.T) {
	t.Parallel()
	lab := []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}
	for url, ok := range map[string]bool{
		"https://example.com/x": true, "https://93.184.216.34/x": true, "https://10.1.2.3/x": true, "https://[2606:2800:220:1::1]/": true,
		"http://127.0.0.1:8080/": false, "http://localhost/": false, "http://LOCALHOST./": false, "http://x.localhost/": false,
		"http://[::1]/": false, "http://[::ffff:127.0.0.1]/": false, "http://10.2.0.1/": false, "http://192.168.1.1/": false,
		"http://169.254.169.254/latest/meta-data/": false, "http://0.0.0.0/": false, "http://127.1/": false, "http://2130706433/": false,
		"http://0x7f.1/": false, "http://017700000001/": false, "http://[fe80::1]/": false,
	} {
		if err := webhook.Check(url, lab); (err == nil) != ok {
			t.Errorf("%s: %v", url, err)
		}
	}
}
