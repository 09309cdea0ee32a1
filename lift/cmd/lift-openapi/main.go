// Command lift-openapi writes the OpenAPI 3.1 document of a Lift app. It is run
// when a function is built, from within the function's module:
//
//	go run github.com/pay-theory/streamer/lift/cmd/lift-openapi -app ./orders.New -title Orders -o openapi.json
//
// The app is a function that returns a *lift.App, or one and an error; its
// arguments are a context.Context, a lift.Config, both in that order, or none.
// Its package must not be a main package. The function runs, so it must not
// reach for what is not there when building.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/pay-theory/streamer/lift/openapi"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "lift-openapi:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("lift-openapi", flag.ContinueOnError)
	app := flags.String("app", "", "package and `function` that returns the app, as in ./orders.New")
	out := flags.String("o", "", "`file` to write; default standard output")
	var info openapi.Info
	flags.StringVar(&info.Title, "title", "API", "the API's `title`")
	flags.StringVar(&info.Version, "version", "0.0.0", "the API's `version`")
	flags.StringVar(&info.Description, "description", "", "what the API is, in Markdown")
	flags.Func("server", "`URL` of a server; may be repeated", func(url string) error {
		info.Servers = append(info.Servers, url)
		return nil
	})
	if err := flags.Parse(args); err != nil {
		return err
	}
	dot := strings.LastIndexByte(*app, '.')
	if dot <= strings.LastIndexByte(*app, '/') || dot == len(*app)-1 {
		return errors.New("-app must name a package and a function, as in ./orders.New")
	}
	document, err := describe(ctx, (*app)[:dot], (*app)[dot+1:], info)
	if err != nil {
		return err
	}
	if *out == "" {
		_, err = stdout.Write(document)
		return err
	}
	return os.WriteFile(*out, document, 0o644)
}

// describe runs a program that imports the app's package. The program's file is
// an overlay beside the package, so that it may import what is internal there.
func describe(ctx context.Context, pkg, function string, info openapi.Info) ([]byte, error) {
	found, err := goCommand(ctx, "list", "-f", "{{.ImportPath}} {{.Name}} {{.Dir}}", pkg)
	if err != nil {
		return nil, err
	}
	line := strings.TrimSpace(string(found))
	fields := strings.SplitN(line, " ", 3)
	if len(fields) != 3 || strings.Contains(line, "\n") {
		return nil, fmt.Errorf("%s is not one package", pkg)
	}
	if fields[1] == "main" {
		return nil, fmt.Errorf("%s is a main package: move the function that makes the app to a package that can be imported", pkg)
	}
	temp, err := os.MkdirTemp("", "lift-openapi")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(temp)
	encoded, err := json.Marshal(info)
	if err != nil {
		return nil, err
	}
	var source bytes.Buffer
	values := map[string]string{"Package": fields[0], "Function": function, "Info": fmt.Sprintf("%q", encoded)}
	if err := program.Execute(&source, values); err != nil {
		return nil, err
	}
	main := filepath.Join(temp, "main.go")
	if err := os.WriteFile(main, source.Bytes(), 0o600); err != nil {
		return nil, err
	}
	directory := filepath.Join(fields[2], "lift-openapi-main")
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(directory, "main.go"): main}})
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(temp, "overlay.json"), overlay, 0o600); err != nil {
		return nil, err
	}
	return goCommand(ctx, "run", "-overlay", filepath.Join(temp, "overlay.json"), fields[0]+"/lift-openapi-main")
}

func goCommand(ctx context.Context, args ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, "go", args...)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w\n%s", args[0], err, bytes.TrimSpace(stderr.Bytes()))
	}
	return out, nil
}

var program = template.Must(template.New("main").Parse(`package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	app {{printf "%q" .Package}}
	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/openapi"
)

func main() {
	var info openapi.Info
	err := json.Unmarshal([]byte({{.Info}}), &info)
	if err == nil {
		var a *lift.App
		ctx := context.Background()
		switch make := any(app.{{.Function}}).(type) {
		case func() *lift.App:
			a = make()
		case func() (*lift.App, error):
			a, err = make()
		case func(lift.Config) *lift.App:
			a = make(lift.Config{})
		case func(lift.Config) (*lift.App, error):
			a, err = make(lift.Config{})
		case func(context.Context) *lift.App:
			a = make(ctx)
		case func(context.Context) (*lift.App, error):
			a, err = make(ctx)
		case func(context.Context, lift.Config) *lift.App:
			a = make(ctx, lift.Config{})
		case func(context.Context, lift.Config) (*lift.App, error):
			a, err = make(ctx, lift.Config{})
		default:
			err = fmt.Errorf("{{.Function}} is a %T: want a function of a context.Context, a lift.Config, both or nothing "+
				"that returns a *lift.App, or one and an error", make)
		}
		if err == nil {
			err = openapi.Write(os.Stdout, a, info)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
`))
