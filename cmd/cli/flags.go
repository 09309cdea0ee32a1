package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/stack"
	"github.com/pay-theory/streamer/wire"
)

const (
	defaultURL  = "ws://127.0.0.1:8700/dev"
	defaultData = ".streamer"
)

// clientFlags say where the server is and who the caller is.
type clientFlags struct {
	url, httpURL, token, data string
	context                   string // its name; empty: as contextHelp says
	subject                   string // empty: the token's own
	tenant                    string // empty: the token's own
	ofSubject                 bool   // the command has the flag --subject
	http                      bool
	operator                  bool // the command is for operators

	found *target
}

func (f *clientFlags) register(env *environment, cmd *cobra.Command) {
	f.addTo(cmd.Flags())
	cmd.MarkFlagsMutuallyExclusive("context", "url")
	cmd.MarkFlagsMutuallyExclusive("context", "http-url")
	if err := cmd.RegisterFlagCompletionFunc("context", func(cmd *cobra.Command, _ []string, typed string) ([]cobra.Completion,
		cobra.ShellCompDirective) {
		return env.completeContext(cmd, nil, typed)
	}); err != nil {
		panic(err) // there is no such flag
	}
}

// addTo adds the flags that all commands have that talk to a server.
func (f *clientFlags) addTo(flags *pflag.FlagSet) {
	flags.StringVar(&f.context, "context", "", "name of a context (default $STREAMER_CONTEXT, else the one of streamer context use)")
	flags.StringVar(&f.url, "url", "", "WebSocket URL (default $STREAMER_URL, else the context's, else "+defaultURL+")")
	flags.StringVar(&f.httpURL, "http-url", "", "root of the HTTP API (default $STREAMER_HTTP_URL, else the context's, else the root of "+
		"--url's host)")
	flags.StringVar(&f.token, "token", "", "token (default $STREAMER_TOKEN, else the context's, else one signed with the development "+
		"key when the server is on this machine)")
	dataFlag(flags, &f.data)
}

// registerHTTP adds the choice of the HTTP API.
func (f *clientFlags) registerHTTP(env *environment, cmd *cobra.Command) {
	f.register(env, cmd)
	cmd.Flags().BoolVar(&f.http, "http", false, "use the HTTP API in place of a WebSocket")
}

// registerSubject adds the subject of the request, and the choice of the HTTP API.
func (f *clientFlags) registerSubject(env *environment, cmd *cobra.Command) {
	f.registerHTTP(env, cmd)
	f.subjectFlag(env, cmd, "subject of the request (default: your own); another's needs a token with the scope "+request.OperatorScope)
}

func (f *clientFlags) subjectFlag(env *environment, cmd *cobra.Command, usage string) {
	f.ofSubject = true
	cmd.Flags().StringVar(&f.subject, "subject", f.subject, usage)
	cmd.Flags().StringVar(&f.tenant, "tenant", "", "tenant of --subject (default: the token's); another one needs a token with the scope "+
		request.OwnerScope+", and is asked about over HTTP")
	if err := cmd.RegisterFlagCompletionFunc("subject", f.completeSubject(env)); err != nil {
		panic(err) // there is no such flag
	}
}

// where returns the flags with which another command finds the same requests,
// without the token, which is never printed.
func (f *clientFlags) where() string {
	text := ""
	for _, flag := range []struct{ name, value string }{
		{"subject", f.subject}, {"tenant", f.tenant}, {"context", f.context}, {"url", f.url}, {"http-url", f.httpURL}, {"data", f.data},
	} {
		if flag.value != "" && flag.value != defaultData {
			text += " --" + flag.name + " " + quote(flag.value)
		}
	}
	return text
}

// devKey returns the development key of a server on this machine, or nil.
func (f *clientFlags) devKey(env *environment) *stack.Key {
	t, err := f.target(env)
	if err != nil || t.token != "" || t.source != nil || !isLoopback(t.url) {
		return nil
	}
	key, err := stack.OpenKey(f.data)
	if err != nil {
		return nil
	}
	return key
}

// devToken signs a token with the development key.
func (f *clientFlags) devToken() (string, error) {
	grant := devGrant()
	switch {
	case f.tenant != "":
		grant.Scopes = []string{request.OwnerScope}
	case f.subject != "" || f.operator:
		grant.Scopes = []string{request.OperatorScope}
	}
	token, err := signDev(f.data, stack.DevIssuer, grant)
	if err != nil {
		return "", &exitError{exitConnection, err}
	}
	return token, nil
}

// config is what the command's client is made of.
func (f *clientFlags) config(env *environment) (client.Config, error) {
	t, err := f.target(env)
	if err != nil {
		return client.Config{}, err
	}
	return client.Config{
		URL: t.url, HTTPURL: t.httpURL, HTTPClient: t.httpClient(),
		Token: func(ctx context.Context) (string, error) { return f.bearer(ctx, env) },
	}, nil
}

// dialTime is how long a server may take to answer at first.
const dialTime = 10 * time.Second

// open connects, and returns the client of the subject. The caller closes it.
func (f *clientFlags) open(ctx context.Context, env *environment) (*client.Client, error) {
	config, err := f.config(env)
	if err != nil {
		return nil, err
	}
	if u, err := url.Parse(config.URL); err != nil || u.Scheme != "ws" && u.Scheme != "wss" || u.Host == "" {
		return nil, &exitError{exitUsage, fmt.Errorf("%q is not a valid WebSocket URL: set --url or $STREAMER_URL to one such as %s",
			config.URL, defaultURL)}
	}
	if _, err := f.bearer(ctx, env); err != nil { // before anything is tried
		return nil, err
	}
	if f.tenant != "" && f.subject == "" {
		return nil, &exitError{exitUsage, fmt.Errorf("--tenant %s needs --subject: name whose requests are meant, or '*' for a list of "+
			"all", f.tenant)}
	}
	if f.http || f.tenant != "" {
		c, err := client.HTTP(config)
		if err != nil {
			return nil, &exitError{exitUsage, err}
		}
		return f.of(c), nil
	}
	config.OnState = reportConnection(env)
	dialing, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	c, err := client.Dial(dialing, config)
	if err != nil {
		return nil, f.explain(env, err)
	}
	return c.OnBehalfOf(f.subject), nil
}

