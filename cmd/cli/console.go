package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/pay-theory/streamer/client"
	webconsole "github.com/pay-theory/streamer/console"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

const consoleHelp = `Serves the console of a deployed stage on this machine, until Ctrl-C: what waits,
what fails and why, each request as it runs, and who is connected. The page gets
the HTTP API through this command, so that the API need not allow its origin, and
opens the stage's WebSocket itself.

The token needs the scope streamer:operator. One that the flags name is handed to
the page that is opened under the printed address, and to no other; without one the
page asks for it. It is in no address, no file and no log.

With --out it writes the console as files for a bucket in place of serving it. That
page asks for a token, and calls the HTTP API from the bucket's origin, which the
template's parameter CorsOrigins has to name.`

const consoleExample = `  streamer console --url wss://ws.example/prod --http-url https://api.example
  streamer console --url wss://ws.example/prod --http-url https://api.example \
    --logs-url 'https://logs.example/search?q={correlation_id}'
  streamer console --url wss://ws.example/prod --http-url https://api.example --out site`

// A consoleCommand is `streamer console`.
type consoleCommand struct {
	env         *environment
	flags       clientFlags
	site        webconsole.Site
	listen, out string
}

func newConsoleCommand(env *environment) *cobra.Command {
	c := &consoleCommand{env: env, flags: clientFlags{operator: true}}
	cmd := &cobra.Command{
		Use:     "console",
		Short:   "Serve the console of a deployed stage",
		Long:    consoleHelp,
		Example: consoleExample,
		Args:    takes(0, 0),
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.run(cmd.Context()) },
	}
	c.flags.register(env, cmd)
	f := cmd.Flags()
	f.StringVar(&c.listen, "listen", "127.0.0.1:8701", "address on this machine to listen on; port 0 takes a free one")
	f.StringVar(&c.site.LogsURL, "logs-url", "", "address of a request's logs, in which {correlation_id} stands for its correlation id")
	f.StringVar(&c.site.TenantClaim, "tenant-claim", "", "claim of a token that the page shows as its tenant (default tenant_id)")
	f.StringVar(&c.out, "out", "", "folder to write the console to, as files for a bucket, in place of serving it")
	return cmd
}

func (c *consoleCommand) run(ctx context.Context) error {
	to, err := c.flags.target(c.env)
	if err != nil {
		return err
	}
	c.site.WebSocketURL, c.site.HTTPURL = to.url, to.httpURL
	if c.out != "" {
		if err := c.site.WriteFiles(c.out); err != nil {
			return &exitError{exitUsage, fmt.Errorf("cannot write the console: %w", err)}
		}
		return c.env.print("%s\n", c.out)
	}
	config := webconsole.Deployed{Site: c.site}
	path := webconsole.Path + "/"
	_, err = c.flags.bearer(ctx, c.env)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if exit, ok := errors.AsType[*exitError](err); ok && exit.code != exitUsage {
		c.env.sayf("%v\nThe page asks for a token.\n", err) // there is to be one
	}
	if err == nil {
		config.Secret = rand.Text() // 130 bits
		config.Token = func(ctx context.Context) (string, error) { return c.flags.bearer(ctx, c.env) }
		path = webconsole.SignInPath(config.Secret)
	}
	handler, err := webconsole.NewDeployed(config)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", c.listen)
	if err != nil {
		return &exitError{exitFailed, fmt.Errorf("%w: choose another address with --listen", err)}
	}
	defer listener.Close()
	if address, ok := listener.Addr().(*net.TCPAddr); !ok || !address.IP.IsLoopback() {
		return &exitError{exitUsage, fmt.Errorf("--listen %s is not an address of this machine alone: set one such as 127.0.0.1:0", c.listen)}
	}
	c.probe(ctx, config.Token != nil)
	return c.serve(ctx, listener, handler, path)
}

// probeTime is how long the stage may take to answer before the console is served.
const probeTime = 5 * time.Second

// probe says what the page would run into: no answer, or a token that does not do.
func (c *consoleCommand) probe(ctx context.Context, signedIn bool) {
	config, err := c.flags.config(c.env)
	if err != nil {
		return
	}
	if !signedIn {
		config.Token = nil // the page asks for one
	}
	api, err := client.HTTP(config)
	if err != nil {
		return
	}
	defer api.Close()
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	_, err = api.OnBehalfOf(wire.AllSubjects).List(ctx, wire.ListQuery{Limit: 1})
	answer, answered := errors.AsType[*client.Error](err)
	switch {
	case err == nil || errors.Is(ctx.Err(), context.Canceled) || answered && answer.Code == wire.Unauthorized && !signedIn:
	case answered && answer.Code == wire.Unauthorized:
		c.env.sayf("%s\n", c.flags.tokenAdvice(c.env))
	case answered && answer.Code == wire.Forbidden:
		c.env.sayf("the token lacks the scope %s, which the console needs: paste one that has it into the page, or pass it with --token\n",
			request.OperatorScope)
	case answered:
		c.env.sayf("%s answers with an error: %v\n", config.HTTPURL, err)
	default:
		c.env.sayf("no server answers at %s: %v\n", config.HTTPURL, err)
	}
}

// headerTime bounds how long a caller may take to send the headers of a call.
const headerTime = 10 * time.Second

// serve answers until the context ends.
func (c *consoleCommand) serve(ctx context.Context, listener net.Listener, handler http.Handler, path string) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: headerTime}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	c.env.sayf("The console of %s is served; Ctrl-C stops it.\n  Console  http://%s%s\n", c.site.WebSocketURL, listener.Addr(), path)
	select {
	case err := <-ended:
		return &exitError{exitFailed, err}
	case <-ctx.Done():
	}
	// A page's calls wait for nothing that is worth waiting for.
	if err := server.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return &exitError{exitFailed, err}
	}
	return nil
}
