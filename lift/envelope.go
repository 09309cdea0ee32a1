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

	recordSource    string // that of the first record
	hasConnection   bool   // the requestContext has a connectionId and an eventType, as those of WebSocket APIs alone
	hasRawPath      bool
	hasPath         bool
	asksToAuthorize bool // it is an event for a Lambda authorizer, which is answered with a policy
}

// open reads the payload's top level. A member that events of AWS have with one
// kind of value, and this payload with another, is left unread: then the
// payload is somebody's own.
func open(payload []byte) (*envelope, error) {
	env := &envelope{payload: payload, text: string(payload)}
	s := scanner{text: env.text}
	if s.next() != '{' {
		if _, err := s.raw(); err != nil {
			return nil, err
		}
		return env, s.end()
	}
	err := s.object(func(key string) error {
		var text *string
		switch key {
		case "version":
			text = &env.version
		case "rawPath":
			text, env.hasRawPath = &env.rawPath, true
		case "httpMethod":
			text = &env.httpMethod
		case "path":
			text, env.hasPath = &env.path, true
		case "resource":
			text = &env.resource
		case "methodArn", "routeArn":
			env.asksToAuthorize = true
		case "rawQueryString":
			text = &env.rawQuery
		case "source":
			text = &env.source
		case "detail-type":
			text = &env.detailType
		case "id":
			text = &env.id
		case "time":
			text = &env.time
		case "body":
			if s.next() == '"' {
				var err error
				env.body, err = s.bytes()
				return err
			}
			return s.skip()
		case "isBase64Encoded":
			if c := s.next(); c == 't' || c == 'f' {
				var err error
				env.base64, err = s.bool()
				return err
			}
			return s.skip()
		}
		if text != nil {
			if s.next() == '"' {
				var err error
				*text, err = s.string()
				return err
			}
			return s.skip()
		}
		if key == "requestContext" {
			return env.readContext(&s)
		}
		raw, err := s.raw()
		switch key {
		case "pathParameters":
			env.pathParameters = raw
		case "headers":
			env.headers = raw
		case "multiValueHeaders":
			env.multiHeaders = raw
		case "queryStringParameters":
			env.query = raw
		case "multiValueQueryStringParameters":
			env.multiQuery = raw
		case "cookies":
			env.cookies = raw
		case "Records":
			env.records = raw
			env.recordSource = firstSource(raw)
		case "resources":
			env.resources = raw
		case "detail":
			env.detail = raw
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return env, s.end()
}

// readContext steps over the requestContext and looks at its members' names.
func (env *envelope) readContext(s *scanner) error {
	if s.next() != '{' {
		raw, err := s.raw()
		env.requestContext = raw
		return err
	}
	start := s.pos
	var connection, event bool
	err := s.object(func(key string) error {
		switch key {
		case "connectionId":
			connection = true
		case "eventType":
			event = true
		}
		return s.skip()
	})
	env.requestContext = s.text[start:s.pos]
	env.hasConnection = connection && event
	return err
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
		if !first || s.next() != '{' {
			return s.skip()
		}
		first = false
		return s.object(func(key string) error {
			// SNS alone writes it with a capital.
			if (key == "eventSource" || key == "EventSource") && s.next() == '"' {
				var err error
				source, err = s.string()
				return err
			}
			return s.skip()
		})
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
