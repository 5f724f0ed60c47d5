// Package secure runs turno where nothing that crosses a network is in the
// clear: the API over HTTPS, RabbitMQ, NATS and PostgreSQL over TLS, each with a
// certificate of no authority that the system knows.
package secure

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"turno"
	"turno/client"
	"turno/internal/cert"
	"turno/internal/testenv"
	"turno/test/lab"
)

func TestMain(m *testing.M) { lab.Main(m) }

// pair makes a certificate for this machine.
func pair(t *testing.T, names ...string) testenv.Pair {
	t.Helper()
	certFile, keyFile, err := cert.Own(t.TempDir(), append(names, "127.0.0.1", "localhost"))
	if err != nil {
		t.Fatal(err)
	}
	return testenv.Pair{Cert: certFile, Key: keyFile}
}

// program runs turno as a user who is elsewhere would: the server is named, and
// nothing lies in a data folder.
func program(ctx context.Context, t *testing.T, d *lab.Deployment, token string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(ctx, d.Binary, args...)
	cmd.Env = append(os.Environ(), "TURNO_DATA="+t.TempDir(), "TURNO_TOKEN="+token, fmt.Sprintf("TURNO_SERVER=https://127.0.0.1:%d", d.Port))
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// serving waits until the API answers over TLS, and gives its token and
// fingerprint.
func serving(ctx context.Context, t *testing.T, d *lab.Deployment) (token, fingerprint string) {
	t.Helper()
	lab.Await(ctx, t, func() error {
		conn, err := (&tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}).DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", d.Port))
		if err != nil {
			return err
		}
		fingerprint = cert.Fingerprint(conn.(*tls.Conn).ConnectionState().PeerCertificates[0])
		return conn.Close()
	})
	text, err := os.ReadFile(filepath.Join(d.Data, "token"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text)), fingerprint
}

// TestUp_OwnCertificate: turno up --tls on every address, with a certificate of
// its own, which survives a restart.
func TestUp_OwnCertificate(t *testing.T) {
	t.Parallel()
	d := lab.New(t, lab.Binary(t, lab.Build{}))
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	up := d.Start("up", "--listen", fmt.Sprintf("0.0.0.0:%d", d.Port), "--tls")
	token, fingerprint := serving(ctx, t, d)
	ca := filepath.Join(d.Data, "tls", "cert.pem")
	other := pair(t)
	wrong, err := cert.FileFingerprint(other.Cert)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		flags []string
		says  string // empty: it works
	}{
		{[]string{"--fingerprint", fingerprint}, ""},
		{[]string{"--ca", ca}, ""},
		{[]string{"--ca", ca, "--fingerprint", fingerprint}, ""},
		{nil, "is not trusted"},
		{[]string{"--ca", other.Cert}, "is not trusted"},
		{[]string{"--fingerprint", wrong}, "not the one that was expected"},
		{[]string{"--ca", ca, "--fingerprint", wrong}, "not the one that was expected"},
		{[]string{"--fingerprint", "sha256:12"}, "64 hexadecimal digits"},
		{[]string{"--server", fmt.Sprintf("http://127.0.0.1:%d", d.Port)}, "HTTPS"},
	} {
		out, err := program(ctx, t, d, token, append(append([]string{"run"}, c.flags...), "--", "echo", "it works")...)
		if c.says == "" && (err != nil || !strings.Contains(out, "it works")) || c.says != "" && (err == nil || !strings.Contains(out, c.says)) {
			t.Errorf("%v: %v, says %q", c.flags, err, out)
		}
	}
	// On the machine itself nothing has to be said.
	cmd := exec.CommandContext(ctx, d.Binary, "run", "--", "echo", "it works")
	cmd.Env = append(os.Environ(), "TURNO_DATA="+d.Data)
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "it works") {
		t.Errorf("on its own machine: %v, says %s", err, out)
	}
	up.Restart()
	if _, again := serving(ctx, t, d); again != fingerprint {
		t.Errorf("the fingerprint was %s and is %s", fingerprint, again)
	}
}

// TestListen_WideInTheClearIsRefused: nobody opens turno to a network by
// mistake.
func TestListen_WideInTheClearIsRefused(t *testing.T) {
	t.Parallel()
	d := lab.New(t, lab.Binary(t, lab.Build{}))
	out, err := program(t.Context(), t, d, "", "up", "--listen", fmt.Sprintf("0.0.0.0:%d", d.Port))
	if err == nil || !strings.Contains(out, "tokens would cross the network in the clear") || !strings.Contains(out, "say tls") {
		t.Errorf("%v, says %s", err, out)
	}
}

