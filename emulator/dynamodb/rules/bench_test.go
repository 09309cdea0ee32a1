package rules

import (
	"encoding/base64"
	"strings"
	"testing"
)

// BenchmarkCheck is what a request costs that passes: a change as store/dynamo makes it, and a
// put of 300 KB.
func BenchmarkCheck(b *testing.B) {
	table := &schema{KeySchema: []keyPart{{"pk", "HASH"}, {"id", "RANGE"}}}
	table.AttributeDefinitions = append(table.AttributeDefinitions, struct{ AttributeName, AttributeType string }{"pk", "S"},
		struct{ AttributeName, AttributeType string }{"id", "S"})
	sets := "SET #writes[1] = #writes[0], #writes[0] = :v"
	for n := 2; n < 16; n++ {
		sets += ", #writes[" + itoa(n) + "] = #writes[" + itoa(n-1) + "]"
	}
	for name, bb := range map[string]struct{ operation, body string }{
		"a change": {"UpdateItem", `{"TableName": "requests", "Key": {"pk": {"S": "acme#ada"}, "id": {"S": "r-1"}},
			"UpdateExpression": "` + sets + `", "ConditionExpression": "attribute_exists(#pk) AND NOT contains(#writes, :v)",
			"ExpressionAttributeNames": {"#writes": "writes", "#pk": "pk"}, "ExpressionAttributeValues": {":v": {"S": "token"}}}`},
		"a put of 300 KB": {"PutItem", `{"TableName": "requests", "Item": {"pk": {"S": "acme#ada"}, "id": {"S": "r-1"}, "data": {"B": "` +
			base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", 300<<10))) + `"}}}`},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				c, known := read(bb.operation, []byte(bb.body))
				if !known {
					b.Fatal("the body was not read")
				}
				c.schema = func(string) *schema { return table }
				if refusal := check(c); refusal != nil {
					b.Fatal(refusal)
				}
			}
		})
	}
}
