// Package cert is what turno does with certificates: it serves one that is read
// anew when its files change, makes one for who has none, and trusts a server
// by a certificate authority or by the fingerprint of its key.
//
// A fingerprint is "sha256:" and the SHA-256, in hex, of the public key as the
// certificate has it: it stays the same when a certificate is renewed for the
// same key.
package cert

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"turno/internal/reload"
)

const (
	// lasts is what a certificate of turno's own is good for, and renewBefore
	// when the next start makes another: browsers refuse more than 825 days.
	lasts       = 800 * 24 * time.Hour
	renewBefore = 90 * 24 * time.Hour
)

// Serve is the configuration of a server whose certificate is in files: it
// changes with them, and connections that are open go on. Failed is told of a
// change that cannot be used.
func Serve(certFile, keyFile string, failed func(error)) (*tls.Config, error) {
	pair, err := reload.New(func() (*tls.Certificate, error) { return read(certFile, keyFile) }, failed, certFile, keyFile)
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		// A session with a job is a WebSocket, which HTTP/2 has no room for.
		NextProtos:     []string{"http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return pair.Get(), nil },
	}, nil
}

func read(certFile, keyFile string) (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("read the certificate %s and its key %s: %w", certFile, keyFile, err)
	}
	if now := time.Now(); now.After(pair.Leaf.NotAfter) {
		return nil, fmt.Errorf("the certificate %s was good until %s", certFile, pair.Leaf.NotAfter.Format(time.DateOnly))
	}
	return &pair, nil
}

// FileFingerprint is that of a certificate in a file.
func FileFingerprint(certFile string) (string, error) {
	leaf, err := readLeaf(certFile)
	if err != nil {
		return "", err
	}
	return Fingerprint(leaf), nil
}

// Fingerprint is that of a certificate's key.
func Fingerprint(c *x509.Certificate) string {
	return fmt.Sprintf("sha256:%x", sha256.Sum256(c.RawSubjectPublicKeyInfo))
}

func readLeaf(file string) (*x509.Certificate, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(data)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, fmt.Errorf("%s does not begin with a certificate in PEM", file)
	}
	return x509.ParseCertificate(block.Bytes)
}

// Own makes a certificate in a folder, for some names and addresses, unless there
// is one that is good for them. A key that is there is used again.
func Own(dir string, names []string) (certFile, keyFile string, err error) {
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	if good(certFile, keyFile, names) {
		return certFile, keyFile, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", "", err
	}
	key, err := ownKey(keyFile)
	if err != nil {
		return "", "", fmt.Errorf("make a key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return "", "", fmt.Errorf("make a certificate: %w", err)
	}
	now := time.Now()
	c := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "turno"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(lasts),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true, IsCA: true, // so that --ca takes it
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			c.IPAddresses = append(c.IPAddresses, ip)
		} else {
			c.DNSNames = append(c.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err == nil {
		err = write(certFile, "CERTIFICATE", der, 0o644)
	}
	if err != nil {
		return "", "", fmt.Errorf("make a certificate: %w", err)
	}
	return certFile, keyFile, nil
}

// good tells whether there is a certificate that can be used for long enough.
func good(certFile, keyFile string, names []string) bool {
	pair, err := read(certFile, keyFile)
	if err != nil || time.Until(pair.Leaf.NotAfter) < renewBefore {
		return false
	}
	for _, name := range names {
		if pair.Leaf.VerifyHostname(name) != nil {
			return false
		}
	}
	return true
}

// ownKey reads a key, or makes one if there is none.
func ownKey(file string) (*ecdsa.PrivateKey, error) {
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, err
		}
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return nil, err
		}
		return key, write(file, "PRIVATE KEY", der, 0o600)
	}
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, fmt.Errorf("%s holds no key in PEM: remove it, and another one is made", file)
	}
	any, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if key, ok := any.(*ecdsa.PrivateKey); ok {
		return key, nil
	}
	return nil, errors.Join(fmt.Errorf("%s holds no key of turno's: remove it, and another one is made", file), err)
}

// write puts a file in its place at once.
func write(file, kind string, der []byte, mode fs.FileMode) error {
	temp := file + ".new"
	if err := os.WriteFile(temp, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), mode); err != nil {
		return err
	}
	return os.Rename(temp, file)
}

// ErrFingerprint says that a server has another key than the one expected.
var ErrFingerprint = errors.New("the server's key is not the one that was expected")

// Trust is the configuration of a client: it trusts what the authorities in caFile
// have signed (empty: those of the system), and only a server with the key of a
// fingerprint, if one is given; without caFile the fingerprint alone counts. Nil
// means Go's own default.
func Trust(caFile, fingerprint string) (*tls.Config, error) {
	if caFile == "" && fingerprint == "" {
		return nil, nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if caFile != "" {
		data, err := os.ReadFile(caFile)
		if err != nil {
			return nil, fmt.Errorf("read certificate authorities: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(data) {
			return nil, fmt.Errorf("%s holds no certificate in PEM", caFile)
		}
	}
	if fingerprint == "" {
		return c, nil
	}
	if err := CheckFingerprint(fingerprint); err != nil {
		return nil, err
	}
	// Its key says who the server is: neither names nor dates can say more.
	c.InsecureSkipVerify = caFile == ""
	c.VerifyConnection = func(s tls.ConnectionState) error {
		got := Fingerprint(s.PeerCertificates[0])
		if subtle.ConstantTimeCompare([]byte(got), []byte(strings.ToLower(fingerprint))) != 1 {
			return fmt.Errorf("%w: it has %s, not %s", ErrFingerprint, got, fingerprint)
		}
		return nil
	}
	return c, nil
}

// CheckFingerprint tells whether text could be one.
func CheckFingerprint(text string) error {
	raw, err := hex.DecodeString(strings.TrimPrefix(text, "sha256:"))
	if err != nil || len(raw) != sha256.Size || !strings.HasPrefix(text, "sha256:") {
		return fmt.Errorf("%q is not a fingerprint: sha256: and 64 hexadecimal digits, as the server prints it", text)
	}
	return nil
}

// WithPair adds a client's own certificate, for servers that ask for one.
func WithPair(c *tls.Config, certFile, keyFile string) (*tls.Config, error) {
	if certFile == "" {
		return c, nil
	}
	if c == nil {
		c = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	pair, err := reload.New(func() (*tls.Certificate, error) { return read(certFile, keyFile) }, nil, certFile, keyFile)
	if err != nil {
		return nil, err
	}
	c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return pair.Get(), nil }
	return c, nil
}
