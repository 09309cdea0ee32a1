package gateway_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The page says which test holds a behaviour, so that test must exist.
func TestDocsNameTestsThatExist(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/gateway.md")
	if err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob("*_test.go")
	files = append(files, "../../verify/interop_test.go")
	var source strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		source.Write(text)
	}
	named := regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9]+)`").FindAllStringSubmatch(string(page), -1)
	if len(named) == 0 {
		t.Error("the page names no test")
	}
	for _, m := range named {
		if !strings.Contains(source.String(), "func "+m[1]+"(") {
			t.Errorf("the page names %s, which is no test", m[1])
		}
	}
}

// The versions that the page names are those that the tests run.
func TestDocsNameTheClientsVersions(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/gateway.md")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("../../verify/node/package.json")
	if err != nil {
		t.Fatal(err)
	}
	var packages struct{ Dependencies map[string]string }
	if err := json.Unmarshal(text, &packages); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ws", "wscat", "playwright-core", "@aws-sdk/client-apigatewaymanagementapi"} {
		version := packages.Dependencies[name]
		if version == "" || !strings.Contains(string(page), "`"+name+"` "+version) {
			t.Errorf("the page does not say that %s is tested in version %q", name, version)
		}
	}
}
