package gateway_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"

	"github.com/coder/websocket"

	"github.com/pay-theory/streamer/emulator/gateway"
)

func Example() {
	shout := function(func(_ context.Context, event []byte) ([]byte, error) {
		var message struct{ Body string }
		if err := json.Unmarshal(event, &message); err != nil {
			return nil, err
		}
		return json.Marshal(map[string]any{"statusCode": 200, "body": strings.ToUpper(message.Body)})
	})
	g, err := gateway.New(gateway.Config{
		Stage:  "dev",
		Routes: map[string]gateway.Route{gateway.RouteDefault: {Function: shout, RouteResponse: true}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	server := httptest.NewServer(g)
	defer server.Close()
	ctx := context.Background()
	defer g.Close(ctx)

	c, _, err := websocket.Dial(ctx, server.URL+"/dev", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.CloseNow()
	c.Write(ctx, websocket.MessageText, []byte("hello"))
	_, answer, _ := c.Read(ctx)
	fmt.Println(string(answer))
	// Output: HELLO
}
