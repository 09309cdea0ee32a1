package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// An API serves queues by their names in the JSON protocol of SQS, which the SDKs of AWS
// speak, and in the query protocol of older ones. It does not look at signatures. The last element of a queue's URL
// is its name; the rest of it may be whatever leads to the listener.
//
// It takes SendMessage, ReceiveMessage, DeleteMessage, ChangeMessageVisibility, the
// batches of the four but receiving, GetQueueUrl, GetQueueAttributes and ListQueues:
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_Operations.html
type API map[string]*Queue

// maxRequest is how long a request may be: a batch of 1 MiB, in base64 at worst.
const maxRequest = 4 << 20

// ServeHTTP implements [http.Handler].
func (a API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Amzn-Requestid", newID())
	operation, out, err := a.answer(w, r)
	switch {
	case r.Context().Err() != nil: // the caller has gone
	case isQuery(r):
		writeQuery(w, operation, out, err)
	case err != nil:
		writeError(w, err)
	default:
		writeJSON(w, http.StatusOK, out)
	}
}

// answer is that to a request in either protocol.
func (a API) answer(w http.ResponseWriter, r *http.Request) (operation string, out any, err error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		return "", nil, invalid("The request cannot be read: %v", err)
	}
	operation, ok := strings.CutPrefix(r.Header.Get("X-Amz-Target"), "AmazonSQS.")
	if isQuery(r) {
		ok = true
		if operation, body, err = fromQuery(body); err != nil {
			return operation, nil, err
		}
	}
	handle := operations[operation]
	if !ok || handle == nil || r.Method != http.MethodPost {
		return operation, nil, &Error{Type: "UnsupportedOperation", Message: fmt.Sprintf("The operation %q is not supported here.", operation)}
	}
	out, err = handle(a, r, body)
	return operation, out, err
}

// An operation answers a request's body. Errors are an [*Error].
type operation func(a API, r *http.Request, body []byte) (any, error)

var operations = map[string]operation{
	"SendMessage":                  on((*Queue).sendMessage),
	"SendMessageBatch":             on((*Queue).sendBatch),
	"ReceiveMessage":               on((*Queue).receiveMessage),
	"DeleteMessage":                on((*Queue).deleteMessage),
	"DeleteMessageBatch":           on((*Queue).deleteBatch),
	"ChangeMessageVisibility":      on((*Queue).changeVisibility),
	"ChangeMessageVisibilityBatch": on((*Queue).changeBatch),
	"GetQueueAttributes":           on((*Queue).attributes),
	"GetQueueUrl":                  API.queueURL,
	"ListQueues":                   API.list,
}

// on makes an operation of what a queue does with a request.
func on[T any](do func(q *Queue, ctx context.Context, in T) (any, error)) operation {
	return func(a API, r *http.Request, body []byte) (any, error) {
		var to struct{ QueueURL string }
		var in T
		if err := errors.Join(json.Unmarshal(body, &to), json.Unmarshal(body, &in)); err != nil {
			return nil, invalid("The request is not what the operation takes: %v", err)
		}
		if to.QueueURL == "" {
			return nil, missing("QueueUrl")
		}
		q := a[path.Base(to.QueueURL)]
		if q == nil {
			return nil, noQueue
		}
		return do(q, r.Context(), in)
	}
}

var noQueue = &Error{Type: "QueueDoesNotExist", Message: "The specified queue does not exist."}

func (a API) queueURL(r *http.Request, body []byte) (any, error) {
	var in struct{ QueueName string }
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, invalid("The request is not what the operation takes: %v", err)
	}
	q := a[in.QueueName]
	if q == nil {
		return nil, noQueue
	}
	return map[string]string{"QueueUrl": q.url(r)}, nil
}

func (a API) list(r *http.Request, body []byte) (any, error) {
	var in struct{ QueueNamePrefix string }
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, invalid("The request is not what the operation takes: %v", err)
	}
	urls := []string{}
	for _, name := range slices.Sorted(maps.Keys(a)) {
		if strings.HasPrefix(name, in.QueueNamePrefix) {
			urls = append(urls, a[name].url(r))
		}
	}
	return map[string]any{"QueueUrls": urls}, nil
}

func (q *Queue) url(r *http.Request) string {
	return "http://" + r.Host + "/" + q.account() + "/" + q.cfg.Name
}

// A sent is the answer to a message that was stored.
type sent struct {
	ID               string `json:"MessageId,omitempty"`
	Body             string `json:"MD5OfMessageBody,omitempty"`
	Attributes       string `json:"MD5OfMessageAttributes,omitempty"`
	SystemAttributes string `json:"MD5OfMessageSystemAttributes,omitempty"`
}

func (q *Queue) sendMessage(_ context.Context, in Entry) (any, error) { return q.store(in) }

func (q *Queue) store(in Entry) (sent, error) {
	id, err := q.Send(in)
	if err != nil {
		return sent{}, err
	}
	return sent{ID: id, Body: md5Of(in.Body), Attributes: md5OfAttributes(in.Attributes),
		SystemAttributes: md5OfAttributes(in.SystemAttributes)}, nil
}

type receiveInput struct {
	MaxNumberOfMessages         *int
	WaitTimeSeconds             int
	VisibilityTimeout           *int
	AttributeNames              []string
	MessageSystemAttributeNames []string
	MessageAttributeNames       []string
}

// A received is a message as the protocol has it.
type received struct {
	MessageID       string               `json:"MessageId"`
	ReceiptHandle   string               `json:"ReceiptHandle"`
	Body            string               `json:"Body"`
	MD5OfBody       string               `json:"MD5OfBody"`
	Attributes      map[string]string    `json:"Attributes,omitempty"`
	Own             map[string]Attribute `json:"MessageAttributes,omitempty"`
	MD5OfAttributes string               `json:"MD5OfMessageAttributes,omitempty"`
}

