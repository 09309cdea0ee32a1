package streamer_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// privateWords are what this code used to call things that the field has words for;
// docs/glossary.md has those.
var privateWords = regexp.MustCompile(`(?i)\b(doorbells?|rung|rang|ring|rings|told|settled|parked|woken|steers?|` +
	`forget|forgets|forgotten|nobody|somebody|whoever|crowds?|herds?|portals?|upset|recordings?|lanes?|is no HTTP|is no JWT)\b`)

// goFiles returns the paths of the repository's Go files that are not tests.
func goFiles(t *testing.T) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "git", "ls-files", "*.go").Output()
	if err != nil {
		t.Skipf("not a checkout: %v", err)
	}
	var files []string
	for _, file := range strings.Fields(string(out)) {
		if !strings.HasSuffix(file, "_test.go") && !strings.Contains(file, "testdata/") {
			files = append(files, file)
		}
	}
	return files
}

// What users and newcomers read has the field's words: the documentation of exported
// names, and texts: of errors, logs, metrics and the command line.
func TestTheFieldsWords(t *testing.T) {
	t.Parallel()
	set := token.NewFileSet()
	report := func(pos token.Pos, what, text string) {
		for line := range strings.Lines(text) {
			if word := privateWords.FindString(line); word != "" {
				t.Errorf("%s: %s says %q: %s; docs/glossary.md has the field's word", set.Position(pos), what, word, strings.TrimSpace(line))
			}
		}
	}
	for _, path := range goFiles(t) {
		if strings.HasPrefix(path, "measure/baseline/") { // a program of its own, without this glossary
			continue
		}
		file, err := parser.ParseFile(set, path, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		if file.Doc != nil {
			report(file.Doc.Pos(), "the package's documentation", file.Doc.Text())
		}
		ast.Inspect(file, func(n ast.Node) bool {
			name, doc := documented(n)
			if doc != nil && ast.IsExported(name) {
				report(doc.Pos(), name, doc.Text())
			}
			if text, ok := n.(*ast.BasicLit); ok && text.Kind == token.STRING {
				report(text.Pos(), "a text", text.Value)
			}
			return true
		})
	}
	pages, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range append(pages, "README.md", "CONTRIBUTING.md", "deploy/README.md", "clients/typescript/README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if word := privateWords.FindString(line); word != "" {
				t.Errorf("%s says %q: %s; docs/glossary.md has the field's word", page, word, strings.TrimSpace(line))
			}
		}
	}
}

// documented returns what a node declares, and its documentation.
func documented(n ast.Node) (string, *ast.CommentGroup) {
	switch n := n.(type) {
	case *ast.FuncDecl:
		return n.Name.Name, n.Doc
	case *ast.GenDecl:
		if n.Lparen == token.NoPos && len(n.Specs) == 1 {
			if name, _ := documented(n.Specs[0]); name != "" {
				return name, n.Doc
			}
		}
		return "Declarations", n.Doc
	case *ast.TypeSpec:
		return n.Name.Name, n.Doc
	case *ast.ValueSpec:
		return n.Names[0].Name, n.Doc
	case *ast.Field:
		if len(n.Names) > 0 {
			return n.Names[0].Name, n.Doc
		}
	}
	return "", nil
}

// A newcomer reads a short file whole.
func TestFilesAreShort(t *testing.T) {
	t.Parallel()
	const most = 400
	for _, path := range goFiles(t) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if lines := strings.Count(string(text), "\n"); lines > most {
			t.Errorf("%s: got %d lines, want at most %d", path, lines, most)
		}
	}
}
