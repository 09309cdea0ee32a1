package rules_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/pay-theory/streamer/emulator/dynamodb"
	"github.com/pay-theory/streamer/emulator/dynamodb/dynamodbtest"
	"github.com/pay-theory/streamer/emulator/dynamodb/rules"
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
	if status, said := s.post(t, s.checked, "CreateTable", table); status != http.StatusOK {
		t.Fatal(said)
	}
	return s
}

// table has a key of two strings, and a global index of a string and a number.
const table = `{"TableName": "things", "BillingMode": "PAY_PER_REQUEST",
	"AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "id", "AttributeType": "S"},
		{"AttributeName": "g", "AttributeType": "S"}, {"AttributeName": "n", "AttributeType": "N"}],
	"KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "id", "KeyType": "RANGE"}],
	"GlobalSecondaryIndexes": [{"IndexName": "by_g", "Projection": {"ProjectionType": "ALL"},
		"KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}, {"AttributeName": "n", "KeyType": "RANGE"}]}]}`

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

// short are what the cases have in common, spelled @ and a letter.
var short = strings.NewReplacer(
	"@H", `"TableName": "things"`,
	"@T", `"TableName": "things", "Key": {"pk": {"S": "a"}, "id": {"S": "b"}}`,
	"@P", `"TableName": "things", "Item": {"pk": {"S": "a"}, "id": {"S": "b"}`, // the item is open
	"@Q", `"TableName": "things", "KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "a"}`, // so are the values
	"@G", `"TableName": "things", "IndexName": "by_g", "KeyConditionExpression": "g = :g", "ExpressionAttributeValues": {":g": {"S": "a"}}`,
	"@K", `"TableName": "things", "KeyConditionExpression"`,
	"@N", `"ExpressionAttributeNames"`, "@V", `"ExpressionAttributeValues"`,
	"@C", `"ConditionExpression"`, "@U", `"UpdateExpression"`, "@J", `"ProjectionExpression"`,
)

// many repeats a text with a number for each %d.
func many(n int, format, between string) string {
	all := make([]string, n)
	for i := range all {
		all[i] = strings.ReplaceAll(format, "%d", strconv.Itoa(i))
	}
	return strings.Join(all, between)
}

func text(length int) string { return strings.Repeat("x", length) }

// Each rule refuses its case and takes the valid one beside it. Where alone is set the server
// takes what AWS refuses: this is the record of where it is more lenient.
func TestRules(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			s.refused = ""
			if status, said := s.post(t, s.checked, tt.operation, short.Replace(tt.valid)); s.refused != "" || status != http.StatusOK {
				t.Errorf("the valid request: got %d %s, refused by %q", status, said, s.refused)
			}
			s.refused = ""
			status, said := s.post(t, s.checked, tt.operation, short.Replace(tt.invalid))
			if status != http.StatusBadRequest || s.refused != tt.rule {
				t.Errorf("the invalid request: got %d %s, refused by %q; want 400 by %q", status, said, s.refused, tt.rule)
			}
			if !strings.Contains(said, tt.says) {
				t.Errorf("got %s, want one that has %q", said, tt.says)
			}
			status, said = s.post(t, s.alone, tt.operation, short.Replace(tt.invalid))
			if alone := status == http.StatusOK; alone != tt.alone {
				t.Errorf("the server alone: got %d %s, want it to be taken: %t", status, said, tt.alone)
			} else if !alone && testing.Verbose() && !strings.Contains(said, tt.says) {
				t.Logf("the server alone says %.300s", said)
			}
		})
	}
}
