package console

import (
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/evanw/esbuild/pkg/api"

	typescript "github.com/pay-theory/streamer/clients/typescript"
)

// bundle makes one script of the console's sources and the client's.
func bundle() ([]byte, error) {
	result := api.Build(api.BuildOptions{
		EntryPoints: []string{"main.ts"},
		Plugins: []api.Plugin{{Name: "embedded", Setup: func(build api.PluginBuild) {
			build.OnResolve(api.OnResolveOptions{Filter: ".*"}, resolve)
			build.OnLoad(api.OnLoadOptions{Filter: ".*", Namespace: "console"}, load(sources))
			build.OnLoad(api.OnLoadOptions{Filter: ".*", Namespace: "client"}, load(typescript.Source))
		}}},
		Bundle: true, MinifyWhitespace: true, MinifySyntax: true,
		Format: api.FormatESModule, Target: api.ES2022, Sourcemap: api.SourceMapNone,
	})
	if len(result.Errors) > 0 {
		return nil, fmt.Errorf("bundle the console: %s", strings.Join(api.FormatMessages(result.Errors, api.FormatMessagesOptions{}), ""))
	}
	return result.OutputFiles[0].Contents, nil
}

// resolve finds a module in the package's files or in the client's.
func resolve(args api.OnResolveArgs) (api.OnResolveResult, error) {
	if args.Path == "@pay-theory/streamer" {
		return api.OnResolveResult{Path: "src/index.ts", Namespace: "client"}, nil
	}
	namespace := args.Namespace
	if args.Kind == api.ResolveEntryPoint {
		namespace = "console"
	}
	// Sources name a module by what it is compiled to.
	file := strings.TrimSuffix(path.Join(path.Dir(args.Importer), args.Path), ".js")
	return api.OnResolveResult{Path: strings.TrimSuffix(file, ".ts") + ".ts", Namespace: namespace}, nil
}

func load(files fs.FS) func(api.OnLoadArgs) (api.OnLoadResult, error) {
	return func(args api.OnLoadArgs) (api.OnLoadResult, error) {
		content, err := fs.ReadFile(files, args.Path)
		text := string(content)
		return api.OnLoadResult{Contents: &text, Loader: api.LoaderTS}, err
	}
}
