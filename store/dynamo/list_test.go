package dynamo_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// A list whose filter few entries pass ends after so many calls, with a cursor that
// goes on. The test has each call read 2 entries in the place of 1,000.
func TestAFilteredListEndsAfterTenCalls(t *testing.T) {
	t.Parallel()
	s, f := faulty(t, nil)
	for n := range 50 {
		r := newRequest(fmt.Sprintf("r-%02d", n))
		if n == 3 || n == 10 {
			r.State = request.Failed
		}
		if _, _, err := s.CreateRequest(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	q := request.Query{Tenant: "acme", State: request.Failed, Limit: 5}
	var found []string
	for pages := 1; ; pages++ {
		f.reset(func(int, string) fault {
			return func(req *http.Request, next http.RoundTripper) (*http.Response, error) {
				raw, err := io.ReadAll(req.Body)
				if err != nil {
					return nil, err
				}
				raw = bytes.Replace(raw, []byte(`"Limit":1000`), []byte(`"Limit":2`), 1)
				req = req.Clone(req.Context())
				req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(raw)), int64(len(raw))
				return next.RoundTrip(req)
			}
		})
		page, cursor, err := s.ListRequests(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page {
			found = append(found, r.ID)
		}
		if queries := strings.Count(f.made(), "Query"); queries > 10 {
			t.Errorf("page %d takes %d queries, want 10 at most", pages, queries)
		}
		if q.Cursor = cursor; cursor == "" {
			if want := 3; pages != want {
				t.Errorf("got %d pages, want %d: two of 20 entries that were looked at, and the rest", pages, want)
			}
			break
		}
	}
	if got := strings.Join(found, " "); got != "r-10 r-03" {
		t.Errorf("got %q, want r-10 r-03", got)
	}
}

// DynamoDB refuses a start key that cannot be, of which the store looks for itself, or that is outside
// the query.
func TestCursorsThatDynamoDBRefuses(t *testing.T) {
	t.Parallel()
	s := open(t, nil)
	at := "003981935167890"
	for name, cursor := range map[string]string{
		"no id":             `{"p":"acme","i":"","o":"ada#` + at + `#"}`,
		"another id":        `{"p":"acme","i":"c-1","o":"ada#` + at + `#c-2"}`,
		"another tenant":    `{"p":"globex","i":"c-1","o":"ada#` + at + `#c-1"}`,
		"another subject":   `{"p":"acme","i":"c-1","o":"bob#` + at + `#c-1"}`,
		"no time":           `{"p":"acme","i":"c-1","o":"ada#c-1"}`,
		"a time too short":  `{"p":"acme","i":"c-1","o":"ada#12#c-1"}`,
		"a time with signs": `{"p":"acme","i":"c-1","o":"ada#-03981935167890#c-1"}`,
		"too long":          `{"p":"acme","i":"` + strings.Repeat("c", 1100) + `","o":"ada#` + at + `#` + strings.Repeat("c", 1100) + `"}`,
		"no order":          `{"p":"acme","i":"c-1"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := s.ListConnections(t.Context(), request.ConnectionQuery{Tenant: "acme", Subject: "ada", Limit: 10,
				Cursor: base64.RawURLEncoding.EncodeToString([]byte(cursor))})
			wantCode(t, err, wire.ValidationError)
		})
	}
	refused, _ := offline(t, exception("ValidationException"), nil)
	_, _, err := refused.ListConnections(t.Context(), request.ConnectionQuery{Tenant: "acme", Limit: 10,
		Cursor: base64.RawURLEncoding.EncodeToString([]byte(`{"p":"acme","i":"c-1","o":"ada#` + at + `#c-1"}`))})
	wantCode(t, err, wire.ValidationError)
}

// A cursor of a list is outside of one with other bounds, which DynamoDB alone says.
func TestACursorOutsideOfTheList(t *testing.T) {
	t.Parallel()
	s := open(t, nil)
	for n := range 3 {
		r := newRequest(fmt.Sprint("r-", n))
		r.CreatedAt = epoch.Add(time.Duration(n) * time.Second)
		if _, _, err := s.CreateRequest(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	q := request.Query{Tenant: "acme", Limit: 1}
	_, cursor, err := s.ListRequests(t.Context(), q)
	if err != nil || cursor == "" {
		t.Fatalf("the first page: cursor %q, %v", cursor, err)
	}
	q.Cursor, q.Until = cursor, epoch.Add(time.Second)
	_, _, err = s.ListRequests(t.Context(), q)
	wantCode(t, err, wire.ValidationError)
}

// The indexes do not tell what runs from what has succeeded, so a list of it fetches rows:
// so many for a page, and the rest with its cursor.
func TestAListOfWhatRunsEndsAfterAThousandRows(t *testing.T) {
	t.Parallel()
	s, f := faulty(t, nil)
	const rows, writers = 1050, 16
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for n := w; n < rows; n += writers {
				r := newRequest(fmt.Sprintf("r-%04d", n))
				if r.State = request.Succeeded; n == 0 {
					r.State = request.Running
				}
				if _, _, err := s.CreateRequest(t.Context(), r); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	q := request.Query{Tenant: "acme", State: request.Running, Limit: 10}
	for n, want := range []string{"", "r-0000"} {
		f.reset(nil)
		page, cursor, err := s.ListRequests(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, r := range page {
			ids = append(ids, r.ID)
		}
		if got := strings.Join(ids, " "); got != want || (cursor == "") != (n == 1) {
			t.Errorf("page %d is %q with the cursor %q, want %q, and a cursor on the first page alone", n, got, cursor, want)
		}
		if calls := len(strings.Fields(f.made())); calls > 20 {
			t.Errorf("page %d takes %d calls, want 20 at most", n, calls)
		}
		q.Cursor = cursor
	}
}
