package typegen

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// A Source finds what the Go source says of types: doc comments and typed constants, none
// of which a program has of itself. It reads each package when a type of it is met.
type Source struct {
	ctx      context.Context
	folder   string
	packages map[string]*pkg
	faults   []error
}

// NewSource reads packages as they are seen from a folder of a module, by the go command.
func NewSource(ctx context.Context, folder string) *Source {
	return &Source{ctx: ctx, folder: folder, packages: map[string]*pkg{}}
}

// Err says which packages could not be read; their types have no documentation.
func (s *Source) Err() error { return errors.Join(s.faults...) }

// A pkg is what the source of a package says.
type pkg struct {
	docs   map[string]string // by "Type" and "Type.Field"
	values map[string][]string
}

// describe implements jsonschema.Generator's Describe.
func (s *Source) describe(t reflect.Type, field string) string {
	name := s.nameOf(t)
	if name == "" {
		return ""
	}
	if field != "" {
		name += "." + field
	}
	return s.load(t.PkgPath()).docs[name]
}

// values implements jsonschema.Generator's Values.
func (s *Source) values(t reflect.Type) []string { return s.load(t.PkgPath()).values[s.nameOf(t)] }

// nameOf is the name that a type is declared with; "": it has none.
func (s *Source) nameOf(t reflect.Type) string {
	name, _, _ := strings.Cut(t.Name(), "[")
	return name
}

func (s *Source) load(path string) *pkg {
	if known := s.packages[path]; known != nil {
		return known
	}
	p := &pkg{docs: map[string]string{}, values: map[string][]string{}}
	s.packages[path] = p
	if path == "" {
		return p
	}
	folder, err := s.folderOf(path)
	if err == nil {
		err = p.read(folder)
	}
	if err != nil {
		s.faults = append(s.faults, fmt.Errorf("read the source of %s: %w", path, err))
	}
	return p
}

// folderOf finds the source of a package. The program's own is called main.
func (s *Source) folderOf(path string) (string, error) {
	if path == "main" {
		path = "."
	}
	command := exec.CommandContext(s.ctx, "go", "list", "-find", "-f", "{{.Dir}}", strings.TrimSuffix(path, "_test"))
	command.Dir = s.folder
	out, err := command.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return "", fmt.Errorf("go list: %s", bytes.TrimSpace(exit.Stderr))
	}
	return strings.TrimSpace(string(out)), err
}

// read reads every Go file of a folder, whatever it is built for.
func (p *pkg) read(folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if filepath.Ext(entry.Name()) != ".go" {
			continue
		}
		path := filepath.Join(folder, entry.Name())
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if d, ok := n.(*ast.GenDecl); ok {
				p.declared(d)
			}
			return true
		})
	}
	return nil
}

func (p *pkg) declared(d *ast.GenDecl) {
	for _, spec := range d.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			doc := spec.Doc
			if doc == nil && len(d.Specs) == 1 {
				doc = d.Doc
			}
			p.note(spec.Name.Name, doc, spec.Comment)
			if object, ok := spec.Type.(*ast.StructType); ok {
				p.fields(spec.Name.Name, object)
			}
		case *ast.ValueSpec:
			if d.Tok == token.CONST {
				p.constants(spec)
			}
		}
	}
}

func (p *pkg) fields(of string, object *ast.StructType) {
	for _, f := range object.Fields.List {
		for _, name := range f.Names {
			p.note(of+"."+name.Name, f.Doc, f.Comment)
		}
	}
}

// note keeps the first documentation of a name: a type of a function may have the name of
// another.
func (p *pkg) note(name string, comments ...*ast.CommentGroup) {
	for _, comment := range comments {
		if text := strings.TrimSpace(comment.Text()); text != "" && p.docs[name] == "" {
			p.docs[name] = text
		}
	}
}

// constants notes texts that were declared as constants of a type: Red Colour = "red", or
// Red = Colour("red").
func (p *pkg) constants(spec *ast.ValueSpec) {
	for _, value := range spec.Values {
		of := spec.Type
		if call, ok := value.(*ast.CallExpr); ok && len(call.Args) == 1 {
			of, value = call.Fun, call.Args[0]
		}
		name, ok := of.(*ast.Ident)
		literal, isLiteral := value.(*ast.BasicLit)
		if !ok || !isLiteral || literal.Kind != token.STRING {
			continue
		}
		text, err := strconv.Unquote(literal.Value)
		if err == nil && !slices.Contains(p.values[name.Name], text) {
			p.values[name.Name] = append(p.values[name.Name], text)
		}
	}
}
