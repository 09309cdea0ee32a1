// Package transport makes HTTP calls from a function: on connections that are
// kept, with time limits that fit an invocation, and without the price that the
// first TLS connection of a Go process has.
//
// That price is crypto/x509's: to trust anybody it parses every certificate of
// the system's bundle, and once more each file of /etc/ssl/certs and of
// /etc/pki/tls/certs, which on Amazon Linux are the same folder, with the same
// bundle in it. The transport of [New] parses the few certificates that may have
// issued those of the server, and leaves the judgement to crypto/x509. Only when
// these do not make the server trusted are all the system's asked. In FIPS 140
// mode crypto/tls verifies by itself.
package transport

import (
	"context"
	"crypto/fips140"
	"crypto/tls"
	"net"
	"net/http"
	"time"

	"github.com/pay-theory/streamer/lift/internal/deepstack"
)

const (
	dialTimeout      = time.Second
	handshakeTimeout = 2 * time.Second
)

// New returns a transport for calls to few hosts that answer at once, such as an
// AWS service's endpoint. It keeps up to 128 connections for 90 seconds each,
// speaks HTTP/1.1, does not ask for compression, and uses the proxies that the
// environment names ([http.ProxyFromEnvironment]). Servers behind a proxy are
// verified by crypto/tls itself.
func New() *http.Transport {
	dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}
	transport := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         dialer.DialContext,
		TLSHandshakeTimeout: handshakeTimeout,
		MaxIdleConns:        128,
		MaxIdleConnsPerHost: 128,
		IdleConnTimeout:     90 * time.Second,
		DisableCompression:  true,
	}
	if !fips140.Enabled() { // in that mode crypto/tls looks at the chain's keys as well
		transport.DialTLSContext = tlsDialer{dialer, &systemRoots}.dial
	}
	return transport
}

// A tlsDialer connects to servers whose certificates lead to one of its roots.
type tlsDialer struct {
	dialer *net.Dialer
	roots  *roots
}

func (d tlsDialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	deepstack.Grow() // the handshake needs it
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	conn, err := d.dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	secure := tls.Client(conn, &tls.Config{
		ServerName: host,
		// The verification is not left out: VerifyConnection does it, in the same
		// steps as crypto/tls, but for where the roots come from.
		InsecureSkipVerify: true,
		VerifyConnection:   func(state tls.ConnectionState) error { return d.roots.verify(host, state.PeerCertificates) },
	})
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = conn.Close() // the handshake's error says more
		return nil, err
	}
	return secure, nil
}
