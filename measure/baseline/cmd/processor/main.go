// Command processor runs the requests that the messages of a queue name.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-xray-sdk-go/instrumentation/awsv2"
	"github.com/aws/aws-xray-sdk-go/xray"
	"github.com/aws/aws-xray-sdk-go/xraylog"

	"github.com/pay-theory/streamer/measure/baseline/internal/actions"
	"github.com/pay-theory/streamer/measure/baseline/internal/metrics"
	"github.com/pay-theory/streamer/measure/baseline/internal/push"
	"github.com/pay-theory/streamer/measure/baseline/internal/store"
)

func main() {
	logger := slog.New(slog.NewJSONHandler(os.Stdout, nil)).With("function", "processor")
	h, err := newHandler(context.Background(), logger)
	if err != nil {
		logger.Error("the function cannot start", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(h.handle)
}

// newHandler makes the clients that every invocation uses.
func newHandler(ctx context.Context, logger *slog.Logger) (*handler, error) {
	var requestsTable, callbackURL string
	for name, value := range map[string]*string{
		"STREAMER_REQUESTS_TABLE": &requestsTable,
		"STREAMER_CALLBACK_URL":   &callbackURL,
	} {
		if *value = os.Getenv(name); *value == "" {
			return nil, fmt.Errorf("%s is not set", name)
		}
	}
	xray.SetLogger(xraylog.NewDefaultLogger(os.Stderr, xraylog.LogLevelError))
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("load AWS config: %w", err)
	}
	awsv2.AWSV2Instrumentor(&cfg.APIOptions)
	requests := store.NewRequests(dynamodb.NewFromConfig(cfg), requestsTable)
	return &handler{
		requests: requests,
		actions:  actions.All(requests),
		push:     push.New(cfg, callbackURL),
		metrics:  metrics.NewPublisher(cloudwatch.NewFromConfig(cfg)),
		logger:   logger,
	}, nil
}
