package lifttest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// divider stands between the metadata and the body of a streamed answer:
// https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode-lambda.html
const divider = "\x00\x00\x00\x00\x00\x00\x00\x00"

// maxMetadata is how far the divider may be behind the beginning, as API Gateway
// has it.
const maxMetadata = 16 << 10

// A streamed answer is taken apart as it comes. The body goes to Body.
type streamed struct {
	Body io.Writer

	head []byte // what came before the divider
	cut  bool   // the divider has come
}

func (s *streamed) Write(p []byte) (int, error) {
	if s.cut {
		return s.Body.Write(p)
	}
	s.head = append(s.head, p...)
	head, body, ok := bytes.Cut(s.head, []byte(divider))
	if !ok {
		if len(s.head) > maxMetadata {
			return 0, fmt.Errorf("no 8 NUL bytes among the first %d of the stream", maxMetadata)
		}
		return len(p), nil
	}
	s.head, s.cut = head, true
	if len(body) > 0 {
		if _, err := s.Body.Write(body); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

// A metadataError is metadata that a gateway would not understand.
type metadataError struct{ text string }

func (e *metadataError) Error() string { return e.text }

// answer is what stands of the answer when the stream has ended, with the error
// that ended it.
func (s *streamed) answer(body []byte, err error) Answer {
	answer := Answer{Streamed: true, Header: make(http.Header), Body: body, Err: err}
	var meta struct {
		StatusCode int               `json:"statusCode"`
		Headers    map[string]string `json:"headers"`
		Cookies    []string          `json:"cookies"`
	}
	decoder := json.NewDecoder(bytes.NewReader(s.head))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&meta); !s.cut || err != nil {
		answer.Err = &metadataError{fmt.Sprintf("a gateway would not understand the metadata %q: %v", s.head, err)}
		return answer
	}
	answer.Status = meta.StatusCode
	for name, value := range meta.Headers {
		answer.Header.Add(name, value)
	}
	for _, cookie := range meta.Cookies {
		answer.Header.Add("Set-Cookie", cookie)
	}
	return answer
}

// stream hands a streamed answer on as it comes, and says how it ended: the
// error of the trailer, or that it broke off.
func (p *pending) stream(r *http.Request) Answer {
	var kept bytes.Buffer
	s := &streamed{Body: &kept}
	if p.Stream != nil {
		s.Body = p.Stream
	}
	_, err := io.Copy(s, r.Body)
	var fault error
	switch kind := r.Trailer.Get("Lambda-Runtime-Function-Error-Type"); {
	case err != nil:
		fault = &InvocationError{Type: "Runtime.TruncatedResponse", Message: err.Error()}
	case kind != "":
		text, decodeErr := base64.StdEncoding.DecodeString(r.Trailer.Get("Lambda-Runtime-Function-Error-Body"))
		told := new(InvocationError)
		if err := errors.Join(decodeErr, json.Unmarshal(text, told)); err != nil {
			told.Message = err.Error()
		}
		told.Type = kind
		fault = told
	}
	return s.answer(kept.Bytes(), fault)
}
