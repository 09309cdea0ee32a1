package sigv4_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/pay-theory/streamer/lift/sigv4"
)

var example = sigv4.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}

func signer(service string, c sigv4.Credentials) *sigv4.Signer {
	return &sigv4.Signer{Service: service, Region: "us-east-1", Credentials: sigv4.Static(c)}
}

func request(t testing.TB, method, url string, body []byte) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, url, strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Two of AWS's own examples: get-vanilla and post-vanilla of its test suite for
// signature version 4.
func TestExamplesOfAWS(t *testing.T) {
	t.Parallel()
	for method, want := range map[string]string{
		http.MethodGet:  "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
		http.MethodPost: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
	} {
		t.Run(method, func(t *testing.T) {
			r := request(t, method, "https://example.amazonaws.com/", nil)
			if err := signer("service", example).Sign(r, nil, time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC)); err != nil {
				t.Fatal(err)
			}
			want = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=" + want
			if got := r.Header.Get("Authorization"); got != want {
				t.Errorf("%s is signed with\n%s, want\n%s", method, got, want)
			}
		})
	}
}

// The signature is the one that the SDK makes of the same request.
func TestSignsAsTheSDK(t *testing.T) {
	t.Parallel()
	session := example
	session.SessionToken = "IQoJb3JpZ2luX2VjEJr//////////wEaCXVzLWVhc3QtMSJHMEUCIQ=="
	now := time.Date(2026, 2, 3, 23, 59, 59, 999, time.FixedZone("elsewhere", 3*60*60))
	for name, c := range map[string]struct {
		method, url, service string
		header               http.Header
		body                 string
		who                  sigv4.Credentials
	}{
		"dynamodb": {http.MethodPost, "https://dynamodb.us-east-1.amazonaws.com", "dynamodb",
			http.Header{"Content-Type": {"application/x-amz-json-1.0"}, "X-Amz-Target": {"DynamoDB_20120810.PutItem"}}, `{"TableName":"größe"}`, session},
		"a connection":      {http.MethodPost, "https://abc.execute-api.us-east-1.amazonaws.com/prod/@connections/AAAAAAAAAAE%3D", "execute-api", nil, `{}`, session},
		"deleted":           {http.MethodDelete, "https://abc.execute-api.us-east-1.amazonaws.com/prod/@connections/AA%2Bb%2Fc%3D", "execute-api", nil, "", example},
		"an ARN":            {http.MethodPost, "https://lambda.us-east-1.amazonaws.com/2015-03-31/functions/arn:aws:lambda:us-east-1:123456789012:function:p/invocations", "lambda", http.Header{"X-Amz-Invocation-Type": {"Event"}}, `{"run":{}}`, session},
		"a port":            {http.MethodPost, "http://127.0.0.1:8000/", "dynamodb", nil, "{}", example},
		"a query":           {http.MethodGet, "https://example.amazonaws.com/a//b/../c?b=2&a=x%20y&a=A+b&empty&%C3%BC=%2F%7E", "service", nil, "", example},
		"unicode":           {http.MethodGet, "https://example.amazonaws.com/größe (1)/~user_-.*'!$&", "service", nil, "", example},
		"spaces and values": {http.MethodPost, "https://example.amazonaws.com/x", "service", http.Header{"Content-Type": {"  text/plain;  charset=utf-8 "}, "X-Amz-Meta-A": {"1", "2 \t 3"}}, "a", example},
	} {
		t.Run(name, func(t *testing.T) {
			ours, theirs := request(t, c.method, c.url, []byte(c.body)), request(t, c.method, c.url, []byte(c.body))
			theirs.ContentLength = 0 // which the SDK would sign too
			for _, r := range []*http.Request{ours, theirs} {
				for name, values := range c.header {
					r.Header[name] = append([]string(nil), values...)
				}
			}
			hash := sha256.Sum256([]byte(c.body))
			who := aws.Credentials{AccessKeyID: c.who.AccessKeyID, SecretAccessKey: c.who.SecretAccessKey, SessionToken: c.who.SessionToken}
			if err := v4.NewSigner().SignHTTP(t.Context(), who, theirs, hex.EncodeToString(hash[:]), c.service, "us-east-1", now); err != nil {
				t.Fatal(err)
			}
			// What only others may change is not signed.
			ours.Header.Set("X-Amzn-Trace-Id", "Root=1-65d2f6ae-1c0a9d4e7b3c5f8a0e2d4b6c")
			ours.Header.Set("User-Agent", "streamer")
			if err := signer(c.service, c.who).Sign(ours, []byte(c.body), now); err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"Authorization", "X-Amz-Date", "X-Amz-Security-Token"} {
				if got, want := ours.Header.Get(name), theirs.Header.Get(name); got != want {
					t.Errorf("%s is %q, by the SDK %q", name, got, want)
				}
			}
		})
	}
}

