package lift

import (
	"cmp"
	"context"
	"log/slog"
	"time"
)

// runInOrder calls the handler for one record after another and stops at the
// first that fails, which is where AWS then starts again. decode completes an
// event by a record's text and returns the id by which AWS knows the record.
//
// A record that has no such id cannot be reported; it fails the invocation, and
// the whole batch comes again.
func (a *App) runInOrder(ctx context.Context, records string, h Handler, decode func(text string, e *Event) (id string, err error)) ([]byte, error) {
	var failed string
	var lost error
	s := scanner{text: records}
	err := s.array(func() error {
		text, err := s.raw()
		if err != nil || failed != "" || lost != nil {
			return err
		}
		e := a.newEvent(ctx, 0, "")
		id, err := decode(text, e)
		if err != nil && id == "" {
			lost = a.fail(ctx, e, err)
			return nil
		}
		if err == nil && !e.Deadline.IsZero() && !time.Now().Before(e.Deadline) {
			e.Logger().LogAttrs(ctx, slog.LevelWarn, "batch cut short by the deadline", slog.String("record", id))
			failed = id
			return nil
		}
		if err == nil {
			e.Raw = []byte(text)
			e.Body = e.Raw
			e.CorrelationID = cmp.Or(e.ID, e.CorrelationID)
			_, err = h.Handle(NewContext(ctx, e), e)
		}
		if err != nil {
			a.reportRecord(ctx, e, id, err)
			failed = id
		}
		return nil
	})
	if err != nil {
		lost = a.refuse(ctx, &Error{Code: CodeInvalid, Message: "the batch is malformed", Cause: err})
	}
	if lost != nil {
		return nil, lost
	}
	answer := []byte(`{"batchItemFailures":[`)
	if failed != "" {
		answer = append(answer, `{"itemIdentifier":`...)
		answer = appendString(answer, failed)
		answer = append(answer, '}')
	}
	return append(answer, `]}`...), nil
}

// reportRecord logs a record that failed, always: no caller is there to tell.
func (a *App) reportRecord(ctx context.Context, e *Event, id string, err error) {
	e.Logger().LogAttrs(ctx, slog.LevelError, "record failed",
		slog.String("trigger", e.Trigger.String()), slog.String("route", e.Route),
		slog.String("record", id), errorAttr(err))
}
