package cli

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"
	"text/template"

	"github.com/pay-theory/streamer/stack"
)

// modulePath is this module's.
const modulePath = "github.com/pay-theory/streamer"

// goVersion is that of this module's go.mod, which a project needs at least.
const goVersion = "1.26.0"

// projectFiles are the files of a new project, as templates over projectData.
//
//go:embed project
var projectFiles embed.FS

// A projectData is what the files of a new project depend on.
type projectData struct {
	Name     string
	Module   string
	Version  string // of Streamer, which go.mod requires
	Streamer string // folder that replaces Streamer; "": none

	Function, Builder string // in the main of a function
}

// Go is the version in go.mod.
func (projectData) Go() string { return goVersion }

// write writes all files into a folder, which it makes if need be.
func (d projectData) write(folder string) error {
	files, err := d.files()
	if err != nil {
		return err
	}
	for name, text := range files {
		file := filepath.Join(folder, filepath.FromSlash(name))
		err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, text, 0o644))
		if err != nil {
			return fmt.Errorf("write the project: %w", err)
		}
	}
	return nil
}

// files are the project's files by their paths.
func (d projectData) files() (map[string][]byte, error) {
	files := map[string][]byte{}
	err := fs.WalkDir(projectFiles, "project", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		parsed, err := template.ParseFS(projectFiles, name)
		if err != nil {
			return err
		}
		render := func(to string, d projectData) error {
			var text bytes.Buffer
			err := parsed.Execute(&text, d)
			files[to] = text.Bytes()
			return err
		}
		switch to := strings.TrimSuffix(strings.TrimPrefix(name, "project/"), ".tmpl"); to {
		case "gitignore": // a name with a dot would not be embedded
			return render(".gitignore", d)
		case "cmd/main.go":
			for _, function := range stack.Functions() {
				d.Function, d.Builder = function, strings.ToUpper(function[:1])+function[1:]
				if err := render(path.Join("cmd", function, "main.go"), d); err != nil {
					return err
				}
			}
			return nil
		default:
			return render(to, d)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("make the project's files: %w", err)
	}
	return files, nil
}

// A source is where a project has Streamer from.
type source struct {
	version   string
	folder    string // of a clone, for go.mod; "": there is none
	fromClone bool   // it is the one that this program was built from
}

// A build is what the go command noted in this program.
type build struct {
	version string // of its main module
	fetched bool   // from a module proxy, not built from files
	clone   string // the folder it was built in, if that can be known
}

func running() build {
	var b build
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Path == modulePath {
		b.version, b.fetched = info.Main.Version, info.Main.Sum != ""
	}
	if _, file, _, ok := runtime.Caller(0); ok && filepath.IsAbs(file) { // not with -trimpath
		b.clone = filepath.Dir(filepath.Dir(filepath.Dir(file)))
	}
	return b
}

// release is a version that is not made of a commit, and of no changed files.
var release = regexp.MustCompile(`^v\d+\.\d+\.\d+(-[0-9A-Za-z.]+)?$`)

var pseudo = regexp.MustCompile(`\d{14}-[0-9a-f]{12}$`)

// source says where the project has Streamer from: the clone that was named, the
// version that this program is, or the clone that it was built from.
func (p newProject) source(b build) (source, error) {
	const none = "v0.0.0" // what a replace stands for
	switch {
	case p.streamer != "":
		if err := checkClone(p.streamer); err != nil {
			return source{}, err
		}
		folder := p.streamer
		if !filepath.IsAbs(folder) { // go.mod has it relative to the project
			from, err := filepath.Abs(p.folder)
			if err != nil {
				return source{}, fmt.Errorf("find the folder %s: %w", p.folder, err)
			}
			to, err := filepath.Abs(folder)
			if err != nil {
				return source{}, fmt.Errorf("find the folder %s: %w", folder, err)
			}
			if folder, err = filepath.Rel(from, to); err != nil {
				return source{}, fmt.Errorf("find the way from %s to %s: %w", p.folder, p.streamer, err)
			}
		}
		if folder = filepath.ToSlash(folder); !strings.HasPrefix(folder, ".") && !path.IsAbs(folder) {
			folder = "./" + folder
		}
		return source{version: none, folder: folder}, nil
	case b.fetched, release.MatchString(b.version) && !pseudo.MatchString(b.version):
		return source{version: b.version}, nil
	case b.clone != "" && checkClone(b.clone) == nil:
		return source{version: none, folder: filepath.ToSlash(b.clone), fromClone: true}, nil
	}
	return source{}, errors.New("this streamer was built from a clone that is not at hand any more: " +
		"name a clone with --streamer, or use a release of the command")
}

// checkClone says whether a folder is a clone of Streamer.
func checkClone(folder string) error {
	text, err := os.ReadFile(filepath.Join(folder, "go.mod"))
	if err != nil || !strings.Contains(string(text), "module "+modulePath+"\n") {
		return fmt.Errorf("--streamer %s is not a clone of Streamer: want the folder whose go.mod says module %s", folder, modulePath)
	}
	return nil
}
