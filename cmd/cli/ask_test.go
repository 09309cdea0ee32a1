package cli

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/wire"
)

// What the flags and arguments of a command say reaches the server.
func TestWhatIsAsked(t *testing.T) {
	t.Parallel()
	const period = " --since 2026-01-02T00:00:00Z --until 2026-01-03T00:00:00Z"
	for _, tt := range []struct{ name, args, want string }{
		{"a page of a list", "list --cursor abc --limit 7", "GET /requests cursor=abc&limit=7"},
		{"a filter of a list", "list --action ship --state failed --subject ada --tenant acme" + period,
			"GET /requests action=ship&limit=20&since=2026-01-02T00:00:00Z&state=FAILED&subject=ada&tenant=acme&until=2026-01-03T00:00:00Z"},
		{"the children of a request", "list --parent r1", "GET /requests limit=20&parent=r1"},
		{"all of a list", "list --all", "GET /requests limit=100"},
		{"a request in detail", "get r1 --detail --subject ada", "GET /requests/r1 detail=true&subject=ada"},
		{"a request of a tenant", "get r1 --subject ada --tenant acme", "GET /requests/r1 subject=ada&tenant=acme"},
		{"output from an offset", "output r1 --from 100", "GET /requests/r1/output from=100"},
		{"a signal with its payload", `signal r1 approval {"by":"ada"}`, `POST /requests/r1/signals/approval {"by":"ada"}`},
		{"a page of connections", "connections --cursor abc --limit 7 --subject ada", "GET /connections cursor=abc&limit=7&subject=ada"},
		{"counts of a period", "stats --action ship" + period,
			"GET /stats/states action=ship&since=2026-01-02T00:00:00Z&subject=*&until=2026-01-03T00:00:00Z"},
		{"a run of a schedule", "schedules run hourly --id by-hand", `POST /schedules/hourly/run {"request_id":"by-hand"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Value
			flags := fakeAPI(t, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				query, _ := url.QueryUnescape(r.URL.Query().Encode()) // by name
				asked.CompareAndSwap(nil, strings.TrimSpace(r.Method+" "+r.URL.Path+" "+query+string(body)))
				w.WriteHeader(http.StatusNotFound)
			})
			args := strings.Fields(tt.args)
			if args[0] == "connections" || args[0] == "stats" || args[0] == "schedules" {
				flags = flags[1:] // they ask over HTTP anyway
			}
			<-start(t, t.Context(), nil, "", append(args, flags...)...).exit
			if diff := cmp.Diff(tt.want, asked.Load()); diff != "" {
				t.Errorf("asked (-want +got):\n%s", diff)
			}
		})
	}
}

// stored is a request as a fake API shows it.
func stored(id, state, more string) string {
	return fmt.Sprintf(`{"id":%q,"action":"ship","state":%q,"percentage":20,"message":"m","attempts":1,"rev":2,`+
		`"created_at":"2026-01-02T12:00:00Z","updated_at":"2026-01-02T12:00:00Z"%s}`, id, state, more)
}

// Results are on stdout and all that is said about them on stderr, each whole.
func TestWhichStreamALineGoesTo(t *testing.T) {
	t.Parallel()
	page := `{"requests":[` + stored("r1", "QUEUED", "") + `,` + stored("old", "QUEUED", "") + `],"cursor":"abc"}`
	page = strings.Replace(page, "2026-01-02T12", "2026-01-03T12", 1)
	for _, tt := range []struct {
		name, args string
		status     int
		answer     string
		code       int
		out, err   string
	}{
		{"the next page", "list -o name", 200, page, 0, "r1\nold\n", "more: --cursor abc\n"},
		{"a server that does not know periods", "list -o name --since 2026-01-03T00:00:00Z", 200, page, 0, "r1\n", "more: --cursor abc\n"},
		{"a request that starts later", "call ship --in 24h --no-wait --id r1", 202,
			`{"type":"acknowledgment","request_id":"r1","status":"queued","message":"queued","rev":1}`, 0, "r1\n", "it starts in 24h0m0s, at "},
		{"a signal that came before", "signal r1 approval", 200, stored("r1", "QUEUED", `,"changed":false`), exitUnchanged,
			stored("r1", "QUEUED", `,"changed":false`) + "\n", `the signal "approval" was sent before, and the first one counts`},
		{"a request that is being cancelled", "cancel r1 -o text", 200, stored("r1", "RUNNING", `,"cancelling":true,"changed":false`), exitUnchanged,
			"", "r1 is RUNNING: it is asked to stop already\n"},
		{"a server that does not say what changed", "redrive r1 -o text", 200, stored("r1", "SUCCEEDED", ""), exitUnchanged,
			"", "r1 is SUCCEEDED: only a FAILED one is run again\n"},
		{"an error that is worth a wait", "get r1", 409, `{"code":"RATE_LIMITED","detail":"slow down","correlation_id":"c-1",` +
			`"retry":{"retryable":true,"after":7}}`, exitFailed, "",
			"RATE_LIMITED: slow down\nthe same request may succeed later; wait 7s\ncorrelation id: c-1\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			flags := fakeAPI(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(tt.status)
				io.WriteString(w, tt.answer)
			})
			term := start(t, t.Context(), nil, "", append(strings.Fields(tt.args), flags...)...)
			if code := <-term.exit; code != tt.code {
				t.Errorf("exited with %d, want %d", code, tt.code)
			}
			if diff := cmp.Diff(tt.out, term.out.String()); diff != "" {
				t.Errorf("stdout (-want +got):\n%s", diff)
			}
			if !strings.Contains(term.err.String(), tt.err) {
				t.Errorf("got the stderr %q, want %q in it", term.err, tt.err)
			}
		})
	}
}

// A list of all has each page once, and a filter leaves out what is cancelled already.
func TestAllPages(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ args, want string }{
		"a list":   {"list --all -o name", "r1\nr2\n"},
		"a filter": {"cancel --action ship --state queued --dry-run -o name", "r1\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			flags := fakeAPI(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Query().Get("cursor") == "" {
					fmt.Fprintf(w, `{"requests":[%s],"cursor":"abc"}`, stored("r1", "QUEUED", ""))
					return
				}
				fmt.Fprintf(w, `{"requests":[%s]}`, stored("r2", "QUEUED", `,"cancelling":true`))
			})
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			term := start(t, ctx, nil, "", append(strings.Fields(tt.args), flags...)...)
			if code := <-term.exit; code != exitDone || term.out.String() != tt.want {
				t.Errorf("exited with %d, %q, %s, want %d and %q", code, term.out, term.err, exitDone, tt.want)
			}
		})
	}
}

// A context's root of HTTP is where its calls over HTTP go.
func TestAContextsRootOfHTTP(t *testing.T) {
	t.Parallel()
	root := fakeAPI(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"requests":[%s]}`, stored("r1", "QUEUED", ""))
	})[2]
	user := map[string]string{"XDG_CONFIG_HOME": t.TempDir()}
	add := start(t, t.Context(), user, "", "context", "add", "prod", "--url", "ws://127.0.0.1:1/dev", "--http-url", root)
	if code := <-add.exit; code != exitDone {
		t.Fatalf("exited with %d, %s", code, add.err)
	}
	list := start(t, t.Context(), user, "", "list", "--http", "--context", "prod", "--token", "x.y.z", "-o", "name")
	if code := <-list.exit; code != exitDone || list.out.String() != "r1\n" {
		t.Errorf("exited with %d, %q, %s, want %d and r1", code, list.out, list.err, exitDone)
	}
}

