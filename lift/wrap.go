package lift

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// Wrap makes a Handler of one that was written for aws-lambda-go: a function on
// its event types, such as events.APIGatewayV2HTTPRequest, or for []byte on the
// event as it came, such as lambda.NewHandler(old).Invoke. It is registered for
// HTTP or for direct invocations; to register it for another trigger panics.
//
//	app.HTTP("/", lift.Wrap(old))
//
// Over HTTP its answer counts as the gateway would take it: status, headers, also
// those of several values and in any case, cookies, and bodies in base64. What
// is not of the gateway's form is passed over, such as multiValueHeaders behind
// an HTTP API. Behind HTTP APIs and function URLs, an answer without a statusCode
// is the body of a 200. The types of the handler are those of the one gateway
// that it was written for.
//
// An error fails the invocation, with its type's name and its text, as in
// aws-lambda-go; a [PublicError] is answered. So alarms on Lambda's Errors go off
// as before.
func Wrap[In, Out any](fn func(context.Context, In) (Out, error)) Handler {
	if fn == nil {
		panic("lift: Wrap of nil")
	}
	return wrapped(func(ctx context.Context, event []byte) ([]byte, error) {
		in, err := decodeEvent[In](event)
		if err != nil {
			return nil, err
		}
		out, err := fn(ctx, in)
		if err != nil {
			return nil, err
		}
		return encodeAnswer(out)
	})
}

func decodeEvent[In any](event []byte) (in In, err error) {
	if text, ok := any(&in).(*[]byte); ok {
		*text = event
		return in, nil
	}
	if err := json.Unmarshal(event, &in); err != nil {
		return in, fmt.Errorf("decode the event for the wrapped handler: %w", err)
	}
	return in, nil
}

// encodeAnswer encodes as aws-lambda-go does, which leaves HTML unescaped.
func encodeAnswer(out any) ([]byte, error) {
	if text, ok := out.([]byte); ok {
		return text, nil
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(out); err != nil {
		return nil, fmt.Errorf("encode the wrapped handler's answer: %w", err)
	}
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), nil
}

type wrapped func(ctx context.Context, event []byte) ([]byte, error)

func (wrapped) takes(t Trigger) bool { return t == TriggerHTTP || t == TriggerDirect }

func (wrapped) String() string {
	return "lift.Wrap takes whole events of HTTP and of direct invocations"
}

func (w wrapped) Handle(ctx context.Context, e *Event) (*Response, error) {
	answer, err := w(ctx, e.Raw)
	if err != nil {
		return nil, &verbatim{err}
	}
	if e.HTTP == nil {
		return &Response{Body: answer}, nil
	}
	if e.Gateway.Kind == GatewayServer {
		return nil, errors.New("lift.Wrap needs the event of a gateway, and App.ServeHTTP has none: send it one with lifttest.Invoke")
	}
	return readProxy(answer, e.Gateway.form)
}

// readProxy reads the answer of a handler as the gateway of the form does:
//   - https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
//   - https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
//   - https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
//   - https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
func readProxy(answer []byte, form answerForm) (*Response, error) {
	var status int64
	var body string
	var header, multi, cookies string
	res := &Response{Header: make(http.Header)}
	s := scanner{text: string(answer)}
	if s.next() == '{' {
		err := s.members(
			member{"statusCode", &status},
			member{"headers", (*raw)(&header)},
			member{"multiValueHeaders", (*raw)(&multi)},
			member{"cookies", (*raw)(&cookies)},
			member{"body", (*loose)(&body)},
			member{"isBase64Encoded", (*yes)(&res.base64)},
		)
		if err != nil {
			return nil, refusedByGateway(err)
		}
	}
	if status == 0 {
		return inferred(answer, form)
	}
	res.Status = int(status)
	set := func(name, value string) { res.Header[http.CanonicalHeaderKey(name)] = []string{value} }
	switch form {
	case formV2:
		err := scanPairs(header, set)
		if list, cookieErr := (&scanner{text: cookies}).strings(); cookies != "" {
			err = errors.Join(err, cookieErr)
			res.Header[setCookie] = append(res.Header[setCookie], list...)
		}
		if err != nil {
			return nil, refusedByGateway(err)
		}
	case formBalancer:
		if err := scanPairs(header, res.Header.Add); err != nil { // cookies may differ in the case of their names alone
			return nil, refusedByGateway(err)
		}
	default:
		// Of a pair that stands in both, that of multiValueHeaders counts.
		several := make(http.Header)
		err := scanPairs(multi, several.Add)
		if form == formV1 {
			err = errors.Join(err, scanPairs(header, func(name, value string) {
				if several.Get(name) == "" {
					res.Header.Add(name, value)
				}
			}))
		}
		if err != nil {
			return nil, refusedByGateway(err)
		}
		for name, values := range several {
			res.Header[name] = values
		}
	}
	if _, ok := res.Header["Content-Type"]; !ok {
		res.Header["Content-Type"] = nil // the gateway has its own default
	}
	res.Body = []byte(body)
	if res.base64 {
		decoded, err := base64.StdEncoding.DecodeString(body)
		if err != nil {
			return nil, refusedByGateway(errors.New("its body is not base64"))
		}
		res.Body = decoded
	}
	return res, nil
}

// inferred is the answer of a handler that names no status.
func inferred(answer []byte, form answerForm) (*Response, error) {
	if form != formV2 {
		return nil, refusedByGateway(errors.New("it has no statusCode"))
	}
	res := &Response{Status: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: answer}
	if len(answer) > 0 && answer[0] == '"' {
		text, err := (&scanner{text: string(answer)}).string()
		if err != nil {
			return nil, refusedByGateway(err)
		}
		res.Body = []byte(text)
	}
	return res, nil
}

// refusedByGateway is the error of an answer that the gateway would not take.
func refusedByGateway(err error) error {
	return &Error{Code: CodeInternal, Status: http.StatusBadGateway, Message: "internal error",
		Cause: fmt.Errorf("the gateway would refuse the wrapped handler's answer: %w", err)}
}
