package config_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/config"
)

type level string

// common is embedded where several programs have settings in common.
type common struct {
	Region string `env:"REGION,required"`
}

type settings struct {
	common
	Table    string        `env:"TABLE,required"`
	Timeout  time.Duration `env:"TIMEOUT" default:"10s"`
	Debug    bool          `env:"DEBUG"`
	Workers  int8          `env:"WORKERS" default:"4"`
	Limit    uint16        `env:"LIMIT"`
	Share    float32       `env:"SHARE"`
	Regions  []string      `env:"REGIONS"`
	Levels   []level       `env:"LEVELS" default:"a, b,,c "`
	Level    slog.Level    `env:"LEVEL"`
	Plain    lift.Secret   `env:"PLAIN"`
	Database struct {
		Host string `env:"HOST" default:"localhost"`
		Pool struct {
			Size uint `env:"SIZE"`
		}
	} `prefix:"DB_"`
	Untouched string
	untouched string
}

// env is an environment, with no more in it.
func env(values map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, ok := values[name]
		return value, ok
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	cfg := settings{Untouched: "as it was", untouched: "too"}
	err := config.Load(t.Context(), &cfg, config.Options{Lookup: env(map[string]string{
		"TABLE": "things", "REGION": "eu-west-1", "DEBUG": "true", "WORKERS": "-8", "LIMIT": "65535", "SHARE": "0.25", "REGIONS": "eu-west-1, us-east-1",
		"LEVEL": "warn", "PLAIN": "sesame", "DB_HOST": "db", "DB_SIZE": "3", "TIMEOUT": "",
	})})
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Table != "things" || cfg.Region != "eu-west-1" || cfg.Timeout != 10*time.Second || !cfg.Debug || cfg.Workers != -8 || cfg.Limit != 65535 || cfg.Share != 0.25 ||
		!slices.Equal(cfg.Regions, []string{"eu-west-1", "us-east-1"}) || !slices.Equal(cfg.Levels, []level{"a", "b", "c"}) || cfg.Level != slog.LevelWarn ||
		cfg.Plain.Reveal() != "sesame" || cfg.Database.Host != "db" || cfg.Database.Pool.Size != 3 || cfg.Untouched != "as it was" || cfg.untouched != "too" {
		t.Errorf("%+v", cfg)
	}
}

func TestAllFaultsAtOnce(t *testing.T) {
	t.Parallel()
	var cfg settings
	err := config.Load(t.Context(), &cfg, config.Options{Lookup: env(map[string]string{
		"TIMEOUT": "sesame", "DEBUG": "sesame", "WORKERS": "128", "LIMIT": "-1", "SHARE": "sesame", "LEVEL": "sesame", "DB_SIZE": "sesame",
	})})
	const want = `config: REGION is not set
config: TABLE is not set
config: TIMEOUT is not a valid duration: wanted a text such as 1m30s
config: DEBUG is neither true nor false
config: WORKERS is not a whole number of 8 bits
config: LIMIT is not a whole number of 16 bits, 0 or more
config: SHARE is not a number
config: LEVEL is not a slog.Level
config: DB_SIZE is not a whole number of 64 bits, 0 or more`
	if err == nil || err.Error() != want {
		t.Errorf("error\n%v, want\n%s", err, want)
	}
}

func TestStructsThatCannotBeFilled(t *testing.T) {
	t.Parallel()
	lookup := env(map[string]string{"A": "1"})
	for name, into := range map[string]any{
		"no pointer": struct{}{},
		"nil":        (*settings)(nil),
		"no struct":  new(int),
		"a map": &struct {
			A map[string]string `env:"A"`
		}{},
		"a list of numbers": &struct {
			A []int `env:"A"`
		}{},
		"another option": &struct {
			A string `env:"A,optional"`
		}{},
		"no name": &struct {
			A string `env:",required"`
		}{},
		"not exported": &struct {
			a string `env:"A"`
		}{},
	} {
		t.Run(name, func(t *testing.T) {
			func() {
				defer func() {
					if text, _ := recover().(string); !strings.HasPrefix(text, "lift/config: ") {
						t.Errorf("%s: panic %q", name, text)
					}
				}()
				_ = config.Load(t.Context(), into, config.Options{Lookup: lookup})
			}()
		})
	}
}

type validated struct {
	Low  int `env:"LOW"`
	High int `env:"HIGH"`
}

var errOrder = errors.New("LOW is above HIGH")

func (v *validated) Validate() error {
	if v.Low > v.High {
		return errOrder
	}
	return nil
}