// of is a client for the subject and the tenant of the flags.
func (f *clientFlags) of(c *client.Client) *client.Client {
	if f.tenant != "" {
		c = c.InTenant(f.tenant)
	}
	return c.OnBehalfOf(f.subject)
}

// run is a command with a client, whose errors are explained.
func (f *clientFlags) run(env *environment, do func(ctx context.Context, c *client.Client, args []string) error) func(*cobra.Command,
	[]string) error {
	return func(cmd *cobra.Command, args []string) error {
		c, err := f.open(cmd.Context(), env)
		if err != nil {
			return err
		}
		defer c.Close()
		if err := do(cmd.Context(), c, args); err != nil {
			return f.explain(env, err)
		}
		return nil
	}
}

// reportConnection prints when the first attempt to connect fails, when an open
// connection is lost, and when it is open again.
func reportConnection(env *environment) func(client.State) {
	var open, lost, tried bool
	return func(s client.State) {
		switch {
		case !s.Connected && !open && !lost && !tried:
			tried = true
			env.sayf("%v; trying for %v\n", s.Err, dialTime)
		case s.Connected && lost:
			env.sayf("connected again\n")
		case !s.Connected && open:
			env.sayf("the connection was lost; connecting again\n")
		}
		lost = !s.Connected && (open || lost)
		open = s.Connected
	}
}

// explain turns a client's error into an exit code and a text that says what to do.
func (f *clientFlags) explain(env *environment, err error) error {
	var exit *exitError
	var refused *client.ConnectError
	var answer *client.Error
	switch {
	case errors.As(err, &exit):
		return exit
	case errors.Is(err, errInterrupted):
		return &exitError{exitInterrupt, errInterrupted}
	case errors.As(err, &refused) && refused.Status == http.StatusUnauthorized:
		return &exitError{exitConnection, fmt.Errorf("%w\n%s", err, f.tokenAdvice(env))}
	case errors.As(err, &refused) && refused.Status == http.StatusForbidden: // API Gateway's own answer
		return &exitError{exitConnection, fmt.Errorf("%w\ncheck the stage, the last part of the URL, as in %s", err, defaultURL)}
	case errors.As(err, &refused):
		advice := ""
		if refused.Status >= http.StatusInternalServerError {
			advice = "\nthe server answered with a fault of its own: the same command may succeed later"
		} else if t, err := f.target(env); err == nil && refused.Status == 0 && isLoopback(t.url) {
			advice = "\nno server answers there: start it with `streamer dev`, or set --url"
		}
		return &exitError{exitConnection, fmt.Errorf("%w%s", err, advice)}
	case errors.As(err, &answer):
		text, code := printable(answer.Error()), exitFailed
		if answer.Code == wire.Unauthorized {
			text, code = text+"\n"+f.tokenAdvice(env), exitConnection
		}
		text += f.advice(answer)
		if answer.Retryable {
			text += "\nthe same request may succeed later"
			if answer.RetryAfter > 0 {
				text += fmt.Sprintf("; wait %v", answer.RetryAfter)
			}
		}
		if answer.CorrelationID != "" {
			text += "\ncorrelation id: " + answer.CorrelationID
		}
		return &exitError{code, errors.New(text)}
	case errors.Is(err, context.Canceled):
		return &exitError{exitFailed, errors.New("interrupted")}
	}
	return &exitError{exitFailed, err}
}

// advice says which command leads on from an answer; "": none does.
func (f *clientFlags) advice(answer *client.Error) string {
	of := *f
	of.subject = wire.AllSubjects
	switch {
	case answer.Code == wire.NotFound && f.ofSubject && f.subject == "":
		return fmt.Sprintf("\nif it is another subject's, name that with --subject; an operator finds it with: %s list --id %s", program(),
			quote(firstOf(answer.RequestID, "ID"))+of.where())
	case answer.Code == wire.NotFound && f.ofSubject && f.subject != wire.AllSubjects:
		return fmt.Sprintf("\nan operator finds whose it is with: %s list --id %s", program(), quote(firstOf(answer.RequestID, "ID"))+of.where())
	case answer.Code == wire.InvalidAction:
		of.subject, of.tenant = "", ""
		return fmt.Sprintf("\nthe actions that there are: %s actions%s", program(), of.where())
	}
	return ""
}

// tokenAdvice says what to do about a token that the server does not accept.
func (f *clientFlags) tokenAdvice(env *environment) string {
	if f.devKey(env) != nil {
		return "the server does not accept the development key of " + f.data + ": set --data to the folder that the server was started with"
	}
	if t, err := f.target(env); err == nil && t.token == "" && t.context != "" {
		return fmt.Sprintf("the server does not accept the token of the context %s: look at `%s context show %s`", t.context,
			program(), t.context)
	}
	return "the server does not accept the token: pass another with --token or $STREAMER_TOKEN"
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// readPairs reads the values of a flag of the form name=value. A value keeps
// commas, quotes and line ends.
func readPairs(flag string, given []string) (map[string]string, error) {
	pairs := map[string]string{}
	for _, one := range given {
		name, value, ok := strings.Cut(one, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("--%s %q is not valid: write name=value", flag, one)
		}
		pairs[name] = value
	}
	return pairs, nil
}
