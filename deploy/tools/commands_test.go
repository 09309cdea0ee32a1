package tools_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// Every aws and streamer command that the pages about deploying show is one that the AWS
// CLI and streamer take: the command, its options, those that it requires, and the
// template's parameters.
func TestCommands(t *testing.T) {
	t.Parallel()
	aws, streamer := readAWS(t), readCLI(t)
	pages, err := filepath.Glob("../../docs/deploy/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatalf("got %v, %v, want the pages of docs/deploy", pages, err)
	}
	pages = append(pages, "../README.md", "github/deploy.yml", "../../examples/own-action/Makefile", "../../examples/own-action/README.md",
		"../../examples/own-action/deploy/README.md")
	checked := map[string]int{}
	for _, page := range pages {
		for _, words := range commands(strings.ReplaceAll(shell(t, page), " -- ", "\n")) { // behind -- is another command
			at := slices.IndexFunc(words, func(w string) bool { return w == "aws" || w == "streamer" || strings.HasSuffix(w, "cmd/streamer") })
			if at < 0 || at+1 == len(words) || at > 2 {
				continue
			}
			if words[at] == "aws" {
				checked["aws"]++
				aws.check(t, page, words[at+1:])
				continue
			}
			checked["streamer"]++
			streamer.check(t, page, words[at+1:])
		}
	}
	if checked["aws"] < 40 || checked["streamer"] < 5 {
		t.Errorf("got %v commands, want at least 40 of aws and 5 of streamer", checked)
	}
	t.Logf("%d commands of aws (%s), %d of streamer", checked["aws"], aws.Source, checked["streamer"])
}

// An awsCLI has the options of the commands that are shown. testdata/aws.py writes it
// from the AWS CLI.
type awsCLI struct {
	Source   string
	Global   []string
	Commands map[string]struct{ Required, Optional []string }
}

func readAWS(t *testing.T) awsCLI {
	t.Helper()
	text, err := os.ReadFile("testdata/aws.json")
	if err != nil {
		t.Fatal(err)
	}
	var cli awsCLI
	if err := json.Unmarshal(text, &cli); err != nil {
		t.Fatal(err)
	}
	return cli
}

func (c awsCLI) check(t *testing.T, page string, words []string) {
	t.Helper()
	length := min(2, len(words))
	if length == 2 && words[1] == "wait" {
		length = min(3, len(words))
	}
	name := strings.Join(words[:length], " ")
	command, known := c.Commands[name]
	if !known {
		t.Errorf("%s: testdata/aws.json does not have %q: python3 testdata/aws.py '%[2]s'", page, name)
		return
	}
	given := options(words[length:])
	for _, option := range slices.Sorted(maps.Keys(given)) {
		if !slices.Contains(slices.Concat(c.Global, command.Required, command.Optional), option) {
			t.Errorf("%s: aws %s does not take %s", page, name, option)
		}
	}
	for _, option := range command.Required {
		if given[option] == nil && !slices.Contains(words, "…") { // which stands for what a command before has
			t.Errorf("%s: aws %s needs %s", page, name, option)
		}
	}
	checkOverrides(t, page, given)
}

// checkOverrides compares the parameters that a deploy is given with those of its template.
func checkOverrides(t *testing.T, page string, given map[string][]string) {
	t.Helper()
	file := "../template.yaml"
	if slices.Contains(given["--template-file"], "roles.yaml") {
		file = "github/roles.yaml"
	}
	template := readTemplate(t, file)
	for _, override := range given["--parameter-overrides"] {
		name, _, pair := strings.Cut(override, "=")
		if _, has := template.Parameters[name]; pair && !has {
			t.Errorf("%s: %s has no parameter %s", page, file, name)
		}
	}
}

// options are those of a command, each with its values.
func options(words []string) map[string][]string {
	given := map[string][]string{}
	last := ""
	for _, word := range words {
		if strings.HasPrefix(word, "--") {
			name, value, set := strings.Cut(word, "=")
			given[name] = []string{}
			if last = name; set {
				given[name] = append(given[name], value)
			}
			continue
		}
		given[last] = append(given[last], word)
	}
	delete(given, "") // arguments
	return given
}

// A streamerCLI has the flags of each command, by its name.
type streamerCLI map[string][]string

