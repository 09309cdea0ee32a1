package lifttest

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
)

// Stream is a batch of a DynamoDB stream.
type Stream struct {
	Table   string // default Example
	Records []Record
}

// Record is one change. Its items are maps of Go values: string (S), integers,
// float64 and json.Number (N), bool, []byte (B), nil (NULL), map[string]any
// (M), []any (L) and []string (SS).
type Record struct {
	Name           string // default INSERT
	SequenceNumber string // default: its place in the batch, from 1
	Keys           map[string]any
	NewImage       map[string]any
	OldImage       map[string]any
}

// Payload returns the event.
func (s Stream) Payload() []byte {
	table := cmp.Or(s.Table, "Example")
	records := make([]any, len(s.Records))
	for i, r := range s.Records {
		change := map[string]any{
			"ApproximateCreationDateTime": When.Unix(),
			"Keys":                        item(r.Keys),
			"SequenceNumber":              cmp.Or(r.SequenceNumber, strconv.Itoa(i+1)),
			"SizeBytes":                   59,
			"StreamViewType":              "NEW_AND_OLD_IMAGES",
		}
		if r.NewImage != nil {
			change["NewImage"] = item(r.NewImage)
		}
		if r.OldImage != nil {
			change["OldImage"] = item(r.OldImage)
		}
		records[i] = map[string]any{
			"eventID": fmt.Sprintf("c4ca4238a0b923820dcc509a6f75%04x", i+1), "eventName": cmp.Or(r.Name, "INSERT"),
			"eventVersion": "1.1", "eventSource": "aws:dynamodb", "awsRegion": "us-east-1",
			"dynamodb":       change,
			"eventSourceARN": "arn:aws:dynamodb:us-east-1:123456789012:table/" + table + "/stream/2024-02-19T07:00:00.000",
		}
	}
	return encode(map[string]any{"Records": records})
}

func item(values map[string]any) map[string]any {
	attributes := make(map[string]any, len(values))
	for name, value := range values {
		attributes[name] = attribute(value)
	}
	return attributes
}

func attribute(value any) map[string]any {
	switch v := value.(type) {
	case nil:
		return map[string]any{"NULL": true}
	case string:
		return map[string]any{"S": v}
	case bool:
		return map[string]any{"BOOL": v}
	case int, int64, uint64, float64, json.Number:
		return map[string]any{"N": fmt.Sprint(v)}
	case []byte:
		return map[string]any{"B": base64.StdEncoding.EncodeToString(v)}
	case []string:
		return map[string]any{"SS": v}
	case map[string]any:
		return map[string]any{"M": item(v)}
	case []any:
		list := make([]any, len(v))
		for i, element := range v {
			list[i] = attribute(element)
		}
		return map[string]any{"L": list}
	}
	panic(fmt.Sprintf("lifttest: no attribute for a %T", value))
}
