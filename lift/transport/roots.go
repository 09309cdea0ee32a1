package transport

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"iter"
	"os"
	"slices"
	"sync"
)

// bundles are the files of certificates that crypto/x509 looks for on Linux, of
// which it takes the first that there is. The variable SSL_CERT_FILE names
// another.
var bundles = []string{
	"/etc/pki/tls/certs/ca-bundle.crt",   // Amazon Linux
	"/etc/ssl/certs/ca-certificates.crt", // Debian
}

var systemRoots roots

// roots are the certificates that are trusted without one that vouches for them:
// those of a bundle as far as they have been needed, and else all the system's.
// They are safe for concurrent use.
type roots struct {
	bundle string         // "": the system's
	all    *x509.CertPool // nil: the system's

	mu     sync.Mutex
	needed *x509.CertPool // nil: none yet
}

// verify reports whether the certificates that a host has shown, its own first,
// make it trusted. It reads the bundle as far as it must.
func (r *roots) verify(host string, shown []*x509.Certificate) error {
	if few := r.few(); few != nil && r.among(few, host, shown) == nil {
		return nil
	}
	var issuers [][]byte
	for _, certificate := range shown {
		issuers = append(issuers, certificate.RawIssuer)
	}
	for certificate := range inBundle(r.bundle, issuers) {
		if r.among(r.with(certificate), host, shown) == nil {
			return nil
		}
	}
	if err := r.among(r.all, host, shown); err != nil {
		return &tls.CertificateVerificationError{UnverifiedCertificates: shown, Err: err}
	}
	return nil
}

// among verifies as crypto/tls does.
func (r *roots) among(pool *x509.CertPool, host string, shown []*x509.Certificate) error {
	options := x509.VerifyOptions{Roots: pool, DNSName: host, Intermediates: x509.NewCertPool()}
	for _, certificate := range shown[1:] {
		options.Intermediates.AddCert(certificate)
	}
	_, err := shown[0].Verify(options)
	return err
}

// few are the roots that have been needed so far, or nil.
func (r *roots) few() *x509.CertPool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.needed == nil {
		return nil
	}
	return r.needed.Clone()
}

// with adds a certificate to those that are needed.
func (r *roots) with(certificate *x509.Certificate) *x509.CertPool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.needed == nil {
		r.needed = x509.NewCertPool()
	}
	r.needed.AddCert(certificate)
	return r.needed.Clone()
}

// inBundle reads a bundle and parses the certificates that contain one of the
// names, one after the other. What cannot be read or parsed is left out.
func inBundle(bundle string, names [][]byte) iter.Seq[*x509.Certificate] {
	return func(yield func(*x509.Certificate) bool) {
		file := openBundle(bundle)
		if file == nil {
			return
		}
		defer file.Close()
		var text, der []byte // of a block
		inside := false
		for lines := bufio.NewScanner(file); lines.Scan(); {
			line := bytes.TrimSpace(lines.Bytes())
			switch {
			case bytes.Equal(line, []byte("-----BEGIN CERTIFICATE-----")):
				text, inside = text[:0], true
			case inside && bytes.HasPrefix(line, []byte("-----END")):
				inside = false
				var err error
				der, err = base64.StdEncoding.AppendDecode(der[:0], text)
				if err != nil || !containsAny(der, names) {
					continue
				}
				if certificate, err := x509.ParseCertificate(bytes.Clone(der)); err == nil && !yield(certificate) {
					return
				}
			case inside:
				text = append(text, line...)
			}
		}
	}
}

func containsAny(der []byte, names [][]byte) bool {
	return slices.ContainsFunc(names, func(name []byte) bool { return len(name) > 0 && bytes.Contains(der, name) })
}

// openBundle opens a bundle, or returns nil where there is none.
func openBundle(name string) *os.File {
	files := bundles
	name = cmp.Or(name, os.Getenv("SSL_CERT_FILE"))
	if name != "" {
		files = []string{name}
	}
	for _, name := range files {
		if file, err := os.Open(name); err == nil {
			return file
		}
	}
	return nil
}
