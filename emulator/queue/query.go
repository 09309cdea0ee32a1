package queue

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// The query protocol is what SDKs spoke before the end of 2023: a form in, XML out. It says
// the same as the JSON protocol, so requests become JSON, and answers XML.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-xml.html
// https://smithy.io/2.0/aws/protocols/aws-query-protocol.html

// isQuery reports whether a request is a form.
func isQuery(r *http.Request) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && kind == "application/x-www-form-urlencoded"
}

// counts are the parameters that are numbers.
var counts = []string{"DelaySeconds", "MaxNumberOfMessages", "VisibilityTimeout", "WaitTimeSeconds", "MaxResults"}

// lists are the parameters that are numbered from 1 on, as in AttributeName.1, and what the
// JSON protocol calls them. In Attributes each element has a Name and a Value.
var lists = map[string]string{
	"AttributeName": "AttributeNames", "MessageAttributeName": "MessageAttributeNames",
	"MessageSystemAttributeName": "MessageSystemAttributeNames",
	"MessageAttribute":           "MessageAttributes", "MessageSystemAttribute": "MessageSystemAttributes",
	"SendMessageBatchRequestEntry": "Entries", "DeleteMessageBatchRequestEntry": "Entries",
	"ChangeMessageVisibilityBatchRequestEntry": "Entries",
}

// fromQuery makes the JSON protocol's request of a form.
func fromQuery(body []byte) (operation string, request []byte, err error) {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return "", nil, invalid("The request is not a valid form: %v", err)
	}
	operation = form.Get("Action")
	form.Del("Action")
	form.Del("Version")
	in, err := members(form)
	if err != nil {
		return operation, nil, err
	}
	request, err = json.Marshal(in)
	return operation, request, err
}

// members are the parameters of a form, or of an element of a list.
func members(form url.Values) (map[string]any, error) {
	in, elements := map[string]any{}, map[string]map[int]url.Values{}
	for name, values := range form {
		list, rest, nested := strings.Cut(name, ".")
		number, rest, _ := strings.Cut(rest, ".")
		n, err := strconv.Atoi(number)
		switch {
		case nested && lists[list] != "" && err == nil:
			if elements[list] == nil {
				elements[list] = map[int]url.Values{}
			}
			if elements[list][n] == nil {
				elements[list][n] = url.Values{}
			}
			elements[list][n][rest] = values
		case slices.Contains(counts, name):
			if in[name], err = strconv.Atoi(values[0]); err != nil {
				return nil, invalid("Value (%s) for parameter %s is invalid. Must be an integer.", values[0], name)
			}
		default:
			in[name] = values[0]
		}
	}
	for list, numbered := range elements {
		values, named := []any{}, map[string]any{}
		for _, n := range slices.Sorted(maps.Keys(numbered)) {
			element := numbered[n]
			switch {
			case lists[list] == "Entries":
				entry, err := members(element)
				if err != nil {
					return nil, err
				}
				values = append(values, entry)
			case strings.HasSuffix(lists[list], "Attributes"):
				named[element.Get("Name")] = map[string]any{"DataType": element.Get("Value.DataType"),
					"StringValue": element.Get("Value.StringValue"), "BinaryValue": element.Get("Value.BinaryValue")}
			default:
				values = append(values, element.Get(""))
			}
		}
		if in[lists[list]] = values; len(named) > 0 {
			in[lists[list]] = named
		}
	}
	return in, nil
}

// An element is a node of the XML of an answer.
type element struct {
	XMLName  xml.Name
	Space    string `xml:"xmlns,attr,omitempty"` // of it and all below
	Text     string `xml:",chardata"`
	Elements []element
}

func node(name, text string, elements ...element) element {
	return element{XMLName: xml.Name{Local: name}, Text: text, Elements: elements}
}

const queryNamespace = "http://queue.amazonaws.com/doc/2012-11-05/"

// writeQuery answers with XML what the JSON protocol answers with JSON.
func writeQuery(w http.ResponseWriter, operation string, out any, err error) {
	requestID := node("RequestId", w.Header().Get("X-Amzn-Requestid"))
	root, status := node(operation+"Response", "", node("ResponseMetadata", "", requestID)), http.StatusOK
	if err != nil {
		e := asError(err)
		_, code := e.shape()
		status = http.StatusBadRequest
		root = node("ErrorResponse", "", node("Error", "", node("Type", "Sender"), node("Code", code), node("Message", e.Message),
			node("Detail", "")), requestID)
	} else if result := toXML(operation, out); len(result) > 0 {
		root.Elements = append([]element{node(operation+"Result", "", result...)}, root.Elements...)
	}
	root.Space = queryNamespace
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(status)
	_ = xml.NewEncoder(w).Encode(root) // the caller may be gone
}

// asError is an error as SQS names it.
func asError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Type: "InternalFailure", Message: err.Error()}
}

// toXML is the members of an answer. Lists and maps have no element around them.
func toXML(operation string, out any) []element {
	text, _ := json.Marshal(out) // it was made to be
	var members map[string]any
	_ = json.Unmarshal(text, &members) // an answer is an object
	names := map[string]string{"Messages": "Message", "QueueUrls": "QueueUrl", "Attributes": "Attribute",
		"MessageAttributes": "MessageAttribute", "Successful": operation + "ResultEntry", "Failed": "BatchResultErrorEntry"}
	var elements []element
	for _, name := range slices.Sorted(maps.Keys(members)) {
		switch value := members[name].(type) {
		case []any:
			for _, one := range value {
				elements = append(elements, elementOf(names[name], operation, one))
			}
		case map[string]any:
			for _, key := range slices.Sorted(maps.Keys(value)) {
				elements = append(elements, node(names[name], "", node("Name", key), elementOf("Value", operation, value[key])))
			}
		default:
			elements = append(elements, elementOf(name, operation, value))
		}
	}
	return elements
}

func elementOf(name, operation string, value any) element {
	switch value := value.(type) {
	case map[string]any:
		return node(name, "", toXML(operation, value)...)
	case bool:
		return node(name, strconv.FormatBool(value))
	case string:
		return node(name, value)
	default: // there is none
		return node(name, "")
	}
}
