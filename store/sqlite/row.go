package sqlite

import (
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// A column is one of a request's row.
type column struct {
	name      string
	attribute request.Attribute // whose effects change it
	value     func(r *row) any  // to store
	dest      func(r *row) any  // to scan into
	detail    bool              // left out of rows in brief
}

// A row is a request as it is stored, but for the bodies that are apart.
type row struct {
	*request.Request
	apart apart
}

// columns are all of a request's row; the first are those that an error of another one
// needs, to say which row it is and where a page ends.
var columns = []column{
	{"tenant", request.AttrTenant, func(r *row) any { return r.Tenant }, func(r *row) any { return &r.Tenant }, false},
	{"subject", request.AttrSubject, func(r *row) any { return r.Subject }, func(r *row) any { return &r.Subject }, false},
	{"id", request.AttrID, func(r *row) any { return r.ID }, func(r *row) any { return &r.ID }, false},
	timeColumn("created_at", request.AttrCreatedAt, func(r *row) *time.Time { return &r.CreatedAt }),
	timeColumn("look_at", request.AttrLook, func(r *row) *time.Time { return &r.Look.At }),
	{"look_kind", request.AttrLook, func(r *row) any { return int64(r.Look.Kind) }, func(r *row) any { return &r.Look.Kind }, false},
	{"action", request.AttrAction, func(r *row) any { return r.Action }, func(r *row) any { return &r.Action }, false},
	{"payload", request.AttrPayload, func(r *row) any { return r.inline(r.Payload, apartPayload) },
		func(r *row) any { return (*blob)(&r.Payload) }, true},
	{"result", request.AttrResult, func(r *row) any { return r.inline(r.Result, apartResult) },
		func(r *row) any { return (*blob)(&r.Result) }, true},
	{"apart", request.AttrResult, func(r *row) any { return int64(r.apart) }, func(r *row) any { return &r.apart }, false},
	jsonColumn("metadata", request.AttrMetadata, func(r *row) any { return &r.Metadata }),
	{"correlation_id", request.AttrCorrelationID, func(r *row) any { return r.CorrelationID },
		func(r *row) any { return &r.CorrelationID }, false},
	{"state", request.AttrState, func(r *row) any { return string(r.State) }, func(r *row) any { return &r.State }, false},
	{"rev", request.AttrRev, func(r *row) any { return r.Rev }, func(r *row) any { return &r.Rev }, false},
	{"fence", request.AttrFence, func(r *row) any { return r.Fence }, func(r *row) any { return &r.Fence }, false},
	timeColumn("due_at", request.AttrDueAt, func(r *row) *time.Time { return &r.DueAt }),
	{"attempt", request.AttrAttempt, func(r *row) any { return int64(r.Attempt) }, func(r *row) any { return &r.Attempt }, false},
	{"slices", request.AttrSlices, func(r *row) any { return int64(r.Slices) }, func(r *row) any { return &r.Slices }, false},
	{"lost", request.AttrLeaseExpirations, func(r *row) any { return int64(r.LeaseExpirations) },
		func(r *row) any { return &r.LeaseExpirations }, false},
	{"ran_ns", request.AttrRan, func(r *row) any { return int64(r.Ran) }, func(r *row) any { return &r.Ran }, false},
	{"worker", request.AttrWorker, func(r *row) any { return r.Worker }, func(r *row) any { return &r.Worker }, false},
	{"cancel_requested", request.AttrCancelRequested, func(r *row) any { return r.CancelRequested },
		func(r *row) any { return &r.CancelRequested }, false},
	{"percentage", request.AttrProgress, func(r *row) any { return r.Progress.Percentage },
		func(r *row) any { return &r.Progress.Percentage }, false},
	{"message", request.AttrProgress, func(r *row) any { return r.Progress.Message },
		func(r *row) any { return &r.Progress.Message }, false},
	{"progress_metadata", request.AttrProgress, func(r *row) any { return []byte(r.Progress.Metadata) },
		func(r *row) any { return (*blob)(&r.Progress.Metadata) }, false},
	{"checkpoint", request.AttrCheckpoint, func(r *row) any { return []byte(r.Checkpoint) },
		func(r *row) any { return (*blob)(&r.Checkpoint) }, true},
	{"error", request.AttrError, func(r *row) any { return (*failure)(r.Request) },
		func(r *row) any { return (*failure)(r.Request) }, false},
	jsonColumn("subscribers", request.AttrSubscribers, func(r *row) any { return &r.Subscribers }),
	{"steps", request.AttrSteps, func(r *row) any { return (*steps)(&r.Steps) }, func(r *row) any { return (*steps)(&r.Steps) }, true},
	{"step_times", request.AttrSteps, func(r *row) any { return document{&r.StepTimes} },
		func(r *row) any { return document{&r.StepTimes} }, true},
	{"step_output", request.AttrSteps, func(r *row) any { return document{&r.StepOutput} },
		func(r *row) any { return document{&r.StepOutput} }, true},
	{"await_token", request.AttrAwait, func(r *row) any { return r.Await.Token }, func(r *row) any { return &r.Await.Token }, false},
	timeColumn("await_until", request.AttrAwait, func(r *row) *time.Time { return &r.Await.Until }),
	jsonColumn("history", request.AttrHistory, func(r *row) any { return &r.History }),
	jsonColumn("audit", request.AttrAudit, func(r *row) any { return &r.Audit }),
	{"output", request.AttrOutput, func(r *row) any { return r.Output }, func(r *row) any { return &r.Output }, false},
	{"output_mark", request.AttrOutputMark, func(r *row) any { return r.OutputMark }, func(r *row) any { return &r.OutputMark }, false},
	jsonColumn("parent", request.AttrParent, func(r *row) any { return &r.Parent }),
	jsonColumn("children", request.AttrChildren, func(r *row) any { return &r.Children }),
	{"redrives", request.AttrRedrives, func(r *row) any { return int64(r.Redrives) }, func(r *row) any { return &r.Redrives }, false},
	{"priority", request.AttrPriority, func(r *row) any { return int64(r.Priority) }, func(r *row) any { return &r.Priority }, false},
	jsonColumn("slots", request.AttrPermits, func(r *row) any { return &r.Permits }),
	{"blocked", request.AttrThrottledBy, func(r *row) any { return r.ThrottledBy }, func(r *row) any { return &r.ThrottledBy }, false},
	timeColumn("not_before", request.AttrNotBefore, func(r *row) *time.Time { return &r.NotBefore }),
	timeColumn("updated_at", request.AttrUpdatedAt, func(r *row) *time.Time { return &r.UpdatedAt }),
	timeColumn("started_at", request.AttrStartedAt, func(r *row) *time.Time { return &r.StartedAt }),
	timeColumn("claimed_at", request.AttrClaimedAt, func(r *row) *time.Time { return &r.ClaimedAt }),
	timeColumn("finished_at", request.AttrFinishedAt, func(r *row) *time.Time { return &r.FinishedAt }),
	timeColumn("expires_at", request.AttrExpiresAt, func(r *row) *time.Time { return &r.ExpiresAt }),
}

func timeColumn(name string, attribute request.Attribute, at func(*row) *time.Time) column {
	return column{name, attribute, func(r *row) any {
		if at := at(r); !at.IsZero() {
			return at.UnixMilli()
		}
		return nil
	}, func(r *row) any { return (*moment)(at(r)) }, false}
}

func jsonColumn(name string, attribute request.Attribute, of func(*row) any) column {
	return column{name, attribute, func(r *row) any { return document{of(r)} }, func(r *row) any { return document{of(r)} }, false}
}

// brief are the columns of a row in brief, which a list shows.
var brief = slices.DeleteFunc(slices.Clone(columns), func(c column) bool { return c.detail })

// named lists columns in a statement.
func named(columns []column) string {
	var names []string
	for _, c := range columns {
		names = append(names, c.name)
	}
	return strings.Join(names, ", ")
}

// scan reads a row, behind what is selected before it. Its error is a
// *request.RowError when the row is there and does not decode; what the first columns
// hold is known then, too.
func scan(from interface{ Scan(dest ...any) error }, columns []column, before ...any) (*row, error) {
	r := &row{Request: &request.Request{}}
	dest := append(make([]any, 0, len(columns)+len(before)), before...)
	for _, c := range columns {
		dest = append(dest, c.dest(r))
	}
	err := from.Scan(dest...)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, request.ErrNotFound
	case err != nil && r.ID != "":
		return r, &request.RowError{Key: r.Key, Err: err}
	case err != nil:
		return nil, err
	}
	if r.Look.At.IsZero() {
		r.Look.Kind = 0
	}
	return r, nil
}

