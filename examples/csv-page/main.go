// Command csv-page serves a page that profiles CSV files, with Streamer behind
// it, all on this machine:
//
//	go run ./examples/csv-page
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/actions/profilecsv"
	"github.com/pay-theory/streamer/examples/csv-page/page"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/stack"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:8701", "address of the page")
	api := flag.String("api", "127.0.0.1:8702", "address of Streamer")
	data := flag.String("data", filepath.Join(".streamer", "csv-page"), "folder of the database and the uploads")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, *listen, *api, *data, func(url string) { log.Printf("open %s in a browser; Ctrl-C stops it", url) })
	if err != nil {
		log.Fatal(err)
	}
}

// run serves until the context ends. It calls ready with the page's URL.
func run(ctx context.Context, listen, api, data string, ready func(url string)) (err error) {
	files := filepath.Join(data, "uploads")
	if err := os.MkdirAll(files, 0o700); err != nil {
		return err
	}
	profile, err := profilecsv.New(files)
	if err != nil {
		return err
	}
	dev, err := stack.StartDev(ctx, stack.DevConfig{
		Data: data, Listen: api,
		Parts: functions.Parts{Actions: func(request.Lister) ([]streamer.Action, error) {
			return []streamer.Action{profile}, nil
		}},
	})
	if err != nil {
		return err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
		defer cancel()
		err = cmp.Or(err, dev.Close(closing))
	}()
	handler, err := page.New(page.Config{
		WebSocketURL: dev.WebSocketURL(), HTTPURL: dev.HTTPURL(), Files: files,
		Token: func() (string, error) {
			return dev.Sign(stack.Grant{Tenant: "example", Subject: "you", TTL: time.Hour}, nil, time.Now())
		},
	})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	defer context.AfterFunc(ctx, func() { server.Close() })()
	ready("http://" + listener.Addr().String())
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
