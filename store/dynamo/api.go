package dynamo

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/pay-theory/streamer/aws/call"
)

// api calls DynamoDB's JSON API (Amazon DynamoDB Developer Guide, "DynamoDB
// low-level API").
type api struct {
	client *call.Client
	long   time.Duration // of one attempt whose answer may have 16 MB
}

// The operations that are called.
const (
	opPut      = "PutItem"
	opGet      = "GetItem"
	opUpdate   = "UpdateItem"
	opDelete   = "DeleteItem"
	opQuery    = "Query"
	opBatchGet = "BatchGetItem"
	opTransact = "TransactWriteItems"
)

// An input has the parameters of all operations; each uses a few.
type input struct {
	TableName                           string            `json:",omitempty"`
	IndexName                           string            `json:",omitempty"`
	Key                                 item              `json:",omitempty"`
	Item                                item              `json:",omitempty"`
	UpdateExpression                    string            `json:",omitempty"`
	ConditionExpression                 string            `json:",omitempty"`
	KeyConditionExpression              string            `json:",omitempty"`
	FilterExpression                    string            `json:",omitempty"`
	ExpressionAttributeNames            map[string]string `json:",omitempty"`
	ExpressionAttributeValues           item              `json:",omitempty"`
	ExclusiveStartKey                   item              `json:",omitempty"`
	Limit                               int               `json:",omitempty"`
	ScanIndexForward                    *bool             `json:",omitempty"`
	ConsistentRead                      bool              `json:",omitempty"`
	ReturnValues                        string            `json:",omitempty"`
	ReturnValuesOnConditionCheckFailure string            `json:",omitempty"`
	RequestItems                        map[string]keys   `json:",omitempty"`
	ProjectionExpression                string            `json:",omitempty"`
	TransactItems                       []transactItem    `json:",omitempty"`
}

// A transactItem is one write of a transaction: the member that is set says
// which.
type transactItem struct {
	Put    *input `json:",omitempty"`
	Update *input `json:",omitempty"`
}

// An output has the results of all operations.
type output struct {
	Item             item
	Attributes       item
	Items            []item
	LastEvaluatedKey item
	Responses        map[string][]item
	UnprocessedKeys  map[string]keys
	Table            struct{ TableStatus string }
}

type keys struct {
	Keys                     []item
	ConsistentRead           bool              `json:",omitempty"`
	ProjectionExpression     string            `json:",omitempty"`
	ExpressionAttributeNames map[string]string `json:",omitempty"`
}

// A refusal is what the answer of a failed write says beside its code.
type refusal struct {
	Item    item     // that failed the condition
	Reasons []reason `json:"CancellationReasons"` // why a transaction was cancelled, for each of its items
}

// refusalOf reads the answer of a failed call; what it does not say stays empty.
func refusalOf(e *call.Error) refusal {
	var r refusal
	if json.Unmarshal(e.Body, &r) != nil {
		return refusal{}
	}
	return r
}

// A reason is an item's part in the end of a transaction (Amazon DynamoDB API
// Reference, "CancellationReason").
type reason struct {
	Code string
	Item item // as it is, when its condition failed
}

// The codes of a reason.
const (
	reasonNone      = "None"
	reasonCondition = "ConditionalCheckFailed"
)

// transient reports whether the item may be in no write's way the next time.
func (r reason) transient() bool {
	switch r.Code {
	case "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded":
		return true
	}
	return false
}

const (
	codeCondition  = "ConditionalCheckFailedException"
	codeValidation = "ValidationException"
	codeCancelled  = "TransactionCanceledException"
)

// transient reports whether the same call may succeed when it is made again.
func transient(e *call.Error) bool {
	if e.Code == codeCancelled {
		return onlyDelayed(refusalOf(e).Reasons)
	}
	return call.Transient(e)
}

// onlyDelayed reports whether a transaction was cancelled for transient reasons
// alone. Its first item decides when it has a reason of its own, since that is the
// request and no other item's reason means anything beside it.
func onlyDelayed(reasons []reason) bool {
	failed := func(r reason) bool { return r.Code != reasonNone && !r.transient() }
	switch {
	case len(reasons) == 0 || failed(reasons[0]):
		return false
	case reasons[0].transient():
		return true
	}
	return !slices.ContainsFunc(reasons, failed)
}

// call makes a call until it succeeds, fails for good, or its attempts or its
// context end. Every error is a [*call.Error].
func (a *api) call(ctx context.Context, operation string, in any) (output, error) {
	timeout := time.Duration(0)
	if operation == opQuery || operation == opBatchGet {
		timeout = a.long
	}
	return call.JSON[output](ctx, a.client, "DynamoDB_20120810."+operation, in, timeout)
}

// failedOn is the item on which a write's condition failed; of a transaction, the
// request's, which is its first. The item is nil where there is none.
func failedOn(err error) (item, bool) {
	failure, ok := errors.AsType[*call.Error](err)
	if !ok {
		return nil, false
	}
	switch failure.Code {
	case codeCondition:
		return refusalOf(failure).Item, true
	case codeCancelled:
		if reasons := refusalOf(failure).Reasons; len(reasons) > 0 && reasons[0].Code == reasonCondition {
			return reasons[0].Item, true
		}
	}
	return nil, false
}

// failedCount is the first of the counters, which follow the request in a
// transaction, whose condition failed where the request's held.
func failedCount(err error, moves []count) (count, bool) {
	failure, ok := errors.AsType[*call.Error](err)
	if !ok || failure.Code != codeCancelled {
		return count{}, false
	}
	reasons := refusalOf(failure).Reasons
	if len(reasons) == 0 || reasons[0].Code != reasonNone {
		return count{}, false
	}
	for i, m := range moves {
		if at := 1 + i; at < len(reasons) && reasons[at].Code == reasonCondition {
			return m, true
		}
	}
	return count{}, false
}
