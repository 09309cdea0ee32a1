package iam_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/pay-theory/streamer/emulator/iam"
	"github.com/pay-theory/streamer/lift/sigv4"
)

var (
	now  = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	good = iam.Credentials{AccessKeyID: "ASIAROUTER", SecretAccessKey: "a secret", SessionToken: "a/token+of==session"}
)

const payload = `{"TableName":"requests"}`

// sign makes a call as Lift's signer does.
func sign(t *testing.T, who iam.Credentials, service, region string, at time.Time) *http.Request {
	t.Helper()
	r := httptest.NewRequest("POST", "http://127.0.0.1:8000/test/@connections/a%3Db%3D?x=%2F&y", strings.NewReader(payload))
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	r.Header.Set("X-Amz-Target", "DynamoDB_20120810.GetItem")
	signer := sigv4.Signer{Service: service, Region: region, Credentials: sigv4.Static(sigv4.Credentials(who))}
	if err := signer.Sign(r, []byte(payload), at); err != nil {
		t.Fatal(err)
	}
	return r
}

// bySDK makes the call of AWS's SDK, which signs the length of the body too.
func bySDK(t *testing.T) *http.Request {
	t.Helper()
	r := httptest.NewRequest("POST", "http://127.0.0.1:8000/", strings.NewReader(payload))
	r.Header.Set("Amz-Sdk-Request", "attempt=1; max=3")
	sum := sha256.Sum256([]byte(payload))
	err := v4.NewSigner().SignHTTP(context.Background(), aws.Credentials{AccessKeyID: good.AccessKeyID,
		SecretAccessKey: good.SecretAccessKey, SessionToken: good.SessionToken}, r, hex.EncodeToString(sum[:]), "dynamodb", "us-east-1", now)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestVerify(t *testing.T) {
	t.Parallel()
	callers := iam.Callers{Region: "us-east-1", Known: []iam.Credentials{{"ASIAOTHER", "another", "its token"}, good},
		Now: func() time.Time { return now }}
	ours := func(change func(*iam.Credentials)) *http.Request {
		who := good
		change(&who)
		return sign(t, who, "dynamodb", "us-east-1", now)
	}
	changed := func(change func(*http.Request)) *http.Request {
		r := sign(t, good, "dynamodb", "us-east-1", now)
		change(r)
		return r
	}
	for _, c := range []struct {
		name, want string
		call       *http.Request
	}{
		{"Lift's signer", "", sign(t, good, "dynamodb", "us-east-1", now)},
		{"AWS's SDK", "", bySDK(t)},
		{"four minutes old", "", sign(t, good, "dynamodb", "us-east-1", now.Add(-4*time.Minute))},
		{"not signed", "MissingAuthenticationTokenException", changed(func(r *http.Request) { r.Header.Del("Authorization") })},
		{"a bearer token", "MissingAuthenticationTokenException", changed(func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") })},
		{"no signature", "IncompleteSignatureException", changed(func(r *http.Request) {
			r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=ASIAROUTER/20261128/us-east-1/dynamodb/aws4_request, SignedHeaders=host")
		})},
		{"no date", "InvalidSignatureException", changed(func(r *http.Request) { r.Header.Del("X-Amz-Date") })},
		{"without the session token", "UnrecognizedClientException", ours(func(c *iam.Credentials) { c.SessionToken = "" })},
		{"another's session token", "UnrecognizedClientException", ours(func(c *iam.Credentials) { c.SessionToken = "its token" })},
		{"a key that is not known", "UnrecognizedClientException", ours(func(c *iam.Credentials) { c.AccessKeyID = "ASIANOBODY" })},
		{"a wrong secret", "InvalidSignatureException", ours(func(c *iam.Credentials) { c.SecretAccessKey = "another" })},
		{"for another service", "InvalidSignatureException: Credential should be scoped to 20261128/us-east-1/dynamodb/aws4_request",
			sign(t, good, "sqs", "us-east-1", now)},
		{"for another region", "InvalidSignatureException: Credential should be scoped to 20261128/us-east-1/dynamodb/aws4_request",
			sign(t, good, "dynamodb", "eu-west-1", now)},
		{"six minutes old", "InvalidSignatureException", sign(t, good, "dynamodb", "us-east-1", now.Add(-6*time.Minute))},
		{"six minutes ahead", "InvalidSignatureException", sign(t, good, "dynamodb", "us-east-1", now.Add(6*time.Minute))},
		{"another body", "InvalidSignatureException", changed(func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("{}")) })},
		{"another path", "InvalidSignatureException", changed(func(r *http.Request) { r.URL.Path, r.URL.RawPath = "/test", "" })},
		{"another query", "InvalidSignatureException", changed(func(r *http.Request) { r.URL.RawQuery = "x=1" })},
		{"another host", "InvalidSignatureException", changed(func(r *http.Request) { r.Host = "elsewhere" })},
		{"another method", "InvalidSignatureException", changed(func(r *http.Request) { r.Method = "PUT" })},
		{"another operation", "InvalidSignatureException", changed(func(r *http.Request) { r.Header.Set("X-Amz-Target", "DynamoDB_20120810.PutItem") })},
		{"a header that is not signed", "InvalidSignatureException", changed(func(r *http.Request) { r.Header.Set("X-Amz-Meta", "more") })},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := ""
			if err := callers.Verify(c.call, "dynamodb"); err != nil {
				got = err.Error()
			}
			if !strings.HasPrefix(got, c.want) || c.want == "" && got != "" {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestRequire(t *testing.T) {
	t.Parallel()
	callers := iam.Callers{Region: "us-east-1", Known: []iam.Credentials{good}, Now: func() time.Time { return now }}
	service := callers.Require("dynamodb", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) }))
	t.Run("the service gets what was signed", func(t *testing.T) {
		w := httptest.NewRecorder()
		service.ServeHTTP(w, sign(t, good, "dynamodb", "us-east-1", now))
		if w.Code != 200 || !bytes.Equal(w.Body.Bytes(), []byte(payload)) {
			t.Errorf("got %d %s, want 200 %s", w.Code, w.Body, payload)
		}
	})
	t.Run("an error as DynamoDB has it", func(t *testing.T) {
		w := httptest.NewRecorder()
		unsigned := httptest.NewRequest("POST", "/", strings.NewReader(payload))
		unsigned.Header.Set("X-Amz-Target", "DynamoDB_20120810.GetItem")
		service.ServeHTTP(w, unsigned)
		want := `{"__type":"com.amazon.coral.service#MissingAuthenticationTokenException","message":"Missing Authentication Token"}` + "\n"
		if w.Code != 400 || w.Body.String() != want {
			t.Errorf("got %d %s, want 400 %s", w.Code, w.Body, want)
		}
	})
	t.Run("an error as SQS has it for a form", func(t *testing.T) {
		w := httptest.NewRecorder()
		unsigned := httptest.NewRequest("POST", "/", strings.NewReader("Action=ListQueues"))
		unsigned.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
		service.ServeHTTP(w, unsigned)
		want := "<ErrorResponse><Error><Type>Sender</Type><Code>MissingAuthenticationToken</Code>" +
			"<Message>Missing Authentication Token</Message></Error></ErrorResponse>"
		if w.Code != 403 || w.Body.String() != want {
			t.Errorf("got %d %s, want 403 %s", w.Code, w.Body, want)
		}
	})
	t.Run("an error as Lambda has it", func(t *testing.T) {
		w := httptest.NewRecorder()
		service.ServeHTTP(w, httptest.NewRequest("POST", "/2015-03-31/functions/work/invocations", strings.NewReader(payload)))
		kind, want := w.Header().Get("X-Amzn-Errortype"), `{"message":"Missing Authentication Token"}`+"\n"
		if w.Code != 403 || kind != "MissingAuthenticationTokenException" || w.Body.String() != want {
			t.Errorf("got %d %q %s, want 403 MissingAuthenticationTokenException %s", w.Code, kind, w.Body, want)
		}
	})
}
