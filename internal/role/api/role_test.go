package api_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"flag"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"turno"
	"turno/internal/access"
	"turno/internal/role/api"
)

var update = flag.Bool("update", false, "write docs/openapi.json anew")

// TestOpenAPI_AsCommitted fails when a route changed and its description in
// docs was not written anew: go test ./internal/role/api -run OpenAPI -update
func TestOpenAPI_AsCommitted(t *testing.T) {
	t.Parallel()
	s := serve(t, api.Options{Service: &fake{}})
	text, err := s.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	var now bytes.Buffer
	if err := json.Indent(&now, text, "", "  "); err != nil {
		t.Fatal(err)
	}
	now.WriteByte('\n')
	path := filepath.Join("..", "..", "..", "docs", "openapi.json")
	if *update {
		if err := os.WriteFile(path, now.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	committed, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(committed, now.Bytes()) {
		t.Error("docs/openapi.json is not what is served; look at the difference, then run this test with -update")
	}
}

func TestListen_RefusesTheNetworkWithoutTLS(t *testing.T) {
	t.Parallel()
	token := []access.Fixed{{}}
	for listen, ok := range map[string]bool{
		"localhost:0": true, "127.0.0.1:0": true, "[::1]:0": true, "127.8.9.1:0": true,
		"0.0.0.0:0": false, ":0": false, "[::]:0": false, "192.168.1.1:0": false, "lab.example:0": false,
		"localhost": false, "localhost:x": false, "localhost:70000": false, "": false,
	} {
		_, err := api.New(api.Options{Service: &fake{}, Access: access.Options{Fixed: token}, Listen: listen})
		if (err == nil) != ok {
			t.Errorf("%q: %v", listen, err)
		}
	}
	if _, err := api.New(api.Options{Service: &fake{}, Access: access.Options{Fixed: token}, Listen: ":0", InsecureBehindProxy: true}); err != nil {
		t.Errorf("behind a proxy: %v", err)
	}
	if _, err := api.New(api.Options{Service: &fake{}, Listen: "localhost:0"}); err == nil {
		t.Error("starts without a token")
	}
}

func TestListen_TakenPort(t *testing.T) {
	t.Parallel()
	first := serve(t, api.Options{Service: &fake{}})
	_, err := api.New(api.Options{Service: &fake{}, Access: access.Options{Fixed: []access.Fixed{{}}}, Listen: first.Addr()})
	if err != nil {
		t.Fatal(err)
	}
	a, _ := api.New(api.Options{Service: &fake{}, Access: access.Options{Fixed: []access.Fixed{{}}}, Listen: first.Addr()})
	if err := a.Listen(); err == nil || !strings.Contains(err.Error(), "--listen") {
		t.Errorf("got %v", err)
	}
	second := serve(t, api.Options{Service: &fake{}, Listen: first.Addr(), FallForward: true})
	if second.Addr() == first.Addr() {
		t.Errorf("both on %s", first.Addr())
	}
	if res, _ := second.request(t, "GET", "/healthz", ""); res.StatusCode != 200 {
		t.Errorf("status %d", res.StatusCode)
	}
}

func TestListen_LocalhostIsBothAddresses(t *testing.T) {
	t.Parallel()
	s := serve(t, api.Options{Service: &fake{}, Listen: "localhost:0"})
	_, port, err := net.SplitHostPort(s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	if want := "http://localhost:" + port; s.URL() != want {
		t.Errorf("URL %s, want %s", s.URL(), want)
	}
	for _, host := range []string{"127.0.0.1", "::1"} {
		res, err := http.Get("http://" + net.JoinHostPort(host, port) + "/healthz")
		if err != nil {
			if probe, noIPv6 := net.Listen("tcp6", "[::1]:0"); noIPv6 == nil {
				_ = probe.Close()
				t.Error(err)
			}
			continue
		}
		_ = res.Body.Close()
		if res.StatusCode != 200 {
			t.Errorf("%s: %d", host, res.StatusCode)
		}
	}
}

// certificate makes a key and a certificate for 127.0.0.1 in files.
func certificate(t *testing.T) (certFile, keyFile string, pool *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	pool = x509.NewCertPool()
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	pool.AppendCertsFromPEM(text)
	for file, data := range map[string][]byte{certFile: text, keyFile: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw})} {
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile, pool
}

func TestAttack_C13_OldTLS(t *testing.T) {
	t.Parallel()
	cert, key, pool := certificate(t)
	s := serve(t, api.Options{Service: &fake{}, Listen: "0.0.0.0:0", CertFile: cert, KeyFile: key})
	_, port, _ := net.SplitHostPort(s.Addr())
	address := "127.0.0.1:" + port
	for version, ok := range map[uint16]bool{tls.VersionTLS10: false, tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		c, err := tls.Dial("tcp", address, &tls.Config{RootCAs: pool, MinVersion: version, MaxVersion: version})
		if (err == nil) != ok {
			t.Errorf("%s: %v", tls.VersionName(version), err)
		}
		if err == nil {
			_ = c.Close()
		}
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	defer client.CloseIdleConnections()
	res, err := client.Get("https://" + address + "/healthz") // an address is no name that can be rebound
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != 200 {
		t.Errorf("status %d", res.StatusCode)
	}
	if !strings.HasPrefix(s.URL(), "https://") {
		t.Errorf("URL %s", s.URL())
	}
}

func TestToken_Form(t *testing.T) {
	t.Parallel()
	token := access.NewSecret()
	if !access.WellFormed(token) || token == access.NewSecret() || len(token) != len("turno_")+72 {
		t.Errorf("token %q", token)
	}
	last := byte('0')
	if token[len(token)-1] == last {
		last = '1'
	}
	for _, bad := range []string{"", "turno_", token[1:], token + "0", token[:len(token)-1], token[:len(token)-1] + string(last), strings.ToUpper(token)} {
		if access.WellFormed(bad) {
			t.Errorf("%q passes", bad)
		}
	}
}

func TestToken_File(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "token")
	tokens := make([]string, 8)
	var group sync.WaitGroup
	for i := range tokens {
		group.Go(func() {
			// Who comes while another one writes sees an empty file, and says so.
			if token, err := access.LoadOrCreate(path); err == nil {
				tokens[i] = token
			}
		})
	}
	group.Wait()
	again, err := access.LoadOrCreate(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, token := range tokens {
		if token != "" && token != again {
			t.Errorf("two tokens: %q and %q", token, again)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestAttack_C65_TokenFileOfOthers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	good := filepath.Join(dir, "good")
	if _, err := access.LoadOrCreate(good); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []os.FileMode{0o644, 0o640, 0o604, 0o660, 0o666} {
		if err := os.Chmod(good, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := access.LoadOrCreate(good); err == nil || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("mode %o: %v", mode, err)
		}
	}
	if err := os.Chmod(good, 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(good, link); err != nil {
		t.Fatal(err)
	}
	bad := filepath.Join(dir, "bad")
	if err := os.WriteFile(bad, []byte("hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{link, bad, dir, filepath.Join(dir, "no", "such")} {
		if _, err := access.LoadOrCreate(path); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestActions_OnOne(t *testing.T) {
	t.Parallel()
	f := &fake{actions: make(chan turno.Action, 1), jobs: make(chan []turno.NewJob, 1)}
	s := serve(t, api.Options{Service: f})
	for path, body := range map[string]string{
		"/jobs/7/cancel": `{"message":"no","grace_seconds":1.5,"force":true}`, "/jobs/7/hold": "", "/jobs/7/release": "{}", "/jobs/7/requeue": "",
		"/workers/lab-01/drain": `{"message":"fan"}`, "/workers/lab-01/undrain": "",
	} {
		res, answer := s.request(t, "POST", "/api/v1"+path, body)
		if res.StatusCode != 200 {
			t.Errorf("%s: %d %s", path, res.StatusCode, answer)
			continue
		}
		a := <-f.actions
		if !strings.HasSuffix(path, "/"+string(a.Verb)) || a.User != "ana" || strings.Contains(body, "fan") && a.Message != "fan" {
			t.Errorf("%s: %+v", path, a)
		}
		if a.Verb == turno.Cancel && (a.Grace != turno.Duration(1500*time.Millisecond) || !a.Force) {
			t.Errorf("%s: %+v", path, a)
		}
	}
	for _, body := range []string{`{"message":"a","MESSAGE":"b"}`, `{"jobs":["8"]}`, `[]`, `{"force":1}`, `{} x`} {
		res, answer := s.request(t, "POST", "/api/v1/jobs/7/cancel", body)
		isProblem(t, res, answer, http.StatusBadRequest)
	}
	res, answer := s.request(t, "POST", "/api/v1/jobs/7/retry", "")
	if n := (<-f.jobs)[0]; res.StatusCode != 201 || n.RetryOf != 1 || n.Spec.Type != "noop" {
		t.Errorf("retry: %d %s %+v", res.StatusCode, answer, n)
	}
}

func TestVersion_AndHealth(t *testing.T) {
	t.Parallel()
	s := serve(t, api.Options{Service: &fake{}, Version: "1.2.3"})
	v, err := connect(t, s).Version(t.Context())
	if err != nil || v.Version != "1.2.3" || v.API != "v1" || v.Protocol != turno.ProtocolVersion {
		t.Errorf("%+v, %v", v, err)
	}
	for _, path := range []string{"/healthz", "/readyz"} {
		if res, _ := s.request(t, "GET", path, "", "Authorization", ""); res.StatusCode != 200 {
			t.Errorf("%s: %d", path, res.StatusCode)
		}
	}
}

// TestParse_SharesEqualSpecs: jobs in bulk that are alike cost one decoding.
func TestParse_SharesEqualSpecs(t *testing.T) {
	t.Parallel()
	f := &fake{jobs: make(chan []turno.NewJob, 1)}
	s := serve(t, api.Options{Service: f})
	var body strings.Builder
	for i := range 4 {
		body.WriteString(`,{"spec":{"name":"a","params":{"i":` + strconv.Itoa(i/2) + `},"type":"noop"}}`)
	}
	body.WriteString(`,{"spec":{"name":"b","params":{"i":1},"type":"noop"}}`)
	res, answer := s.request(t, "POST", "/api/v1/jobs", `{"jobs":[`+body.String()[1:]+`]}`)
	if res.StatusCode != 201 {
		t.Fatalf("%d %s", res.StatusCode, answer)
	}
	jobs := <-f.jobs
	for i, want := range []string{`a{"i":0}`, `a{"i":0}`, `a{"i":1}`, `a{"i":1}`, `b{"i":1}`} {
		if got := jobs[i].Spec.Name + string(jobs[i].Spec.Params); got != want {
			t.Errorf("job %d is %s, want %s", i, got, want)
		}
	}
	if jobs[0].Spec != jobs[1].Spec || jobs[1].Spec == jobs[2].Spec {
		t.Error("equal specs are not shared, or others are")
	}
}

// FuzzStrict: what is accepted is JSON, is not deep, and has no key twice;
// JSON without such things is accepted.
func FuzzStrict(f *testing.F) {
	for _, seed := range []string{`{"a":[1,-0.5e+3,true,null,"\u00e9\n"]}`, `[]`, `{"a":1,"A":2}`, `"\ud800"`, `01`, `{"k":1,"K":2}`, `[1,]`, "\"\xff\"", `{"":{}}`, `1e`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		err := api.CheckJSON(data)
		if err == nil && !json.Valid(data) {
			t.Errorf("accepts %q", data)
		}
		sub, bad := api.ParseSubmission(data)
		if bad == nil && (!json.Valid(data) || sub.Jobs() == 0) {
			t.Errorf("takes %q", data)
		}
		if err != nil && bad == nil {
			t.Errorf("refuses %q as JSON (%v), and takes it as jobs", data, err)
		}
		var v any
		if err != nil && json.Unmarshal(data, &v) == nil {
			if _, simple := v.(float64); simple {
				t.Errorf("refuses the number %q: %v", data, err)
			}
		}
	})
}
