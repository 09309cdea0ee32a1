package lift

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// A KinesisRecord is the view of one record of a Kinesis data stream. Its data,
// decoded, is [Event.Body]; its stream is [Event.Route].
type KinesisRecord struct {
	Stream         string
	ShardID        string
	PartitionKey   string
	SequenceNumber string
}

// Kinesis registers the handler for records of Kinesis data streams. As with
// [App.DynamoDB] it is called for one record at a time in the order of the
// shard, the first record that fails ends the batch, and the mapping must have
// ReportBatchItemFailures. With [Config].Parallel above 1, records of different
// partition keys are handled at the same time.
//
// Records that the Kinesis Producer Library packed together come as one.
func (a *App) Kinesis(h Handler, mw ...Middleware) {
	a.addRecords("App.Kinesis", kinesisBatch, "", h, mw)
}

// KinesisFrom registers the handler for records of the stream with the name. Those
// of streams without a handler of their own go to that of [App.Kinesis]; where there is
// none, the invocation fails.
func (a *App) KinesisFrom(stream string, h Handler, mw ...Middleware) {
	a.addRecords("App.KinesisFrom", kinesisBatch, named("App.KinesisFrom", "stream", stream), h, mw)
}

var kinesisBatch = batch{form: formKinesis, trigger: TriggerKinesis, noun: "stream", decode: decodeKinesisRecord,
	partition: partitionKey, failures: fromTheLowest}

func partitionKey(e *Event) string { return "key " + e.Kinesis.PartitionKey }

// decodeKinesisRecord reads a record:
// https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
func decodeKinesisRecord(text string, e *Event) (string, error) {
	e.Trigger = TriggerKinesis
	view := new(KinesisRecord)
	e.Kinesis = view
	var arn, data string
	var arrived float64
	s := scanner{text: text}
	err := s.members(
		member{"kinesis", []member{
			{"partitionKey", &view.PartitionKey},
			{"sequenceNumber", &view.SequenceNumber},
			{"data", &data},
			{"approximateArrivalTimestamp", &arrived},
		}},
		member{"eventID", &e.ID},
		member{"eventSourceARN", &arn},
	)
	if err != nil {
		return view.SequenceNumber, fmt.Errorf("read Kinesis record: %w", err)
	}
	e.Body, err = base64.StdEncoding.DecodeString(data)
	if err != nil {
		return view.SequenceNumber, errors.New("read Kinesis record: its data is not base64")
	}
	// arn:aws:kinesis:region:account:stream/NAME
	_, view.Stream, _ = strings.Cut(arn, ":stream/")
	view.ShardID, _, _ = strings.Cut(e.ID, ":")
	e.Route = view.Stream
	e.Time = seconds(arrived)
	return view.SequenceNumber, nil
}