// A moment is a time in milliseconds, NULL for the zero one.
type moment time.Time

// Scan implements [sql.Scanner].
func (m *moment) Scan(value any) error {
	switch value := value.(type) {
	case nil:
		*m = moment{}
	case int64:
		*m = moment(time.UnixMilli(value).UTC())
	default:
		return fmt.Errorf("a %T in a column of times", value)
	}
	return nil
}

// A document is a value as JSON.
type document struct{ of any }

// Value implements [driver.Valuer].
func (d document) Value() (driver.Value, error) {
	raw, err := json.Marshal(d.of)
	return string(raw), err
}

// Scan implements [sql.Scanner].
func (d document) Scan(value any) error {
	text, err := textOf(value)
	if err != nil || text == "null" {
		return err
	}
	return json.Unmarshal([]byte(text), d.of)
}

func textOf(value any) (string, error) {
	text, ok := value.(string)
	if !ok {
		return "", fmt.Errorf("a %T in a column of JSON", value)
	}
	return text, nil
}

// A blob keeps the difference between nothing and an empty value, which a scan
// into a []byte would lose.
type blob json.RawMessage

// Scan implements [sql.Scanner].
func (b *blob) Scan(value any) error {
	switch value := value.(type) {
	case nil:
		*b = nil
	case []byte:
		*b = append(blob{}, value...)
	default:
		return fmt.Errorf("a %T in a BLOB column", value)
	}
	return nil
}