func TestValidate(t *testing.T) {
	t.Parallel()
	for high, want := range map[string]error{"3": nil, "1": errOrder} {
		t.Run(high, func(t *testing.T) {
			if err := config.Load(t.Context(), new(validated), config.Options{Lookup: env(map[string]string{"LOW": "2", "HIGH": high})}); !errors.Is(err, want) {
				t.Errorf("%s: %v", high, err)
			}
		})
	}
}

type secrets struct {
	Whole  lift.Secret `env:"WHOLE,required"`
	Part   lift.Secret `env:"PART"`
	Param  lift.Secret `env:"PARAM" default:"ssm:/shop/key"`
	Double lift.Secret `env:"DOUBLE"`
	Other  lift.Secret `env:"OTHER" default:"note:well"`
}

// extension stands in for the Parameters and Secrets extension.
func extension(t *testing.T, answer func(w http.ResponseWriter, path, name string)) (*httptest.Server, *atomic.Int64) {
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		q := r.URL.Query()
		if r.Header.Get("X-Aws-Parameters-Secrets-Token") != "session" || r.URL.Path == "/systemsmanager/parameters/get" && q.Get("withDecryption") != "true" {
			t.Errorf("asked for %s with %v", r.URL, r.Header)
		}
		answer(w, r.URL.Path, q.Get("secretId")+q.Get("name"))
	}))
	t.Cleanup(server.Close)
	return server, &asked
}

func TestSecretsByReference(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:shop/api-a1b2c3"
	server, asked := extension(t, func(w http.ResponseWriter, path, name string) {
		switch path + " " + name {
		case "/secretsmanager/get " + arn:
			fmt.Fprint(w, `{"Name":"shop/api","SecretString":"{\"key\":\"open\",\"n\":7}"}`)
		case "/systemsmanager/parameters/get /shop/key":
			fmt.Fprint(w, `{"Parameter":{"Name":"/shop/key","Type":"SecureString","Value":"sesame"}}`)
		default:
			w.WriteHeader(http.StatusBadRequest)
		}
	})
	var cfg secrets
	err := config.Load(t.Context(), &cfg, config.Options{Extension: server.URL + "/", Lookup: env(map[string]string{
		"AWS_SESSION_TOKEN": "session", "WHOLE": "secretsmanager:" + arn, "PART": "secretsmanager:" + arn + "#key", "DOUBLE": "ssm:/shop/key",
	})})
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Whole.Reveal() != `{"key":"open","n":7}` || cfg.Part.Reveal() != "open" || cfg.Param.Reveal() != "sesame" || cfg.Double.Reveal() != "sesame" || cfg.Other.Reveal() != "note:well" {
		t.Errorf("%q %q %q %q %q", cfg.Whole.Reveal(), cfg.Part.Reveal(), cfg.Param.Reveal(), cfg.Double.Reveal(), cfg.Other.Reveal())
	}
	if n := asked.Load(); n != 3 {
		t.Errorf("asked %d times", n)
	}
	if strings.Contains(fmt.Sprintf("%+v", cfg), "sesame") {
		t.Error("the config shows its secrets")
	}
}

