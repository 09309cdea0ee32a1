package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/wire"
)

// An orderInput is what a customer buys.
type orderInput struct {
	Order string `json:"order"`
	Items int    `json:"items"`
}

// Validate implements [streamer.Validator].
func (in orderInput) Validate() error {
	if in.Order == "" || in.Items < 1 {
		return streamer.Errorf(wire.ValidationError, "order %q of %d items is not valid: give it a name and at least one item",
			in.Order, in.Items)
	}
	return nil
}

// An orderDone is the result of an order: what each step's receipt was, in turn.
type orderDone struct {
	Order    string   `json:"order"`
	Receipts []string `json:"receipts"`
}

var orderSteps = []string{"reserve", "charge", "pack", "ship", "notify"}

// order fulfils an order by five calls of the backend, each a step that is stored once it
// has answered. A backend that fails for a moment is asked again in another attempt.
func order(backend string) streamer.Action {
	client := &http.Client{Timeout: 2 * time.Minute}
	return streamer.NewAction(
		streamer.ActionConfig{Name: "order", Long: true,
			Retry: streamer.RetryPolicy{Attempts: 5, Base: 50 * time.Millisecond, Cap: time.Second}},
		func(ctx context.Context, job *streamer.Job, in orderInput) (orderDone, error) {
			done := orderDone{Order: in.Order}
			for i, step := range orderSteps {
				receipt, err := streamer.RunStep(ctx, job, step, func(ctx context.Context) (string, error) {
					job.Progress(float64(100*i/len(orderSteps)), step)
					return ask(ctx, client, backend, step, in, job.StepKey(step))
				})
				if err != nil {
					return orderDone{}, err
				}
				done.Receipts = append(done.Receipts, receipt)
			}
			return done, nil
		})
}

// ask makes one call of the backend, which does what it is asked for once for each key.
func ask(ctx context.Context, client *http.Client, backend, step string, in orderInput, key string) (string, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return "", err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, backend+"/"+step, strings.NewReader(string(body)))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", key)
	resp, err := client.Do(r)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	receipt, err := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
	if err != nil {
		return "", err
	}
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("the backend answered %s with %d", step, resp.StatusCode)
	}
	return string(receipt), nil
}
