package cli

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// What an operator does with the requests and connections of a subject of its
// tenant, which the development key lets anybody on its machine be.
func TestOperators(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	token := func(subject string) string {
		code, out, errs := s.do(t, "", "token", "--tenant", "dev", "--subject", subject)
		if code != 0 {
			t.Fatal(errs)
		}
		return strings.TrimSpace(out)
	}
	ada := token("ada")
	if code, _, errs := s.do(t, "", "call", "echo_async", `{"step_ms":1}`, "--id", "r1", "--token", ada); code != 0 {
		t.Fatal(errs)
	}
	if code, _, errs := s.do(t, "", "call", "ask_approval", `{"lines":["ready"]}`, "--id", "r2", "--no-wait", "--token", ada); code != 0 {
		t.Fatal(errs)
	}
	watching := start(t, t.Context(), s.env, "", "call", "echo_async", `{"step_ms":3000}`, "--id", "r3", "--token", ada, "--data", s.data)
	watching.err.await(t, "20.0 %") // it has a connection
	for _, tt := range []struct {
		name     string
		args     []string
		code     int
		out, err string // contained; out "-": empty
	}{
		{"list of all", []string{"list", "--subject", "*"}, 0, "SUBJECT  ID", ""},
		{"list of all, whose they are", []string{"list", "--subject", "*", "--http"}, 0, "ada      r1", ""},
		{"list of one's action", []string{"list", "--subject", "ada", "--action", "ask_approval", "-o", "json"}, 0, `{"requests":[{"id":"r2"`, ""},
		{"list of another action", []string{"list", "--subject", "ada", "--action", "echo", "--http"}, 0, "-", "no requests"},
		{"list of one's own", []string{"list"}, 0, "-", "no requests"},
		{"list of all, no operator", []string{"list", "--subject", "*", "--token", token("bob")}, 1, "-", "FORBIDDEN"},
		{"get", []string{"get", "r1", "--subject", "ada"}, 0, `"subject":"ada"`, ""},
		{"get without the subject", []string{"get", "r1"}, 1, "-", "NOT_FOUND"},
		{"get in detail", []string{"get", "r1", "--subject", "ada", "--detail"}, 0, `"correlation_id":"`, ""},
		{"why", []string{"why", "r2", "--subject", "ada"}, 0, "`streamer signal r2 approval --subject ada --data ", ""},
		{"output", []string{"output", "r2", "--subject", "ada"}, 0, `"ready"`, ""},
		{"watch", []string{"watch", "r1", "--subject", "ada"}, 0, `"digest"`, ""},
		{"watch over HTTP", []string{"watch", "r1", "--subject", "ada", "--http"}, 0, `"digest"`, ""},
		{"redrive", []string{"redrive", "r1", "--subject", "ada"}, exitUnchanged, `"state":"SUCCEEDED"`, ""},
		{"connections of all", []string{"connections", "--subject", "*"}, 0, "ada ", ""},
		{"connections as JSON", []string{"connections", "--subject", "ada", "-o", "json"}, 0, `{"connections":[{"id":"`, ""},
		{"one's own connections", []string{"connections"}, 0, "-", "no connections"},
		{"close, whose", []string{"connections", "close"}, 2, "-", "close needs --subject"},
		{"close, no operator", []string{"connections", "close", "--subject", "ada", "--token", token("bob")}, 1, "-", "FORBIDDEN"},
		{"close, sure but no operator", []string{"connections", "close", "--subject", "ada", "--yes", "--token", token("bob")}, 1, "-", "FORBIDDEN"},
		{"what close would do", []string{"connections", "close", "--subject", "ada", "--dry-run"}, 0, "ada ", ""},
		{"close, no terminal to ask at", []string{"connections", "close", "--subject", "ada"}, exitUsage, "-",
			"there is no terminal to ask at whether to close 1 connection of ada at " + s.url + ": set --yes"},
		{"close those of one who has none", []string{"connections", "close", "--subject", "bob"}, 0, "-", "no connections"},
		{"close", []string{"connections", "close", "--subject", "ada", "--yes"}, 0, "1\n", ""},
		{"cancel", []string{"cancel", "r2", "--subject", "ada", "--http"}, 0, `"state":"CANCELLED"`, ""},
		{"cancel what runs", []string{"cancel", "r3", "--subject", "ada"}, 0, `"subject":"ada"`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) { // one after the other: they are steps
			code, out, errs := s.do(t, "", tt.args...)
			for tt.err == "no connections" && out != "" && t.Context().Err() == nil { // $disconnect runs after a command has ended
				code, out, errs = s.do(t, "", tt.args...)
			}
			wantRun(t, code, out, errs, tt.code, tt.out, tt.err)
		})
	}
	if code := <-watching.exit; code != exitFailed || !strings.Contains(watching.err.String(), "the connection was lost; connecting again\nconnected again\n") {
		t.Errorf("ada, whose connection was closed and whose request was cancelled: exit %d, %s", code, watching.err)
	}
	for typed, want := range map[string]string{
		"get --subject":        "ada\n:36\n",
		"get --subject ada":    "r3\techo_async CANCELLED\nr2\task_approval CANCELLED\nr1\techo_async SUCCEEDED\n:36\n",
		"list --subject":       "ada\n:36\n",
		"get --subject nobody": ":36\n",
	} {
		t.Run(typed, func(t *testing.T) {
			command, rest, _ := strings.Cut(typed, " ")
			args := append([]string{"__complete", command, "--data", s.data}, strings.Fields(rest)...)
			term := start(t, t.Context(), s.env, "", append(args, "")...)
			if code := <-term.exit; code != exitDone || term.out.String() != want {
				t.Errorf("exited with %d and %q, want %d and %q", code, term.out, exitDone, want)
			}
		})
	}
}