func TestSecretsWhileTheExtensionStarts(t *testing.T) {
	t.Parallel()
	var tries atomic.Int64
	server, _ := extension(t, func(w http.ResponseWriter, _, _ string) {
		if tries.Add(1) < 4 {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		fmt.Fprint(w, `{"SecretString":"open"}`)
	})
	port := server.URL[strings.LastIndexByte(server.URL, ':')+1:]
	var cfg struct {
		Key lift.Secret `env:"KEY"`
	}
	err := config.Load(t.Context(), &cfg, config.Options{Wait: time.Minute, Lookup: env(map[string]string{
		"AWS_SESSION_TOKEN": "session", "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT": port, "KEY": "secretsmanager:k",
	})})
	if err != nil || cfg.Key.Reveal() != "open" {
		t.Errorf("%q, %v", cfg.Key.Reveal(), err)
	}
}

func TestSecretsThatAreNotThere(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		ref, answer string
		status      int
		want        string
	}{
		"refused":        {"ssm:x", "", 400, "answers 400"},
		"redirected":     {"ssm:x", "", 302, "answers 302"},
		"no JSON":        {"ssm:x", "sesame", 200, "is not JSON"},
		"no value":       {"ssm:x", `{"SecretString":"sesame"}`, 200, "has no text"},
		"binary":         {"secretsmanager:x", `{"SecretBinary":"c2VzYW1l"}`, 200, "has no text"},
		"not an object":  {"secretsmanager:x#k", `{"SecretString":"sesame"}`, 200, "not a JSON object"},
		"no such member": {"secretsmanager:x#k", `{"SecretString":"{\"l\":\"sesame\"}"}`, 200, `no text, number or bool under "k"`},
		"a null member":  {"secretsmanager:x#k", `{"SecretString":"{\"k\":null}"}`, 200, `no text, number or bool under "k"`},
		"no text":        {"secretsmanager:x#k", `{"SecretString":"{\"k\":{\"l\":\"sesame\"}}"}`, 200, `no text, number or bool under "k"`},
		"too much":       {"ssm:x", strings.Repeat(" ", 600<<10), 200, "more than"},
		"cut off":        {"ssm:x", "{", 0, "unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, _ := extension(t, func(w http.ResponseWriter, _, _ string) {
				switch {
				case tt.status == 0:
					w.Header().Set("Content-Length", "100")
				case tt.status == 302:
					w.Header().Set("Location", "/elsewhere")
					w.WriteHeader(tt.status)
				default:
					w.WriteHeader(tt.status)
				}
				fmt.Fprint(w, tt.answer)
			})
			var cfg struct {
				Key lift.Secret `env:"KEY"`
				N   int         `env:"N"`
			}
			err := config.Load(t.Context(), &cfg, config.Options{Extension: server.URL, Wait: 300 * time.Millisecond, Lookup: env(map[string]string{
				"AWS_SESSION_TOKEN": "session", "KEY": tt.ref, "N": "x",
			})})
			if err == nil || !strings.Contains(err.Error(), "config: KEY: ") || !strings.Contains(err.Error(), tt.want) ||
				!strings.Contains(err.Error(), "config: N is") || strings.Contains(err.Error(), "sesame") {
				t.Errorf("error %v", err)
			}
		})
	}
	t.Run("nobody listens", func(t *testing.T) {
		t.Parallel()
		server, _ := extension(t, nil)
		server.Close()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		var cfg struct {
			Key lift.Secret `env:"KEY"`
		}
		for _, address := range []string{server.URL, "http://%zz"} {
			t.Run(address, func(t *testing.T) {
				err := config.Load(ctx, &cfg, config.Options{Extension: address, Lookup: env(map[string]string{"KEY": "ssm:x"})})
				if err == nil || !strings.Contains(err.Error(), "ask the secrets extension") {
					t.Errorf("error %v", err)
				}
			})
		}
	})
}

func TestLoadFromTheEnvironment(t *testing.T) {
	t.Setenv("LIFT_CONFIG_TEST", "3")
	var cfg struct {
		N int `env:"LIFT_CONFIG_TEST"`
	}
	if err := config.Load(t.Context(), &cfg, config.Options{}); err != nil || cfg.N != 3 {
		t.Errorf("%d, %v", cfg.N, err)
	}
}

func TestSecretsSideBySide(t *testing.T) {
	t.Parallel()
	server, _ := extension(t, func(w http.ResponseWriter, _, name string) { fmt.Fprintf(w, `{"Parameter":{"Value":%q}}`, name) })
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			var cfg secrets
			err := config.Load(t.Context(), &cfg, config.Options{Extension: server.URL, Lookup: env(map[string]string{
				"AWS_SESSION_TOKEN": "session", "WHOLE": "ssm:a", "PART": "ssm:b", "DOUBLE": "ssm:c",
			})})
			if err != nil || cfg.Whole.Reveal()+cfg.Part.Reveal()+cfg.Double.Reveal() != "abc" {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// The secret of a database has its port as a number.
func TestMembersOfASecretThatAreNoTexts(t *testing.T) {
	t.Parallel()
	server, _ := extension(t, func(w http.ResponseWriter, _, _ string) {
		fmt.Fprint(w, `{"SecretString":"{\"port\":5432,\"tls\":true,\"id\":12345678901234567890}"}`)
	})
	var cfg struct {
		Port lift.Secret `env:"PORT"`
		TLS  lift.Secret `env:"TLS"`
		ID   lift.Secret `env:"ID"`
	}
	lookup := env(map[string]string{"AWS_SESSION_TOKEN": "session", "PORT": "secretsmanager:db#port", "TLS": "secretsmanager:db#tls", "ID": "secretsmanager:db#id"})
	if err := config.Load(t.Context(), &cfg, config.Options{Extension: server.URL, Lookup: lookup}); err != nil {
		t.Fatal(err)
	}
	got := []string{cfg.Port.Reveal(), cfg.TLS.Reveal(), cfg.ID.Reveal()}
	if want := []string{"5432", "true", "12345678901234567890"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
