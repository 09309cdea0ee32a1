package queue_test

import (
	"context"
	"fmt"
	"time"

	awslambda "github.com/aws/aws-lambda-go/lambda"

	"github.com/aws/aws-lambda-go/events"

	"github.com/pay-theory/streamer/emulator/lambda"
	"github.com/pay-theory/streamer/emulator/queue"
)

// A function of Lambda reads a queue in this process. The handler of a real one can
// stand here as it is.
func Example() {
	q, err := queue.New(queue.Config{Name: "work", Visibility: time.Minute})
	if err != nil {
		fmt.Println(err)
		return
	}
	took := make(chan string)
	function, err := lambda.NewInProcess(lambda.Config{Name: "worker", Timeout: 10 * time.Second,
		Handler: awslambda.NewHandler(func(_ context.Context, e events.SQSEvent) error {
			took <- e.Records[0].Body
			return nil
		})})
	if err != nil {
		fmt.Println(err)
		return
	}
	mapping, err := queue.NewMapping(queue.MappingConfig{Queue: q, Function: function, Timeout: 10 * time.Second, BatchSize: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		mapping.Run(ctx)
		close(ended)
	}()

	if _, err := q.Send(queue.Entry{Body: "hello", GroupID: "tenant-1"}); err != nil {
		fmt.Println(err)
	}
	fmt.Println(<-took)

	cancel()
	<-ended
	fmt.Println(q.Depth().InFlight, "in flight")
	// Output:
	// hello
	// 0 in flight
}

// A visibility timeout below the function's timeout would give a message to two
// invocations at a time, so Lambda refuses the mapping.
func ExampleNewMapping() {
	q, err := queue.New(queue.Config{Name: "work", Visibility: time.Minute})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = queue.NewMapping(queue.MappingConfig{Queue: q, Function: function(nil), Timeout: 15 * time.Minute})
	fmt.Println(err)
	// Output:
	// queue: MappingConfig.Timeout of 15m0s is longer than the visibility timeout of the queue, which is 1m0s: raise the queue's
}
