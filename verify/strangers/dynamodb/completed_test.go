package dynamodb

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// A completed is a transport that makes of dynalite's calls what it lacks: transactions, the item
// of a failed condition, and UpdateTimeToLive, which does nothing. What an action's expressions
// mean and whether its condition holds dynalite alone says; that a transaction's actions are made
// together, this does, with a lock around every write.
type completed struct {
	next http.RoundTripper
	mu   sync.RWMutex

	transactions, items, cancelled atomic.Int64
}

const target = "DynamoDB_20120810."

func (c *completed) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	operation := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), target)
	switch operation {
	case "UpdateTimeToLive":
		return answer(r, http.StatusOK, struct{}{}), nil
	case "PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems":
		c.mu.Lock()
		defer c.mu.Unlock()
	default:
		c.mu.RLock()
		defer c.mu.RUnlock()
	}
	if operation == "TransactWriteItems" {
		return c.transact(r, body)
	}
	status, said, err := c.call(r, operation, body)
	if err != nil {
		return nil, err
	}
	if status == http.StatusBadRequest && strings.Contains(string(said), "ConditionalCheckFailedException") {
		failed := map[string]any{}
		if err := json.Unmarshal(said, &failed); err != nil {
			return nil, err
		}
		if failed["Item"], err = c.there(r, body); err != nil {
			return nil, err
		}
		return answer(r, status, failed), nil
	}
	return answer(r, status, json.RawMessage(said)), nil
}

// call makes a call with the headers of another; dynalite looks at a signature's form alone.
func (c *completed) call(r *http.Request, operation string, body []byte) (status int, said []byte, err error) {
	r = r.Clone(r.Context())
	r.Header.Set("X-Amz-Target", target+operation)
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	res, err := c.next.RoundTrip(r)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	said, err = io.ReadAll(res.Body)
	return res.StatusCode, said, err
}

type attributes map[string]json.RawMessage

// An action names an item of a table by its key, or by an item that has it.
type action struct {
	TableName                           string
	Key, Item                           attributes
	ReturnValuesOnConditionCheckFailure string
}

// key is the action's; the tables of requests have the key pk and id, those of connections id.
func (a action) key() attributes {
	if a.Key != nil {
		return a.Key
	}
	key := attributes{"id": a.Item["id"]}
	if strings.HasSuffix(a.TableName, "requests") {
		key["pk"] = a.Item["pk"]
	}
	return key
}

// there is the item that an action is about, nil where there is none or it is not asked for.
func (c *completed) there(r *http.Request, body []byte) (attributes, error) {
	var a action
	if err := json.Unmarshal(body, &a); err != nil || a.ReturnValuesOnConditionCheckFailure != "ALL_OLD" {
		return nil, err
	}
	return c.get(r, a)
}

func (c *completed) get(r *http.Request, a action) (attributes, error) {
	body, err := json.Marshal(map[string]any{"TableName": a.TableName, "Key": a.key(), "ConsistentRead": true})
	if err != nil {
		return nil, err
	}
	_, said, err := c.call(r, "GetItem", body)
	if err != nil {
		return nil, err
	}
	var out struct{ Item attributes }
	return out.Item, json.Unmarshal(said, &out)
}

type reason struct {
	Code    string
	Message string     `json:",omitempty"`
	Item    attributes `json:",omitempty"`
}

// transact makes the actions one after the other. The first that fails undoes those before it.
func (c *completed) transact(r *http.Request, body []byte) (*http.Response, error) {
	var in struct{ TransactItems []map[string]json.RawMessage }
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, err
	}
	c.transactions.Add(1)
	c.items.Add(int64(len(in.TransactItems)))
	reasons := slices.Repeat([]reason{{Code: "None"}}, len(in.TransactItems))
	var undo []func() error
	failed := false
	for n, item := range in.TransactItems {
		for kind, raw := range item {
			var a action
			if err := json.Unmarshal(raw, &a); err != nil {
				return nil, err
			}
			before, err := c.get(r, a)
			if err != nil {
				return nil, err
			}
			status, said, err := c.call(r, kind+"Item", without(raw, "ReturnValuesOnConditionCheckFailure"))
			if err != nil {
				return nil, err
			}
			if status == http.StatusOK {
				undo = append(undo, func() error { return c.restore(r, a, before) })
				continue
			}
			failed = true
			reasons[n] = refused(said)
			if a.ReturnValuesOnConditionCheckFailure == "ALL_OLD" {
				reasons[n].Item = before
			}
		}
	}
	if !failed {
		return answer(r, http.StatusOK, struct{}{}), nil
	}
	c.cancelled.Add(1)
	for _, back := range slices.Backward(undo) {
		if err := back(); err != nil {
			return nil, err
		}
	}
	return answer(r, http.StatusBadRequest, map[string]any{
		"__type":              "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
		"CancellationReasons": reasons,
	}), nil
}

// refused is the reason that an answer gives.
func refused(said []byte) reason {
	var failure struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}
	_ = json.Unmarshal(said, &failure) // what it does not say stays empty
	_, code, _ := strings.Cut(failure.Type, "#")
	code = map[string]string{"ConditionalCheckFailedException": "ConditionalCheckFailed", "ValidationException": "ValidationError"}[code]
	return reason{Code: code, Message: failure.Message}
}

// restore makes an item what it was.
func (c *completed) restore(r *http.Request, a action, before attributes) error {
	operation, in := "PutItem", map[string]any{"TableName": a.TableName, "Item": before}
	if before == nil {
		operation, in = "DeleteItem", map[string]any{"TableName": a.TableName, "Key": a.key()}
	}
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	_, _, err = c.call(r, operation, body)
	return err
}

// without is an object less one of its members.
func without(raw json.RawMessage, member string) []byte {
	all := attributes{}
	if json.Unmarshal(raw, &all) != nil {
		return raw
	}
	delete(all, member)
	rest, err := json.Marshal(all)
	if err != nil {
		return raw
	}
	return rest
}

func answer(r *http.Request, status int, body any) *http.Response {
	raw, err := json.Marshal(body)
	if err != nil {
		status, raw = http.StatusInternalServerError, []byte(err.Error())
	}
	return &http.Response{StatusCode: status, Status: http.StatusText(status), Request: r, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}}, ContentLength: int64(len(raw)),
		Body: io.NopCloser(bytes.NewReader(raw))}
}
