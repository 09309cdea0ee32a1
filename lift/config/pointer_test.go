package config_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/config"
)

type mail struct {
	Host string `env:"HOST,required"`
	Port int    `env:"PORT" default:"25"`
	TLS  *struct {
		Key lift.Secret `env:"KEY"`
	} `prefix:"TLS_"`
}

// A node contains itself: the inner one is left alone.
type node struct {
	Name string `env:"NAME"`
	Next *node  `prefix:"NEXT_"`
}

type optional struct {
	Mail   *mail `prefix:"MAIL_"`
	Node   *node `prefix:"NODE_"`
	Client *http.Client
	Given  *mail `prefix:"GIVEN_"`
}

// A pointer to a struct is optional as a whole.
func TestPointersToStructs(t *testing.T) {
	t.Parallel()
	given := &mail{Host: "set by the program"}
	for name, tt := range map[string]struct {
		env   map[string]string
		want  optional
		fault string
	}{
		"nothing is set":       {nil, optional{Given: given}, ""},
		"what is needed":       {map[string]string{"MAIL_HOST": "h"}, optional{Mail: &mail{Host: "h", Port: 25}, Given: given}, ""},
		"a part of it":         {map[string]string{"MAIL_PORT": "26"}, optional{}, "MAIL_HOST is not set"},
		"a fault in it":        {map[string]string{"MAIL_HOST": "h", "MAIL_PORT": "x"}, optional{}, "MAIL_PORT is not a whole number"},
		"a part that is inner": {map[string]string{"MAIL_TLS_KEY": "k"}, optional{}, "MAIL_HOST is not set"},
		"one that contains itself": {map[string]string{"NODE_NAME": "a", "NODE_NEXT_NAME": "b"},
			optional{Node: &node{Name: "a"}, Given: given}, ""},
		"what the program set stays": {map[string]string{"GIVEN_HOST": "h"}, optional{Given: given}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := optional{Given: given}
			err := config.Load(t.Context(), &got, config.Options{Lookup: func(name string) (string, bool) { v, ok := tt.env[name]; return v, ok }})
			if tt.fault != "" {
				if err == nil || !strings.Contains(err.Error(), tt.fault) {
					t.Errorf("got %v, want %s", err, tt.fault)
				}
				return
			}
			if diff := cmp.Diff(tt.want, got, cmp.Comparer(func(a, b lift.Secret) bool { return a.Reveal() == b.Reveal() })); err != nil || diff != "" {
				t.Errorf("got %v (-want +got):\n%s", err, diff)
			}
		})
	}
}

// References in it are fetched like any other.
func TestSecretBehindAPointer(t *testing.T) {
	t.Parallel()
	var got struct {
		Mail *mail `prefix:"MAIL_"`
	}
	env := map[string]string{"MAIL_HOST": "h", "MAIL_TLS_KEY": "text"}
	if err := config.Load(t.Context(), &got, config.Options{Lookup: func(name string) (string, bool) { v, ok := env[name]; return v, ok }}); err != nil {
		t.Fatal(err)
	}
	if got.Mail.TLS == nil || got.Mail.TLS.Key.Reveal() != "text" {
		t.Errorf("got %+v", got.Mail)
	}
}
