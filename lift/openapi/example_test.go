package openapi_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/openapi"
)

func ExampleWrite() {
	type greeting struct {
		Text string `json:"text" doc:"what to say"`
	}
	app := lift.New(lift.Config{})
	app.HTTP("GET /hello/{name}", lift.Typed(func(context.Context, struct{}) (greeting, error) { return greeting{}, nil }))
	var document bytes.Buffer
	if err := openapi.Write(&document, app, openapi.Info{Title: "Hello", Version: "1.0.0"}); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(strings.Contains(document.String(), `"/hello/{name}"`), strings.Contains(document.String(), `"description": "what to say"`))
	// Output: true true
}
