package rules_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/pay-theory/streamer/emulator/dynamodb"
	"github.com/pay-theory/streamer/emulator/dynamodb/dynamodbtest"
	"github.com/pay-theory/streamer/emulator/dynamodb/rules"
	"github.com/pay-theory/streamer/emulator/dynamodb/rules/rulestest"
)

// servers are one database, behind the rules and alone.
type servers struct {
	checked, alone string
	refused        string // the rule of the last refusal
}

func start(t *testing.T) *servers {
	t.Helper()
	database, err := dynamodb.Start(t.Context(), dynamodb.Config{Binary: dynamodbtest.Binary(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(database.Stop)
	handler, err := rules.NewHandler(database.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	s := &servers{alone: database.Endpoint}
	handler.Refused = func(r *rules.Refusal) { s.refused = r.Rule }
	front := httptest.NewServer(handler)
	t.Cleanup(front.Close)
	s.checked = front.URL
	if status, said := s.post(t, s.checked, "CreateTable", rulestest.Table); status != http.StatusOK {
		t.Fatal(said)
	}
	return s
}

func (s *servers) post(t *testing.T, endpoint, operation, body string) (status int, said string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, endpoint, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	r.Header.Set("X-Amz-Target", "DynamoDB_20120810."+operation)
	r.Header.Set("X-Amz-Date", "20261128T000000Z")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=a/20261128/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(raw)
}

// Each rule refuses its case and takes the valid one beside it. A case's Dynoxide is the
// record of where the server alone is more lenient.
func TestRules(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, tt := range rulestest.Cases() {
		t.Run(tt.Name, func(t *testing.T) {
			s.refused = ""
			if status, said := s.post(t, s.checked, tt.Operation, tt.Valid); s.refused != "" || status != http.StatusOK {
				t.Errorf("the valid request: got %d %s, refused by %q", status, said, s.refused)
			}
			s.refused = ""
			status, said := s.post(t, s.checked, tt.Operation, tt.Invalid)
			if status != http.StatusBadRequest || s.refused != tt.Rule {
				t.Errorf("the invalid request: got %d %s, refused by %q; want 400 by %q", status, said, s.refused, tt.Rule)
			}
			if !strings.Contains(said, tt.Says) {
				t.Errorf("got %s, want one that has %q", said, tt.Says)
			}
			status, said = s.post(t, s.alone, tt.Operation, tt.Invalid)
			if alone := status == http.StatusOK; alone != tt.Dynoxide {
				t.Errorf("the server alone: got %d %s, want it to be taken: %t", status, said, tt.Dynoxide)
			} else if !alone && testing.Verbose() && !strings.Contains(said, tt.Says) {
				t.Logf("the server alone says %.300s", said)
			}
		})
	}
}
