package lift

import (
	"fmt"
	"strings"
)

// A StreamRecord is the view of one change of a DynamoDB table. Which images
// are there follows from the stream's view type.
type StreamRecord struct {
	Name           string // INSERT, MODIFY or REMOVE
	Table          string
	SequenceNumber string
	Keys           Item
	NewImage       Item
	OldImage       Item
}

// DynamoDB registers the handler for records of DynamoDB streams. It is called
// for one record at a time, in the order of the shard. The first record that
// fails ends the batch: it is reported by its sequence number, and it and all
// after it come again. So it does when the time is up before the batch is done.
//
// With [Config].Parallel above 1, records of different items are handled at the
// same time, those of one item in order. After a failure records of other items
// then come again although they have been handled.
//
// The event source mapping must have FunctionResponseTypes set to
// ReportBatchItemFailures; without it AWS takes every answer for success.
// Records come at least once.
func (a *App) DynamoDB(h Handler, mw ...Middleware) {
	a.addRecords("App.DynamoDB", dynamoDBBatch, "", h, mw)
}

// DynamoDBFrom registers the handler for records of the stream of the table with the name. Those
// of tables without a handler of their own go to that of [App.DynamoDB]; where there is
// none, the invocation fails.
func (a *App) DynamoDBFrom(table string, h Handler, mw ...Middleware) {
	a.addRecords("App.DynamoDBFrom", dynamoDBBatch, named("App.DynamoDBFrom", "table", table), h, mw)
}

var dynamoDBBatch = batch{form: formDynamoDB, trigger: TriggerDynamoDB, noun: "table", decode: decodeStreamRecord, partition: item,
	failures: fromTheLowest}

func item(e *Event) string { return e.DynamoDB.Keys.identity() }

// decodeStreamRecord reads a record:
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_Record.html
func decodeStreamRecord(text string, e *Event) (string, error) {
	e.Trigger = TriggerDynamoDB
	e.Body = e.Raw
	record := new(StreamRecord)
	e.DynamoDB = record
	var arn string
	var created float64
	s := scanner{text: text}
	err := s.members(
		member{"eventID", &e.ID},
		member{"eventName", &record.Name},
		member{"dynamodb", []member{
			{"ApproximateCreationDateTime", &created},
			{"Keys", (*raw)(&record.Keys.text)},
			{"NewImage", (*raw)(&record.NewImage.text)},
			{"OldImage", (*raw)(&record.OldImage.text)},
			{"SequenceNumber", &record.SequenceNumber},
		}},
		member{"eventSourceARN", &arn},
	)
	if err != nil {
		return record.SequenceNumber, fmt.Errorf("read stream record: %w", err)
	}
	// arn:aws:dynamodb:region:account:table/NAME/stream/LABEL
	if _, rest, ok := strings.Cut(arn, ":table/"); ok {
		record.Table, _, _ = strings.Cut(rest, "/")
	}
	e.Time = seconds(created)
	e.Route = record.Table
	return record.SequenceNumber, nil
}