// readCLI reads docs/cli.md, which a test holds to what --help says.
func readCLI(t *testing.T) streamerCLI {
	t.Helper()
	text, err := os.ReadFile("../../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	flag := regexp.MustCompile(`(?m)^ {2,}(?:-\w, )?(--[\w-]+)`)
	cli := streamerCLI{}
	sections := strings.Split(string(text), "\n## streamer ")
	const shared = "#flags-of-all-commands-that-talk-to-a-server"
	for _, section := range sections[1:] {
		name, rest, _ := strings.Cut(section, "\n")
		if strings.Contains(rest, shared) {
			rest += sections[0] // which has those flags
		}
		cli[name] = []string{"--help"}
		for _, match := range flag.FindAllStringSubmatch(rest, -1) {
			cli[name] = append(cli[name], match[1])
		}
	}
	return cli
}

func (c streamerCLI) check(t *testing.T, page string, words []string) {
	t.Helper()
	name := words[0]
	if len(words) > 1 && c[name+" "+words[1]] != nil {
		name += " " + words[1]
	}
	if c[name] == nil {
		t.Errorf("%s: there is no command streamer %s", page, name)
		return
	}
	for option := range options(words) {
		if !slices.Contains(c[name], option) {
			t.Errorf("%s: streamer %s has no flag %s", page, name, option)
		}
	}
}

// shell returns the commands that a file has for a shell, one after another.
func shell(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	switch filepath.Ext(file) {
	case ".yml":
		var workflow struct {
			Jobs map[string]struct{ Steps []struct{ Run string } }
		}
		if err := yaml.Unmarshal(text, &workflow); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		var lines strings.Builder
		for _, job := range workflow.Jobs {
			for _, step := range job.Steps {
				lines.WriteString(step.Run + "\n")
			}
		}
		return lines.String()
	case ".md":
		var lines strings.Builder
		fenced := false
		for line := range strings.Lines(string(text)) {
			fenced = fenced != strings.HasPrefix(line, "```")
			if fenced || strings.HasPrefix(line, "    ") {
				lines.WriteString(line)
			}
		}
		return lines.String()
	}
	return strings.ReplaceAll(string(text), "$$", "$") // a Makefile
}

// commands splits what a shell reads into its commands, those in $() as well, and each
// into its words.
func commands(text string) [][]string {
	type level struct {
		words  []string
		word   string
		quoted bool // by double quotes
	}
	var all [][]string
	now, outer := level{}, []level{}
	endWord := func() {
		if now.word != "" {
			now.words = append(now.words, now.word)
		}
		now.word = ""
	}
	endCommand := func() {
		endWord()
		if len(now.words) > 0 {
			all = append(all, now.words)
		}
		now.words = nil
	}
	text = strings.ReplaceAll(text, "\\\n", " ")
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case strings.HasPrefix(text[i:], "$("):
			outer = append(outer, now)
			now = level{}
			i++
		case c == ')' && !now.quoted && len(outer) > 0:
			endCommand()
			now, outer = outer[len(outer)-1], outer[:len(outer)-1]
			now.word += "$()"
		case c == '"':
			now.quoted = !now.quoted
		case now.quoted:
			now.word += string(c)
		case c == '\'':
			length := strings.IndexByte(text[i+1:], '\'')
			if length < 0 {
				return all
			}
			now.word += text[i+1 : i+1+length]
			i += 1 + length
		case strings.IndexByte("\n;|&()", c) >= 0:
			endCommand()
		case c == ' ' || c == '\t':
			endWord()
		default:
			now.word += string(c)
		}
	}
	endCommand()
	return all
}

func TestCommandsAreFound(t *testing.T) {
	t.Parallel()
	got := commands(`V=$(git rev-parse --short "HEAD") aws s3 cp a\
 b --include '*.z ip' | jq "a | b" && X="$(aws sts get; echo)"` + "\nls")
	want := [][]string{{"git", "rev-parse", "--short", "HEAD"}, {"V=$()", "aws", "s3", "cp", "a", "b", "--include", "*.z ip"}, {"jq", "a | b"},
		{"aws", "sts", "get"}, {"echo"}, {"X=$()"}, {"ls"}}
	if !slices.EqualFunc(got, want, slices.Equal[[]string]) {
		t.Errorf("got %q, want %q", got, want)
	}
}
