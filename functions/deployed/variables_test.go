package deployed_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pay-theory/streamer/emulator/ssm"
	"github.com/pay-theory/streamer/functions/deployed"
)

func TestVariables(t *testing.T) {
	t.Parallel()
	store, many := ssm.Store{"/shop/prod/API_KEY": "sesame", "/shop/prod/deep/OTHER": "x", "/shop/B": "y"}, map[string]string{}
	for i := range 23 {
		store[fmt.Sprintf("/many/V%d", i)] = fmt.Sprint(i)
		many[fmt.Sprintf("V%d", i)] = fmt.Sprint(i)
	}
	for name, tt := range map[string]struct {
		object, path string
		want         map[string]string
	}{
		"none":                {"", "", map[string]string{}},
		"an object":           {`{"CURRENCY":"EUR","Empty":""}`, "", map[string]string{"CURRENCY": "EUR", "Empty": ""}},
		"a path":              {"", "/shop/prod/", map[string]string{"API_KEY": "sesame"}},
		"both":                {`{"A1_b":"c"}`, "/shop/prod/", map[string]string{"A1_b": "c", "API_KEY": "sesame"}},
		"more than one page":  {"", "/many/", many},
		"a name like another": {`{"AWSOME":"1","LAMBDAS":"2"}`, "", map[string]string{"AWSOME": "1", "LAMBDAS": "2"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := deployed.Variables(t.Context(), options(withStore(t, store, tt.object, tt.path)))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("variables (-want +got):\n%s", diff)
			}
		})
	}
}

// Every fault is reported by the variable's name, all at once, and no value is in an error.
func TestVariablesThatAreRefused(t *testing.T) {
	t.Parallel()
	store := ssm.Store{"/own/AWS_REGION": "sesame", "/own/STREAMER_LEASE": "sesame", "/own/API-KEY": "sesame", "/both/CURRENCY": "sesame",
		"/both/_HANDLER": "sesame"}
	for name, tt := range map[string]struct {
		object, path string
		want         []string // in the error
	}{
		"not an object":      {`["sesame"]`, "", []string{"STREAMER_ENVIRONMENT is not a JSON object of texts"}},
		"not all texts":      {`{"A":"sesame","B":["sesame"]}`, "", []string{"STREAMER_ENVIRONMENT is not a JSON object of texts"}},
		"reserved":           {`{"LAMBDA_X":"sesame","AWS_PROFILE":"sesame"}`, "", []string{"STREAMER_ENVIRONMENT has LAMBDA_X", "AWS_PROFILE"}},
		"an empty name":      {`{"":"sesame"}`, "", []string{`STREAMER_ENVIRONMENT has "", which is not a valid name`}},
		"names below a path": {"", "/own/", []string{"/own/ has AWS_REGION", "STREAMER_LEASE", `"API-KEY", which is not a valid name`}},
		"a name twice":       {`{"CURRENCY":"EUR"}`, "/both/", []string{"CURRENCY, which STREAMER_ENVIRONMENT has, too", "_HANDLER"}},
		"not a path":         {"", "shop", []string{`"shop" is not a path`, "/shop/prod/"}},
		"no parameter":       {"", "/none/", []string{"no parameter below /none/"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := deployed.Variables(t.Context(), options(withStore(t, store, tt.object, tt.path)))
			if err == nil {
				t.Fatalf("got no error, want one with %q", tt.want)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %q in it", err, want)
				}
			}
			if strings.Contains(err.Error(), "sesame") {
				t.Errorf("got %v, want no value in it", err)
			}
		})
	}
}

// What the Parameter Store refuses or answers wrongly is reported with the path, and without
// what it answered.
func TestAParameterStoreThatFails(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status int
		body   string
		want   string
	}{
		"no permission": {http.StatusBadRequest, `{"__type":"AccessDeniedException","message":"no policy allows it"}`,
			"ssm GetParametersByPath: AccessDeniedException: no policy allows it"},
		"not JSON": {http.StatusOK, `{"Parameters":[{"Name":"/shop/A","Value":sesame}]}`, "the answer is not the JSON of parameters"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(tt.status)
				_, _ = fmt.Fprint(w, tt.body)
			}))
			defer server.Close()
			env := environment(t)
			env["STREAMER_ENVIRONMENT_PATH"], env["AWS_ENDPOINT_URL_SSM"] = "/shop/", server.URL
			_, err := deployed.Variables(t.Context(), options(env))
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "/shop/") ||
				strings.Contains(err.Error(), "sesame") {
				t.Errorf("got %v, want %q and the path in it, and no value", err, tt.want)
			}
		})
	}
}

// A burst of cold starts is throttled, and reads its parameters all the same.
func TestAParameterStoreThatThrottles(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	store := ssm.Store{"/shop/API_KEY": "sesame"}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if calls.Add(1) <= 4 {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = fmt.Fprint(w, `{"__type":"ThrottlingException","message":"Rate exceeded"}`)
			return
		}
		store.ServeHTTP(w, r)
	}))
	defer server.Close()
	env := environment(t)
	env["STREAMER_ENVIRONMENT_PATH"], env["AWS_ENDPOINT_URL_SSM"] = "/shop/", server.URL
	got, err := deployed.Variables(t.Context(), options(env))
	if err != nil || got["API_KEY"] != "sesame" {
		t.Errorf("got %v and %v after %d calls, want the parameter", got, err, calls.Load())
	}
}

// withStore is an environment with the settings of variables, and a Parameter Store.
func withStore(t *testing.T, store ssm.Store, object, path string) map[string]string {
	t.Helper()
	server := httptest.NewServer(store)
	t.Cleanup(server.Close)
	env := maps.Clone(environment(t))
	env["STREAMER_ENVIRONMENT"], env["STREAMER_ENVIRONMENT_PATH"], env["AWS_ENDPOINT_URL_SSM"] = object, path, server.URL
	return env
}
