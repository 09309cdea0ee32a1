package cli

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"github.com/pay-theory/streamer/emulator/dynamodb/dynamodbtest"
	"github.com/pay-theory/streamer/stack"
)

func TestStagingOnce(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds and runs the functions")
	}
	dynamodbtest.Binary(t) // or skip
	root := filepath.Join("..", "..")
	flags := []string{"staging", "--parameter", "StageName=staging", "--source", root, "--cache", filepath.Join(root, ".cache", "dynoxide"), "--once", "--"}
	term := start(t, t.Context(), nil, "from stdin", append(flags, "sh", "-c",
		`cat; echo; echo "$STREAMER_URL $STREAMER_HTTP_URL $STREAMER_TOKEN"; test "$STREAMER_TOKEN" != "$STREAMER_OTHER_TOKEN" &&
		curl --fail --silent --output /dev/null -H "Authorization: Bearer $STREAMER_OPERATOR_TOKEN" "$STREAMER_HTTP_URL/stats/states" &&
		test -r "$STREAMER_SIGN_KEY" && exit 7`)...)
	if code := <-term.exit; code != 7 {
		t.Errorf("exit %d\n%s", code, term.err)
	}
	if out := term.out.String(); !regexp.MustCompile(`^from stdin\nws://127\.0\.0\.1:\d+/staging http://127\.0\.0\.1:\d+ \w+\.[\w-]+\.[\w-]+\n$`).MatchString(out) {
		t.Errorf("the command saw %q", out)
	}
	if out := term.err.String(); !strings.Contains(out, "dynoxide") || strings.Contains(out, "See: streamer help") {
		t.Errorf("stderr: %s", out)
	}
}

func TestStagingSaysWhatToDo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args string
		code int
		says string
	}{
		{"staging --once", exitUsage, "--once has no command: put one behind --"},
		{"staging -- true", exitUsage, `"true" is run only with --once: add --once`},
		{"staging --ttl -1s", exitUsage, "--ttl"},
		{"staging --log loud", exitUsage, `--log "loud" is not valid: use json or text`},
		{"staging --listen 127.0.0.1:70000", exitFailed, "cannot listen"},
		{"staging --parameter StageName", exitUsage, `--parameter "StageName" is not valid: write name=value`},
		{"staging --source /dev/null", exitFailed, "/dev/null has no cmd/connect"},
		{"staging --template /nowhere.yaml", exitFailed, "read the template: open /nowhere.yaml: no such file or directory; name another with --template"},
		{"staging --source ../.. --parameter Stage=x", exitFailed, "the template has none of this name"},
		{"staging --source ../.. --parameter ProcessorMemory=1", exitFailed, "parameter ProcessorMemory: it is too small"},
		{"staging --source ../.. --parameter Nope=1", exitFailed, "none of this name; it has AccessLogs, "},
		{"staging --concurrency -1", exitUsage, "--concurrency -1 leaves a queue no room beside the schedule: set 7 or more"},
		{"staging --concurrency 3", exitUsage, "--concurrency 3"},
		{"staging --cache=", exitUsage, "--source and --cache are folders"},
		{"staging --sweep-every -1s", exitUsage, "--sweep-every"},
	} {
		t.Run(c.args, func(t *testing.T) {
			t.Parallel()
			term := start(t, t.Context(), nil, "", strings.Fields(c.args)...)
			if code := <-term.exit; code != c.code || !strings.Contains(term.err.String(), c.says) {
				t.Errorf("got exit %d and %q, want %d and %q", code, term.err, c.code, c.says)
			}
		})
	}
}

// A token is of the issuer that is named, so that staging, too, takes one signed with its key.
func TestTokenOfAnIssuer(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	if _, err := stack.CreateKey(data); err != nil {
		t.Fatal(err)
	}
	for want, flags := range map[string][]string{stack.DevIssuer: nil, stack.StagingIssuer: {"--issuer", stack.StagingIssuer}} {
		t.Run(want, func(t *testing.T) {
			term := start(t, t.Context(), nil, "", append([]string{"token", "--data", data}, flags...)...)
			var claims jwt.RegisteredClaims
			code := <-term.exit
			_, _, err := jwt.NewParser().ParseUnverified(strings.TrimSpace(term.out.String()), &claims)
			if code != 0 || err != nil || claims.Issuer != want {
				t.Errorf("got exit %d, %v and the issuer %q, want %q", code, err, claims.Issuer, want)
			}
		})
	}
}