// What an operator's filter finds is changed as a request of its subject.
func TestAChangeIsOfItsSubject(t *testing.T) {
	t.Parallel()
	var changed atomic.Value
	flags := fakeAPI(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			fmt.Fprintf(w, `{"requests":[%s]}`, stored("r1", "QUEUED", `,"subject":"ada"`))
			return
		}
		changed.Store(r.Method + " " + r.URL.String())
		io.WriteString(w, stored("r1", "CANCELLED", `,"subject":"ada","changed":true`))
	})
	term := start(t, t.Context(), nil, "", append([]string{"cancel", "--all", "--state", "queued", "--subject", "*", "--yes"}, flags...)...)
	if code := <-term.exit; code != exitDone || term.out.String() != "ada/r1 cancelled\n" {
		t.Errorf("exited with %d, %q, %s, want %d and one that is cancelled", code, term.out, term.err, exitDone)
	}
	if got, want := changed.Load(), "DELETE /requests/r1?subject=ada"; got != want {
		t.Errorf("asked %v, want %s", got, want)
	}
}

// A call is made again after what the server says, or a while that grows, and not for ever.
func TestAgain(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err   error
		calls int
		took  time.Duration
	}{
		"the server's time": {&client.Error{Code: wire.RateLimited, Retryable: true, RetryAfter: 7 * time.Second}, againMost, 28 * time.Second},
		"its own":           {&client.ConnectError{}, againMost, 2500 * time.Millisecond},
		"no use":            {&client.Error{Code: wire.NotFound}, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began, calls := time.Now(), 0
				_ = again(t.Context(), func() error {
					calls++
					return tt.err
				})
				if took := time.Since(began); calls != tt.calls || took != tt.took {
					t.Errorf("got %d calls in %v, want %d in %v", calls, took, tt.calls, tt.took)
				}
			})
		})
	}
}

// A token has what the flags say.
func TestTokenFlags(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	code, token, errs := s.do(t, "", "token", "--tenant", "acme", "--subject", "ada", "--scope", "a", "--scope", "b", "--ttl", "90s")
	if code != exitDone {
		t.Fatalf("exited with %d, %s", code, errs)
	}
	got := claimsOf(t, strings.TrimSpace(token))
	until, _ := got["exp"].(float64)
	if left := time.Until(time.Unix(int64(until), 0)); left > 90*time.Second || left < 30*time.Second {
		t.Errorf("the token counts for %v, want 90s", left)
	}
	if got["tenant_id"] != "acme" || got["sub"] != "ada" || fmt.Sprint(got["permissions"]) != "[a b]" {
		t.Errorf("got the claims %v, want those of the flags", got)
	}
}

// Where a connection is from, and of which client, is in the columns that say so.
func TestConnectionColumns(t *testing.T) {
	t.Parallel()
	text := connectionTable.render(layout{wide: true}, []wire.Connection{{Subject: "ada", ID: "c1", SourceIP: "192.0.2.7", UserAgent: "curl/8"}})
	titles, row, _ := strings.Cut(text, "\n")
	for title, want := range map[string]string{"SUBJECT": "ada", "ID": "c1", "FROM": "192.0.2.7", "CLIENT": "curl/8"} {
		if at := strings.Index(titles, title); at < 0 || !strings.HasPrefix(row[min(at, len(row)):], want) {
			t.Errorf("got\n%s\nwant %s below %s", text, want, title)
		}
	}
}
