//go:build linux

package lambda_test

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pay-theory/streamer/emulator/lambda"
)

const workerARN = "arn:aws:lambda:eu-west-1:123456789012:function:worker"

// An invoker calls an API as clients do.
type invoker struct {
	*httptest.Server
	reports <-chan lambda.Report
}

func newInvoker(t *testing.T, timeout time.Duration) invoker {
	t.Helper()
	p, reports := processes(t, lambda.ProcessConfig{Retries: 2, RetryWait: time.Millisecond, Timeout: timeout, ARN: workerARN,
		Env: []string{"GOCOVERDIR=" + t.TempDir()}})
	server := httptest.NewServer(lambda.API{
		"worker":      {Function: p, ARN: workerARN},
		"worker:7":    {Function: p, ARN: workerARN, Version: "7"},
		"worker:live": {Function: p, ARN: workerARN, Version: "7", JSONLog: true},
	})
	t.Cleanup(server.Close)
	return invoker{server, reports}
}

// call invokes what the path's part says, with headers in pairs.
func (i invoker) call(t *testing.T, name, payload string, headers ...string) (*http.Response, string) {
	t.Helper()
	name, query, _ := strings.Cut(name, "?")
	url := i.URL + "/2015-03-31/functions/" + name + "/invocations?" + query
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(payload))
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n < len(headers); n += 2 {
		req.Header.Set(headers[n], headers[n+1])
	}
	res, err := i.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

func TestInvokeAPI(t *testing.T) {
	t.Parallel()
	api := newInvoker(t, time.Second)
	long := `"` + strings.Repeat("x", 1<<20) + `"`
	for name, c := range map[string]struct {
		name, kind, payload string
		status              int
		exception, fault    string // X-Amzn-ErrorType and X-Amz-Function-Error
		body                string
	}{
		"by name":               {"worker", "", `{}`, 200, "", "", `"name":"worker"`},
		"without a payload":     {"worker", "RequestResponse", ``, 200, "", "", `"name":"worker"`},
		"an error":              {"worker", "", `{"do":"fail"}`, 200, "", "Unhandled", `"errorMessage":"broken"`},
		"too slow":              {"worker", "", `{"do":"hang"}`, 200, "", "Unhandled", `Error: Task timed out after 1.00 seconds`},
		"nothing is run":        {"worker", "DryRun", `{}`, 204, "", "", ""},
		"another function":      {"missing", "", `{}`, 404, "ResourceNotFoundException", "", "Function not found: missing"},
		"another alias":         {"worker:old", "", `{}`, 404, "ResourceNotFoundException", "", "Function not found: worker:old"},
		"another type":          {"worker", "Maybe", `{}`, 400, "InvalidParameterValueException", "", ""},
		"not JSON":              {"worker", "", `{`, 400, "InvalidRequestContentException", "", ""},
		"1 MiB and more, later": {"worker", "Event", long, 413, "RequestEntityTooLargeException", "", "too large for the Event invocation type (limit 1048576 bytes)"},
		"1 MiB and more, now":   {"worker", "DryRun", long, 204, "", "", ""},
		"6 MiB and more": {"worker", "", strings.Repeat(" ", 6<<20) + "1", 413, "RequestEntityTooLargeException", "",
			"Request must be smaller than 6291456 bytes"},
		"two qualifiers": {"worker:live?Qualifier=7", "", `{}`, 400, "InvalidParameterValueException", "", "The derived qualifier"},
	} {
		t.Run(name, func(t *testing.T) {
			var headers []string
			if c.kind != "" {
				headers = []string{"X-Amz-Invocation-Type", c.kind}
			}
			res, body := api.call(t, c.name, c.payload, headers...)
			exception, fault := res.Header.Get("X-Amzn-Errortype"), res.Header.Get("X-Amz-Function-Error")
			if res.StatusCode != c.status || exception != c.exception || fault != c.fault || !strings.Contains(body, c.body) {
				t.Errorf("got %s %q %q %s, want %d %q %q %s", res.Status, exception, fault, body, c.status, c.exception, c.fault, c.body)
			}
		})
	}
}

// Any other operation of Lambda is refused by name, in the form in which AWS's clients read it.
func TestUnknownOperations(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]*http.Request{
		"ListFunctions": httptest.NewRequest("GET", "/2015-03-31/functions/", nil),
		"GetFunction":   httptest.NewRequest("GET", "/2015-03-31/functions/worker", nil),
		"not POST":      httptest.NewRequest("GET", "/2015-03-31/functions/worker/invocations", nil),
	} {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			lambda.API{}.ServeHTTP(w, r)
			var said struct{ Message string }
			err := json.Unmarshal(w.Body.Bytes(), &said)
			kind := w.Header().Get("X-Amzn-Errortype")
			if w.Code != 404 || kind != "UnknownOperationException" || err != nil || !strings.Contains(said.Message, "Invoke alone is") {
				t.Errorf("got %d %q %s, want 404 UnknownOperationException that names Invoke", w.Code, kind, w.Body)
			}
		})
	}
}

func TestInvokeEvent(t *testing.T) {
	t.Parallel()
	api := newInvoker(t, time.Minute)
	res, body := api.call(t, "worker", `{"do":"fail"}`, "X-Amz-Invocation-Type", "Event")
	if res.StatusCode != 202 || body != "" {
		t.Errorf("got %s %s, want 202 and no body", res.Status, body)
	}
	for try := range 3 {
		r := <-api.reports
		if want := res.Header.Get("X-Amzn-Requestid"); r.Err == nil || r.RequestID != want {
			t.Errorf("try %d: got %+v, want a failure of the request %s", try, r, want)
		}
	}
}

