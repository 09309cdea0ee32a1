package lift_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pay-theory/streamer/lift/lifttest"
)

// rieSetting names the binary of AWS's Lambda Runtime Interface Emulator, which
// make rie installs.
const rieSetting = "LIFT_TEST_RIE"

// The examples run on AWS's own emulator, in both of its modes. The classic one
// takes one invocation at a time; both buffer what is streamed.
func TestOnTheRuntimeInterfaceEmulator(t *testing.T) {
	emulator := os.Getenv(rieSetting)
	if emulator == "" {
		t.Skip(rieSetting + " does not name AWS's emulator")
	}
	for mode, start := range map[string]func(t *testing.T, emulator, binary string) string{
		"classic": startRIE, "managed instances": startManagedRIE,
	} {
		for name, tt := range map[string]struct {
			event lifttest.Event
			want  []string // in the answer
		}{
			"hello": {lifttest.HTTP{Path: "/hello/ada"}, []string{`"statusCode":200`, `Hello, ada!`}},
			"worker": {lifttest.SQS{Messages: []lifttest.SQSMessage{{ID: "1", Body: `{"order":"a","cents":1}`}, {ID: "2", Body: `{}`}}},
				[]string{`{"batchItemFailures":[{"itemIdentifier":"2"}]}`}},
			"stream": {lifttest.HTTP{Via: lifttest.FunctionURL, Path: "/report.csv?rows=3"},
				[]string{`"statusCode":200`, "\x00\x00\x00\x00\x00\x00\x00\x000,0\n1,1\n2,4\n"}},
			"durable": {lifttest.Durable{Input: `{"id":"o-7"}`}, []string{`{"Status":"PENDING"}`}},
		} {
			t.Run(mode+"/"+name, func(t *testing.T) {
				address := start(t, emulator, lifttest.Build(t, "../examples/"+name+"/function"))
				invoke := func() {
					answer := post(t, "http://"+address+"/2015-03-31/functions/function/invocations", tt.event.Payload())
					for _, want := range tt.want {
						if !strings.Contains(answer, want) {
							t.Errorf("got %q, want %q in it", answer, want)
						}
					}
				}
				invoke()
				if mode == "classic" {
					invoke()
					return
				}
				var several sync.WaitGroup
				for range managedConcurrency / 2 { // the emulator refuses what finds no invocation loop idle
					several.Go(invoke)
				}
				several.Wait()
			})
		}
	}
}

// startRIE runs a function on the emulator, and returns where it is invoked.
func startRIE(t *testing.T, emulator, binary string) string {
	t.Helper()
	address := freeAddress(t)
	runRIE(t, exec.Command(emulator, "--runtime-interface-emulator-address", address, "--runtime-api-address", freeAddress(t), binary))
	return address
}

// managedConcurrency is how many invocations the emulator gives a process at a time.
const managedConcurrency = 8

// startManagedRIE runs a function on the emulator in its mode for several at once.
// There it takes functions from folders of its own alone, such as /var/task, and runs
// them as a user of its own: in a mount namespace that ends with it.
func startManagedRIE(t *testing.T, emulator, binary string) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("the emulator runs functions as another user in this mode, and needs root")
	}
	address := freeAddress(t)
	emulator, err := filepath.Abs(emulator)
	if err != nil {
		t.Fatal(err)
	}
	const script = `mount -t tmpfs none /var && mkdir /var/task && cp "$0" /var/task/bootstrap && chmod 755 /var/task /var/task/bootstrap &&
		cd /var/task && exec "$1" --runtime-interface-emulator-address "$2" --runtime-api-address "$3"`
	cmd := exec.Command("unshare", "--mount", "sh", "-c", script, binary, emulator, address, freeAddress(t))
	if out, err := exec.CommandContext(t.Context(), "unshare", "--mount", "true").CombinedOutput(); err != nil {
		t.Skipf("no mount namespaces here: %v %s", err, out)
	}
	cmd.Env = []string{fmt.Sprintf("AWS_LAMBDA_MAX_CONCURRENCY=%d", managedConcurrency)}
	runRIE(t, cmd)
	return address
}

// runRIE starts the emulator, and ends it with the test.
func runRIE(t *testing.T, rie *exec.Cmd) {
	t.Helper()
	rie.Env = append(os.Environ(), append(rie.Env, "AWS_LAMBDA_FUNCTION_TIMEOUT=20")...)
	rie.WaitDelay = time.Second
	var output bytes.Buffer
	rie.Stdout, rie.Stderr = &output, &output
	if err := rie.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = rie.Process.Kill()
		_ = rie.Wait() // it was killed
		if t.Failed() {
			t.Logf("the emulator wrote:\n%s", &output)
		}
	})
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
