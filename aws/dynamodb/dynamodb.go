// Package dynamodb keeps idempotency keys and rate limits of lift/middleware in a
// DynamoDB table, so that all environments of a function share them. It is
// opt-in: lift itself imports nothing of it.
//
// Both take a table with a partition key pk of type S, and may share one. Its
// time-to-live attribute is ttl; DynamoDB deletes what has ended some time after,
// and nothing here relies on when.
//
//	Table:
//	  Type: AWS::DynamoDB::Table
//	  Properties:
//	    BillingMode: PAY_PER_REQUEST
//	    AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]
//	    KeySchema: [{AttributeName: pk, KeyType: HASH}]
//	    TimeToLiveSpecification: {AttributeName: ttl, Enabled: true}
//
// The function needs dynamodb:PutItem, UpdateItem and DeleteItem on it.
package dynamodb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/pay-theory/streamer/aws/call"
)

// A Table is a table and who calls it. Both are required.
type Table struct {
	Name   string
	Client *call.Client // of the service dynamodb
}

func (t Table) check() error {
	switch {
	case t.Name == "":
		return errors.New("Table.Name is empty: name the table")
	case t.Client == nil:
		return errors.New("Table.Client is nil: make one with call.New for the service dynamodb")
	}
	return nil
}

// An attribute is one value of DynamoDB's JSON.
type attribute struct {
	S string `json:",omitempty"`
	N string `json:",omitempty"`
	B []byte `json:",omitempty"`
}

type item map[string]attribute

func text(s string) attribute { return attribute{S: s} }

func number(n int64) attribute { return attribute{N: strconv.FormatInt(n, 10)} }

func (i item) number(name string) int64 {
	n, _ := strconv.ParseInt(i[name].N, 10, 64) // 0 for what is not there
	return n
}

// A write is a conditional one of an item.
type write struct {
	TableName                           string
	Key                                 item              `json:",omitempty"`
	Item                                item              `json:",omitempty"`
	UpdateExpression                    string            `json:",omitempty"`
	ConditionExpression                 string            `json:",omitempty"`
	ExpressionAttributeNames            map[string]string `json:",omitempty"`
	ExpressionAttributeValues           item              `json:",omitempty"`
	ReturnValuesOnConditionCheckFailure string            `json:",omitempty"`
}

// A conflict is the error of a write whose condition does not hold, with the item
// as it is.
type conflict struct{ item item }

func (*conflict) Error() string { return "the condition does not hold" }

// do makes the write.
func (t Table) do(ctx context.Context, operation string, w write) error {
	w.TableName = t.Name
	w.ReturnValuesOnConditionCheckFailure = "ALL_OLD"
	_, err := call.JSON[struct{}](ctx, t.Client, "DynamoDB_20120810."+operation, w, 0)
	if !call.HasCode(err, "ConditionalCheckFailedException") {
		return err
	}
	failure, _ := errors.AsType[*call.Error](err)
	var body struct{ Item item }
	if err := json.Unmarshal(failure.Body, &body); err != nil {
		return fmt.Errorf("read the item of a refused write: %w", err)
	}
	return &conflict{body.Item}
}

// names are those that may be reserved words of DynamoDB's.
var names = map[string]string{"#until": "until", "#token": "token", "#hash": "hash", "#ttl": "ttl"}

func used(list ...string) map[string]string {
	some := make(map[string]string, len(list))
	for _, name := range list {
		some[name] = names[name]
	}
	return some
}

// lasting is the value of ttl for what ends at a time: seconds, rounded up.
func lasting(end time.Time) attribute { return number(end.Add(time.Second - 1).Unix()) }
