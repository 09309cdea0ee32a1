package lift_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer/lift/lifttest"
)

// rieSetting names the binary of AWS's Lambda Runtime Interface Emulator:
//
//	go install github.com/aws/aws-lambda-runtime-interface-emulator/cmd/aws-lambda-rie@v0.0.0-20261030222936-bef5c4ba774d
//	LIFT_TEST_RIE=$(go env GOPATH)/bin/aws-lambda-rie go test ./lift -run RuntimeInterfaceEmulator -v
const rieSetting = "LIFT_TEST_RIE"

// The examples run on AWS's own emulator. It takes one invocation at a time, and
// buffers what is streamed. Its mode for several at once takes functions from
// folders of its own alone, such as /var/task.
func TestOnTheRuntimeInterfaceEmulator(t *testing.T) {
	emulator := os.Getenv(rieSetting)
	if emulator == "" {
		t.Skip(rieSetting + " does not name AWS's emulator")
	}
	for name, tt := range map[string]struct {
		event lifttest.Event
		want  []string // in the answer
	}{
		"hello":   {lifttest.HTTP{Path: "/hello/ada"}, []string{`"statusCode":200`, `Hello, ada!`}},
		"worker":  {lifttest.SQS{Messages: []lifttest.SQSMessage{{ID: "1", Body: `{"order":"a","cents":1}`}, {ID: "2", Body: `{}`}}}, []string{`{"batchItemFailures":[{"itemIdentifier":"2"}]}`}},
		"stream":  {lifttest.HTTP{Via: lifttest.FunctionURL, Path: "/report.csv?rows=3"}, []string{`"statusCode":200`, "\x00\x00\x00\x00\x00\x00\x00\x000,0\n1,1\n2,4\n"}},
		"durable": {lifttest.Durable{Input: `{"id":"o-7"}`}, []string{`{"Status":"PENDING"}`}},
	} {
		t.Run(name, func(t *testing.T) {
			address := startRIE(t, emulator, lifttest.Build(t, "../examples/"+name+"/function"))
			for range 2 {
				answer := post(t, "http://"+address+"/2015-03-31/functions/function/invocations", tt.event.Payload())
				for _, want := range tt.want {
					if !strings.Contains(answer, want) {
						t.Errorf("got %q, want %q in it", answer, want)
					}
				}
			}
		})
	}
}

// startRIE runs a function on the emulator, and returns where it is invoked.
func startRIE(t *testing.T, emulator, binary string) string {
	t.Helper()
	address := freeAddress(t)
	ctx, cancel := context.WithCancel(context.Background())
	rie := exec.CommandContext(ctx, emulator, "--runtime-interface-emulator-address", address, "--runtime-api-address", freeAddress(t), binary)
	rie.Env = append(os.Environ(), "AWS_LAMBDA_FUNCTION_TIMEOUT=20")
	rie.WaitDelay = time.Second
	var output bytes.Buffer
	rie.Stdout, rie.Stderr = &output, &output
	if err := rie.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = rie.Wait() // it was killed
		if t.Failed() {
			t.Logf("the emulator wrote:\n%s", &output)
		}
	})
	return address
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// post invokes the function, as soon as the emulator listens.
func post(t *testing.T, url string, payload []byte) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(payload))
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(req)
		if err == nil {
			body, err := io.ReadAll(res.Body)
			_ = res.Body.Close()
			if err != nil {
				t.Fatal(err)
			}
			return string(body)
		}
		select {
		case <-ctx.Done():
			t.Fatalf("the emulator does not answer: %v", err)
		case <-time.After(20 * time.Millisecond): // until it listens
		}
	}
}
