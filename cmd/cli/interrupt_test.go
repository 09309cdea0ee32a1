package cli

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
)

// What Ctrl-C does to a request, by command.
func TestCtrlC(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		command []string // for the request r1, which runs
		presses []string // what is on the screen after each Ctrl-C but the last
		code    int
		says    string
		state   string // of the request afterwards
	}{
		{"watch leaves at the first", []string{"watch", "r1"}, nil, exitInterrupt, "keeps running; follow it again with: ", `"state":"RUNNING"`},
		{"call leaves at the second", []string{"call", "echo_async", `{"step_ms":3000}`, "--id", "r1"},
			[]string{"press Ctrl-C again to leave"}, exitInterrupt, "keeps running; follow it again with: ", `"state":"RUNNING"`},
		{"call cancels with --cancel-on-interrupt", []string{"call", "echo_async", `{"step_ms":3000}`, "--id", "r1", "--cancel-on-interrupt"},
			nil, exitFailed, "CANCELLED", `"state":"CANCELLED"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := startServer(t)
			if code, _, errs := s.do(t, "", "call", "echo_async", `{"step_ms":3000}`, "--id", "r1", "--no-wait"); code != exitDone {
				t.Fatalf("call exited with %d: %s", code, errs)
			}
			term := start(t, t.Context(), s.env, "", append(tt.command, "--data", s.data)...)
			term.err.await(t, " 20.0 %") // it follows the request
			for _, shown := range tt.presses {
				term.interrupts <- os.Interrupt
				term.err.await(t, shown)
			}
			term.interrupts <- os.Interrupt
			if code := <-term.exit; code != tt.code || strings.Count(term.err.String(), tt.says) != 1 {
				t.Errorf("exited with %d, want %d and once %q:\n%s", code, tt.code, tt.says, term.err)
			}
			if tt.code == exitInterrupt && !strings.Contains(term.err.String(), "watch r1 --data "+s.data+"\n") {
				t.Errorf("got %s, want the command that comes back", term.err)
			}
			if _, out, _ := s.do(t, "", "get", "r1"); !strings.Contains(out, tt.state) {
				t.Errorf("the request is %s, want %s", out, tt.state)
			}
			s.do(t, "", "cancel", "r1")
		})
	}
}

// A fakeAPI is an HTTP API that plays a test's answers.
func fakeAPI(t *testing.T, answer http.HandlerFunc) []string {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return []string{"--http", "--http-url", server.URL, "--url", "ws://127.0.0.1:1/dev", "--token", "x.y.z"}
}

// When the token is refused while a request runs, the request goes on, and the
// command says so.
func TestARefusedTokenEndsOnlyTheWatching(t *testing.T) {
	t.Parallel()
	flags := fakeAPI(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			w.Write([]byte(`{"type":"acknowledgment","request_id":"r1","status":"queued","message":"queued","rev":1}`))
			return
		}
		w.WriteHeader(http.StatusUnauthorized)
		w.Write([]byte(`{"code":"UNAUTHORIZED","detail":"the token has expired"}`))
	})
	term := start(t, t.Context(), nil, "", append([]string{"call", "long", "--id", "r1"}, flags...)...)
	code := <-term.exit
	for _, want := range []string{"the request keeps running; follow it again with: ", "UNAUTHORIZED: the token has expired", "pass another with --token"} {
		if code != exitConnection || !strings.Contains(term.err.String(), want) {
			t.Errorf("exited with %d, want %d and %q:\n%s", code, exitConnection, want, term.err)
		}
	}
}

// A Ctrl-C before the acknowledgment leaves, and says that the request may be there.
func TestCtrlCBeforeTheAcknowledgment(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{})
	flags := fakeAPI(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then does the server see that the client has left
		close(asked)
		<-r.Context().Done()
	})
	term := start(t, t.Context(), nil, "", append([]string{"call", "long", "--id", "r1"}, flags...)...)
	<-asked
	term.interrupts <- os.Interrupt
	want := "the server may have the request; look with: "
	if code := <-term.exit; code != exitInterrupt || !strings.Contains(term.err.String(), want) {
		t.Errorf("exited with %d, want %d and %q:\n%s", code, exitInterrupt, want, term.err)
	}
}

// Texts of other users reach the screen without what a terminal obeys.
func TestTextsOfOthersAreShownAndNotObeyed(t *testing.T) {
	t.Parallel()
	const evil = `a\u009b2Jb\u202ec\u001b[31md\u2066e\u0007f\u061cg`
	request := `{"id":"r` + evil + `","subject":"` + evil + `","action":"` + evil + `","state":"FAILED","percentage":1,"message":"` + evil +
		`","error":{"code":"X` + evil + `","message":"` + evil + `"},"attempts":1,"rev":2,` +
		`"created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z",` +
		`"history":[{"number":1,"started_at":"2026-01-01T00:00:00Z","ended_at":"2026-01-01T00:00:01Z","code":"` + evil + `","worker":"` + evil + `"}]}`
	flags := fakeAPI(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/requests" && r.Method == http.MethodGet:
			w.Write([]byte(`{"requests":[` + request + `],"cursor":"` + evil + `"}`))
		case r.URL.Path == "/requests/failing":
			w.WriteHeader(http.StatusConflict)
			w.Write([]byte(`{"code":"X` + evil + `","detail":"` + evil + `","correlation_id":"` + evil + `"}`))
		case r.URL.Path == "/connections":
			w.Write([]byte(`{"connections":[{"id":"` + evil + `","subject":"` + evil + `","source_ip":"` + evil + `","user_agent":"` + evil + `"}]}`))
		default:
			w.Write([]byte(strings.Replace(request, `"FAILED"`, `"RUNNING"`, 1)))
		}
	})
	for name, args := range map[string][]string{
		"list":               {"list"},
		"an error":           {"get", "failing"},
		"why":                {"why", "r1"},
		"connections":        {"connections"},
		"completion of ids":  {"__complete", "get"},
		"completion of who":  {"__complete", "list", "--subject"},
		"completion of what": {"__complete", "call"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args, typed := append([]string{}, args...), flags
			if args[0] == "__complete" {
				args = append(append(args[:2:2], flags...), append(args[2:], "")...)
				typed = nil
			} else if name == "connections" {
				typed = flags[1:]
			}
			term := start(t, t.Context(), nil, "", append(args, typed...)...)
			<-term.exit
			screen := term.out.String() + term.err.String()
			if !strings.Contains(screen, "a 2Jb c") {
				t.Errorf("got %q, want the text", screen)
			}
			for _, r := range screen {
				if obeyed(r) && r != '\n' && r != '\t' {
					t.Errorf("got %U in %q", r, screen)
				}
			}
		})
	}
}