// A fault of the gateway's own, in front of the functions, has the id that finds it, and whether it may be tried again.
func TestAFaultOfTheGateway(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Apigw-Requestid", "gw-1")
		http.Error(w, `{"message":"Internal Server Error"}`, http.StatusInternalServerError)
	}))
	t.Cleanup(server.Close)
	term := start(t, t.Context(), nil, "", "connections", "--http-url", server.URL, "--token", "x.y.z")
	if code := <-term.exit; code != exitFailed {
		t.Errorf("got exit %d, want %d", code, exitFailed)
	}
	for _, want := range []string{"the server answered 500 Internal Server Error", "the same request may succeed later", "correlation id: gw-1"} {
		if !strings.Contains(term.err.String(), want) {
			t.Errorf("got %q, want %q in it", term.err, want)
		}
	}
}

// Errors lead to the command that finds what was meant.
func TestErrorsLeadOn(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	_, ada, _ := s.do(t, "", "token", "--tenant", "dev", "--subject", "ada")
	if code, _, errs := s.do(t, "", "call", "echo_async", `{"step_ms":1}`, "--id", "of-ada", "--token", strings.TrimSpace(ada)); code != 0 {
		t.Fatal(errs)
	}
	for _, tt := range []struct {
		name     string
		args     []string
		code     int
		out, err string
	}{
		{"why", []string{"why", "of-ada"}, exitFailed, "", "name that with --subject; an operator finds it with: "},
		{"get over HTTP", []string{"get", "of-ada", "--http"}, exitFailed, "", "list --id of-ada --subject '*'"},
		{"of another subject", []string{"get", "of-ada", "--subject", "bob"}, exitFailed, "", "an operator finds whose it is with: "},
		{"whose it is", []string{"list", "--subject", "*", "--id", "of-ada", "-o", "jsonl"}, 0, `"subject":"ada"`, ""},
		{"whose it is, of all", []string{"list", "--subject", "*", "--id", "of-ada", "--all", "-o", "name"}, 0, "of-ada\n", ""},
		{"of no request", []string{"list", "--subject", "*", "--id", "of-bob"}, 0, "", "no requests"},
		{"no action", []string{"call", "nope"}, exitFailed, "", "the actions that there are: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, out, errs := s.do(t, "", tt.args...)
			if code != tt.code || !strings.Contains(out, tt.out) || !strings.Contains(errs, tt.err) {
				t.Errorf("got exit %d, %q and %q, want %d, %q and %q", code, out, errs, tt.code, tt.out, tt.err)
			}
		})
	}
}