// steps are a JSON object of base64, since JSON inside JSON would not keep its bytes.
type steps map[string]json.RawMessage

// Value implements [driver.Valuer].
func (s *steps) Value() (driver.Value, error) {
	results := make(map[string][]byte, len(*s))
	for name, result := range *s {
		results[name] = result
	}
	return document{results}.Value()
}

// Scan implements [sql.Scanner].
func (s *steps) Scan(value any) error {
	var results map[string][]byte
	if text, isText := value.(string); isText && text == "{}" {
		return nil
	}
	if err := (document{&results}).Scan(value); err != nil {
		return err
	}
	if len(results) > 0 {
		*s = make(steps, len(results))
	}
	for name, result := range results {
		(*s)[name] = result
	}
	return nil
}

// A failure is a request's Error in its column. Details keep their bytes, which JSON
// inside JSON would not.
type failure request.Request

type failureText struct {
	Code    wire.Code
	Message string
	Details []byte
	Retry   *wire.Retry
}

// Value implements [driver.Valuer].
func (f *failure) Value() (driver.Value, error) {
	if f.Error == nil {
		return nil, nil
	}
	return document{failureText{Code: f.Error.Code, Message: f.Error.Message, Details: f.Error.Details, Retry: f.Error.Retry}}.Value()
}

// Scan implements [sql.Scanner].
func (f *failure) Scan(value any) error {
	if value == nil {
		return nil
	}
	var text failureText
	if err := (document{&text}).Scan(value); err != nil {
		return err
	}
	f.Error = &wire.Error{Code: text.Code, Message: text.Message, Details: text.Details, Retry: text.Retry}
	return nil
}

// rounded is a copy of r with its times as they are kept.
func rounded(r *request.Request) *request.Request {
	c := r.Clone()
	for _, at := range []*time.Time{&c.DueAt, &c.Look.At, &c.Await.Until, &c.CreatedAt, &c.UpdatedAt, &c.StartedAt, &c.ClaimedAt,
		&c.FinishedAt, &c.ExpiresAt} {
		*at = atMillis(*at)
	}
	for name, at := range c.StepTimes { // which is a clone
		c.StepTimes[name] = atMillis(at)
	}
	if len(r.History) > 0 {
		c.History = slices.Clone(r.History)
	}
	for i := range c.History {
		a := &c.History[i]
		a.StartedAt, a.EndedAt = atMillis(a.StartedAt), atMillis(a.EndedAt)
	}
	for key, entry := range c.Audit { // a clone, too
		entry.At = atMillis(entry.At)
		c.Audit[key] = entry
	}
	return c
}

// atMillis is t as it is kept.
func atMillis(t time.Time) time.Time { return time.UnixMilli(t.UnixMilli()).UTC() }

// ceilMillis is the first millisecond that is not before t.
func ceilMillis(t time.Time) int64 {
	return t.Add(time.Millisecond - 1).UnixMilli()
}
