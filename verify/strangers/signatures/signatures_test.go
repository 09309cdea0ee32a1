// Package signatures holds lift/sigv4 against two signers of npm that share nothing with it:
// @smithy/signature-v4, which AWS's SDK for JavaScript has, and aws4.
package signatures

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer/internal/nodetest"
	"github.com/pay-theory/streamer/lift/sigv4"
)

type call struct {
	Name    string            `json:"name"`
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Service string            `json:"service"`
	Region  string            `json:"region"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
	ID      string            `json:"id"`
	Secret  string            `json:"secret"`
	Session string            `json:"session"`
}

const seed = 20261128

func TestSignaturesOfOthers(t *testing.T) {
	t.Parallel()
	json1 := map[string]string{"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "DynamoDB_20120810.PutItem"}
	calls := []call{
		{Name: "DynamoDB", Method: "POST", URL: "https://dynamodb.eu-west-1.amazonaws.com/", Service: "dynamodb", Headers: json1, Body: `{"TableName":"größe"}`},
		{Name: "a connection", Method: "POST", URL: "https://a.execute-api.eu-west-1.amazonaws.com/prod/@connections/AAAAAAAAAAE%3D", Service: "execute-api", Body: "{}"},
		{Name: "a connection is closed", Method: "DELETE", URL: "https://a.execute-api.eu-west-1.amazonaws.com/prod/@connections/AA%2Bb%2Fc%3D", Service: "execute-api"},
		{Name: "a queue at a port", Method: "POST", URL: "http://127.0.0.1:9324/", Service: "sqs", Headers: map[string]string{
			"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.SendMessage"}, Body: `{"QueueUrl":"http://127.0.0.1:9324/1/q"}`},
		{Name: "an ARN in the path", Method: "POST", URL: "https://lambda.eu-west-1.amazonaws.com/2015-03-31/functions/arn:aws:lambda:eu-west-1:123456789012:function:p/invocations",
			Service: "lambda", Headers: map[string]string{"X-Amz-Invocation-Type": "Event"}, Body: "{}"},
		{Name: "a query", Method: "GET", URL: "https://example.amazonaws.com/?b=2&a=x%20y&c=%2F~&empty=", Service: "service"},
	}
	random := rand.New(rand.NewPCG(seed, 0))
	for n := range 100 {
		path, query := "", url.Values{}
		for range 1 + random.IntN(3) {
			path += "/a" + url.PathEscape(word(random)) // which is neither . nor ..
		}
		for range random.IntN(4) {
			query.Add(word(random), word(random))
		}
		calls = append(calls, call{Name: fmt.Sprintf("random %d", n), Method: []string{"GET", "POST", "PUT"}[random.IntN(3)],
			URL: "https://example.amazonaws.com" + path + "?" + strings.ReplaceAll(query.Encode(), "+", "%20"), Service: "execute-api", Body: word(random)})
	}
	now := time.Date(2026, 11, 28, 1, 2, 3, 0, time.UTC)
	ours := make([]string, len(calls))
	for i := range calls {
		c := &calls[i]
		c.Region, c.ID, c.Secret = "eu-west-1", "ASIAEXAMPLE", word(random)
		if i%2 == 0 {
			c.Session = word(random)
		}
		ours[i] = sign(t, c, now)
	}
	in, err := json.Marshal(calls)
	if err != nil {
		t.Fatal(err)
	}
	var theirs []struct{ Smithy, AWS4 string }
	if err := json.Unmarshal(nodetest.Output(t, "..", in, "signatures/sign.mjs"), &theirs); err != nil || len(theirs) != len(calls) {
		t.Fatalf("got %d answers and %v, want %d", len(theirs), err, len(calls))
	}
	for i, c := range calls {
		t.Run(c.Name, func(t *testing.T) {
			if theirs[i].Smithy != ours[i] {
				t.Errorf("%s %s: got %s, want @smithy/signature-v4's %s", c.Method, c.URL, ours[i], theirs[i].Smithy)
			}
			if theirs[i].AWS4 != ours[i] {
				t.Errorf("%s %s: got %s, want aws4's %s", c.Method, c.URL, ours[i], theirs[i].AWS4)
			}
		})
	}
}

// sign signs a call, gives it the headers that are signed, and returns Authorization.
func sign(t *testing.T, c *call, now time.Time) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), c.Method, c.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json") // aws4 sets one where there is none
	for name, value := range c.Headers {
		r.Header.Set(name, value)
	}
	signer := sigv4.Signer{Service: c.Service, Region: c.Region,
		Credentials: sigv4.Static(sigv4.Credentials{AccessKeyID: c.ID, SecretAccessKey: c.Secret, SessionToken: c.Session})}
	if err := signer.Sign(r, []byte(c.Body), now); err != nil {
		t.Fatal(err)
	}
	c.Headers = map[string]string{}
	for name := range r.Header {
		if name != "Authorization" {
			c.Headers[name] = r.Header.Get(name)
		}
	}
	return r.Header.Get("Authorization")
}

// word is of letters, digits, and what escaping goes by.
func word(random *rand.Rand) string {
	letters := []rune("abcXYZ019-_.~@=+:,;!$&'()*ü€")
	var text strings.Builder
	for range 1 + random.IntN(12) {
		text.WriteRune(letters[random.IntN(len(letters))])
	}
	return text.String()
}
