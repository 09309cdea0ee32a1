package lift_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pay-theory/streamer/lift"
)

// TestMain is also the function that TestStart runs as a process.
func TestMain(m *testing.M) {
	if os.Getenv("LIFT_TEST_FUNCTION") != "" {
		app := lift.New(lift.Config{})
		app.Direct(lift.HandlerFunc(func(_ context.Context, e *lift.Event) (*lift.Response, error) {
			e.Logger().Info("seen")
			return &lift.Response{Body: []byte(`"` + e.RequestID + `"`)}, nil
		}))
		app.OnShutdown(func(ctx context.Context) {
			deadline, _ := ctx.Deadline()
			fmt.Println("bye", time.Until(deadline) > 100*time.Millisecond)
		})
		lift.Start(app)
	}
	os.Exit(m.Run())
}

// A function as Lambda runs it: a process that speaks the Runtime API, answers,
// and on SIGTERM runs its hooks and ends.
func TestStart(t *testing.T) {
	t.Parallel()
	answers := make(chan string, 1)
	registered := make(chan bool, 1)
	asked := make(chan bool, 1)
	asked <- true
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch body, _ := io.ReadAll(r.Body); {
		case strings.HasSuffix(r.URL.Path, "/extension/register"):
			w.Header().Set("Lambda-Extension-Identifier", "ext")
			w.Write([]byte(`{}`))
			registered <- true
		case strings.HasSuffix(r.URL.Path, "/runtime/invocation/next"):
			select {
			case <-asked:
				w.Header().Set("Lambda-Runtime-Aws-Request-Id", "id-1")
				w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(time.Minute).UnixMilli()))
				w.Write([]byte(`{"a":1}`))
			case <-r.Context().Done():
			}
		case strings.HasSuffix(r.URL.Path, "/response"):
			w.WriteHeader(http.StatusAccepted)
			answers <- r.URL.Path + " " + string(body)
		case strings.HasSuffix(r.URL.Path, "/error"):
			w.WriteHeader(http.StatusAccepted)
			answers <- "error " + string(body)
		default:
			<-r.Context().Done()
		}
	}))
	defer api.Close()

	var out bytes.Buffer
	function := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	function.Env = append(os.Environ(), "LIFT_TEST_FUNCTION=1", "AWS_LAMBDA_RUNTIME_API="+strings.TrimPrefix(api.URL, "http://"))
	function.Stdout = &out
	if err := function.Start(); err != nil {
		t.Fatal(err)
	}
	defer function.Process.Kill()
	<-registered
	if got, want := <-answers, `/2018-06-01/runtime/invocation/id-1/response "id-1"`; got != want {
		t.Errorf("answer %q, want %q", got, want)
	}
	if err := function.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := function.Wait(); err != nil {
		t.Errorf("the function ended with %v", err)
	}
	if !strings.HasSuffix(out.String(), "bye true\n") {
		t.Errorf("output %q", out.String())
	}
	for _, key := range []string{`"timestamp":"`, `"level":"INFO"`, `"message":"seen"`, `"requestId":"id-1"`, `"correlation_id":"id-1"`} {
		if !strings.Contains(out.String(), key) {
			t.Errorf("no %s in %q", key, out.String())
		}
	}
}
