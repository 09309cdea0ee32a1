package jsontext_test

import (
	"encoding/json"
	"testing"

	"github.com/pay-theory/streamer/lift/internal/jsontext"
)

// FuzzAppendString compares with encoding/json, by what its reader makes of the
// text.
func FuzzAppendString(f *testing.F) {
	for _, s := range []string{"", "plain", "\"\\/\b\f\n\r\t\x00\x1f", "ä€𝄞", "a\xffb\xc3", "\u2028<>&"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var got, want string
		text := jsontext.AppendString(nil, s)
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		other, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(other, &want); err != nil || got != want {
			t.Errorf("%q became %q, want %q", s, got, want)
		}
		if valid := jsontext.Valid(s); valid != got {
			t.Errorf("%q is %q when valid, and %q when read", s, valid, got)
		}
		if string(jsontext.AppendBytes(nil, []byte(s))) != string(text) {
			t.Errorf("bytes and text of %q differ", s)
		}
	})
}
