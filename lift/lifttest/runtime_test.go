package lifttest_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/pay-theory/streamer/lift/lifttest"
)

// A whole function, built as for Lambda and driven over the Runtime API.
func TestExampleAsAProcess(t *testing.T) {
	t.Parallel()
	f := lifttest.StartFunction(t, lifttest.Build(t, "github.com/pay-theory/streamer/examples/hello/function"))
	for _, via := range lifttest.Ways {
		t.Run(via.String(), func(t *testing.T) {
			answer := f.Invoke(t.Context(), t, lifttest.HTTP{Via: via, Path: "/hello/ada"})
			var greeting struct{ Message string }
			if answer.Decode(t, &greeting); answer.Status != 200 || greeting.Message != "Hello, ada!" {
				t.Errorf("%s: answer %+v", via, answer)
			}
			if answer := f.Invoke(t.Context(), t, lifttest.HTTP{Via: via, Path: "/hello/stranger"}); answer.Status != 404 {
				t.Errorf("%s: answer %+v", via, answer)
			}
		})
	}
	if answer := f.Invoke(t.Context(), t, lifttest.SQS{Messages: make([]lifttest.SQSMessage, 1)}); answer.Err == nil || !strings.HasPrefix(answer.Err.Error(), "unhandled: ") {
		t.Errorf("a message answers %+v", answer)
	}
	if !strings.Contains(f.Output(), `"message":"handled"`) {
		t.Errorf("output %s", f.Output())
	}
}

// The API as a runtime sees it, step by step.
func TestRuntimeAPI(t *testing.T) {
	t.Parallel()
	api := lifttest.NewRuntimeAPI(t)
	base := "http://" + api.Addr() + "/2018-06-01/runtime/"
	send := func(method, path string, body []byte) (*http.Response, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, base+path, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Lambda-Runtime-Function-Error-Type", "Own.Type")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		data, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res, string(data)
	}
	for name, tt := range map[string]struct {
		path   string
		body   []byte
		status int
		answer string
		err    string
	}{
		"response":         {"response", []byte(`{"a":1}`), 202, `{"a":1}`, ""},
		"error":            {"error", []byte(`{"errorType":"T","errorMessage":"m"}`), 202, "", "T: m"},
		"error of no form": {"error", []byte(`boom`), 202, "", "Own.Type: boom"},
		"too large":        {"response", make([]byte, 6<<20+101), 413, "", "Function.ResponseSizeTooLarge: Response payload size exceeded maximum allowed payload size (6291556 bytes)."},
	} {
		t.Run(name, func(t *testing.T) {
			answers := make(chan lifttest.Answer)
			go func() {
				answers <- api.Invoke(t.Context(), t, lifttest.Invocation{Event: lifttest.Raw(`"in"`), RequestID: "r1", TenantID: "acme"})
			}()
			res, body := send("GET", "invocation/next", nil)
			if body != `"in"` || res.Header.Get("Lambda-Runtime-Aws-Request-Id") != "r1" || res.Header.Get("Lambda-Runtime-Trace-Id") == "" ||
				res.Header.Get("Lambda-Runtime-Aws-Tenant-Id") != "acme" ||
				res.Header.Get("Lambda-Runtime-Deadline-Ms") == "" || res.Header.Get("Lambda-Runtime-Invoked-Function-Arn") == "" {
				t.Errorf("%s: next is %s %v", name, body, res.Header)
			}
			if res, body := send("POST", "invocation/r2/response", nil); res.StatusCode != 400 || !strings.Contains(body, "InvalidRequestID") {
				t.Errorf("%s: another invocation answers %d %s", name, res.StatusCode, body)
			}
			if res, body := send("POST", "invocation/r1/"+tt.path, tt.body); res.StatusCode != tt.status {
				t.Errorf("%s: %d %s", name, res.StatusCode, body)
			}
			answer := <-answers
			if string(answer.Payload) != tt.answer || tt.err == "" && answer.Err != nil || tt.err != "" && (answer.Err == nil || answer.Err.Error() != tt.err) {
				t.Errorf("%s: answer %s, %v", name, answer.Payload, answer.Err)
			}
			if res, _ := send("POST", "invocation/r1/response", nil); res.StatusCode != 400 {
				t.Errorf("%s: a second answer is taken", name)
			}
		})
	}
	if res, _ := send("POST", "init/error", []byte(`{"errorType":"Runtime.NoSuchHandler","errorMessage":"m"}`)); res.StatusCode != 202 {
		t.Errorf("init error: %d", res.StatusCode)
	}
	<-api.InitError()
	if answer := api.Invoke(t.Context(), t, lifttest.Invocation{Event: lifttest.Raw(`1`)}); answer.Err == nil || answer.Err.Error() != "Runtime.NoSuchHandler: m" {
		t.Errorf("after an init error: %v", answer.Err)
	}
}
