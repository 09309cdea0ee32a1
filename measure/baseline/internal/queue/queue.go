// Package queue asks for stored requests to be run.
package queue

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/pay-theory/streamer/measure/baseline/internal/store"
)

// A Queue is the SQS queue that the processor reads.
type Queue struct {
	client *sqs.Client
	url    string
}

// New returns the queue at the URL.
func New(cfg aws.Config, url string) *Queue {
	return &Queue{client: sqs.NewFromConfig(cfg), url: url}
}

// A message is the body of a message: the request's key.
type message struct {
	Run run `json:"run"`
}

type run struct {
	Partition string `json:"partition"`
	ID        string `json:"id"`
}

// Send asks for a request to be run, in the message group of its tenant.
func (q *Queue) Send(ctx context.Context, tenant string, key store.Key) error {
	body, err := json.Marshal(message{run{key.Partition, key.ID}})
	if err != nil {
		return fmt.Errorf("encode message: %w", err)
	}
	group := sha256.Sum256([]byte(tenant))
	_, err = q.client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: aws.String(q.url), MessageBody: aws.String(string(body)),
		MessageGroupId: aws.String(hex.EncodeToString(group[:]))})
	if err != nil {
		return fmt.Errorf("send message: %w", err)
	}
	return nil
}

// Key reads a message's body.
func Key(body string) (store.Key, error) {
	var m message
	if err := json.Unmarshal([]byte(body), &m); err != nil {
		return store.Key{}, fmt.Errorf("decode message: %w", err)
	}
	if m.Run.Partition == "" || m.Run.ID == "" {
		return store.Key{}, errors.New("the message names no request")
	}
	return store.Key{Partition: m.Run.Partition, ID: m.Run.ID}, nil
}
