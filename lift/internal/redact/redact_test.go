package redact_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/pay-theory/streamer/lift/internal/redact"
)

const token = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl-_"

func TestTokensOfTexts(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                  "",
		"nothing here":                      "nothing here",
		token:                               "[redacted]",
		`{"a":"` + token + `","b":1}`:       `{"a":"[redacted]","b":1}`,
		"x " + token + " y " + token + ".":  "x [redacted] y [redacted]",
		"Bearer 0123456789abcdef==":         "Bearer [redacted]",
		"authorization: bearer Xy1~+/.-_z9": "authorization: bearer [redacted]",
		"Bearer " + token + "!":             "Bearer [redacted]!",
		"a bearer authentication is needed": "a bearer authentication is needed",
		"a bearer token is needed":          "a bearer token is needed",
		"eyJ":                               "eyJ",
		"eyJhbGciOiJFZERTQSJ9":              "eyJhbGciOiJFZERTQSJ9",
		"bearer ":                           "bearer ",
	} {
		t.Run(text, func(t *testing.T) {
			if got := string(redact.Text([]byte(text))); got != want {
				t.Errorf("%q became %q, want %q", text, got, want)
			}
		})
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	keys := redact.NewKeys("Card-Number")
	for key, want := range map[string]bool{
		"authorization": true, "Authorization": true, "Set-Cookie": true, "access_token": true, "accessToken": true,
		"X-API-Key": true, "card_number": true, "": false, "tokens": false, "author": false, strings.Repeat("x", 80) + "_token": true,
		"DB_PASSWORD": true, "monkey": false, strings.Repeat("x", 80): false,
	} {
		t.Run(key, func(t *testing.T) {
			if keys.Has(key) != want {
				t.Errorf("%q: %v", key, !want)
			}
		})
	}
}

func FuzzText(f *testing.F) {
	f.Add([]byte("Bearer "+token), []byte("x"))
	f.Add([]byte("eyJ.eyJ bearer bearer 1234567890"), []byte(""))
	f.Fuzz(func(t *testing.T, before, after []byte) {
		text := append(append(append(bytes.Clone(before), ' '), token...), ' ')
		text = append(text, after...)
		kept := bytes.Clone(text)
		got := redact.Text(text)
		if !bytes.Equal(text, kept) {
			t.Error("the text itself is changed")
		}
		if bytes.Contains(got, []byte("c2lnbmF0dXJl")) && !bytes.Contains(before, []byte("c2l")) && !bytes.Contains(after, []byte("c2l")) {
			t.Errorf("%q still holds the token", got)
		}
		line, err := json.Marshal(map[string]string{"a": string(text), "password": string(after)})
		if err != nil {
			t.Fatal(err)
		}
		if got := redact.Text(line); !json.Valid(got) {
			t.Errorf("%q became %q, which is not valid JSON", line, got)
		}
	})
}
