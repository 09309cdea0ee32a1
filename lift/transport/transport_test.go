package transport

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// An authority is a certificate with its key, of an authority or a server.
type authority struct {
	*x509.Certificate
	key *ecdsa.PrivateKey
}

// issue makes a certificate with the template's name and use, signed by from, or
// by itself.
func issue(t testing.TB, template x509.Certificate, from *authority) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.NotBefore = time.Now().Add(-time.Hour)
	if template.NotAfter.IsZero() {
		template.NotAfter = time.Now().Add(time.Hour)
	}
	made := &authority{key: key}
	if from == nil {
		from = &authority{&template, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, from.Certificate, &key.PublicKey, from.key)
	if err != nil {
		t.Fatal(err)
	}
	if made.Certificate, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return made
}

func root(t testing.TB, name string) *authority {
	return issue(t, x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}, nil)
}

func intermediate(t testing.TB, from *authority) *authority {
	return issue(t, x509.Certificate{Subject: pkix.Name{CommonName: "between"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}, from)
}

// bundle writes the certificates into a file, among 150 others and texts, as
// systems have it.
func bundle(t testing.TB, of ...*authority) string {
	t.Helper()
	var text bytes.Buffer
	for n := range 150 {
		of = append(of, root(t, fmt.Sprint("other ", n)))
	}
	for _, one := range of {
		fmt.Fprintf(&text, "# %s\n", one.Subject)
		if err := pem.Encode(&text, &pem.Block{Type: "CERTIFICATE", Bytes: one.Raw}); err != nil {
			t.Fatal(err)
		}
	}
	text.WriteString("-----BEGIN CERTIFICATE-----\nnot base64!\n-----END CERTIFICATE-----\n-----BEGIN TRUSTED CERTIFICATE-----\nAAAA\n-----END TRUSTED CERTIFICATE-----\n")
	file := filepath.Join(t.TempDir(), "ca-bundle.crt")
	if err := os.WriteFile(file, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// serve answers at 127.0.0.1 with the certificates.
func serve(t testing.TB, own *authority, chain ...*authority) string {
	t.Helper()
	shown := tls.Certificate{Certificate: [][]byte{own.Raw}, PrivateKey: own.key}
	for _, one := range chain {
		shown.Certificate = append(shown.Certificate, one.Raw)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "here") }))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{shown}}
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of clients that do not trust it
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL
}

// here is a server's certificate for 127.0.0.1.
var here = x509.Certificate{Subject: pkix.Name{CommonName: "server"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}

func client(t testing.TB, r *roots) *http.Client {
	transport := New()
	transport.DialTLSContext = tlsDialer{&net.Dialer{}, r}.dial
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func get(client *http.Client, url string) error {
	response, err := client.Get(url)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && string(body) != "here" {
		err = fmt.Errorf("answered %q", body)
	}
	return err
}

func TestTrusts(t *testing.T) {
	t.Parallel()
	trusted := root(t, "trusted")
	between := intermediate(t, trusted)
	direct, byChain := serve(t, issue(t, here, trusted)), serve(t, issue(t, here, between), between)
	elsewhere := x509.NewCertPool()
	elsewhere.AddCert(trusted.Certificate)
	for name, r := range map[string]*roots{
		"in the bundle":     {bundle: bundle(t, trusted), all: x509.NewCertPool()},
		"behind its name":   {bundle: bundle(t, root(t, "trusted"), trusted), all: x509.NewCertPool()},
		"not in the bundle": {bundle: bundle(t), all: elsewhere},
		"no bundle":         {bundle: "/none", all: elsewhere},
	} {
		t.Run(name, func(t *testing.T) {
			for _, url := range []string{direct, byChain, direct} {
				if err := get(client(t, r), url); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
}

// Only what may have issued the server's certificates is parsed, and nothing behind
// the one that did.
func TestTheFewThatAreNeeded(t *testing.T) {
	t.Parallel()
	trusted := root(t, "trusted")
	r := &roots{bundle: bundle(t, trusted, root(t, "trusted")), all: x509.NewCertPool()}
	if err := get(client(t, r), serve(t, issue(t, here, trusted))); err != nil {
		t.Fatal(err)
	}
	want := x509.NewCertPool()
	want.AddCert(trusted.Certificate)
	if !r.few().Equal(want) {
		t.Error("other roots than the one that was needed are there")
	}
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	trusted := root(t, "trusted")
	r := &roots{bundle: bundle(t, trusted), all: x509.NewCertPool()}
	r.all.AddCert(trusted.Certificate)
	expired, otherHost, otherUse := here, here, here
	expired.NotAfter = time.Now().Add(-time.Minute)
	otherHost.IPAddresses, otherHost.DNSNames = []net.IP{net.IPv4(127, 0, 0, 2)}, []string{"localhost"}
	otherUse.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	for name, server := range map[string]*authority{
		"certificate has expired":       issue(t, expired, trusted),
		"127.0.0.2, not 127.0.0.1":      issue(t, otherHost, trusted),
		"incompatible key usage":        issue(t, otherUse, trusted),
		"certificate signed by unknown": issue(t, here, root(t, "nobody")),
		"possibly because of":           issue(t, here, root(t, "trusted")), // by name alone
	} {
		t.Run(name, func(t *testing.T) {
			err := get(client(t, r), serve(t, server))
			var refused *tls.CertificateVerificationError
			if !errors.As(err, &refused) || !strings.Contains(err.Error(), name) {
				t.Errorf("want %q, got %v", name, err)
			}
		})
	}
	if err := get(client(t, r), serve(t, issue(t, here, intermediate(t, trusted)))); err == nil {
		t.Error("a chain with a gap is trusted")
	}
}

// The transport finds the bundle that the environment names.
func TestNew(t *testing.T) {
	trusted := root(t, "trusted")
	t.Setenv("SSL_CERT_FILE", bundle(t, trusted))
	transport := New()
	defer transport.CloseIdleConnections()
	url := serve(t, issue(t, here, trusted))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if err := get(&http.Client{Transport: transport}, url); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// A server that accepts and says nothing holds a call up no longer than its
// context.
func TestHandshakeEndsWithTheContext(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		cancel()
		_, _ = io.Copy(io.Discard, conn)
	}()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+listener.Addr().String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if response, err := client(t, &roots{}).Do(request); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, %v", response, err)
	}
}

// BenchmarkFirstConnection compares the first trust in a server with what
// crypto/x509 does for it.
func BenchmarkFirstConnection(b *testing.B) {
	trusted := root(b, "trusted")
	file := bundle(b, trusted)
	server := issue(b, here, trusted)
	b.Run("needed", func(b *testing.B) {
		for b.Loop() {
			if err := (&roots{bundle: file, all: x509.NewCertPool()}).verify("127.0.0.1", []*x509.Certificate{server.Certificate}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("all, read once", func(b *testing.B) {
		for b.Loop() {
			text, err := os.ReadFile(file)
			if err != nil {
				b.Fatal(err)
			}
			all := x509.NewCertPool()
			all.AppendCertsFromPEM(text)
			if err := (&roots{bundle: "/none", all: all}).verify("127.0.0.1", []*x509.Certificate{server.Certificate}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
