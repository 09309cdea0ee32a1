package lift

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzScanner compares the scanner with encoding/json: the same texts are
// accepted, and strings and numbers read the same.
func FuzzScanner(f *testing.F) {
	for _, seed := range []string{
		`{}`, `[]`, `null`, `true`, `false`, `"a"`, `0`, `-1.5e+3`, `01`, `1.`, `-`, `[1,]`, `{"a":1,}`, `{"a" 1}`, `nul`,
		`"\u00e9\ud83d\ude00\ud800\u0041\b\f\n\r\t\/\\\""`, `"\ud800\ud800\udc00"`, `"\x"`, `"\u12"`, "\"\x01\"", `{"a":{"b":[null,{}]}}`, `"a`, `[`, `{"a"`,
		` { "a" : [ 1 , 2 ] } `, `1e400`, `"\ud83d"`, `"\ud83dx"`, `"\udc00"`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s := scanner{text: text}
		raw, err := s.raw()
		if err == nil {
			err = s.end()
		}
		if valid := json.Valid([]byte(text)); valid != (err == nil) {
			t.Fatalf("encoding/json says %t, the scanner %v", valid, err)
		}
		if err != nil || !utf8.ValidString(text) {
			return
		}
		if strings.Trim(text, " \t\r\n") != raw {
			t.Fatalf("raw is %q", raw)
		}
		var want any
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		if err := d.Decode(&want); err != nil {
			t.Fatal(err)
		}
		s = scanner{text: text}
		switch want := want.(type) {
		case string:
			if got, err := s.string(); err != nil || got != want {
				t.Fatalf("string %q, %v, want %q", got, err, want)
			}
			s = scanner{text: text}
			if got, err := s.bytes(); err != nil || string(got) != want {
				t.Fatalf("bytes %q, %v, want %q", got, err, want)
			}
		case json.Number:
			got, err := s.float()
			if number, wantErr := want.Float64(); (err == nil) != (wantErr == nil) || err == nil && got != number {
				t.Fatalf("float %v, %v", got, err)
			}
			s = scanner{text: text}
			whole, err := s.int()
			if number, wantErr := want.Int64(); (err == nil) != (wantErr == nil) || err == nil && whole != number {
				t.Fatalf("int %v, %v", whole, err)
			}
		case bool:
			if got, err := s.bool(); err != nil || got != want {
				t.Fatalf("bool %t, %v", got, err)
			}
		case map[string]any:
			seen := map[string]bool{}
			if err := s.object(func(key string) error { seen[key] = true; return s.skip() }); err != nil || len(seen) != len(want) {
				t.Fatalf("members %v, %v", seen, err)
			}
		}
	})
}

// FuzzAppendString holds that what is written reads back.
func FuzzAppendString(f *testing.F) {
	f.Add("plain")
	f.Add("\x00\x1f\"\\/\n\r\t\u2028é😀\xff\xed\xa0\x80")
	f.Fuzz(func(t *testing.T, text string) {
		want := strings.ToValidUTF8(text, "\ufffd")
		var got, fromBytes string
		if err := json.Unmarshal(appendString(nil, text), &got); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(appendString(nil, []byte(text)), &fromBytes); err != nil || fromBytes != got {
			t.Fatalf("from bytes %q, %v", fromBytes, err)
		}
		// ToValidUTF8 makes one mark of a run of bad bytes; appendString one of each.
		if strings.ReplaceAll(got, "\ufffd", "") != strings.ReplaceAll(want, "\ufffd", "") || utf8.ValidString(text) && got != text {
			t.Fatalf("%q came back as %q", text, got)
		}
	})
}

func TestScannerTakesNullForNothing(t *testing.T) {
	t.Parallel()
	s := scanner{text: `[null,null,null,null,null,null,null]`}
	i := 0
	err := s.array(func() (err error) {
		var text string
		var data []byte
		var f float64
		var n int64
		var b bool
		switch i++; i {
		case 1:
			text, err = s.string()
		case 2:
			data, err = s.bytes()
		case 3:
			f, err = s.float()
		case 4:
			n, err = s.int()
		case 5:
			b, err = s.bool()
		case 6:
			err = s.object(func(string) error { t.Error("a member"); return nil })
		case 7:
			err = s.array(func() error { t.Error("an element"); return nil })
		}
		if text != "" || data != nil || f != 0 || n != 0 || b {
			t.Error("null has a value")
		}
		return err
	})
	if err != nil || i != 7 {
		t.Error(err)
	}
}

func TestScannerBoundsDepth(t *testing.T) {
	t.Parallel()
	for _, open := range []string{"[", `{"a":`} {
		t.Run(open, func(t *testing.T) {
			s := scanner{text: strings.Repeat(open, maxDepth+1)}
			if _, err := s.raw(); err == nil || !strings.Contains(err.Error(), "deeply") {
				t.Errorf("%s: %v", open, err)
			}
		})
	}
}
