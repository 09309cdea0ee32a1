package lift

import (
	"errors"
	"math"
	"net/http"
	"net/url"
	"time"
)

// An envelope is an invocation's payload with its top level read: enough to
// tell what kind of event it is. The other fields hold the text of values that
// a family reads when it has found that the event is its own.
type envelope struct {
	payload []byte
	text    string

	version    string
	rawPath    string
	httpMethod string
	path       string
	resource   string
	rawQuery   string
	body       []byte
	base64     bool
	source     string
	detailType string
	id         string
	time       string

	requestContext string
	pathParameters string
	headers        string
	multiHeaders   string
	query          string
	multiQuery     string
	cookies        string
	records        string
	resources      string
	detail         string

	executionARN    string // of a durable execution
	recordSource    string // that of the first record
	hasRawPath      bool
	hasPath         bool
	hasCheckpoint   bool // there is a token to checkpoint a durable execution with
	hasConnection   bool // the requestContext has a connectionId and an eventType, as those of WebSocket APIs alone
	asksToAuthorize bool // it is an event for a Lambda authorizer, which is answered with a policy
}

// open reads the payload's top level. A member that events of AWS have with one
// kind of value, and this payload with another, is left unread: then the
// payload is a caller's own.
func open(payload []byte) (*envelope, error) {
	env := &envelope{payload: payload, text: string(payload)}
	s := scanner{text: env.text}
	if s.next() != '{' {
		if _, err := s.raw(); err != nil {
			return nil, err
		}
		return env, s.end()
	}
	var connection, eventType bool
	err := s.members(
		member{"Records", (*raw)(&env.records)},

		// requests, in the orders of HTTP APIs, REST APIs and WebSocket APIs
		member{"version", (*loose)(&env.version)},
		member{"resource", (*loose)(&env.resource)},
		member{"rawPath", optional{&env.rawPath, &env.hasRawPath}},
		member{"path", optional{&env.path, &env.hasPath}},
		member{"httpMethod", (*loose)(&env.httpMethod)},
		member{"rawQueryString", (*loose)(&env.rawQuery)},
		member{"cookies", (*raw)(&env.cookies)},
		member{"headers", (*raw)(&env.headers)},
		member{"multiValueHeaders", (*raw)(&env.multiHeaders)},
		member{"queryStringParameters", (*raw)(&env.query)},
		member{"multiValueQueryStringParameters", (*raw)(&env.multiQuery)},
		member{"pathParameters", (*raw)(&env.pathParameters)},
		member{"requestContext", peek{&env.requestContext, []member{{"eventType", &eventType}, {"connectionId", &connection}}}},
		member{"body", (*looseBytes)(&env.body)},
		member{"isBase64Encoded", (*yes)(&env.base64)},
		member{"methodArn", &env.asksToAuthorize},
		member{"routeArn", &env.asksToAuthorize},

		// events of a bus and of schedules
		member{"id", (*loose)(&env.id)},
		member{"detail-type", (*loose)(&env.detailType)},
		member{"source", (*loose)(&env.source)},
		member{"time", (*loose)(&env.time)},
		member{"resources", (*raw)(&env.resources)},
		member{"detail", (*raw)(&env.detail)},

		// invocations of durable functions
		member{"DurableExecutionArn", (*loose)(&env.executionARN)},
		member{"CheckpointToken", &env.hasCheckpoint},
	)
	if err != nil {
		return nil, err
	}
	env.hasConnection = connection && eventType
	env.recordSource = firstSource(env.records)
	return env, s.end()
}

// firstSource returns the event source that the first record names, "" when
// there is none.
func firstSource(records string) string {
	if records == "" || records[0] != '[' {
		return ""
	}
	s := scanner{text: records}
	var source string
	first := true
	_ = s.array(func() error {
		wanted := first && s.next() == '{'
		first = false
		if !wanted {
			return s.skip()
		}
		// SNS alone writes it with a capital.
		return s.members(member{"eventSource", (*loose)(&source)}, member{"EventSource", (*loose)(&source)})
	})
	return source
}

// scanPairs calls pair with the members of an object of strings, or of an
// object of lists of strings.
func scanPairs(text string, pair func(name, value string)) error {
	if text == "" {
		return nil
	}
	s := scanner{text: text}
	return s.object(func(name string) error {
		if s.next() == '[' {
			return s.array(func() error {
				value, err := s.string()
				if err == nil {
					pair(name, value)
				}
				return err
			})
		}
		value, err := s.string()
		if err == nil {
			pair(name, value)
		}
		return err
	})
}

// header reads headers, from the form that keeps several values where there is
// one.
func (env *envelope) header() (http.Header, error) {
	text := env.multiHeaders
	if text == "" || text == "null" {
		text = env.headers
	}
	header := make(http.Header)
	err := scanPairs(text, header.Add)
	return header, err
}

// queryValues reads query parameters as $connect events carry them: decoded,
// and in the same two forms as headers.
func (env *envelope) queryValues() (url.Values, error) {
	text := env.multiQuery
	if text == "" || text == "null" {
		text = env.query
	}
	values := make(url.Values)
	err := scanPairs(text, values.Add)
	return values, err
}

// millis reads a time in milliseconds of the epoch; 0 is no time.
func millis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// seconds reads a time in seconds of the epoch; 0 is no time.
func seconds(s float64) time.Time {
	whole, fraction := math.Modf(s)
	if whole <= 0 || whole > math.MaxInt32*1e3 {
		return time.Time{}
	}
	return time.Unix(int64(whole), int64(math.Round(fraction*1e6))*1e3).UTC()
}

// timestamp reads a time of RFC 3339; "" is no time.
func timestamp(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, errors.New("its time is not of RFC 3339")
	}
	return t.UTC(), nil
}
