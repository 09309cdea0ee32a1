package call

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// JSON calls an operation of a service that speaks AWS JSON 1.0, such as DynamoDB
// and SQS, and returns its output. The target is what the service calls the
// operation, with its version, such as DynamoDB_20120810.GetItem. The input is encoded
// for each attempt anew. A timeout of 0 is the client's. Every error is an [*Error].
func JSON[Out any](ctx context.Context, c *Client, target string, in any, timeout time.Duration) (Out, error) {
	var out, none Out
	operation := target[strings.LastIndexByte(target, '.')+1:]
	if err := ctx.Err(); err != nil {
		return none, &Error{Service: c.config.Service, Operation: operation, Cause: err}
	}
	err := c.Do(ctx, Request{Operation: operation, Path: "/", Timeout: timeout,
		Encode: func() ([]byte, error) { return json.Marshal(in) },
		Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}, "X-Amz-Target": {target}},
		Read: func(body []byte) error {
			out = none // an attempt whose answer ended in its middle may have left something
			return json.Unmarshal(body, &out)
		}})
	if err != nil {
		return none, err
	}
	return out, nil
}
