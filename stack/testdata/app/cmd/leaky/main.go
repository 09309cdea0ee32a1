// Leaky is a function with a fault: it answers before it has written its rows, and
// leaves a goroutine to write them.
package main

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
)

var requests, rows atomic.Int64

func handle(ctx context.Context, e struct{ RawPath string }) (any, error) {
	n := requests.Add(1)
	switch e.RawPath {
	case "/about":
		return map[string]string{"memory": os.Getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"), "greeting": os.Getenv("GREETING")}, nil
	case "/hang":
		time.Sleep(time.Hour)
	}
	fmt.Printf("request %d begins\n", n)
	defer fmt.Printf("request %d answers\n", n)
	switch e.RawPath {
	case "/leak":
		go func() {
			for {
				fmt.Printf("request %d writes row %d\n", n, rows.Add(1))
				time.Sleep(time.Millisecond)
			}
		}()
	case "/work": // as long as three rows take
		for until := rows.Load() + 3; rows.Load() < until && ctx.Err() == nil; {
			time.Sleep(time.Millisecond)
		}
	}
	return map[string]int64{"rows": rows.Load()}, nil
}

func main() { lambda.Start(handle) }
