package lift

import (
	"errors"
	"fmt"
	"net/url"
)

// An S3Object is the view of one change of an object in an S3 bucket. The
// record is [Event.Body], the bucket's name [Event.Route].
type S3Object struct {
	Event     string // as in ObjectCreated:Put
	Bucket    string
	Key       string // decoded: S3 sends keys with the escapes of a query
	Size      int64  // bytes; 0 for a deleted object
	ETag      string
	VersionID string

	// Sequencer orders the events of one key: the higher came later. It is
	// compared as text, the shorter padded with zeros on the right.
	Sequencer string
}

// S3 registers the handler for event notifications of S3 buckets. S3 invokes a
// function asynchronously and at least once: an error fails the invocation, and
// Lambda tries again as the function's asynchronous settings say. Notifications
// that come through EventBridge, SQS or SNS are for their handlers.
func (a *App) S3(h Handler, mw ...Middleware) { a.addRecords("App.S3", s3Batch, "", h, mw) }

// S3From registers the handler for event notifications of the bucket with the name. Those
// of buckets without a handler of their own go to that of [App.S3]; where there is
// none, the invocation fails.
func (a *App) S3From(bucket string, h Handler, mw ...Middleware) {
	a.addRecords("App.S3From", s3Batch, named("App.S3From", "bucket", bucket), h, mw)
}

var s3Batch = batch{form: formS3, trigger: TriggerS3, noun: "bucket", decode: decodeS3Record, failures: together}

// decodeS3Record reads a record:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
func decodeS3Record(text string, e *Event) (id string, err error) {
	e.Trigger = TriggerS3
	view := new(S3Object)
	e.S3 = view
	e.Body = e.Raw
	var at, key string
	s := scanner{text: text}
	err = s.members(
		member{"eventTime", &at},
		member{"eventName", &view.Event},
		member{"responseElements", []member{{"x-amz-request-id", &id}}},
		member{"s3", []member{
			{"bucket", []member{{"name", &view.Bucket}}},
			{"object", []member{
				{"key", &key},
				{"size", &view.Size},
				{"eTag", &view.ETag},
				{"versionId", &view.VersionID},
				{"sequencer", &view.Sequencer},
			}},
		}},
	)
	e.Route = view.Bucket
	if id != "" {
		e.ID = id
	}
	if err == nil {
		e.Time, err = timestamp(at)
	}
	if err == nil {
		view.Key, err = url.QueryUnescape(key)
		if err != nil {
			err = errors.New("the key's escapes are broken")
		}
	}
	if err != nil {
		return id, fmt.Errorf("read S3 record: %w", err)
	}
	return id, nil
}
