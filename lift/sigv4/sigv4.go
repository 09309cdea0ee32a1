// Package sigv4 signs requests to AWS with signature version 4, without the SDK:
// for functions that make a few calls and must start fast.
// docs/decisions/0012-signing-without-the-sdk.md has what that saves.
//
// The method is that of the AWS Identity and Access Management User Guide:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
package sigv4

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sort"
	"strings"
	"sync/atomic"
	"time"
)

// Credentials say who calls. SessionToken is empty for those that do not end.
type Credentials struct {
	AccessKeyID     string
	SecretAccessKey string
	SessionToken    string
}

// String tells the access key's id alone, so that no log has the secrets.
func (c Credentials) String() string { return "credentials of " + c.AccessKeyID }

// GoString is String.
func (c Credentials) GoString() string { return c.String() }

// MarshalText is String, in JSON too.
func (c Credentials) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// A Provider returns the credentials of the moment. It is called for each
// request, by many goroutines, and should keep what it has. One of
// aws-sdk-go-v2 is put into its place so:
//
//	sigv4.Provider(func(ctx context.Context) (sigv4.Credentials, error) {
//		c, err := config.Credentials.Retrieve(ctx)
//		return sigv4.Credentials{c.AccessKeyID, c.SecretAccessKey, c.SessionToken}, err
//	})
type Provider func(ctx context.Context) (Credentials, error)

// Static returns credentials that stay the same, such as a function's own: Lambda
// starts new processes before they end.
func Static(c Credentials) Provider {
	return func(context.Context) (Credentials, error) { return c, nil }
}

// A Signer signs requests to a service in a region. All fields are required. It
// is safe for concurrent use and must not be copied after its first.
type Signer struct {
	Service     string // as signatures name it, such as execute-api
	Region      string
	Credentials Provider

	last atomic.Pointer[dayKey]
}

// A dayKey signs what is sent with a secret on one day.
type dayKey struct{ secret, day, key string }

// key makes the day's key, or has it.
func (s *Signer) key(secret, day string) string {
	if k := s.last.Load(); k != nil && k.secret == secret && k.day == day {
		return k.key
	}
	key := "AWS4" + secret
	for _, part := range []string{day, s.Region, s.Service, "aws4_request"} {
		key = mac(key, part)
	}
	s.last.Store(&dayKey{secret, day, key})
	return key
}

func mac(key, text string) string {
	h := hmac.New(sha256.New, []byte(key))
	h.Write([]byte(text))
	return string(h.Sum(nil))
}

// Sign adds the headers Authorization, X-Amz-Date and, for credentials that have
// one, X-Amz-Security-Token to a request whose body is the one given. The
// signature is of the method, the URL, the body and the headers Host, Content-Type
// and X-Amz-*: these must not change behind it, others may. AWS takes a signature
// for five minutes around now. The paths of S3 are signed in another way.
func (s *Signer) Sign(r *http.Request, body []byte, now time.Time) error {
	who, err := s.Credentials(r.Context())
	if err != nil {
		return fmt.Errorf("retrieve credentials: %w", err)
	}
	if who.AccessKeyID == "" || who.SecretAccessKey == "" {
		return errors.New("retrieve credentials: they are empty")
	}
	at := now.UTC().Format("20060102T150405Z")
	r.Header.Set("X-Amz-Date", at)
	r.Header.Del("X-Amz-Security-Token")
	if who.SessionToken != "" {
		r.Header.Set("X-Amz-Security-Token", who.SessionToken)
	}
	names, request := canonical(r, body)
	day := at[:len("20060102")]
	scope := day + "/" + s.Region + "/" + s.Service + "/aws4_request"
	const algorithm = "AWS4-HMAC-SHA256"
	signature := mac(s.key(who.SecretAccessKey, day), algorithm+"\n"+at+"\n"+scope+"\n"+hash([]byte(request)))
	r.Header.Set("Authorization", algorithm+" Credential="+who.AccessKeyID+"/"+scope+
		", SignedHeaders="+names+", Signature="+hex.EncodeToString([]byte(signature)))
	return nil
}

func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// canonical returns the names of the SigV4-signed headers, and the request in
// the form of which the signature is made.
func canonical(r *http.Request, body []byte) (names, request string) {
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	signed := []string{"host"}
	for name := range r.Header {
		name = strings.ToLower(name)
		if name == "content-type" || strings.HasPrefix(name, "x-amz-") {
			signed = append(signed, name)
		}
	}
	slices.Sort(signed)
	names = strings.Join(signed, ";")
	var b strings.Builder
	b.Grow(1 << 11) // most of it for a session's token
	b.WriteString(r.Method + "\n" + path(r.URL) + "\n" + query(r.URL) + "\n")
	for _, name := range signed {
		value := host
		if name != "host" {
			value = joined(r.Header.Values(name))
		}
		b.WriteString(name + ":" + value + "\n")
	}
	b.WriteString("\n" + names + "\n" + hash(body))
	return names, b.String()
}

// path is the URL's path as it is sent, escaped once more.
func path(u *url.URL) string {
	sent := u.EscapedPath()
	if sent == "" {
		return "/"
	}
	const hexes = "0123456789ABCDEF"
	escaped := make([]byte, 0, len(sent)+16)
	for _, c := range []byte(sent) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-._~/", c) >= 0:
			escaped = append(escaped, c)
		default:
			escaped = append(escaped, '%', hexes[c>>4], hexes[c&15])
		}
	}
	return string(escaped)
}

// query is the URL's query, in the order of names and then of values as they are
// escaped.
func query(u *url.URL) string {
	if u.RawQuery == "" {
		return ""
	}
	escape := func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
	var pairs [][]string
	for name, values := range u.Query() {
		for _, value := range values {
			pairs = append(pairs, []string{escape(name), escape(value)})
		}
	}
	sort.Slice(pairs, func(i, j int) bool { return slices.Compare(pairs[i], pairs[j]) < 0 })
	all := make([]string, len(pairs))
	for i, pair := range pairs {
		all[i] = strings.Join(pair, "=")
	}
	return strings.Join(all, "&")
}

// joined is a header's values, with single spaces in them and none around them.
func joined(values []string) string {
	trimmed := make([]string, len(values))
	for i, v := range values {
		for v = strings.TrimSpace(v); strings.Contains(v, "  "); {
			v = strings.ReplaceAll(v, "  ", " ")
		}
		trimmed[i] = v
	}
	return strings.Join(trimmed, ",")
}
