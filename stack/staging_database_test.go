package stack

import (
	"fmt"
	"testing"
	"time"

	"github.com/pay-theory/streamer/emulator/dynamodb/dynamodbtest"
)

// Items whose time to live is over are deleted, over all pages; those that have time left, and
// those that have none, stay.
func TestExpiredItemsAreDeleted(t *testing.T) {
	t.Parallel()
	d, err := newDatabase(dynamodbtest.Endpoint(t))
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("expiring-%d", time.Now().UnixNano())
	table := tablePlan{name: name, key: []string{"pk", "id"}, ttl: "ttl", definition: map[string]any{
		"TableName": name, "BillingMode": "PAY_PER_REQUEST",
		"AttributeDefinitions": []map[string]string{{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "id", "AttributeType": "S"}},
		"KeySchema":            []map[string]string{{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "id", "KeyType": "RANGE"}}}}
	if err := d.create(t.Context(), table); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	put := func(id string, ttl int64) {
		t.Helper()
		item := map[string]map[string]string{"pk": {"S": "acme"}, "id": {"S": id}}
		if ttl != 0 {
			item["ttl"] = map[string]string{"N": fmt.Sprint(ttl)}
		}
		if err := d.call(t.Context(), "DynamoDB_20120810.PutItem", map[string]any{"TableName": name, "Item": item}, nil); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 40 {
		put(fmt.Sprint("expired-", n), now.Unix()-1)
	}
	put("now", now.Unix())
	put("later", now.Unix()+3600)
	put("never", 0)
	if err := d.expire(t.Context(), table, now); err != nil {
		t.Fatal(err)
	}
	var left struct {
		Items []struct{ ID struct{ S string } }
	}
	if err := d.call(t.Context(), "DynamoDB_20120810.Scan", map[string]any{"TableName": name}, &left); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(left.Items); got != "[{{later}} {{never}} {{now}}]" {
		t.Errorf("got the items %s left, want later, never and now", got)
	}
}