// TestApart_NothingInTheClear runs the roles on servers that speak only TLS.
func TestApart_NothingInTheClear(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"amqps", "tls"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			p := pair(t)
			broker := testenv.RabbitMQTLS
			if kind == "tls" {
				broker = testenv.NATSTLS
			}
			d := lab.New(t, lab.Binary(t, lab.Build{}))
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
			defer cancel()
			d.Common = []string{"--broker", broker(t, p).URL(), "--broker-ca", p.Cert, "--store", testenv.PostgresTLS(t, p).URL()}
			d.Start("scheduler")
			d.Start("api", "--listen", fmt.Sprintf("127.0.0.1:%d", d.Port), "--tls-cert", p.Cert, "--tls-key", p.Key)
			d.Start("worker")
			token, _ := serving(ctx, t, d)
			if out, err := program(ctx, t, d, token, "run", "--ca", p.Cert, "--", "echo", "it works"); err != nil || !strings.Contains(out, "it works") {
				t.Errorf("%v, says %s", err, out)
			}
			// Another authority is not believed, by broker nor by store.
			other := pair(t)
			for _, change := range [][2]string{{d.Common[3], other.Cert}, {"sslrootcert=" + p.Cert, "sslrootcert=" + other.Cert}} {
				args := strings.Split(strings.ReplaceAll(strings.Join(d.Common, "\n"), change[0], change[1]), "\n")
				short, cancel := context.WithTimeout(ctx, 20*time.Second)
				out, err := program(short, t, d, "", append([]string{"scheduler"}, args...)...)
				cancel()
				if err == nil || !strings.Contains(out, "certificate") {
					t.Errorf("with %s: %v, says %s", change[1], err, out)
				}
			}
		})
	}
}

// TestRotation: the certificate and the token are replaced while jobs run and a
// client follows them. Nothing is interrupted.
func TestRotation(t *testing.T) {
	t.Parallel()
	d := lab.New(t, lab.Binary(t, lab.Build{}))
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	p, next := pair(t), pair(t)
	d.Start("up", "--listen", fmt.Sprintf("127.0.0.1:%d", d.Port), "--tls-cert", p.Cert, "--tls-key", p.Key)
	token, before := serving(ctx, t, d)
	c := connect(t, d, p.Cert, token)
	ids := []string{lab.NewID(t), lab.NewID(t)}
	release := filepath.Join(t.TempDir(), "release")
	script := "until [ -e " + release + " ]; do sleep 0.1; done"
	if _, err := c.Submit(ctx, []turno.NewJob{{ID: ids[0], Spec: lab.Command(script)}, {ID: ids[1], Spec: lab.Command(script)}}); err != nil {
		t.Fatal(err)
	}
	events, stop := context.WithCancel(ctx)
	ended, broken := make(chan int64, 2), make(chan error, 1)
	hear := func(c *client.Client) { // ends with events
		for e, err := range c.Events(events, turno.EventQuery{}) {
			if err != nil {
				broken <- err
				return
			}
			if e.State.Ended() {
				ended <- e.Number
			}
		}
	}
	go hear(c)
	lab.Await(ctx, t, func() error { return allRun(ctx, c, 2) })

	// Another key, another token; the old one counts for a while beside it.
	replace(t, next.Key, p.Key)
	replace(t, next.Cert, p.Cert)
	fresh := newToken(t, d)
	write(t, filepath.Join(d.Data, "token"), fresh+"\n"+token+"\n")
	after := before
	lab.Await(ctx, t, func() error {
		_, after = serving(ctx, t, d)
		if after == before {
			return turno.Errorf(turno.CodeUnavailable, "still the old certificate")
		}
		return nil
	})
	renewed := connect(t, d, p.Cert, fresh)
	lab.Await(ctx, t, func() error { return allRun(ctx, renewed, 2) })
	if err := allRun(ctx, connect(t, d, p.Cert, token), 2); err != nil {
		t.Errorf("the old token: %v", err)
	}
	select {
	case err := <-broken:
		t.Fatalf("the stream of events broke while its token was good: %v", err)
	default:
	}
	write(t, filepath.Join(d.Data, "token"), fresh+"\n")
	lab.Await(ctx, t, func() error {
		if _, err := connect(t, d, p.Cert, token).Summary(ctx); err == nil {
			return turno.Errorf(turno.CodeUnavailable, "the old token is still good")
		}
		return nil
	})
	select { // what it had opened ends with it
	case err := <-broken:
		if !strings.Contains(err.Error(), "the token is not valid here") {
			t.Errorf("the stream of events ended with %v", err)
		}
	case <-ctx.Done():
		t.Fatal("the old token's stream of events goes on")
	}
	go hear(renewed)
	// What is no token leaves the last good one in force.
	write(t, filepath.Join(d.Data, "token"), "nonsense\n")
	if err := allRun(ctx, renewed, 2); err != nil {
		t.Errorf("after a bad file: %v", err)
	}

	write(t, release, "")
	for range ids {
		select {
		case <-ended:
		case err := <-broken:
			t.Fatalf("the stream of events broke: %v", err)
		case <-ctx.Done():
			t.Fatal("the jobs' ends were not heard")
		}
	}
	stop()
	for _, id := range ids {
		if j, err := renewed.Job(ctx, id); err != nil || j.State != turno.Succeeded || j.Attempt != 1 {
			t.Errorf("%+v, %v", j, err)
		}
	}
}

func connect(t *testing.T, d *lab.Deployment, ca, token string) *client.Client {
	t.Helper()
	trust, err := cert.Trust(ca, "")
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.New(client.Options{URL: "https://" + net.JoinHostPort("127.0.0.1", fmt.Sprint(d.Port)), Token: token, TLS: trust})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func allRun(ctx context.Context, c *client.Client, n int64) error {
	s, err := c.Summary(ctx)
	if err == nil && s.States[turno.Running] != n {
		err = turno.Errorf(turno.CodeUnavailable, "%v", s.States)
	}
	return err
}

// newToken is one that another turno has made.
func newToken(t *testing.T, like *lab.Deployment) string {
	t.Helper()
	d := lab.New(t, like.Binary)
	up := d.Up()
	d.Client()
	up.End()
	text, err := os.ReadFile(filepath.Join(d.Data, "token"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

func replace(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