// A request that is sent again is signed again, by whoever calls then.
func TestSignsAgain(t *testing.T) {
	t.Parallel()
	other := sigv4.Credentials{AccessKeyID: "AKIDOTHER", SecretAccessKey: "another", SessionToken: "ends"}
	var who sigv4.Credentials
	s := &sigv4.Signer{Service: "service", Region: "us-east-1", Credentials: func(context.Context) (sigv4.Credentials, error) { return who, nil }}
	r := request(t, http.MethodPost, "https://example.amazonaws.com/", nil)
	night := time.Date(2026, 2, 3, 23, 59, 59, 0, time.UTC)
	for _, c := range []struct {
		who sigv4.Credentials
		at  time.Time
	}{{example, night}, {other, night}, {other, night.Add(time.Second)}, {example, night.Add(time.Second)}, {example, night.Add(time.Minute)}} {
		who = c.who
		alone := request(t, http.MethodPost, "https://example.amazonaws.com/", nil)
		if err := errors.Join(s.Sign(r, nil, c.at), signer("service", c.who).Sign(alone, nil, c.at)); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(r.Header, alone.Header) {
			t.Errorf("signed again at %v, the headers are %v, want %v", c.at, r.Header, alone.Header)
		}
	}
}

func TestWithoutCredentials(t *testing.T) {
	t.Parallel()
	r := request(t, http.MethodGet, "https://example.amazonaws.com/", nil)
	fault := errors.New("the metadata service does not answer")
	s := &sigv4.Signer{Service: "service", Region: "us-east-1", Credentials: func(context.Context) (sigv4.Credentials, error) { return sigv4.Credentials{}, fault }}
	if err := s.Sign(r, nil, time.Now()); !errors.Is(err, fault) {
		t.Errorf("no credentials: %v", err)
	}
	if err := signer("service", sigv4.Credentials{AccessKeyID: "AKIDEXAMPLE"}).Sign(r, nil, time.Now()); err == nil {
		t.Error("signed without a secret")
	}
	if r.Header.Get("Authorization") != "" {
		t.Error("a request is signed by nobody")
	}
}

func TestCredentialsHideTheirSecrets(t *testing.T) {
	t.Parallel()
	c := sigv4.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "sesame", SessionToken: "sesame"}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		t.Run(format, func(t *testing.T) {
			if text := fmt.Sprintf(format, c); strings.Contains(text, "sesame") || !strings.Contains(text, "AKIDEXAMPLE") {
				t.Errorf("%s prints %s", format, text)
			}
		})
	}
	if text, err := json.Marshal(map[string]any{"who": c}); err != nil || string(text) != `{"who":"credentials of AKIDEXAMPLE"}` {
		t.Errorf("in JSON: %s, %v", text, err)
	}
}

func BenchmarkSign(b *testing.B) {
	body := []byte(`{"TableName":"streamer-connections","Key":{"id":{"S":"AAAAAAAAAAE="}}}`)
	newRequest := func() *http.Request {
		r := request(b, http.MethodPost, "https://dynamodb.us-east-1.amazonaws.com/", body)
		r.Header = http.Header{"Content-Type": {"application/x-amz-json-1.0"}, "X-Amz-Target": {"DynamoDB_20120810.GetItem"}}
		return r
	}
	now := time.Now()
	session := example
	session.SessionToken = strings.Repeat("IQoJb3JpZ2luX2VjEJr", 40)
	b.Run("here", func(b *testing.B) {
		b.ReportAllocs()
		s := signer("dynamodb", session)
		for b.Loop() {
			if err := s.Sign(newRequest(), body, now); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("SDK", func(b *testing.B) {
		b.ReportAllocs()
		s := v4.NewSigner()
		who := aws.Credentials{AccessKeyID: session.AccessKeyID, SecretAccessKey: session.SecretAccessKey, SessionToken: session.SessionToken}
		for b.Loop() {
			hash := sha256.Sum256(body)
			if err := s.SignHTTP(context.Background(), who, newRequest(), hex.EncodeToString(hash[:]), "dynamodb", "us-east-1", now); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("request alone", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = io.ReadAll(newRequest().Body)
		}
	})
}
