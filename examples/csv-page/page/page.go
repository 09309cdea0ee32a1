// Package page is a small web page that profiles CSV files: upload one, watch
// the progress, reload in the middle, get the result. Its script is on the
// TypeScript client and is bundled when the page is made.
package page

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"

	"github.com/evanw/esbuild/pkg/api"

	typescript "github.com/pay-theory/streamer/clients/typescript"
)

// maxUpload is the most bytes of one file.
const maxUpload = 256 << 20

//go:embed assets
var assets embed.FS

// A Config says which server the page asks. All fields are required.
type Config struct {
	WebSocketURL string
	HTTPURL      string
	Files        string                 // folder that profile_csv reads; uploads go there
	Token        func() (string, error) // a fresh token for the person at the page
}

// New makes the page. It signs its only visitor in by itself, so it answers
// nobody but this machine: not a name that points here, not another site's page.
func New(config Config) (http.Handler, error) {
	script, err := bundle()
	if err != nil {
		return nil, err
	}
	static, err := fs.Sub(assets, "assets")
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(static))
	mux.HandleFunc("GET /page.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
		w.Write(script)
	})
	mux.HandleFunc("POST /server", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, map[string]string{"url": config.WebSocketURL, "httpUrl": config.HTTPURL})
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, _ *http.Request) {
		token, err := config.Token()
		if err != nil {
			http.Error(w, "cannot sign a token", http.StatusInternalServerError)
			return
		}
		writeJSON(w, map[string]string{"token": token})
	})
	mux.HandleFunc("POST /files", func(w http.ResponseWriter, r *http.Request) {
		name, err := save(config.Files, http.MaxBytesReader(w, r.Body, maxUpload))
		var tooLarge *http.MaxBytesError
		switch {
		case errors.As(err, &tooLarge):
			http.Error(w, fmt.Sprintf("the file has more than %d MiB", maxUpload>>20), http.StatusRequestEntityTooLarge)
		case err != nil:
			http.Error(w, "the file did not arrive", http.StatusInternalServerError)
		default:
			writeJSON(w, map[string]string{"file": name})
		}
	})
	policy := "default-src 'self'; frame-ancestors 'none'; connect-src 'self' " + config.WebSocketURL + " " + config.HTTPURL
	return http.NewCrossOriginProtection().Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !local(r.Host) {
			http.Error(w, "open this page as 127.0.0.1", http.StatusForbidden)
			return
		}
		w.Header().Set("Content-Security-Policy", policy)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		mux.ServeHTTP(w, r)
	})), nil
}

func local(hostPort string) bool {
	host, _, err := net.SplitHostPort(hostPort)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// save keeps a file under a name of its own.
func save(folder string, content io.Reader) (string, error) {
	file, err := os.CreateTemp(folder, "*.csv")
	if err != nil {
		return "", err
	}
	_, err = io.Copy(file, content)
	if err = errors.Join(err, file.Close()); err != nil {
		return "", errors.Join(err, os.Remove(file.Name()))
	}
	return filepath.Base(file.Name()), nil
}

func writeJSON(w http.ResponseWriter, value map[string]string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	json.NewEncoder(w).Encode(value)
}

// bundle makes one script of the page's own and the client's.
func bundle() ([]byte, error) {
	folder, err := os.MkdirTemp("", "csv-page")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	for _, source := range []fs.FS{typescript.Source, assets} {
		if err := os.CopyFS(folder, source); err != nil {
			return nil, err
		}
	}
	result := api.Build(api.BuildOptions{
		EntryPoints: []string{filepath.Join(folder, "assets", "page.ts")},
		Alias:       map[string]string{"@pay-theory/streamer": filepath.Join(folder, "src", "index.ts")},
		Bundle:      true,
		Format:      api.FormatESModule,
		Target:      api.ES2022,
		Sourcemap:   api.SourceMapInline,
	})
	if len(result.Errors) > 0 {
		return nil, fmt.Errorf("bundle the page: %s", result.Errors[0].Text)
	}
	return result.OutputFiles[0].Contents, nil
}
