package lift_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/pay-theory/streamer"

// dependencies returns the packages that a package links, itself left out.
func dependencies(t *testing.T, pkg string) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", pkg).CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	return slices.DeleteFunc(strings.Fields(string(out)), func(p string) bool { return p == pkg })
}

// Lift stands alone: it links the context of the runtime library and nothing else, and what
// needs more is a package of its own.
func TestLiftLinksNothingElse(t *testing.T) {
	t.Parallel()
	internal := []string{"deepstack", "jsontext", "oneproc", "redact", "runtimeapi"}
	for pkg, more := range map[string][]string{
		module + "/lift":            nil,
		module + "/lift/metric":     nil,
		module + "/lift/trace":      {module + "/lift"},
		module + "/lift/middleware": {module + "/lift", module + "/lift/metric", module + "/lift/trace"},
		module + "/lift/auth":       {module + "/lift", "github.com/golang-jwt/jwt/v5"},
		module + "/lift/config":     {module + "/lift"},
		module + "/lift/sigv4":      nil,
		module + "/lift/jsonschema": nil,
		module + "/lift/transport":  nil,
	} {
		t.Run(pkg, func(t *testing.T) {
			for _, dep := range dependencies(t, pkg) {
				inside := slices.Contains(internal, strings.TrimPrefix(dep, module+"/lift/internal/"))
				if !inside && !slices.Contains(more, dep) && dep != "github.com/aws/aws-lambda-go/lambdacontext" {
					t.Errorf("%s links %s", pkg, dep)
				}
			}
		})
	}
}
