package queue

import (
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// An Entry is a message to send, in the words of
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
type Entry struct {
	Body             string               `json:"MessageBody"`
	GroupID          string               `json:"MessageGroupId,omitempty"`
	DelaySeconds     *int                 `json:"DelaySeconds,omitempty"` // 0 to 900; nil: the queue's
	Attributes       map[string]Attribute `json:"MessageAttributes,omitempty"`
	SystemAttributes map[string]Attribute `json:"MessageSystemAttributes,omitempty"`
	DeduplicationID  string               `json:"MessageDeduplicationId,omitempty"` // which a standard queue refuses
}

// An Attribute is a value beside a message's body.
type Attribute struct {
	DataType    string // String, Number or Binary, and perhaps a dot and a label
	StringValue string `json:",omitempty"`
	BinaryValue []byte `json:",omitempty"`
}

// traceHeader is the only system attribute that a sender may set.
const traceHeader = "AWSTraceHeader"

// An Error is how SQS refuses a call. Type is the name of the exception that the
// SDKs make of it, and the HTTP status is always 400.
type Error struct {
	Type    string
	Message string
}

func (e *Error) Error() string { return e.Type + ": " + e.Message }

func invalid(format string, args ...any) *Error {
	return &Error{Type: "InvalidParameterValue", Message: fmt.Sprintf(format, args...)}
}

func invalidValue(parameter string, value any, reason string) *Error {
	return invalid("Value %v for parameter %s is invalid. Reason: %s", value, parameter, reason)
}

func missing(parameter string) *Error {
	return &Error{Type: "MissingParameter", Message: "The request must contain the parameter " + parameter + "."}
}

// shape is the error's name in the JSON protocol, and older the one in a header.
func (e *Error) shape() (shape, older string) {
	switch e.Type {
	case "InvalidParameterValue", "MissingParameter":
		// Which are in no model of the service, and which SDKs know by their codes.
		names := map[string]string{
			"InvalidParameterValue": "InvalidParameterValueException", "MissingParameter": "MissingRequiredParameterException"}
		return "com.amazon.coral.service#" + names[e.Type], e.Type
	case "QueueDoesNotExist":
		older = "AWS.SimpleQueueService.NonExistentQueue"
	case "ReceiptHandleIsInvalid", "InvalidMessageContents", "InvalidAttributeName", "OverLimit":
		older = e.Type
	default:
		older = "AWS.SimpleQueueService." + e.Type
	}
	return "com.amazonaws.sqs#" + e.Type, older
}

var (
	// Letters, digits and punctuation of ASCII, 1 to 128.
	groupID       = regexp.MustCompile(`^[!-~]{1,128}$`)
	attributeName = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`)
)

// check refuses what SQS refuses:
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
func (q *Queue) check(e Entry) error {
	switch {
	case e.Body == "":
		return missing("MessageBody")
	case strings.IndexFunc(e.Body, forbidden) >= 0 || !utf8.ValidString(e.Body):
		return &Error{Type: "InvalidMessageContents", Message: "Invalid characters in the message body: allowed are " +
			"#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"}
	case e.DelaySeconds != nil && (*e.DelaySeconds < 0 || *e.DelaySeconds > int(maxDelay.Seconds())):
		return invalidValue("DelaySeconds", *e.DelaySeconds, "DelaySeconds must be >= 0 and <= 900.")
	case e.GroupID != "" && !groupID.MatchString(e.GroupID):
		return invalidValue("MessageGroupId", e.GroupID,
			"MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length.")
	case e.DeduplicationID != "":
		return invalidValue("MessageDeduplicationId", e.DeduplicationID, "The request include parameter that is not valid for this queue type.")
	case len(e.Attributes) > 10:
		return invalid("Number of message attributes [%d] exceeds the allowed maximum [10].", len(e.Attributes))
	}
	for _, name := range slices.Sorted(maps.Keys(e.Attributes)) {
		if err := checkAttribute(name, e.Attributes[name]); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(e.SystemAttributes)) {
		if a := e.SystemAttributes[name]; name != traceHeader || a.DataType != "String" || a.StringValue == "" {
			return invalid("Message system attribute name '%s' is invalid: only %s is supported, as a String.", name, traceHeader)
		}
	}
	if size := e.size(); size > q.cfg.MaxMessage {
		return invalid("One or more parameters are invalid. Reason: Message must be shorter than %d bytes.", q.cfg.MaxMessage)
	}
	return nil
}

// forbidden reports whether a body must not have a character.
func forbidden(r rune) bool {
	return r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF
}

func checkAttribute(name string, a Attribute) error {
	lower := strings.ToLower(name)
	base, _, _ := strings.Cut(a.DataType, ".")
	switch {
	case len(name) > 256 || !attributeName.MatchString(name) || strings.HasPrefix(lower, "aws.") || strings.HasPrefix(lower, "amazon."):
		return invalid("Message attribute name '%s' is invalid.", name)
	case base != "String" && base != "Number" && base != "Binary" || len(a.DataType) > 256:
		return invalid("The message attribute '%s' has an invalid message attribute type, "+
			"the set of supported type prefixes is Binary, Number, and String.", name)
	case base == "Binary" && len(a.BinaryValue) == 0, base != "Binary" && a.StringValue == "":
		return invalid("The message attribute '%s' must contain a non-empty message attribute value of type %s.", name, base)
	}
	return nil
}

// size is what counts against the largest size: the body, and names, types and
// values of attributes. A system attribute does not count.
func (e Entry) size() int {
	n := len(e.Body)
	for name, a := range e.Attributes {
		n += len(name) + len(a.DataType) + len(a.StringValue) + len(a.BinaryValue)
	}
	return n
}

func md5Of(text string) string {
	sum := md5.Sum([]byte(text))
	return hex.EncodeToString(sum[:])
}

// md5OfAttributes is the digest by which a client checks attributes, "" if there
// are none:
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
func md5OfAttributes(attributes map[string]Attribute) string {
	if len(attributes) == 0 {
		return ""
	}
	var b []byte
	part := func(p []byte) {
		b = binary.BigEndian.AppendUint32(b, uint32(len(p)))
		b = append(b, p...)
	}
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		a := attributes[name]
		part([]byte(name))
		part([]byte(a.DataType))
		if strings.HasPrefix(a.DataType, "Binary") {
			b = append(b, 2)
			part(a.BinaryValue)
		} else {
			b = append(b, 1)
			part([]byte(a.StringValue))
		}
	}
	return md5Of(string(b))
}
