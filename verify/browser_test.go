package verify_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer/examples/csv-page/page"
	"github.com/pay-theory/streamer/internal/nodetest"
	"github.com/pay-theory/streamer/stack"
)

// The page of examples/csv-page in headless Chromium, with `streamer dev` as a
// process behind it. The page's own server stays up throughout.
func TestBrowser(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts a browser and kills a process")
	}
	chromium, program := nodetest.Chromium(t), buildCLI(t)
	for _, scenario := range []struct {
		name string
		rows int
	}{
		{"kill", 1_200_000}, // in the middle: the page finishes without a reload
		{"reload", 400_000}, // in the middle: the page finishes, and keeps what it shows
		{"cancel", 1_200_000},
		{"upload", 20_000},  // its progress, and its cancel
		{"blocked", 20_000}, // WebSocket: the page polls another origin
		{"offline", 20_000}, // says the browser, and then online
	} {
		t.Run(scenario.name, func(t *testing.T) {
			t.Parallel()
			data, files := t.TempDir(), t.TempDir()
			csv := filepath.Join(t.TempDir(), "large.csv")
			writeCSV(t, csv, scenario.rows)
			flags := []string{"--data", data, "--files", files, "--lease", "2s", "--sweep-every", "1s", "--log", "json"}
			server := startDev(t, program, append(flags, "--listen", "127.0.0.1:0")...)
			flags = append(flags, "--listen", server.listen)
			key, err := stack.OpenKey(data)
			if err != nil {
				t.Fatal(err)
			}
			config := page.Config{
				WebSocketURL: "ws://" + server.listen + "/dev", HTTPURL: "http://" + server.listen, Files: files,
				Token: func() (string, error) {
					return key.Sign(stack.Grant{Tenant: "acme", Subject: "ada", TTL: time.Hour}, time.Now())
				},
			}
			if scenario.name == "blocked" {
				proxy := httptest.NewServer(http.NotFoundHandler())
				t.Cleanup(proxy.Close)
				config.WebSocketURL = strings.Replace(proxy.URL, "http", "ws", 1) + "/dev"
			}
			handler, err := page.New(config)
			if err != nil {
				t.Fatal(err)
			}
			site := httptest.NewServer(handler)
			t.Cleanup(site.Close)

			remote := remoteControl(t, program, &server, flags)
			nodetest.Run(t, "node", []string{
				chromium, "PAGE_URL=" + site.URL, "CONTROL_URL=" + remote, "CSV_FILE=" + csv, fmt.Sprint("ROWS=", scenario.rows),
			}, "csv-page.mjs", scenario.name)
		})
	}
}

// remoteControl lets a script kill a server and start it again; it returns the
// URL for that.
func remoteControl(t *testing.T, program string, server **devServer, flags []string) string {
	control := http.NewServeMux()
	control.HandleFunc("POST /kill", func(http.ResponseWriter, *http.Request) { (*server).kill(t) })
	control.HandleFunc("POST /start", func(http.ResponseWriter, *http.Request) { *server = startDev(t, program, flags...) })
	remote := httptest.NewServer(control)
	t.Cleanup(remote.Close)
	return remote.URL
}
