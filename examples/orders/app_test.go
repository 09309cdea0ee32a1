package orders_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"testing"

	"github.com/pay-theory/streamer/examples/orders"
	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/lift/openapi"
)

func TestOrders(t *testing.T) {
	t.Parallel()
	app := orders.New(lift.Config{Logger: new(lifttest.Log).Logger()})
	send := func(method, path, body string) lifttest.Answer {
		return lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{Method: method, Path: path,
			Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(body)})
	}
	var order orders.Order
	if answer := send("POST", "/orders", `{"item":"tea","count":2}`); answer.Status != 201 {
		t.Fatalf("placed: %d %s", answer.Status, answer.Body)
	} else if answer.Decode(t, &order); order.ID != "1" || order.Item != "tea" || order.Placed.IsZero() {
		t.Errorf("order %+v", order)
	}
	if answer := send("POST", "/orders", `{"item":"tea"}`); answer.Status != 400 {
		t.Errorf("without a count: %d %s", answer.Status, answer.Body)
	}
	if answer := send("GET", "/orders/1", ``); answer.Status != 200 {
		t.Errorf("looked up: %d %s", answer.Status, answer.Body)
	}
	var list orders.Orders
	if send("GET", "/orders", ``).Decode(t, &list); len(list.Orders) != 1 {
		t.Errorf("list %+v", list)
	}
	for _, want := range []int{204, 404} {
		t.Run(fmt.Sprint(want), func(t *testing.T) {
			if answer := send("DELETE", "/orders/1", ``); answer.Status != want {
				t.Errorf("cancelled: %d %s", answer.Status, answer.Body)
			}
		})
	}
	if answer := send("GET", "/orders/1", ``); answer.Status != 404 {
		t.Errorf("looked up again: %d %s", answer.Status, answer.Body)
	}
}

// The document beside the code is that of the code: go generate makes it.
func TestOpenAPIDocument(t *testing.T) {
	t.Parallel()
	var want bytes.Buffer
	if err := openapi.Write(&want, orders.New(lift.Config{}), openapi.Info{Title: "Orders", Version: "1.0.0"}); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Error("openapi.json is not what the code says: run go generate ./examples/orders")
	}
}
