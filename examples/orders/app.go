// Package orders is an HTTP API whose operations are typed and described, so
// that its OpenAPI document is made from the code.
package orders

//go:generate go run github.com/pay-theory/streamer/lift/cmd/lift-openapi -app github.com/pay-theory/streamer/examples/orders.New -title Orders -version 1.0.0 -o openapi.json

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/middleware"
)

// NewOrder is what a caller sends.
type NewOrder struct {
	Item  string `json:"item" doc:"what is ordered"`
	Count int    `json:"count" doc:"how many, 1 to 100"`
	Note  string `json:"note,omitempty"`
}

// Validate is called by lift.Typed; its error is the answer's detail.
func (o NewOrder) Validate() error {
	switch {
	case o.Item == "":
		return errors.New("item is missing")
	case o.Count < 1 || o.Count > 100:
		return errors.New("count is not from 1 to 100")
	}
	return nil
}

// An Order is what a caller gets.
type Order struct {
	NewOrder
	ID     string    `json:"id"`
	Placed time.Time `json:"placed"`
}

// Orders is a list of them.
type Orders struct {
	Orders []Order `json:"orders"`
}

// New returns the app. Its orders live in memory and end with the process.
func New(cfg lift.Config) *lift.App {
	app := lift.New(cfg)
	app.Use(middleware.Correlation(), middleware.Log(), middleware.Recover(), middleware.Deadline(0))
	s := &store{orders: make(map[string]Order)}
	app.HTTP("POST /orders", lift.Operation{
		Handler: lift.Typed(s.place), Summary: "Place an order", Status: http.StatusCreated, Errors: []lift.Code{lift.CodeRateLimited},
	})
	app.HTTP("GET /orders", lift.Operation{
		Handler: lift.Typed(s.list), Summary: "List orders", Query: []lift.Parameter{{Name: "item", Description: "only orders of this item"}},
	})
	app.HTTP("GET /orders/{id}", lift.Operation{
		Handler: lift.Typed(s.get), Summary: "Look an order up", Errors: []lift.Code{lift.CodeNotFound},
	})
	app.HTTP("DELETE /orders/{id}", lift.Operation{
		Handler: lift.Typed(s.cancel), Summary: "Cancel an order", Errors: []lift.Code{lift.CodeNotFound},
	})
	return app
}

// maxOrders bounds what one process keeps.
const maxOrders = 1000

type store struct {
	mu     sync.Mutex
	last   int
	orders map[string]Order
}

func (s *store) place(_ context.Context, in NewOrder) (Order, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.orders) == maxOrders {
		return Order{}, &lift.Error{Code: lift.CodeRateLimited, Message: "there are too many orders", RetryAfter: time.Minute}
	}
	s.last++
	order := Order{NewOrder: in, ID: strconv.Itoa(s.last), Placed: time.Now().UTC()}
	s.orders[order.ID] = order
	return order, nil
}

func (s *store) list(ctx context.Context, _ struct{}) (Orders, error) {
	item := lift.EventFrom(ctx).HTTP.URL.Query().Get("item")
	s.mu.Lock()
	defer s.mu.Unlock()
	list := Orders{Orders: []Order{}}
	for _, order := range slices.SortedFunc(maps.Values(s.orders), func(a, b Order) int { return a.Placed.Compare(b.Placed) }) {
		if item == "" || order.Item == item {
			list.Orders = append(list.Orders, order)
		}
	}
	return list, nil
}

func (s *store) get(ctx context.Context, _ struct{}) (Order, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	order, ok := s.orders[lift.EventFrom(ctx).HTTP.PathValue("id")]
	if !ok {
		return Order{}, errNotFound
	}
	return order, nil
}

func (s *store) cancel(ctx context.Context, _ struct{}) (struct{}, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := lift.EventFrom(ctx).HTTP.PathValue("id")
	if _, ok := s.orders[id]; !ok {
		return struct{}{}, errNotFound
	}
	delete(s.orders, id)
	return struct{}{}, nil
}

var errNotFound = lift.Errorf(lift.CodeNotFound, "there is no such order")
