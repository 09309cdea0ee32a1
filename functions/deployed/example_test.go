package deployed_test //nolint:testableexamples // a function does not return

import (
	"context"
	"encoding/json"
	"log"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/functions/deployed"
	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/config"
	"github.com/pay-theory/streamer/wire"
)

// An order is what the queue of the example brings.
type order struct{ ID, Tenant, User string }

// A Lambda function of one's own starts a request for each order in its queue. A message
// that comes twice starts one, since the id comes from the order.
func ExampleRequests() {
	requests, err := deployed.Requests(context.Background(), parts, config.Options{})
	if err != nil {
		log.Fatal(err)
	}
	app := lift.New(lift.Config{})
	app.SQS(lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
		var in order
		if err := json.Unmarshal(e.Body, &in); err != nil {
			return nil, err
		}
		_, err := requests.Submit(ctx, streamer.Caller{
			Principal:     streamer.Principal{Tenant: in.Tenant, Subject: in.User, Scopes: []string{"invoices"}},
			CorrelationID: e.CorrelationID, // in every log line of the request
		}, wire.Message{ID: "invoice-" + in.ID, Action: "invoice", Payload: e.Body})
		return nil, err
	}))
	lift.Start(app)
}
