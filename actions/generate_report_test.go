package actions

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer/actions/internal/actiontest"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

const testPage = 10

// file stores a request as it could be found there.
func file(t testing.TB, store request.Store, tenant, subject, id, action string, state request.State, at string) {
	t.Helper()
	created, err := time.Parse(time.RFC3339Nano, at)
	if err != nil {
		t.Fatal(err)
	}
	r := &request.Request{Key: request.Key{Tenant: tenant, Subject: subject, ID: id}, Action: action, State: state,
		Rev: 1, Attempt: 1, CreatedAt: created, UpdatedAt: created}
	if _, fresh, err := store.CreateRequest(t.Context(), r); err != nil || !fresh {
		t.Fatalf("create %s: %v, fresh %v", id, err, fresh)
	}
}

func filled(t testing.TB) *actiontest.Store {
	store := actiontest.NewStore(t)
	file(t, store, "acme", "ada", "a1", "echo_async", request.Succeeded, "2026-03-01T00:00:00Z")
	file(t, store, "acme", "ada", "a2", "echo_async", request.Succeeded, "2026-03-01T23:59:59.999Z")
	file(t, store, "acme", "bob", "a3", "echo_async", request.Failed, "2026-03-01T12:00:00Z")
	file(t, store, "acme", "bob", "a4", `=cmd|' /C calc'!A1`, request.Succeeded, "2026-03-02T12:00:00Z")
	file(t, store, "acme", "bob", "a5", `<script>alert("x")</script>`, request.Queued, "2026-03-03T23:59:59.999Z")
	file(t, store, "acme", "ada", "early", "echo_async", request.Succeeded, "2026-02-28T23:59:59.999Z")
	file(t, store, "acme", "ada", "late", "echo_async", request.Succeeded, "2026-03-04T00:00:00Z")
	file(t, store, "globex", "ada", "theirs", "secret_action", request.Succeeded, "2026-03-02T12:00:00Z")
	return store
}

// A report of one request does not say "1 requests".
func TestReportOfOneRequest(t *testing.T) {
	t.Parallel()
	store := filled(t)
	w := actiontest.New(t, store, generateReport(store, testPage))
	r := w.Finish(t, "report", "generate_report", `{"start_date":"2026-03-02","end_date":"2026-03-02","format":"html"}`)
	frames := w.Connections.Progress()
	if len(frames) == 0 {
		t.Fatal("got no progress, want one")
	}
	if got := frames[len(frames)-1].Message; got != "1 request counted" {
		t.Errorf("got the progress %q, want 1 request counted", got)
	}
	if !strings.Contains(string(r.Result), "<caption>1 request, ") {
		t.Errorf("got %s, want a caption with 1 request", r.Result)
	}
}

func runReport(t *testing.T, store *actiontest.Store, payload string) report {
	t.Helper()
	w := actiontest.New(t, store, generateReport(store, testPage))
	r := w.Finish(t, "report", "generate_report", payload)
	actiontest.WantState(t, r, request.Succeeded)
	var got report
	if err := json.Unmarshal(r.Result, &got); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(r.Result), "secret_action") {
		t.Errorf("the report tells of another tenant: %s", r.Result)
	}
	return got
}

func TestReportJSON(t *testing.T) {
	t.Parallel()
	got := runReport(t, filled(t), `{"start_date":"2026-03-01","end_date":"2026-03-03"}`)
	want := []reportRow{
		{"2026-03-01", "echo_async", "FAILED", 1},
		{"2026-03-01", "echo_async", "SUCCEEDED", 2},
		{"2026-03-02", `=cmd|' /C calc'!A1`, "SUCCEEDED", 1},
		{"2026-03-03", `<script>alert("x")</script>`, "QUEUED", 1},
	}
	if fmt.Sprint(got.Rows) != fmt.Sprint(want) || got.Total != 5 || got.Format != "json" {
		t.Errorf("the report is %+v, want %+v", got, want)
	}
}

func TestReportOfNothing(t *testing.T) {
	t.Parallel()
	store := actiontest.NewStore(t)
	w := actiontest.New(t, store, generateReport(store, testPage))
	r := w.Finish(t, "report", "generate_report", `{"start_date":"2020-01-01","end_date":"2020-12-31","format":"json"}`)
	actiontest.WantState(t, r, request.Succeeded)
	if want := `{"start_date":"2020-01-01","end_date":"2020-12-31","format":"json","total":0,"rows":[]}`; string(r.Result) != want {
		t.Errorf("the result is %s, want %s", r.Result, want)
	}
}

func TestReportCSVHasNoFormulas(t *testing.T) {
	t.Parallel()
	got := runReport(t, filled(t), `{"start_date":"2026-03-01","end_date":"2026-03-03","format":"csv"}`)
	records, err := csv.NewReader(strings.NewReader(got.Content)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"day", "action", "state", "count"},
		{"2026-03-01", "echo_async", "FAILED", "1"},
		{"2026-03-01", "echo_async", "SUCCEEDED", "2"},
		{"2026-03-02", `'=cmd|' /C calc'!A1`, "SUCCEEDED", "1"},
		{"2026-03-03", `<script>alert("x")</script>`, "QUEUED", "1"},
	}
	if fmt.Sprint(records) != fmt.Sprint(want) {
		t.Errorf("the records are %q, want %q", records, want)
	}
	if got.Rows != nil || !strings.HasPrefix(got.ContentType, "text/csv") {
		t.Errorf("a CSV report has rows %v and the type %q", got.Rows, got.ContentType)
	}
}

