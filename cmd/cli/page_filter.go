package cli

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/wire"
)

// A pageFilter keeps requests by what the server does not look for: it is looked for page by
// page.
type pageFilter struct {
	id            string // of the request; the flag is list's alone
	code, message string // with which the last attempt ended
}

func (f *pageFilter) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.code, "code", "", "only requests whose last attempt ended with this code, such as TIMEOUT")
	complete(cmd, "code", codes())
	cmd.Flags().StringVar(&f.message, "message", "", "only requests whose last attempt ended with this message, as streamer failures "+
		"groups them: numbers and ids do not count")
}

// isSet reports whether anything is looked for.
func (f *pageFilter) isSet() bool { return f.id != "" || f.code != "" || f.message != "" }

// keep returns those requests of a page that have all that is looked for.
func (f *pageFilter) keep(ctx context.Context, api *client.Client, page []wire.Snapshot) ([]wire.Snapshot, error) {
	page = slices.DeleteFunc(page, func(r wire.Snapshot) bool {
		failed := r.Error != nil
		return f.id != "" && r.ID != f.id || !failed && f.code+f.message != "" || f.code != "" && !strings.EqualFold(string(r.Error.Code), f.code)
	})
	if f.message == "" {
		return page, nil
	}
	kept, faults := make([]bool, len(page)), make([]error, len(page))
	var workers sync.WaitGroup
	next := make(chan int)
	for range changesAtOnce {
		workers.Go(func() {
			for i := range next {
				kept[i], faults[i] = f.hasMessage(ctx, api, page[i])
			}
		})
	}
	for i := range page {
		next <- i
	}
	close(next)
	workers.Wait()
	var matching []wire.Snapshot
	for i, r := range page {
		if kept[i] {
			matching = append(matching, r)
		}
	}
	return matching, errors.Join(faults...)
}

// hasMessage reports whether a request ended with the message. A list has no causes, so that the
// request is read where its own message says nothing.
func (f *pageFilter) hasMessage(ctx context.Context, api *client.Client, r wire.Snapshot) (bool, error) {
	if r.Error.Code == wire.InternalError {
		on := api
		if r.Subject != "" {
			on = api.OnBehalfOf(r.Subject)
		}
		err := again(ctx, func() (err error) {
			r, err = on.Why(ctx, r.ID)
			return err
		})
		if gone, ok := errors.AsType[*client.Error](err); ok && gone.Code == wire.NotFound || err == nil && r.Error == nil {
			return false, nil // since the page was read
		}
		if err != nil {
			return false, err
		}
	}
	message, _ := wire.FailureMessage(*r.Error, r.History)
	return printable(message) == printable(wire.WithoutNumbers(f.message)), nil
}
