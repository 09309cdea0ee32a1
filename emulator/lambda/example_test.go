package lambda_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"strings"
	"time"

	awslambda "github.com/aws/aws-lambda-go/lambda"

	"github.com/pay-theory/streamer/emulator/lambda"
)

// A handler runs in this process with the deadline, the limits and the errors that
// it has on Lambda.
func ExampleNewInProcess() {
	ctx := context.Background()
	greeter, err := lambda.NewInProcess(lambda.Config{Name: "greeter", Timeout: time.Second,
		Handler: awslambda.NewHandler(func(_ context.Context, name string) (string, error) {
			if name == "" {
				return "", errors.New("whom?")
			}
			return "hello, " + name, nil
		})})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer greeter.Close(ctx)

	out, err := greeter.Invoke(ctx, []byte(`"ada"`))
	fmt.Println(string(out), err)
	_, err = greeter.Invoke(ctx, []byte(`""`))
	fmt.Println(err)
	// Output:
	// "hello, ada" <nil>
	// whom?
}

// Functions are invoked over HTTP as an SDK of AWS does it.
func ExampleAPI() {
	ctx := context.Background()
	echo, err := lambda.NewInProcess(lambda.Config{Name: "echo", Handler: awslambda.NewHandler(
		func(_ context.Context, in map[string]int) (map[string]int, error) { return in, nil })})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer echo.Close(ctx)
	server := httptest.NewServer(lambda.API{"echo": {Function: echo}})
	defer server.Close()

	res, err := server.Client().Post(server.URL+"/2015-03-31/functions/echo/invocations", "application/json", strings.NewReader(`{"n":1}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	fmt.Println(res.StatusCode, string(body), err)
	// Output: 200 {"n":1} <nil>
}