func TestInertCell(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"=1", "+1", "-1", "@x", "\tx", "\rx", "\nx"} {
		if got := inertCell(s); got != "'"+s {
			t.Errorf("%q became %q", s, got)
		}
	}
	for _, s := range []string{"", "a=1", "2026-01-01"} {
		if got := inertCell(s); got != s {
			t.Errorf("%q became %q", s, got)
		}
	}
}

func TestReportHTMLIsEscaped(t *testing.T) {
	t.Parallel()
	got := runReport(t, filled(t), `{"start_date":"2026-03-01","end_date":"2026-03-03","format":"html"}`)
	if strings.Contains(got.Content, "<script>") || !strings.Contains(got.Content, "&lt;script&gt;alert(&#34;x&#34;)") {
		t.Errorf("the page is not escaped: %s", got.Content)
	}
	if rows := strings.Count(got.Content, "<tr><td>"); rows != 4 {
		t.Errorf("the page has %d rows, want 4: %s", rows, got.Content)
	}
}

func TestReportRefuses(t *testing.T) {
	t.Parallel()
	store := actiontest.NewStore(t)
	w := actiontest.New(t, store, generateReport(store, testPage))
	for payload, field := range map[string]string{
		`{}`:                          "start_date",
		`{"start_date":"2026-01-01"}`: "end_date",
		`{"start_date":"1.1.2026","end_date":"2026-01-02"}`:                         "start_date",
		`{"start_date":"2026-02-30","end_date":"2026-03-02"}`:                       "start_date",
		`{"start_date":"2026-01-02","end_date":"2026-01-01"}`:                       "end_date",
		`{"start_date":"2025-01-01","end_date":"2026-01-02"}`:                       "end_date",
		`{"start_date":"2026-01-01","end_date":"2026-01-02","format":"pdf"}`:        "format",
		`{"start_date":"2026-01-01","end_date":"2026-01-02","tenant":"globex"}`:     "",
		`{"start_date":7,"end_date":"2026-01-02"}`:                                  "",
		`{"start_date":"2026-01-01","end_date":"2026-01-02","format":["csv","pdf"]`: "",
	} {
		t.Run(payload, func(t *testing.T) { w.WantRefused(t, "generate_report", payload, field) })
	}
}

// A lister that ends the slice, or fails, after so many pages.
type pagedLister struct {
	request.Lister
	pages int
	stop  func()
	err   error
}

func (l *pagedLister) ListRequests(ctx context.Context, q request.Query) ([]*request.Request, string, error) {
	if q.Tenant != actiontest.Ada.Tenant || q.Limit != testPage {
		return nil, "", errors.New("a query beyond the tenant or the page")
	}
	if l.pages--; l.pages < 0 {
		if l.err != nil {
			return nil, "", l.err
		}
		l.stop()
		<-ctx.Done()
		return nil, "", ctx.Err()
	}
	return l.Lister.ListRequests(ctx, q)
}

// Whatever page a slice ends or fails at, the counts come out right.
func TestReportGoesOnFromItsCheckpoint(t *testing.T) {
	t.Parallel()
	store := actiontest.NewStore(t)
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	states := []request.State{request.Queued, request.Succeeded, request.Failed}
	const requests = 5*testPage + 3
	for i := range requests {
		file(t, store, actiontest.Ada.Tenant, "bob", fmt.Sprintf("r%04d", i), fmt.Sprintf("action_%d", i%2), states[i%3],
			start.Add(time.Duration(i)*9*time.Hour).Format(time.RFC3339Nano))
	}
	const payload = `{"start_date":"2026-01-01","end_date":"2026-02-28","format":"csv"}`
	want := runReport(t, store, payload)
	if want.Total != requests {
		t.Fatalf("%d requests counted, want %d", want.Total, requests)
	}
	for _, fault := range []error{nil, errors.New("the network is down")} {
		for pages := range 6 {
			lister := &pagedLister{Lister: store, pages: pages, err: fault}
			w := actiontest.New(t, store, generateReport(lister, testPage))
			id := fmt.Sprintf("interrupted-%d-%v", pages, fault != nil)
			if _, err := w.Submit(t, id, "generate_report", payload); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			lister.stop = cancel
			actiontest.WantState(t, w.RunOnce(t, ctx, id), request.Queued)
			lister.pages = 6 - pages // what is left, and no page more
			if fault != nil {
				w.Clock.Advance(time.Hour)
			}
			r := w.RunOnce(t, t.Context(), id)
			cancel()
			actiontest.WantState(t, r, request.Succeeded)
			var got report
			if err := json.Unmarshal(r.Result, &got); err != nil {
				t.Fatal(err)
			}
			if got.Content != want.Content || got.Total != want.Total {
				t.Errorf("interrupted after %d pages, it is\n%s\nwant\n%s", pages, got.Content, want.Content)
			}
			progress := w.Connections.Progress()
			for i := 1; i < len(progress); i++ {
				if progress[i].Percentage < progress[i-1].Percentage {
					t.Errorf("progress fell from %v to %v", progress[i-1].Percentage, progress[i].Percentage)
				}
			}
		}
	}
}

func TestReportThatIsTooLong(t *testing.T) {
	t.Parallel()
	store := actiontest.NewStore(t)
	for i := range 2 * testPage {
		file(t, store, actiontest.Ada.Tenant, "bob", fmt.Sprint(i), strings.Repeat(fmt.Sprint(i%10), 4000)+fmt.Sprint(i), request.Succeeded,
			"2026-01-01T00:00:00Z")
	}
	w := actiontest.New(t, store, generateReport(store, testPage))
	r := w.Finish(t, "r", "generate_report", `{"start_date":"2026-01-01","end_date":"2026-01-01"}`)
	actiontest.WantState(t, r, request.Failed)
	if r.Error.Code != wire.PayloadTooLarge {
		t.Errorf("the error is %+v", r.Error)
	}
}
