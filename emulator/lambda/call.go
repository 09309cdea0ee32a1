package lambda

import (
	"cmp"
	"context"
	"encoding/json"

	"github.com/aws/aws-lambda-go/lambdacontext"
)

// A call is what the caller of an [API] says beside the payload.
type call struct {
	requestID     string
	arn           string // with the qualifier; "": the function's
	clientContext string // JSON, or ""
	tail          *logTail
}

type callKey struct{}

func withCall(ctx context.Context, c call) context.Context {
	return context.WithValue(ctx, callKey{}, c)
}

// callOf returns the call that ctx has, else a new one.
func callOf(ctx context.Context) call {
	c, ok := ctx.Value(callKey{}).(call)
	if !ok {
		c.requestID = newRequestID()
	}
	return c
}

// context is the call as handlers see it.
func (c call) context(arn string) *lambdacontext.LambdaContext {
	lc := &lambdacontext.LambdaContext{AwsRequestID: c.requestID, InvokedFunctionArn: cmp.Or(c.arn, arn)}
	if c.clientContext != "" {
		_ = json.Unmarshal([]byte(c.clientContext), &lc.ClientContext) // the API has checked that it is JSON
	}
	return lc
}