// What a caller asks for by a qualifier is what the function sees, and the version that answers.
func TestInvokeByQualifier(t *testing.T) {
	t.Parallel()
	api := newInvoker(t, time.Minute)
	for name, c := range map[string]struct{ name, version, arn string }{
		"none":                    {"worker", "$LATEST", workerARN},
		"latest":                  {"worker?Qualifier=$LATEST", "$LATEST", workerARN + ":$LATEST"},
		"a version":               {"worker?Qualifier=7", "7", workerARN + ":7"},
		"an alias":                {"worker?Qualifier=live", "7", workerARN + ":live"},
		"behind the name":         {"worker:live", "7", workerARN + ":live"},
		"in an ARN, escaped":      {strings.ReplaceAll(workerARN, ":", "%3A") + "%3Alive", "7", workerARN + ":live"},
		"in an ARN and beside it": {workerARN + ":live?Qualifier=live", "7", workerARN + ":live"},
		"in part of an ARN":       {"123456789012:function:worker:live", "7", workerARN + ":live"},
	} {
		t.Run(name, func(t *testing.T) {
			res, body := api.call(t, c.name, `{}`)
			var saw reply
			if err := json.Unmarshal([]byte(body), &saw); err != nil {
				t.Fatalf("%s: %v", body, err)
			}
			if got := res.Header.Get("X-Amz-Executed-Version"); got != c.version || saw.ARN != c.arn {
				t.Errorf("got version %s and ARN %s, want %s and %s", got, saw.ARN, c.version, c.arn)
			}
			if want := res.Header.Get("X-Amzn-Requestid"); saw.Request != want {
				t.Errorf("the function's request id: got %s, want that of the answer, %s", saw.Request, want)
			}
		})
	}
}

func TestClientContext(t *testing.T) {
	t.Parallel()
	api := newInvoker(t, time.Minute)
	for name, c := range map[string]struct {
		context string // base64-encoded JSON
		status  int
		want    string // of the function's context, or the refusal
	}{
		"custom":     {base64.StdEncoding.EncodeToString([]byte(`{"custom":{"tier":"gold"}}`)), 200, `"client":"gold"`},
		"none":       {"", 200, `"client":""`},
		"not base64": {"{}", 400, "Client context must be"},
		"not JSON":   {base64.StdEncoding.EncodeToString([]byte("gold")), 400, "Client context must be"},
	} {
		t.Run(name, func(t *testing.T) {
			if res, body := api.call(t, "worker", `{}`, "X-Amz-Client-Context", c.context); res.StatusCode != c.status || !strings.Contains(body, c.want) {
				t.Errorf("got %s %s, want %d and %s in it", res.Status, body, c.status, c.want)
			}
		})
	}
}

// The log's end holds all that its invocation has printed, at once and nothing of others: each
// case runs in the process of the one before.
func TestLogResult(t *testing.T) {
	t.Parallel()
	api := newInvoker(t, time.Minute)
	const (
		start    = `{"record":{"requestId":"N","version":"N"},"time":"N","type":"platform.start"}` + "\n"
		report   = `{"record":{"metrics":{"billedDurationMs":N,"durationMs":N,"memorySizeMB":N},"requestId":"N","status":"`
		reported = `"},"time":"N","type":"platform.report"}` + "\n"
		end      = "END RequestId: N\nREPORT RequestId: N\tDuration: N ms\tBilled Duration: N ms\tMemory Size: N MB"
	)
	for _, c := range []struct{ title, name, payload, want string }{
		{"text, with the init", "worker", `{"do":"print","lines":2}`,
			"START RequestId: N Version: $LATEST\nline N\nline N\n" + end + "\tInit Duration: N ms\n"},
		{"text, and a line that ends later", "worker:7", `{"do":"print","lines":1}`,
			"START RequestId: N Version: N\nhalf a line N\n" + end + "\n"},
		{"JSON", "worker:live", `{}`, start + report + "success" + reported},
		{"a failure", "worker:live", `{"do":"fail"}`,
			start + `half a N/N/N N:N:N {"errorMessage":"broken","errorType":"errorString"}` + "\n" + report + "error" + reported},
		{"a process that ends", "worker", `{"do":"exit"}`, "START RequestId: N Version: $LATEST\nlast words\n" + end + "\n"},
	} {
		t.Run(c.title, func(t *testing.T) {
			got := numbers.ReplaceAllString(api.tail(t, c.name, c.payload), "N")
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("the log (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("the last 4 KB", func(t *testing.T) {
		got := api.tail(t, "worker", `{"do":"print","lines":600}`)
		if len(got) != 4096 || !strings.Contains(got, "line 598\nline 599\nEND RequestId") {
			t.Errorf("got %d bytes, want 4096 with the last line before END:\n%s", len(got), got)
		}
	})
	t.Run("not asked for", func(t *testing.T) {
		for _, headers := range [][]string{{"X-Amz-Log-Type", "None"}, {"X-Amz-Log-Type", "Tail", "X-Amz-Invocation-Type", "Event"}} {
			if res, _ := api.call(t, "worker", `{}`, headers...); res.Header.Values("X-Amz-Log-Result") != nil {
				t.Errorf("%v: got a log, want none", headers)
			}
		}
	})
}

// tail is the log's end of an invocation.
func (i invoker) tail(t *testing.T, name, payload string) string {
	t.Helper()
	res, _ := i.call(t, name, payload, "X-Amz-Log-Type", "Tail")
	text, err := base64.StdEncoding.DecodeString(res.Header.Get("X-Amz-Log-Result"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// numbers are what differs from run to run: ids, times and figures.
var numbers = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}|\d{4}-\d\d-\d\dT[\d:.]+Z|\b\d+(\.\d+)?\b`)
