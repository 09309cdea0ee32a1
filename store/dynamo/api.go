package dynamo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pay-theory/streamer/aws/call"
	"github.com/pay-theory/streamer/lift/sigv4"
)

// api calls DynamoDB's JSON API (Amazon DynamoDB Developer Guide, "DynamoDB
// low-level API").
type api struct {
	endpoint  string
	signer    *sigv4.Signer
	transport http.RoundTripper
	attempts  int
	timeout   time.Duration // of one attempt
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
	Keys           []item
	ConsistentRead bool `json:",omitempty"`
}

// An Error is a call that DynamoDB refused, or did not answer.
type Error struct {
	Operation string // such as UpdateItem
	Code      string // such as ThrottlingException; "": there was no answer that says
	Message   string
	Status    int    // of the HTTP answer; 0: there was none
	RequestID string // by which AWS finds the call
	Attempts  int    // how often it was made
	Cause     error  // why there was no answer, or none that could be read

	item    item     // that failed the condition
	reasons []reason // why a transaction was cancelled, for each of its items
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

// passing reports whether the item may be in nobody's way the next time.
func (r reason) passing() bool {
	switch r.Code {
	case "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded":
		return true
	}
	return false
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "dynamodb %s", e.Operation)
	if e.Code != "" {
		fmt.Fprintf(&b, ": %s: %s", e.Code, e.Message)
	} else if e.Status != 0 {
		fmt.Fprintf(&b, ": status %d", e.Status)
	}
	if e.Cause != nil {
		fmt.Fprintf(&b, ": %v", e.Cause)
	}
	fmt.Fprintf(&b, " (attempts %d", e.Attempts)
	if e.RequestID != "" {
		fmt.Fprintf(&b, ", request %s", e.RequestID)
	}
	b.WriteByte(')')
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

const (
	codeCondition  = "ConditionalCheckFailedException"
	codeValidation = "ValidationException"
	codeCancelled  = "TransactionCanceledException"
)

// passing reports whether the same call may succeed when made again (Amazon
// DynamoDB Developer Guide, "Error handling with DynamoDB").
func (e *Error) passing() bool {
	switch e.Code {
	case "ThrottlingException", "ProvisionedThroughputExceededException", "RequestLimitExceeded", "InternalServerError",
		"TransactionConflictException", "TransactionInProgressException", "ReplicatedWriteConflictException":
		return true
	case codeCancelled:
		return e.inTheWay()
	}
	return e.unreadable() || e.Status >= 500 || e.Status == http.StatusTooManyRequests
}

// inTheWay reports whether a transaction was cancelled for a while only. Its
// first item decides when it has a reason of its own, since that is the request
// and no other item's reason means anything beside it.
func (e *Error) inTheWay() bool {
	failed := func(r reason) bool { return r.Code != reasonNone && !r.passing() }
	switch {
	case len(e.reasons) == 0 || failed(e.reasons[0]):
		return false
	case e.reasons[0].passing():
		return true
	}
	return !slices.ContainsFunc(e.reasons, failed)
}

// unreadable reports whether there was no answer, or none that says what became
// of the call: it may have been carried out.
func (e *Error) unreadable() bool { return e.Code == "" && e.Cause != nil }

// call makes a call until it succeeds, fails for good, or its attempts or its
// context end. Every error is an [*Error].
func (a *api) call(ctx context.Context, operation string, in any) (output, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return output{}, &Error{Operation: operation, Cause: err}
	}
	if ctx.Err() != nil {
		return output{}, &Error{Operation: operation, Cause: ctx.Err()}
	}
	for attempt := 1; ; attempt++ {
		out, failure := a.attempt(ctx, operation, body)
		if failure == nil {
			return out, nil
		}
		failure.Attempts = attempt
		if ctx.Err() != nil || !failure.passing() || attempt >= a.attempts {
			return output{}, failure
		}
		// Most often a connection was lost that stood idle while the function was
		// frozen; a new one is as good as any wait.
		if atOnce := attempt == 1 && failure.unreadable(); !atOnce && !call.Pause(ctx, attempt) {
			return output{}, failure
		}
	}
}

func (a *api) attempt(ctx context.Context, operation string, body []byte) (output, *Error) {
	timeout := a.timeout
	if operation == opQuery || operation == opBatchGet {
		timeout *= 5
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	failure := &Error{Operation: operation}
	req, err := a.request(ctx, operation, body)
	if err != nil {
		failure.Cause = err
		return output{}, failure
	}
	res, err := a.transport.RoundTrip(req)
	if err != nil {
		failure.Cause = err
		return output{}, failure
	}
	defer res.Body.Close()
	failure.Status, failure.RequestID = res.StatusCode, res.Header.Get("X-Amzn-Requestid")
	raw, err := io.ReadAll(res.Body)
	if err == nil {
		err = checksum(res.Header.Get("X-Amz-Crc32"), raw)
	}
	if err != nil {
		failure.Cause = err
		return output{}, failure
	}
	if res.StatusCode != http.StatusOK {
		failure.read(raw)
		return output{}, failure
	}
	var out output
	if err := json.Unmarshal(raw, &out); err != nil {
		failure.Cause = err
		return output{}, failure
	}
	return out, nil
}

func (a *api) request(ctx context.Context, operation string, body []byte) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.endpoint, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-amz-json-1.0")
	req.Header.Set("X-Amz-Target", "DynamoDB_20120810."+operation)
	return req, a.signer.Sign(req, body, time.Now())
}

// read takes what an error's answer says.
func (e *Error) read(raw []byte) {
	var body struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
		Item    item
		Reasons []reason `json:"CancellationReasons"`
	}
	if e.Cause = json.Unmarshal(raw, &body); e.Cause != nil {
		return
	}
	e.Code = body.Type[strings.LastIndexByte(body.Type, '#')+1:]
	e.Message, e.item, e.reasons = body.Message, body.Item, body.Reasons
}

// checksum compares an answer with the CRC-32 that DynamoDB sends along.
func checksum(want string, body []byte) error {
	if want == "" {
		return nil
	}
	if sum, err := strconv.ParseUint(want, 10, 32); err != nil || uint32(sum) != crc32.ChecksumIEEE(body) {
		return errors.New("the answer does not match its checksum")
	}
	return nil
}
