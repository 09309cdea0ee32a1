package ci_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// Dependabot looks after every module and every npm package.
func TestDependabotKnowsEveryModule(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(root, ".github", "dependabot.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		Updates []struct {
			Ecosystem   string   `yaml:"package-ecosystem"`
			Directories []string `yaml:"directories"`
		} `yaml:"updates"`
	}
	if err := yaml.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ ecosystem, file string }{{"gomod", "go.mod"}, {"npm", "package.json"}} {
		t.Run(tt.ecosystem, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, update := range config.Updates {
				if update.Ecosystem == tt.ecosystem {
					got = append(got, update.Directories...)
				}
			}
			slices.Sort(got)
			if want := foldersOf(t, tt.file); !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

// foldersOf returns the folders in which git has such a file, from /.
func foldersOf(t *testing.T, name string) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "git", "-C", root, "ls-files", name, "*/"+name).Output()
	if err != nil {
		t.Fatal(err)
	}
	var folders []string
	for file := range strings.FieldsSeq(string(out)) {
		folders = append(folders, filepath.Join("/", filepath.Dir(file)))
	}
	slices.Sort(folders)
	return folders
}
