package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// A link is a row about connections.
type link struct {
	name   string
	idle   int64           // bytes of the server's resident memory for each idle connection
	fanOut []time.Duration // from the first call until each connection has the message
}

// A hub is a server whose connections are counted.
type hub struct {
	name   string
	rate   int // how many connections a second it lets in; 0: all
	server *process
	url    string
	header http.Header
	hello  []string // what a client says first

	// publish sends the message to every connection.
	publish func(ctx context.Context) error
}

// news is the text in the message that every connection gets.
const news = "the-news"

func (o options) measureConnections(ctx context.Context, folder string) ([]*link, error) {
	var links []*link
	for _, start := range []func(context.Context, string) (*hub, error){o.streamerHub, o.centrifugoHub} {
		at, err := os.MkdirTemp(folder, "connections-")
		if err != nil {
			return nil, err
		}
		h, err := start(ctx, at)
		if err != nil {
			return nil, err
		}
		progressf("%s: %d connections", h.name, o.connections)
		l, err := h.measure(ctx, max(10, o.connections/o.divide))
		h.server.stop()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", h.name, err)
		}
		progressf("%s: %.1f KiB a connection, a message to all in %v", l.name, float64(l.idle)/1024, quantile(l.fanOut, 1))
		links = append(links, l)
	}
	return links, nil
}

// measure opens the connections, lets them settle, and sends a message to all.
func (h *hub) measure(ctx context.Context, n int) (*link, error) {
	ctx, cancel := context.WithTimeout(ctx, roundTime)
	defer cancel()
	before, err := usageOf(h.server.cmd.Process.Pid, false)
	if err != nil {
		return nil, err
	}
	received := make(chan time.Time, n)
	var conns []net.Conn
	defer func() {
		for _, c := range conns {
			_ = c.Close() // the server is about to end
		}
	}()
	var pace <-chan time.Time
	if h.rate > 0 {
		tick := time.NewTicker(time.Second / time.Duration(h.rate))
		defer tick.Stop()
		pace = tick.C
	}
	for range n {
		if pace != nil {
			<-pace
		}
		c, err := h.dial(ctx)
		if err != nil {
			return nil, err
		}
		conns = append(conns, c)
		go listen(c, received)
	}
	time.Sleep(2 * time.Second) // what the handshakes left is collected
	after, err := usageOf(h.server.cmd.Process.Pid, false)
	if err != nil {
		return nil, err
	}
	l := &link{name: h.name, idle: (after.rss - before.rss) / int64(n)}
	began := time.Now()
	if err := h.publish(ctx); err != nil {
		return nil, err
	}
	for range n {
		select {
		case at := <-received:
			l.fanOut = append(l.fanOut, at.Sub(began))
		case <-ctx.Done():
			return nil, fmt.Errorf("%d of %d connections got the message", len(l.fanOut), n)
		}
	}
	return l, nil
}

func (h *hub) dial(ctx context.Context) (net.Conn, error) {
	dialer := ws.Dialer{Header: ws.HandshakeHeaderHTTP(h.header), Timeout: 30 * time.Second}
	c, early, _, err := dialer.Dial(ctx, h.url)
	if err != nil {
		return nil, err
	}
	if early != nil {
		ws.PutReader(early) // nothing that is said so early is waited for
	}
	for _, text := range h.hello {
		if err := wsutil.WriteClientText(c, []byte(text)); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// listen reads a connection until it ends, notes when the message comes, and answers the
// pings of Centrifugo's protocol.
func listen(c net.Conn, received chan<- time.Time) {
	for {
		text, err := wsutil.ReadServerText(c)
		switch {
		case err != nil:
			return
		case string(text) == "{}":
			_ = wsutil.WriteClientText(c, text) // or the next read fails
		case bytes.Contains(text, []byte(news)):
			received <- time.Now()
		}
	}
}

func (o options) streamerHub(_ context.Context, folder string) (*hub, error) {
	data, address := filepath.Join(folder, "data"), fmt.Sprintf("127.0.0.1:%d", freePort())
	server, err := streamerDev(folder, data, address, "--log", "json")
	if err != nil {
		return nil, err
	}
	token, err := sign(data)
	if err != nil {
		return nil, err
	}
	h := &hub{name: "`streamer dev`", rate: 450, server: server, url: "ws://" + address + "/dev",
		header: http.Header{"Authorization": {"Bearer " + token}}}
	h.publish = func(ctx context.Context) error {
		return postAll(ctx, "http://"+address+"/dev/@connections/", connectionIDs(server.log))
	}
	return h, nil
}

// connectionIDs are those that the server has let in, by its log.
func connectionIDs(log string) (ids []string) {
	text, err := os.ReadFile(log)
	if err != nil {
		return nil
	}
	for line := range bytes.Lines(text) {
		var event struct {
			Trigger      string `json:"trigger"`
			ConnectionID string `json:"connection_id"`
		}
		if json.Unmarshal(line, &event) == nil && event.Trigger == "websocket_connect" {
			ids = append(ids, event.ConnectionID)
		}
	}
	return ids
}

// postAll sends the message to each connection by the @connections API, 32 at a time, as
// API Gateway has no other way.
func postAll(ctx context.Context, root string, ids []string) error {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32}}
	defer client.CloseIdleConnections()
	queue := make(chan string, len(ids))
	for _, id := range ids {
		queue <- id
	}
	close(queue)
	faults := make([]error, 32)
	var all sync.WaitGroup
	for n := range faults {
		all.Go(func() {
			for id := range queue {
				if err := post(ctx, client, root+strings.ReplaceAll(id, "=", "%3D"), `{"type":"`+news+`"}`); err != nil {
					faults[n] = err
					return
				}
			}
		})
	}
	all.Wait()
	return errors.Join(faults...)
}

// post sends a body, again where there were too many at once.
func post(ctx context.Context, client *http.Client, url, body string) error {
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
		if err != nil {
			return err
		}
		res, err := client.Do(req)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, res.Body)
		if err := errors.Join(err, res.Body.Close()); err != nil {
			return err
		}
		switch res.StatusCode {
		case http.StatusOK:
			return nil
		case http.StatusTooManyRequests:
			time.Sleep(10 * time.Millisecond)
		default:
			return fmt.Errorf("POST %s: %s", url, res.Status)
		}
	}
}

// centrifugoHub starts Centrifugo with no authentication, which costs it nothing then, and
// has each connection subscribe to one channel.
func (o options) centrifugoHub(_ context.Context, folder string) (*hub, error) {
	port := freePort()
	settings := filepath.Join(folder, "config.json")
	err := os.WriteFile(settings, fmt.Appendf(nil, `{"http_server":{"address":"127.0.0.1","port":"%d"},"log":{"level":"error"},`+
		`"client":{"insecure":true},"http_api":{"insecure":true}}`, port), 0o644)
	if err != nil {
		return nil, err
	}
	server, err := start(folder, "centrifugo", exec.Command(o.centrifugo, "--config", settings))
	if err != nil {
		return nil, err
	}
	address := fmt.Sprintf("127.0.0.1:%d", port)
	h := &hub{name: "Centrifugo", server: server, url: "ws://" + address + "/connection/websocket",
		hello: []string{`{"id":1,"connect":{}}`, `{"id":2,"subscribe":{"channel":"all"}}`}}
	h.publish = func(ctx context.Context) error {
		return post(ctx, http.DefaultClient, "http://"+address+"/api/publish", `{"channel":"all","data":{"type":"`+news+`"}}`)
	}
	return h, server.listens(address)
}
