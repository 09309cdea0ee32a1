//go:build !windows

package cli

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pay-theory/streamer/stack"
)

// withContexts starts a command of a user with a folder for configuration.
func withContexts(t *testing.T, env map[string]string, args ...string) (code int, out, errs string) {
	t.Helper()
	term := start(t, t.Context(), env, "", args...)
	code = <-term.exit
	return code, term.out.String(), term.err.String()
}

// A user names stages, chooses one, and every command goes there with its token.
func TestContexts(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	home := t.TempDir()
	user := map[string]string{"XDG_CONFIG_HOME": home}
	elsewhere := map[string]string{"XDG_CONFIG_HOME": home, "STREAMER_CONTEXT": "gone"}
	_, token, _ := s.do(t, "", "token", "--tenant", "dev", "--subject", "ada", "--scope", "streamer:operator")
	tokenFile, asked := filepath.Join(home, "token"), filepath.Join(home, "asked")
	if err := os.WriteFile(tokenFile, []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
	command := "echo x >>" + asked + "; cat " + tokenFile
	for _, tt := range []struct {
		name     string
		env      map[string]string
		args     []string
		code     int
		out, err string // contained; out "-": empty
	}{
		{"none is there", user, []string{"context", "list", "-o", "name"}, 0, "local\n", ""},
		{"without a URL", user, []string{"context", "add", "prod"}, exitUsage, "-", "context add needs --url"},
		{"of no URL", user, []string{"context", "add", "prod", "--url", "https://x"}, exitUsage, "-", `"https://x" is not a valid ws:// or wss:// URL`},
		{"a token in the URL", user, []string{"context", "add", "prod", "--url", "wss://x/prod?token=abc"}, exitUsage, "-", "contexts hold none"},
		{"a name that is taken", user, []string{"context", "add", "local", "--url", "wss://x/prod"}, exitUsage, "-", `not "local"`},
		{"add", user, []string{"context", "add", "prod", "--url", s.url, "--token-command", command}, 0, "-", "context use prod"},
		{"add with a file", user, []string{"context", "add", "test", "--url", s.url, "--token-file", tokenFile, "--subject", "bob"}, 0, "-", ""},
		{"both tokens", user, []string{"context", "add", "x", "--url", s.url, "--token-file", "f", "--token-command", "c"}, exitUsage, "-", "--token-command and --token-file exclude each other"},
		{"list", user, []string{"context", "list"}, 0, "*        local  " + defaultURL, ""},
		{"show", user, []string{"context", "show", "test"}, 0, `"subject":"bob"`, ""},
		{"show the one that counts", user, []string{"context", "show"}, 0, `"name":"local"`, ""},
		{"show what is not there", user, []string{"context", "show", "none"}, exitUsage, "-", `there is no context "none"`},
		{"use what is not there", user, []string{"context", "use", "none"}, exitUsage, "-", `there is no context "none"`},
		{"by the flag", user, []string{"call", "echo", "1", "--context", "prod"}, 0, "1\n", ""},
		{"the flag and a URL", user, []string{"list", "--context", "prod", "--url", s.url}, exitUsage, "-", "--context and --url exclude each other"},
		{"by the variable", map[string]string{"XDG_CONFIG_HOME": home, "STREAMER_CONTEXT": "prod"}, []string{"list"}, 0, "-", "no requests"},
		{"a variable of no context", elsewhere, []string{"list"}, exitUsage, "-", `there is no context "gone"`},
		{"the flag before the variable", elsewhere, []string{"list", "--context", "prod"}, 0, "-", "no requests"},
		{"use", user, []string{"context", "use", "prod"}, 0, "-", ""},
		{"in use", user, []string{"call", "echo_async", `{"step_ms":1}`, "--id", "r1"}, 0, `"digest"`, ""},
		{"the other's subject", user, []string{"list", "--context", "test"}, 0, "-", "no requests"},
		{"its subject, another", user, []string{"get", "r1", "--context", "test", "--subject", "ada"}, 0, `"subject":"ada"`, ""},
		{"a URL leaves it aside, with its token", user, []string{"list", "--url", "ws://stage.invalid/prod"}, exitUsage, "-",
			"stage.invalid/prod is not on this machine"},
		{"so does a variable", map[string]string{"XDG_CONFIG_HOME": home, "STREAMER_URL": "ws://stage.invalid/prod"}, []string{"list"}, exitUsage, "-",
			"stage.invalid/prod is not on this machine"},
		{"a token of a variable", map[string]string{"XDG_CONFIG_HOME": home, "STREAMER_TOKEN": "x.y.z"}, []string{"list"}, exitConnection, "-", "401"},
		{"not before the named one's", map[string]string{"XDG_CONFIG_HOME": home, "STREAMER_TOKEN": "x.y.z"},
			[]string{"list", "--context", "prod", "-o", "name"}, 0, "r1\n", ""},
		{"a token of the flag", user, []string{"list", "--context", "prod", "--token", "x.y.z"}, exitConnection, "-", "401"},
		{"completion of names", user, []string{"__complete", "context", "use", ""}, 0, "local\nprod\ntest\n:4\n", ""},
		{"completion of the flag", user, []string{"__complete", "get", "--context", ""}, 0, "local\nprod\ntest\n:4\n", ""},
		{"completion of ids there", user, []string{"__complete", "get", ""}, 0, "r1\techo_async SUCCEEDED\n", ""},
		{"remove", user, []string{"context", "remove", "prod"}, 0, "-", ""},
		{"remove what is always there", user, []string{"context", "remove", "local"}, exitUsage, "-", `"local" is always there and cannot be removed`},
		{"the one of this machine again", user, []string{"context", "show"}, 0, `"name":"local"`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) { // one after the other: they are steps
			code, out, errs := withContexts(t, tt.env, tt.args...)
			wantRun(t, code, out, errs, tt.code, tt.out, tt.err)
		})
	}
	stored := filepath.Join(home, "streamer", "contexts.json")
	data, err := os.ReadFile(stored)
	if err != nil || strings.Contains(string(data), strings.TrimSpace(token)) {
		t.Errorf("got %s, %v, want contexts without a token", data, err)
	}
	if info, err := os.Stat(stored); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got the mode %v, %v, want 0600", info.Mode(), err)
	}
	if err := os.Chmod(stored, 0o622); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := withContexts(t, user, "list"); code != exitUsage || !strings.Contains(errs, "may be written by others") {
		t.Errorf("a file that others may write: exited with %d, %s, want %d", code, errs, exitUsage)
	}
}

