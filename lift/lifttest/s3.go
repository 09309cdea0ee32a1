package lifttest

import (
	"cmp"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// S3 is a notification of a bucket.
type S3 struct {
	Bucket  string // default example
	Objects []S3Object
}

// S3Object is one change in it.
type S3Object struct {
	Event string // default ObjectCreated:Put
	Key   string // as it is, without escapes
	Size  int64
}

// Payload returns the event.
func (s S3) Payload() []byte {
	bucket := cmp.Or(s.Bucket, "example")
	records := make([]any, len(s.Objects))
	for i, o := range s.Objects {
		object := map[string]any{
			"key": strings.ReplaceAll(url.QueryEscape(o.Key), "%2F", "/"), "sequencer": fmt.Sprintf("0A1B2C3D4E5F67%04X", i),
		}
		name := cmp.Or(o.Event, "ObjectCreated:Put")
		if strings.HasPrefix(name, "ObjectCreated:") {
			object["size"], object["eTag"] = o.Size, "d41d8cd98f00b204e9800998ecf8427e"
		}
		records[i] = map[string]any{
			"eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-east-1",
			"eventTime": When.Format(time.RFC3339Nano), "eventName": name,
			"userIdentity":      map[string]string{"principalId": "EXAMPLE"},
			"requestParameters": map[string]string{"sourceIPAddress": "203.0.113.7"},
			"responseElements":  map[string]string{"x-amz-request-id": fmt.Sprintf("C3D13FE58DE4C8%02X", i), "x-amz-id-2": "FMyUVURIY8"},
			"s3": map[string]any{
				"s3SchemaVersion": "1.0", "configurationId": "example",
				"bucket": map[string]any{"name": bucket, "arn": "arn:aws:s3:::" + bucket, "ownerIdentity": map[string]string{"principalId": "EXAMPLE"}},
				"object": object,
			},
		}
	}
	return encode(map[string]any{"Records": records})
}
