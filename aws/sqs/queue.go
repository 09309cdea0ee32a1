// Package sqs dispatches requests by a standard queue of Amazon SQS, in its JSON
// protocol and without the AWS SDK.
package sqs

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/aws/call"
	"github.com/pay-theory/streamer/lift/sigv4"
	"github.com/pay-theory/streamer/lift/trace"
	"github.com/pay-theory/streamer/request"
)

// A Config names the queue. QueueURL, Region and Credentials are required.
type Config struct {
	QueueURL    string // as SQS and CloudFormation give it
	Region      string
	Credentials sigv4.Provider // asked before each attempt, so it should cache

	Endpoint string // where SQS answers; "": the host of QueueURL

	Attempts  int               // how often a call is made while its failure is transient; 0: 3
	Timeout   time.Duration     // of one attempt; 0: 2 s
	Transport http.RoundTripper // nil: one of lift/transport that all such clients share

	Now func() time.Time // what delays are counted from; nil: time.Now
}

// A Queue implements [streamer.Queue] with a standard queue. A message names a
// request and the time that it is due; its group is its tenant's, so that SQS can
// keep the backlog of one tenant from delaying the others:
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues.html
//
// A call whose answer is lost is made again, and SQS delivers at least once: a
// dispatch may arrive twice. It is safe for concurrent use.
type Queue struct {
	client *call.Client
	url    string
	now    func() time.Time
}

var _ streamer.Queue = (*Queue)(nil)

// New checks the config. It makes no call.
func New(config Config) (*Queue, error) {
	at, err := url.Parse(config.QueueURL)
	if err != nil || at.Host == "" || len(at.Path) < 2 || at.Scheme != "http" && at.Scheme != "https" {
		return nil, fmt.Errorf("sqs: Config.QueueURL %q is not a valid queue URL: "+
			"use the one that SQS gives, such as https://sqs.us-east-1.amazonaws.com/123456789012/name", config.QueueURL)
	}
	if config.Endpoint == "" {
		config.Endpoint = at.Scheme + "://" + at.Host
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	client, err := call.New(call.Config{Service: "sqs", Region: config.Region, Credentials: config.Credentials, Endpoint: config.Endpoint,
		Attempts: config.Attempts, Timeout: config.Timeout, Transport: config.Transport, Now: config.Now})
	if err != nil {
		return nil, fmt.Errorf("sqs: %w", err)
	}
	return &Queue{client: client, url: config.QueueURL, now: config.Now}, nil
}

// Dispatch implements [streamer.Queue] with one SendMessage. A due time more
// than 15 minutes ahead arrives early, since SQS delays no longer.
func (q *Queue) Dispatch(ctx context.Context, key request.Key, due time.Time) error {
	_, err := call.JSON[struct{}](ctx, q.client, "AmazonSQS.SendMessage", sendMessage{q.url, q.entry(ctx, key, due)}, 0)
	if err != nil {
		return fmt.Errorf("dispatch: %w", err)
	}
	return nil
}

type sendMessage struct {
	QueueURL string `json:"QueueUrl"`
	entry
}

// How many messages SQS takes in one call, and how many calls run side by side.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
const (
	batchSize = 10
	parallel  = 8
)

// DispatchAll implements [streamer.Queue] with a SendMessageBatch for every ten, up
// to eight of them at a time. SQS accepts or refuses each message by itself.
func (q *Queue) DispatchAll(ctx context.Context, all []request.Dispatch) []error {
	faults := make([]error, len(all))
	free := make(chan struct{}, parallel)
	var calls sync.WaitGroup
	for from := 0; from < len(all); from += batchSize {
		to := min(from+batchSize, len(all))
		free <- struct{}{}
		calls.Go(func() {
			q.dispatchBatch(ctx, all[from:to], faults[from:to])
			<-free
		})
	}
	calls.Wait()
	return faults
}

type sendMessageBatch struct {
	QueueURL string `json:"QueueUrl"`
	Entries  []batchEntry
}

type batchEntry struct {
	ID string `json:"Id"` // the place in the batch
	entry
}

// refusals are what the answer to a batch says of messages that are not stored.
type refusals struct {
	Failed []struct {
		ID            string `json:"Id"`
		Code, Message string
	}
}

func (q *Queue) dispatchBatch(ctx context.Context, all []request.Dispatch, faults []error) {
	in := sendMessageBatch{QueueURL: q.url}
	for i, d := range all {
		in.Entries = append(in.Entries, batchEntry{strconv.Itoa(i), q.entry(ctx, d.Key, d.Due)})
	}
	out, err := call.JSON[refusals](ctx, q.client, "AmazonSQS.SendMessageBatch", in, 0)
	if err != nil {
		for i := range faults {
			faults[i] = fmt.Errorf("dispatch: %w", err)
		}
		return
	}
	for _, refused := range out.Failed {
		i, err := strconv.Atoi(refused.ID)
		if err == nil && i >= 0 && i < len(faults) {
			faults[i] = fmt.Errorf("dispatch: SQS refused the message: %s: %s", refused.Code, refused.Message)
		}
	}
}

// Backlog implements [streamer.Queue] with a GetQueueAttributes. SQS counts
// approximately:
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html
func (q *Queue) Backlog(ctx context.Context) (int, error) {
	const visible = "ApproximateNumberOfMessages"
	in := map[string]any{"QueueUrl": q.url, "AttributeNames": []string{visible}}
	out, err := call.JSON[struct{ Attributes map[string]string }](ctx, q.client, "AmazonSQS.GetQueueAttributes", in, 0)
	if err != nil {
		return 0, fmt.Errorf("count the queue's messages: %w", err)
	}
	n, err := strconv.Atoi(out.Attributes[visible])
	if err != nil {
		return 0, errors.New("count the queue's messages: the answer has no " + visible)
	}
	return n, nil
}

// entry makes the message of a dispatch, in the trace of ctx.
func (q *Queue) entry(ctx context.Context, key request.Key, due time.Time) entry {
	e := entry{Body: body(key, due), Group: group(key.Tenant), Delay: delay{due, q.now}}
	if at := trace.From(ctx); at != nil {
		e.System = map[string]attribute{"AWSTraceHeader": {DataType: "String", StringValue: at.Link().Header()}}
	}
	return e
}
