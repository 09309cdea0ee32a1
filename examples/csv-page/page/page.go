// Package page is a small web page that profiles CSV files: upload one, watch
// the progress, reload in the middle, get the result. `make generate` bundles its
// script, assets/page.js, from page.ts and the TypeScript client.
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
// this machine alone: not a name that points here, not another site's page.
func New(config Config) (http.Handler, error) {
	static, err := fs.Sub(assets, "assets")
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(static))
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
		_, tooLarge := errors.AsType[*http.MaxBytesError](err)
		switch {
		case tooLarge:
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