func (q *Queue) receiveMessage(ctx context.Context, in receiveInput) (any, error) {
	most, visibility := 1, q.cfg.Visibility
	if in.MaxNumberOfMessages != nil {
		most = *in.MaxNumberOfMessages
	}
	if in.VisibilityTimeout != nil {
		visibility = seconds(*in.VisibilityTimeout)
	}
	messages, err := q.receive(ctx, most, seconds(in.WaitTimeSeconds), visibility)
	if err != nil {
		return nil, err
	}
	out := make([]received, 0, len(messages))
	for _, m := range messages {
		own := maps.Clone(m.Attributes)
		maps.DeleteFunc(own, func(name string, _ Attribute) bool { return !wanted(name, in.MessageAttributeNames) })
		system := m.system(q.account())
		names := slices.Concat(in.AttributeNames, in.MessageSystemAttributeNames)
		maps.DeleteFunc(system, func(name, _ string) bool { return !slices.Contains(names, "All") && !slices.Contains(names, name) })
		out = append(out, received{MessageID: m.ID, ReceiptHandle: m.Receipt, Body: m.Body, MD5OfBody: md5Of(m.Body),
			Attributes: system, Own: own, MD5OfAttributes: md5OfAttributes(own)})
	}
	return map[string]any{"Messages": out}, nil
}

// wanted reports whether an attribute is asked for: by its name, as one of a
// prefix, or with all others.
func wanted(name string, asked []string) bool {
	return slices.ContainsFunc(asked, func(a string) bool {
		prefix, many := strings.CutSuffix(a, ".*")
		return a == name || a == "All" || many && strings.HasPrefix(name, prefix)
	})
}

// system are the attributes that SQS gives a message.
func (m Message) system(sender string) map[string]string {
	attributes := map[string]string{
		"SenderId":                         sender,
		"SentTimestamp":                    milliseconds(m.Sent),
		"ApproximateReceiveCount":          strconv.Itoa(m.Receives),
		"ApproximateFirstReceiveTimestamp": milliseconds(m.First),
	}
	for name, value := range map[string]string{
		"MessageGroupId": m.GroupID, traceHeader: m.TraceHeader, "DeadLetterQueueSourceArn": m.Source} {
		if value != "" {
			attributes[name] = value
		}
	}
	return attributes
}

func milliseconds(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }

type receiptInput struct {
	ReceiptHandle     string
	VisibilityTimeout *int
}

func (q *Queue) deleteMessage(_ context.Context, in receiptInput) (any, error) {
	return struct{}{}, q.deleteOne(in)
}

func (q *Queue) deleteOne(in receiptInput) error {
	if in.ReceiptHandle == "" {
		return missing("ReceiptHandle")
	}
	return q.Delete(in.ReceiptHandle)
}

func (q *Queue) changeVisibility(_ context.Context, in receiptInput) (any, error) {
	return struct{}{}, q.changeOne(in)
}

func (q *Queue) changeOne(in receiptInput) error {
	switch {
	case in.ReceiptHandle == "":
		return missing("ReceiptHandle")
	case in.VisibilityTimeout == nil:
		return missing("VisibilityTimeout")
	}
	return q.ChangeVisibility(in.ReceiptHandle, seconds(*in.VisibilityTimeout))
}

// attributes are what is asked for of how many messages there are and how the
// queue is set up.
func (q *Queue) attributes(_ context.Context, in struct{ AttributeNames []string }) (any, error) {
	depth := q.Depth()
	known := map[string]string{
		"ApproximateNumberOfMessages":           strconv.Itoa(depth.Visible),
		"ApproximateNumberOfMessagesNotVisible": strconv.Itoa(depth.InFlight),
		"ApproximateNumberOfMessagesDelayed":    strconv.Itoa(depth.Delayed),
		"CreatedTimestamp":                      strconv.FormatInt(q.created.Unix(), 10),
		"DelaySeconds":                          wholeSeconds(q.cfg.Delay),
		"LastModifiedTimestamp":                 strconv.FormatInt(q.created.Unix(), 10),
		"MaximumMessageSize":                    strconv.Itoa(q.cfg.MaxMessage),
		"MessageRetentionPeriod":                wholeSeconds(q.cfg.Retention),
		"QueueArn":                              q.cfg.ARN,
		"ReceiveMessageWaitTimeSeconds":         "0",
		"VisibilityTimeout":                     wholeSeconds(q.cfg.Visibility),
	}
	if q.cfg.DeadLetters != nil {
		known["RedrivePolicy"] = fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":%d}`, q.cfg.DeadLetters.cfg.ARN, q.cfg.MaxReceives)
	}
	out := map[string]string{}
	for _, name := range in.AttributeNames {
		if name == "All" {
			return map[string]any{"Attributes": known}, nil
		}
		value, ok := known[name]
		if !ok && name != "RedrivePolicy" {
			return nil, &Error{Type: "InvalidAttributeName", Message: "Unknown Attribute " + name + "."}
		}
		if ok {
			out[name] = value
		}
	}
	return map[string]any{"Attributes": out}, nil
}

func wholeSeconds(d time.Duration) string { return strconv.Itoa(int(d.Seconds())) }

func writeError(w http.ResponseWriter, err error) {
	e := asError(err)
	shape, older := e.shape()
	w.Header().Set("X-Amzn-Query-Error", older+";Sender")
	writeJSON(w, http.StatusBadRequest, map[string]string{"__type": shape, "message": e.Message})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the caller may be gone
}
