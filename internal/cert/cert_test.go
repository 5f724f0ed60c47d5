package cert_test

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"turno/internal/cert"
)

// meet has a client and a server shake hands, and gives the client's error.
func meet(t *testing.T, server, client *tls.Config, name string) error {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") // a pipe has no room for two who write at once
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		_ = tls.Server(c, server).HandshakeContext(t.Context())
	}()
	if client == nil {
		client = &tls.Config{}
	}
	client = client.Clone()
	client.ServerName = name
	c, err := (&tls.Dialer{Config: client}).DialContext(t.Context(), "tcp", l.Addr().String())
	if err == nil {
		err = c.Close()
	}
	_ = l.Close()
	<-done
	return err
}

func TestTrust(t *testing.T) {
	t.Parallel()
	certFile, keyFile, err := cert.Own(t.TempDir(), []string{"localhost", "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	server, err := cert.Serve(certFile, keyFile, nil)
	if err != nil {
		t.Fatal(err)
	}
	fingerprint, err := cert.FileFingerprint(certFile)
	if err != nil {
		t.Fatal(err)
	}
	other := "sha256:" + strings.Repeat("0", 64)
	for _, c := range []struct {
		ca, fingerprint, name string
		ok                    bool
	}{
		{"", "", "localhost", false},
		{certFile, "", "localhost", true},
		{certFile, "", "127.0.0.1", true},
		{certFile, "", "elsewhere", false},
		{"", fingerprint, "elsewhere", true}, // its key says who it is
		{"", strings.ToUpper(fingerprint[7:]), "localhost", false},
		{"", other, "localhost", false},
		{certFile, fingerprint, "localhost", true},
		{certFile, fingerprint, "elsewhere", false},
		{certFile, other, "localhost", false},
	} {
		client, err := cert.Trust(c.ca, c.fingerprint)
		if err == nil {
			err = meet(t, server, client, c.name)
		}
		if (err == nil) != c.ok {
			t.Errorf("%+v: %v", c, err)
		}
		if c.fingerprint == other && !errors.Is(err, cert.ErrFingerprint) {
			t.Errorf("%+v says %v", c, err)
		}
	}
	for _, file := range []string{"/nowhere", keyFile} {
		if _, err := cert.Trust(file, ""); err == nil {
			t.Errorf("took %s for an authority", file)
		}
	}
}

// TestOwn_KeepsItsKey: another name makes another certificate, with the same
// key and so the same fingerprint; nothing new makes nothing.
func TestOwn_KeepsItsKey(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, key, err := cert.Own(dir, []string{"localhost"})
	if err != nil {
		t.Fatal(err)
	}
	first, _ := os.ReadFile(file)
	before, _ := cert.FileFingerprint(file)
	if info, err := os.Stat(key); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("others may read the key: %v, %v", info.Mode(), err)
	}
	if _, _, err := cert.Own(dir, []string{"localhost"}); err != nil {
		t.Fatal(err)
	}
	if again, _ := os.ReadFile(file); string(again) != string(first) {
		t.Error("made another certificate without need")
	}
	if _, _, err := cert.Own(dir, []string{"localhost", "gpu.example"}); err != nil {
		t.Fatal(err)
	}
	again, _ := os.ReadFile(file)
	if after, _ := cert.FileFingerprint(file); string(again) == string(first) || after != before {
		t.Errorf("the fingerprint was %s and is %s", before, after)
	}
	if err := os.WriteFile(filepath.Join(dir, "key.pem"), []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := cert.Own(dir, []string{"localhost"}); err == nil || !strings.Contains(err.Error(), "remove it") {
		t.Errorf("with a bad key: %v", err)
	}
}
