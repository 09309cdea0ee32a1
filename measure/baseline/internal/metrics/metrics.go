// Package metrics collects an invocation's metrics and sends them to CloudWatch
// in one call.
package metrics

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

const (
	namespace = "Streamer"

	// patience is how long an event may wait for CloudWatch.
	patience = time.Second

	// most data that one call takes:
	// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
	most = 1000
)

// A Publisher sends metrics.
type Publisher struct{ client *cloudwatch.Client }

// NewPublisher returns a publisher that sends with the client.
func NewPublisher(client *cloudwatch.Client) *Publisher { return &Publisher{client: client} }

// A Batch is what one invocation measured. It is for one goroutine.
type Batch struct{ data []types.MetricDatum }

// Count adds one to a metric for an outcome, such as success.
func (b *Batch) Count(name, outcome string) {
	b.add(types.MetricDatum{MetricName: aws.String(name), Value: aws.Float64(1), Unit: types.StandardUnitCount,
		Dimensions: []types.Dimension{{Name: aws.String("Outcome"), Value: aws.String(outcome)}}})
}

// Duration records how long something took.
func (b *Batch) Duration(name string, d time.Duration) {
	b.add(types.MetricDatum{MetricName: aws.String(name), Value: aws.Float64(float64(d.Microseconds()) / 1000),
		Unit: types.StandardUnitMilliseconds})
}

func (b *Batch) add(d types.MetricDatum) {
	if len(b.data) < most {
		d.Timestamp = aws.Time(time.Now())
		b.data = append(b.data, d)
	}
}

// Publish sends a batch. An empty one costs no call.
func (p *Publisher) Publish(ctx context.Context, b *Batch) error {
	if len(b.data) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if _, err := p.client.PutMetricData(ctx, &cloudwatch.PutMetricDataInput{Namespace: aws.String(namespace),
		MetricData: b.data}); err != nil {
		return fmt.Errorf("put metric data: %w", err)
	}
	return nil
}
