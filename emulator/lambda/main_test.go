package lambda_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"go.uber.org/goleak"

	"github.com/pay-theory/streamer/lift"
)

// TestMain makes the tests' binary a function too, when a host starts it.
func TestMain(m *testing.M) {
	switch os.Getenv("TEST_INIT") {
	case "exit":
		fmt.Println("cannot start")
		os.Exit(3)
	case "hang":
		hang()
	case "stream":
		lift.Start(streamingApp())
	case "report":
		url := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/init/error"
		res, err := http.Post(url, "application/json", strings.NewReader(`{"errorType":"Config.Missing","errorMessage":"TABLE is not set"}`))
		if err != nil || res.StatusCode != http.StatusAccepted {
			fmt.Println("report an init error:", res, err)
		}
		os.Exit(3)
	}
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") != "" {
		lambda.Start(serve)
	}
	goleak.VerifyTestMain(m)
}

// hang does not return. It waits for a signal that does not come, since Go ends a process
// all of whose goroutines wait for each other.
func hang() {
	never := make(chan os.Signal, 1)
	signal.Notify(never, syscall.SIGUSR1)
	<-never
}

type order struct {
	Do    string `json:"do"`
	File  string `json:"file"`
	Lines int    `json:"lines"`
}

// ticks counts what a goroutine does that was left running.
var ticks atomic.Uint64

func serve(ctx context.Context, o order) (any, error) {
	lc, _ := lambdacontext.FromContext(ctx)
	deadline, _ := ctx.Deadline()
	switch o.Do {
	case "fail":
		return nil, errors.New("broken")
	case "large": // with its quotes it is 2 bytes above what an answer may have
		return strings.Repeat("x", 6<<20), nil
	case "exit":
		fmt.Println("last words")
		os.Exit(1)
	case "print":
		for n := range o.Lines {
			fmt.Println("line", n)
		}
		fmt.Print("half a ")
	case "hang":
		hang()
	case "wait": // until the test opens the other end of a FIFO
		if _, err := os.ReadFile(o.File); err != nil {
			return nil, err
		}
	case "leave":
		file, err := os.Create(o.File)
		if err != nil {
			return nil, err
		}
		go func() {
			var b [8]byte
			for {
				binary.BigEndian.PutUint64(b[:], ticks.Add(1))
				if _, err := file.WriteAt(b[:], 0); err != nil {
					panic(err)
				}
			}
		}()
	case "resume":
		for from := ticks.Load(); ticks.Load() < from+100; {
		}
	}
	return map[string]any{"pid": os.Getpid(), "request": lc.AwsRequestID, "arn": lc.InvokedFunctionArn,
		"deadline": deadline.UnixMilli(), "name": lambdacontext.FunctionName,
		"memory": lambdacontext.MemoryLimitInMB, "home": os.Getenv("HOME"), "extra": os.Getenv("EXTRA"),
		"client": lc.ClientContext.Custom["tier"]}, nil
}
