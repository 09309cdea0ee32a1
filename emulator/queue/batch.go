package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
)

// A batch is a request of several entries, each with an ID by which the answer
// tells them apart.
type batch[T any] struct{ Entries []batchEntry[T] }

type batchEntry[T any] struct {
	ID string
	In T
}

// UnmarshalJSON reads an entry, whose ID stands among the fields of the rest.
func (e *batchEntry[T]) UnmarshalJSON(text []byte) error {
	var id struct {
		ID string `json:"Id"`
	}
	if err := json.Unmarshal(text, &id); err != nil {
		return err
	}
	e.ID = id.ID
	return json.Unmarshal(text, &e.In)
}

// An answered is an entry of a batch that was taken.
type answered struct {
	ID string `json:"Id"`
	sent
}

// A refused is an entry of a batch that was not.
type refused struct {
	ID          string `json:"Id"`
	Code        string
	Message     string
	SenderFault bool
}

var batchID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

func (q *Queue) sendBatch(_ context.Context, in batch[Entry]) (any, error) {
	size := 0
	for _, e := range in.Entries {
		size += e.In.size()
	}
	if size > maxMessage {
		return nil, &Error{Type: "BatchRequestTooLong",
			Message: fmt.Sprintf("Batch requests cannot be longer than %d bytes. You have sent %d bytes.", maxMessage, size)}
	}
	return each(in, q.store)
}

func (q *Queue) deleteBatch(_ context.Context, in batch[receiptInput]) (any, error) {
	return each(in, func(r receiptInput) (sent, error) { return sent{}, q.deleteOne(r) })
}

func (q *Queue) changeBatch(_ context.Context, in batch[receiptInput]) (any, error) {
	return each(in, func(r receiptInput) (sent, error) { return sent{}, q.changeOne(r) })
}

// each does something with every entry, and refuses the batches that SQS refuses
// as a whole:
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
func each[T any](in batch[T], do func(T) (sent, error)) (any, error) {
	switch {
	case len(in.Entries) == 0:
		return nil, &Error{Type: "EmptyBatchRequest", Message: "There should be at least one entry in the request."}
	case len(in.Entries) > maxBatch:
		return nil, &Error{Type: "TooManyEntriesInBatchRequest", Message: fmt.Sprintf(
			"Maximum number of entries per request are %d. You have sent %d.", maxBatch, len(in.Entries))}
	}
	seen := map[string]bool{}
	for _, e := range in.Entries {
		if !batchID.MatchString(e.ID) {
			return nil, &Error{Type: "InvalidBatchEntryId", Message: fmt.Sprintf(
				"The id %q is not valid: a batch entry id has 1 to 80 letters, digits, hyphens and underscores.", e.ID)}
		}
		if seen[e.ID] {
			return nil, &Error{Type: "BatchEntryIdsNotDistinct", Message: "Id " + e.ID + " repeated."}
		}
		seen[e.ID] = true
	}
	taken, failed := []answered{}, []refused{}
	for _, e := range in.Entries {
		out, err := do(e.In)
		if fault, ok := errors.AsType[*Error](err); ok {
			_, code := fault.shape()
			failed = append(failed, refused{ID: e.ID, Code: code, Message: fault.Message, SenderFault: true})
			continue
		}
		taken = append(taken, answered{ID: e.ID, sent: out})
	}
	return map[string]any{"Successful": taken, "Failed": failed}, nil
}
