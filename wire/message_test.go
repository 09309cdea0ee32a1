package wire_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pay-theory/streamer/wire"
)

// Every file in testdata/bad-messages holds an input, and the id and the reason
// of the refusal.
func TestBadMessages(t *testing.T) {
	t.Parallel()
	for _, name := range list(t, "bad-messages") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file, err := os.ReadFile(filepath.Join("testdata", "bad-messages", name+".json"))
			if err != nil {
				t.Fatal(err)
			}
			var want struct{ Input, ID, Reason string }
			if err := json.Unmarshal(file, &want); err != nil {
				t.Fatal(err)
			}
			wantRefusal(t, []byte(want.Input), want.ID, want.Reason)
		})
	}
}

func TestBadBytesAreRefused(t *testing.T) {
	t.Parallel()
	wantRefusal(t, nil, "", "the message is not a JSON object")
	wantRefusal(t, []byte("\xff\xfe{}"), "", "the message is not a JSON object")
	wantRefusal(t, []byte("{\"id\":\"r-\xff\",\"action\":\"echo\"}"), "", "id may hold only A-Z a-z 0-9 _ . : -")
	wantRefusal(t, []byte(`{"action":"echo","payload":`+strings.Repeat("[", 20_000)+`}`), "", "the message is nested deeper than 10000 levels: send flatter JSON")
}

func wantRefusal(t *testing.T, input []byte, id, reason string) {
	t.Helper()
	m, err := wire.DecodeMessage(input)
	refusal, ok := errors.AsType[*wire.MessageError](err)
	if !ok {
		t.Fatalf("%q decodes to %+v, %v; want a refusal", input, m, err)
	}
	if refusal.ID != id || refusal.Reason != reason || err.Error() != reason {
		t.Errorf("%q is refused for %q with id %q; want %q with id %q", input, refusal.Reason, refusal.ID, reason, id)
	}
}

func TestMessagesThatClientsWriteOtherwise(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ input, want string }{
		"request_id for id":    {`{"request_id":"r-1","action":"echo"}`, `{"id":"r-1","action":"echo"}`},
		"id before request_id": {`{"request_id":"r-2","id":"r-1","action":"echo"}`, `{"id":"r-1","action":"echo"}`},
		"null id":              {`{"id":null,"request_id":null,"action":"echo"}`, `{"action":"echo"}`},
		"null metadata":        {`{"action":"echo","metadata":null}`, `{"action":"echo"}`},
		"empty metadata":       {`{"action":"echo","metadata":{}}`, `{"action":"echo"}`},
		"null not_before":      {`{"action":"echo","not_before":null}`, `{"action":"echo"}`},
		"another zone": {`{"action":"echo","not_before":"2026-01-02T05:04:05+02:00"}`,
			`{"action":"echo","not_before":"2026-01-02T03:04:05Z"}`},
		"unknown fields": {`{"tenant":"globex","action":"echo","subject":{"deep":[1]}}`, `{"action":"echo"}`},
		"white space":    {" \t\r\n{ \"action\" : \"echo\" , \"payload\" : [ 1 ] }\n", `{"action":"echo","payload":[ 1 ]}`},
		"escaped names":  {`{"\u0061ction":"\u0065cho"}`, `{"action":"echo"}`},
		"names in capitals": {`{"Id":"r-2","ID":"r-3","Request_ID":"r-4","action":"echo","Action":"pay","PAYLOAD":{"amount":9},` +
			`"Metadata":{"a":"b"}}`, `{"action":"echo"}`},
		"capitals come last": {`{"id":"r-1","action":"echo","payload":1,"ID":"r-2","ACTION":"pay","Payload":2}`,
			`{"id":"r-1","action":"echo","payload":1}`},
		"the last of two": {`{"action":"first","payload":1,"action":"echo","payload":2}`, `{"action":"echo","payload":2}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := wire.DecodeMessage([]byte(tt.input))
			if err != nil {
				t.Fatal(err)
			}
			if got := string(m.Append(nil)); got != tt.want {
				t.Errorf("%s: got %s, want %s", tt.input, got, tt.want)
			}
		})
	}
}

func TestPayloadsOfReservedActionsHaveExactNames(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		payload string
		want    wire.RequestRef
		fails   bool
	}{
		"exact": {`{"request_id":"r-1","subject":"ada"}`, wire.RequestRef{RequestID: "r-1", Subject: "ada"}, false},
		"capitals beside": {`{"request_id":"r-1","subject":"ada","SUBJECT":"eve","Request_id":"r-2"}`,
			wire.RequestRef{RequestID: "r-1", Subject: "ada"}, false},
		"capitals alone": {`{"REQUEST_ID":"r-1"}`, wire.RequestRef{}, false},
		"unknown fields": {`{"request_id":"r-1","other":[1]}`, wire.RequestRef{RequestID: "r-1"}, false},
		"none":           {``, wire.RequestRef{}, false},
		"another kind":   {`{"request_id":7}`, wire.RequestRef{}, true},
		"not an object":  {`["r-1"]`, wire.RequestRef{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got wire.RequestRef
			err := wire.DecodePayload([]byte(tt.payload), &got)
			if (err != nil) != tt.fails || err == nil && got != tt.want {
				t.Errorf("got %+v, %v; want %+v, an error: %v", got, err, tt.want, tt.fails)
			}
		})
	}
}

func TestAppendKeepsWhatIsThere(t *testing.T) {
	t.Parallel()
	buf := []byte("before ")
	if got, want := string(wire.Message{Action: "echo"}.Append(buf)), `before {"action":"echo"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := string(wire.Frame{Type: wire.TypeComplete, Rev: 2}.Append(buf)),
		`before {"type":"complete","success":true,"result":null,"rev":2}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
