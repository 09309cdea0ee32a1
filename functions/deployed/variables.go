package deployed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/pay-theory/streamer/aws/call"
	"github.com/pay-theory/streamer/lift/config"
)

// Variables returns the application's own variables: those of STREAMER_ENVIRONMENT, a JSON
// object such as {"CURRENCY":"EUR"}, and those below STREAMER_ENVIRONMENT_PATH, a path of
// the Parameter Store such as /shop/prod/, where the parameter /shop/prod/API_KEY is the
// variable API_KEY, decrypted. Parameters further below are left out. Without either
// setting it makes no call; the path takes one for every ten parameters.
//
// Names that begin with AWS_, LAMBDA_, STREAMER_ or an underscore are refused, as are a name
// that both have and a path without parameters. An error joins all faults, names
// variables and holds no value.
func Variables(ctx context.Context, opts config.Options) (map[string]string, error) {
	var given struct {
		Object string `env:"STREAMER_ENVIRONMENT"`
		Path   string `env:"STREAMER_ENVIRONMENT_PATH"`
	}
	if err := config.Load(ctx, &given, opts); err != nil {
		return nil, err
	}
	v := variables{values: map[string]string{}}
	if given.Object != "" {
		var object map[string]string
		if err := json.Unmarshal([]byte(given.Object), &object); err != nil { // whose text may quote a value
			v.faultf("STREAMER_ENVIRONMENT is not a JSON object of texts: use one such as %s", `{"CURRENCY":"EUR"}`)
		}
		for _, name := range slices.Sorted(maps.Keys(object)) {
			v.add("STREAMER_ENVIRONMENT", name, object[name])
		}
	}
	if given.Path != "" {
		v.faults = append(v.faults, v.readPath(ctx, given.Path, opts))
	}
	return v.values, errors.Join(v.faults...)
}

// setVariables puts the application's variables into the environment of the process.
func setVariables(ctx context.Context) error {
	values, err := Variables(ctx, config.Options{})
	if err != nil {
		return err
	}
	for name, value := range values {
		if err := os.Setenv(name, value); err != nil {
			return fmt.Errorf("config: set the variable %s: %w", name, err)
		}
	}
	return nil
}

// variables collects what the application is given, and what is wrong with it.
type variables struct {
	values map[string]string
	faults []error
}

func (v *variables) faultf(format string, args ...any) {
	v.faults = append(v.faults, fmt.Errorf("config: "+format, args...))
}

func (v *variables) add(from, name, value string) {
	_, twice := v.values[name]
	switch {
	case !validName(name):
		v.faultf("%s has %q, which is not a valid name of a variable: use letters, digits and underscores, and begin with a letter", from, name)
	case reserved(name):
		v.faultf("%s has %s, a name that is AWS's or Streamer's own: use one without AWS_, LAMBDA_ or STREAMER_ before it", from, name)
	case twice:
		v.faultf("%s has %s, which STREAMER_ENVIRONMENT has, too: leave it out of one of them", from, name)
	default:
		v.values[name] = value
	}
}

func reserved(name string) bool {
	return slices.ContainsFunc([]string{"AWS_", "LAMBDA_", "STREAMER_"}, func(own string) bool { return strings.HasPrefix(name, own) })
}

// validName holds a name against what Lambda takes for one of a variable, and leaves
// Lambda's own, such as _HANDLER, out:
// https://docs.aws.amazon.com/lambda/latest/api/API_Environment.html
func validName(name string) bool {
	for i, c := range []byte(name) {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (i == 0 || c != '_' && (c < '0' || '9' < c)) {
			return false
		}
	}
	return name != ""
}

// Lambda ends an initialization after 10 s without a word; before that the error says why.
// A burst of cold starts is throttled, at 40 calls a second by default.
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
// https://docs.aws.amazon.com/general/latest/gr/ssm.html
const (
	readTime     = 8 * time.Second
	readAttempts = 8
)

// A page is an answer of GetParametersByPath:
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParametersByPath.html
type page struct {
	Parameters []struct{ Name, Value string }
	NextToken  string
}

// readPath adds the parameters below a path.
func (v *variables) readPath(ctx context.Context, path string, opts config.Options) error {
	if !strings.HasPrefix(path, "/") || !strings.HasSuffix(path, "/") {
		return fmt.Errorf("config: STREAMER_ENVIRONMENT_PATH %q is not a path of the Parameter Store: use one such as /shop/prod/", path)
	}
	var env struct {
		platform
		SSM string `env:"AWS_ENDPOINT_URL_SSM"`
	}
	if err := config.Load(ctx, &env, opts); err != nil {
		return err
	}
	client, err := call.New(call.Config{Service: "ssm", Region: env.Region, Credentials: env.credentials(),
		Endpoint: env.endpoint("SSM", env.SSM), Attempts: readAttempts})
	env.note(err)
	if err := env.fault(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	for token, found := "", 0; ; {
		var next page
		if err := readPage(ctx, client, path, token, &next); err != nil {
			return fmt.Errorf("config: read the parameters below %s, which STREAMER_ENVIRONMENT_PATH names: %w", path, err)
		}
		for _, p := range next.Parameters {
			v.add(path, strings.TrimPrefix(p.Name, path), p.Value)
		}
		found, token = found+len(next.Parameters), next.NextToken
		if token != "" {
			continue
		}
		if found == 0 {
			return fmt.Errorf("config: there is no parameter below %s, which STREAMER_ENVIRONMENT_PATH names: "+
				"put one there, or leave the path out", path)
		}
		return nil
	}
}

func readPage(ctx context.Context, client *call.Client, path, token string, next *page) error {
	in := map[string]any{"Path": path, "WithDecryption": true, "MaxResults": 10}
	if token != "" {
		in["NextToken"] = token
	}
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	return client.Do(ctx, call.Request{Operation: "GetParametersByPath", Path: "/", Body: body,
		Header: http.Header{"Content-Type": {"application/x-amz-json-1.1"}, "X-Amz-Target": {"AmazonSSM.GetParametersByPath"}},
		Read: func(body []byte) error {
			*next = page{}
			if json.Unmarshal(body, next) != nil { // whose text may quote a value
				return errors.New("the answer is not the JSON of parameters")
			}
			return nil
		}})
}
