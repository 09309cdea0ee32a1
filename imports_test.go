package streamer_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/pay-theory/streamer/lift/gobuild"
)

const module = "github.com/pay-theory/streamer"

// dependencies returns what a package links beside the standard library and
// itself, the module's own packages without the module's path.
func dependencies(t *testing.T, pkg string) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}",
		pkg).CombinedOutput()
	if err != nil {
		t.Fatalf("go list %s: %v\n%s", pkg, err, out)
	}
	var deps []string
	for _, dep := range strings.Fields(string(out)) {
		if dep == module {
			dep = "streamer"
		}
		if dep = strings.TrimPrefix(dep, module+"/"); module+"/"+dep != pkg && dep != pkg {
			deps = append(deps, dep)
		}
	}
	return deps
}

// Each package links what its row allows and nothing else of the module; a
// prefix that ends in a slash stands for all below it. "…" allows any package
// of other modules.
func TestWhatPackagesMayImport(t *testing.T) {
	t.Parallel()
	for pkg, allowed := range map[string][]string{
		"wire":              nil,
		"request":           {"wire"},
		".":                 {"request", "wire"},
		"functions":         {"streamer", "request", "wire", "lift/", "lift", "github.com/aws/aws-lambda-go/", "github.com/golang-jwt/jwt/v5"},
		"store/sqlite":      {"request", "wire", "…"},
		"emulator/gateway":  {"emulator/iam", "…"},
		"emulator/iam":      {"…"},
		"console":           nil,
		"emulator/dynamodb": {"…"},
		"emulator/lambda":   {"…"},
		"emulator/queue":    {"emulator/lambda", "…"},
		"emulator/ssm":      {"…"},
		"emulator/template": {"…"},
		"client":            {"wire", "…"},
		"prove": {"streamer", "request", "wire", "functions", "lift/", "lift", "github.com/aws/aws-lambda-go/",
			"github.com/golang-jwt/jwt/v5"},
		"actions":        {"streamer", "request", "wire"},
		"store/dynamo":   {"request", "wire", "aws/call", "lift/sigv4", "lift/transport", "lift/internal/deepstack"},
		"aws/apigateway": {"streamer", "request", "wire", "aws/call", "lift/sigv4", "lift/transport", "lift/internal/deepstack"},
	} {
		path := module + "/" + pkg
		if pkg == "." {
			path = module
		}
		for _, dep := range dependencies(t, path) {
			foreign := strings.Contains(strings.SplitN(dep, "/", 2)[0], ".")
			if !slices.ContainsFunc(allowed, func(rule string) bool {
				return rule == dep || strings.HasSuffix(rule, "/") && strings.HasPrefix(dep, rule) || rule == "…" && foreign
			}) && dep != "streamer" || dep == "streamer" && pkg != "." && !slices.Contains(allowed, "streamer") {
				t.Errorf("%s must not link %s", pkg, dep)
			}
		}
	}
}

// What a function's binary must not link: it would weigh at every cold start.
func TestWhatFunctionsMustNotLink(t *testing.T) {
	t.Parallel()
	for _, function := range []string{"connect", "disconnect", "router", "processor"} {
		out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-tags", gobuild.Tags, module+"/cmd/"+function).CombinedOutput()
		if err != nil {
			t.Fatalf("go list: %v\n%s", err, out)
		}
		for _, dep := range strings.Fields(string(out)) {
			for _, banned := range []string{
				"testing", "net/rpc", "html/template", "text/template", "database/sql", "modernc.org/", "github.com/coder/websocket",
				"github.com/gobwas/", "github.com/spf13/", "github.com/aws/aws-sdk-go-v2/", "github.com/aws/smithy-go/",
				"go.opentelemetry.io/", "go.yaml.in/", "github.com/cespare/", module + "/actions/profilecsv", module + "/console", module +
					"/emulator/", module + "/stack", module + "/verify", module + "/store/sqlite", module + "/lift/lifttest",
			} {
				if dep == banned || strings.HasSuffix(banned, "/") && strings.HasPrefix(dep, banned) {
					t.Errorf("%s links %s", function, dep)
				}
			}
		}
	}
}

// The author's API stays small: what a store or an adapter needs belongs into
// package request.
func TestTheAPIOfAuthorsIsShort(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "doc", "-short", ".").CombinedOutput()
	if err != nil {
		t.Fatalf("go doc: %v\n%s", err, out)
	}
	const most = 47
	if got := strings.Count(strings.TrimSpace(string(out)), "\n") + 1; got > most {
		t.Errorf("go doc -short . prints %d names, want at most %d:\n%s", got, most, out)
	}
}
