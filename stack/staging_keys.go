package stack

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/lift/auth"
)

// withOwnIssuer adds the stack's own issuer, whose keys are at a URL, to those of the
// parameter JwtIssuers. It has all settings itself, so that its tokens count whatever the
// other parameters say of tokens.
func withOwnIssuer(given, keys string) (string, error) {
	var list []any
	if given != "" {
		if err := json.Unmarshal([]byte(given), &list); err != nil {
			return "", fmt.Errorf("the parameter JwtIssuers is not a valid JSON list: %w", err)
		}
	}
	text, err := json.Marshal(append(list, map[string]any{"issuer": StagingIssuer, "jwks": keys, "audience": DevAudience,
		"tenant_claim": functions.TenantClaim, "scope_claims": functions.ScopeClaims, "algorithms": []string{auth.EdDSA}}))
	return string(text), err
}

// serveKeys serves the stack's key as a JWK set over TLS, as an issuer of tokens
// does, and writes the certificate that functions are to trust to a file.
func (s *Staging) serveKeys() (url, certificates string, err error) {
	set, err := s.key.JWKS()
	if err != nil {
		return "", "", err
	}
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", fmt.Errorf("make a certificate: %w", err)
	}
	about := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().AddDate(1, 0, 0),
		IsCA:     true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, about, about, private.Public(), private)
	if err != nil {
		return "", "", fmt.Errorf("make a certificate: %w", err)
	}
	certificates = filepath.Join(s.folder, "certificates.pem")
	if err := os.WriteFile(certificates, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		return "", "", fmt.Errorf("write a certificate: %w", err)
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der},
		PrivateKey: private}}})
	if err != nil {
		return "", "", fmt.Errorf("listen for the functions: %w", err)
	}
	s.serveOn(listener, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/jwk-set+json")
		_, _ = w.Write(set) // the caller may be gone
	}))
	return "https://" + listener.Addr().String() + "/.well-known/jwks.json", certificates, nil
}
