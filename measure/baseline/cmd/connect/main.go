// Command connect answers $connect: it verifies the token and records the
// connection.
package main

import (
	"context"
	"errors"
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

	"github.com/pay-theory/streamer/measure/baseline/internal/metrics"
	"github.com/pay-theory/streamer/measure/baseline/internal/store"
)

func main() {
	logger := slog.New(slog.NewJSONHandler(os.Stdout, nil)).With("function", "connect")
	slog.SetDefault(logger) // of the libraries
	h, err := newHandler(context.Background(), logger)
	if err != nil {
		logger.Error("the function cannot start", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(h.handle)
}

// newHandler makes the clients that every invocation uses.
func newHandler(ctx context.Context, logger *slog.Logger) (*handler, error) {
	table := os.Getenv("STREAMER_CONNECTIONS_TABLE")
	if table == "" {
		return nil, errors.New("STREAMER_CONNECTIONS_TABLE is not set")
	}
	tokens, err := readVerifierConfig(os.Getenv)
	if err != nil {
		return nil, err
	}
	verifier, err := newVerifier(ctx, tokens)
	if err != nil {
		return nil, err
	}
	xray.SetLogger(xraylog.NewDefaultLogger(os.Stderr, xraylog.LogLevelError))
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("load AWS config: %w", err)
	}
	awsv2.AWSV2Instrumentor(&cfg.APIOptions)
	return &handler{
		connections: store.NewConnections(dynamodb.NewFromConfig(cfg), table),
		verifier:    verifier,
		metrics:     metrics.NewPublisher(cloudwatch.NewFromConfig(cfg)),
		logger:      logger,
	}, nil
}