// A token command is run once for as long as its token counts, and once more when a
// server refuses that.
func TestTokenCommand(t *testing.T) {
	t.Parallel()
	key, err := stack.CreateKey(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		ttl     time.Duration
		refused bool
		runs    int
	}{
		"a token of an hour":       {ttl: time.Hour, runs: 1},
		"a token of a minute":      {ttl: time.Minute, runs: 3},
		"a token that was refused": {ttl: time.Hour, refused: true, runs: 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			token, err := key.Sign(stack.Grant{Tenant: "dev", Subject: "ada", TTL: tt.ttl}, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			asked := filepath.Join(t.TempDir(), "asked")
			source := &tokenSource{command: "echo x >>" + asked + "; echo " + token}
			for range 3 {
				if got, err := source.get(t.Context()); err != nil || got != token {
					t.Fatalf("got %q, %v, want the token", got, err)
				}
				if tt.refused {
					source.refused()
				}
			}
			if runs, err := os.ReadFile(asked); err != nil || strings.Count(string(runs), "x") != tt.runs {
				t.Errorf("got %q, %v, want %d runs", runs, err, tt.runs)
			}
		})
	}
}

func TestTokenSourcesThatFail(t *testing.T) {
	t.Parallel()
	secret := filepath.Join(t.TempDir(), "two")
	if err := os.WriteFile(secret, []byte("secret one\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		source *tokenSource
		want   string
	}{
		"the command fails":        {&tokenSource{command: "echo no login >&2; exit 3"}, "no loginthe context's token command failed: exit status 3"},
		"where to look":            {&tokenSource{context: "prod", command: "exit 3"}, " context show prod` prints it"},
		"it prints nothing":        {&tokenSource{command: "true"}, "the context's token command printed 0 bytes in place of one token: it must print"},
		"it prints more":           {&tokenSource{command: "echo secret one"}, "printed 11 bytes in place of one token"},
		"it prints a line end":     {&tokenSource{command: "echo"}, "printed 1 byte in place of one token"},
		"the file has more":        {&tokenSource{file: secret}, secret + " has 11 bytes in place of one token: put a token into it"},
		"there is no such file":    {&tokenSource{file: "/nowhere"}, "read the context's token: open /nowhere"},
		"there is no such command": {&tokenSource{command: "no-such-command-here"}, "the context's token command failed: exit status 127"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			said := ""
			tt.source.stderr = func(_ string, args ...any) { said += strings.TrimSpace(args[0].(string)) }
			token, err := tt.source.get(t.Context())
			if err == nil || token != "" || !strings.Contains(said+err.Error(), tt.want) || strings.Contains(err.Error(), "secret") {
				t.Errorf("got %q, %s, %v, want an error with %q", token, said, err, tt.want)
			}
		})
	}
}

// A Ctrl-C while a token command runs ends the program as any other does.
func TestCtrlCEndsATokenCommand(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		command string // which marks its start in the file $started
		press   bool   // else the terminal's signal is the command's alone, so far
	}{
		"the program hears it first": {command: "echo >started; exec sleep 60", press: true},
		"the command hears it first": {command: "kill -INT $$; sleep 60"},
		"the command exits with 130": {command: "exit 130"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			home := t.TempDir()
			user := map[string]string{"XDG_CONFIG_HOME": home}
			started := filepath.Join(home, "started")
			if err := syscall.Mkfifo(started, 0o600); err != nil {
				t.Fatal(err)
			}
			command := strings.ReplaceAll(tt.command, "started", started)
			if code, _, errs := withContexts(t, user, "context", "add", "prod", "--url", "ws://127.0.0.1:1/dev", "--token-command", command); code != exitDone {
				t.Fatalf("context add exited with %d: %s", code, errs)
			}
			term := start(t, t.Context(), user, "", "list", "--context", "prod")
			if tt.press {
				if _, err := os.ReadFile(started); err != nil { // until the command writes
					t.Fatal(err)
				}
				term.interrupts <- os.Interrupt
			}
			if code := <-term.exit; code != exitInterrupt || term.err.String() != "streamer: interrupted\n" {
				t.Errorf("exited with %d, %q; want %d, interrupted", code, term.err, exitInterrupt)
			}
		})
	}
}

// Windows editors put a byte order mark before a token.
func TestATokenFileWithAByteOrderMark(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("\ufeffa.b.c\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := (&tokenSource{file: file}).get(t.Context())
	if err != nil || got != "a.b.c" {
		t.Errorf("got %q, %v, want the token a.b.c", got, err)
	}
}
