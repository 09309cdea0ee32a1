package dynamodb

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/pay-theory/streamer/emulator/dynamodb/rules/rulestest"
)

// takes are the cases whose invalid request dynalite takes, with the page that refuses it. Of each
// of them dynoxide or AWS's documentation agrees with the rule.
var takes = map[string]string{
	"segment without a total":           `API Reference, "Scan": "If you specify Segment, you must also specify TotalSegments"`,
	"an item as it will be":             `API Reference, "PutItem": NONE and ALL_OLD are valid; dynalite is older than it`,
	"a long name":                       `Developer Guide, "Constraints in Amazon DynamoDB": a placeholder has 255 bytes`,
	"an attribute without a name":       `Developer Guide, "Constraints in Amazon DynamoDB": an attribute's name has at least one character`,
	"an empty partition key of a query": `Developer Guide, "Constraints in Amazon DynamoDB": a partition key has at least 1 byte`,
	"all of a projection":               `API Reference, "Query": with ProjectionExpression, Select can only be SPECIFIC_ATTRIBUTES`,
	"a count of a projection":           `API Reference, "Query": with ProjectionExpression, Select can only be SPECIFIC_ATTRIBUTES`,
	"specific ones of none":             `API Reference, "Query": SPECIFIC_ATTRIBUTES are those of ProjectionExpression`,
	"the projected ones of a table":     `API Reference, "Query": ALL_PROJECTED_ATTRIBUTES is allowed only for an index`,
	"33 levels":                         `Developer Guide, "Constraints in Amazon DynamoDB": 32 levels`,
	"above 4 KB":                        `Developer Guide, "Constraints in Amazon DynamoDB": an expression has 4 KB`,
	"101 operands":                      `Developer Guide, "Constraints in Amazon DynamoDB": IN has 100 operands`,
	"an empty index key":                `Developer Guide, "Supported data types and naming rules": an index key is not empty`,
	"an empty index key that is set":    `Developer Guide, "Supported data types and naming rules": an index key is not empty`,
	"a long index key":                  `Developer Guide, "Constraints in Amazon DynamoDB": 2,048 bytes, for tables or for secondary indexes`,
}

// What the emulator's rules refuse dynalite refuses too, and what they let pass it takes: its author
// wrote it by comparing its answers with AWS's.
func TestRulesOnDynalite(t *testing.T) {
	t.Parallel()
	s := serve(t)
	if status, said := s.post(t, "CreateTable", rulestest.Table); status != http.StatusOK {
		t.Fatal(said)
	}
	for _, tt := range rulestest.Cases() {
		if strings.HasPrefix(tt.Operation, "Transact") {
			continue // which dynalite lacks
		}
		t.Run(tt.Name, func(t *testing.T) {
			if status, said := s.post(t, tt.Operation, tt.Valid); status != http.StatusOK {
				t.Errorf("the valid request: got %d %s", status, said)
			}
			status, said := s.post(t, tt.Operation, tt.Invalid)
			why, taken := takes[tt.Name]
			if (status == http.StatusOK) != taken {
				t.Errorf("the invalid request: got %d %s, want it to be taken: %t, %s", status, said, taken, why)
			}
		})
	}
}

// post makes a call that is signed in form.
func (s *server) post(t *testing.T, operation, body string) (status int, said string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.endpoint, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	r.Header.Set("X-Amz-Target", target+operation)
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
