package redact_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer/lift/internal/redact"
)

func TestSecretsOfTexts(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Bearer\ttabbed123456":                                       "Bearer\t[redacted]",
		`Bearer\ttabbed123456`:                                       `Bearer\t[redacted]`,
		"Bearer: opaque123456":                                       "Bearer: [redacted]",
		"Bearer%20opaque123456":                                      "Bearer%20[redacted]",
		"bearer opaqueOpaque":                                        "bearer [redacted]",
		"Authorization: BEARER opaque123456":                         "Authorization: BEARER [redacted]",
		"Authorization: Bearer eyJ...":                               "Authorization: Bearer [redacted]",
		"Authorization: Bearer opaque":                               "Authorization: Bearer [redacted]",
		"Authorization:Bearer opaque1, Accept: */*":                  "Authorization:Bearer [redacted], Accept: */*",
		"Authorization%3A%20Bearer%20opaque":                         "Authorization%3A%20[redacted]",
		"Authorization: Basic dXNlcjpwYXNzd29yZA==":                  "Authorization: Basic [redacted]",
		`"Authorization":"Basic dXNlcjpwYXNzd29yZA=="`:               `"Authorization":"[redacted]"`,
		"Authorization: Own dXNlcjpwYXNzd29yZA== x":                  "Authorization: Own [redacted] x",
		"Authorization: dXNlcjpwYXNzd29yZA==":                        "Authorization: [redacted]",
		"Proxy-Authorization: Basic abc\r\nHost: x":                  "Proxy-Authorization: Basic [redacted]\r\nHost: x",
		`Authorization: Digest username="Mufasa", response="6629" x`: `Authorization: Digest [redacted] x`,
		"Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=host;x-amz-date, Signature=5d67": "Authorization: AWS4-HMAC-SHA256 [redacted]",
		"map[Authorization:[Basic abc] Cookie:[a b] Accept:[*/*]]":                                                                                  "map[Authorization:[[redacted]] Cookie:[[redacted]] Accept:[*/*]]",
		`{"Cookie":["a","b\"]"],"n":1}`:                         `{"Cookie":["[redacted]"],"n":1}`,
		"Cookie: sid=abc; theme=dark\nx":                        "Cookie: [redacted]\nx",
		"password=hunter2":                                      "password=[redacted]",
		"password = hunter2 for ada":                            "password = [redacted] for ada",
		"password: hunter2":                                     "password: [redacted]",
		"password: swordfish":                                   "password: [redacted]",
		"DB_PASSWORD=hunter2\nDB_HOST=x":                        "DB_PASSWORD=[redacted]\nDB_HOST=x",
		`said "password":"hunter2" here`:                        `said "password":"[redacted]" here`,
		`{"error":"got {\"password\": \"hunter\\\"2\"}","n":1}`: `{"error":"got {\"password\": \"[redacted]\"}","n":1}`,
		`{"error":"password=hunter2","n":1}`:                    `{"error":"password=[redacted]","n":1}`,
		`{"password":123,"token":[1,2],"secret":null}`:          `{"password":"[redacted]","token":["[redacted]"],"secret":null}`,
		`password='hunter 2' x`:                                 `password='[redacted]' x`,
		`password="hunter`:                                      `password="[redacted]`,
		"password%3Dhunter2%26x":                                "password%3D[redacted]",
		"%22password%22%3A%22hunter2%22%2C":                     "%22password%22%3A%22[redacted]%22%2C",
		"password=p@)$w,0r'd, x":                                "password=[redacted], x",
		"https://x/y?a=1&access_token=abcdef123&b=2":            "https://x/y?a=1&access_token=[redacted]&b=2",
		"https://x/y?X-Amz-Signature=5d67&X-Amz-Date=1":         "https://x/y?X-Amz-Signature=[redacted]&X-Amz-Date=1",
		"api_key: xyz":                                          "api_key: [redacted]",
		"X-Api-Key:xyz":                                         "X-Api-Key:[redacted]",
		"{User:ada ClientSecret:abc}":                           "{User:ada ClientSecret:[redacted]}",
		"(secret=abc)":                                          "(secret=[redacted])",
		"token=Bearer abcdef":                                   "token=Bearer [redacted]",
		"postgres://u:s3cr3t@db/x":                              "postgres://u:[redacted]@db/x",
		"redis://:s3cr3t@db:6379":                               "redis://:[redacted]@db:6379",
		`parse "postgres://u:s3/cr@3t@db": invalid port ":s3"`:  `parse "postgres://u:[redacted]@db": invalid port ":s3"`,
		"https://u:p@x@host/a@b":                                "https://u:[redacted]@host/a@b",
		"key AKIAIOSFODNN7EXAMPLE, ASIAIOSFODNN7EXAMPLE":        "key [redacted], [redacted]",
		`{"msg":"\nAKIAIOSFODNN7EXAMPLE"}`:                      `{"msg":"\n[redacted]"}`,
		"eyJhbGciOiJkaXIifQ..aXY.Y3Q.dGFn":                      "[redacted]",
		"Server=x;Uid=sa;Pwd=abc;Timeout=3":                     "Server=x;Uid=sa;Pwd=[redacted];Timeout=3",
		"password := hunter2":                                   "password := [redacted]",
		`arn:aws:secretsmanager:us-east-1:123456789012:secret:shop password=hunter`: `arn:aws:secretsmanager:us-east-1:123456789012:secret:shop password=[redacted]`,
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			got := string(redact.Text([]byte(text)))
			if got != want {
				t.Errorf("%q became %q, want %q", text, got, want)
			}
			if again := string(redact.Text([]byte(got))); again != got {
				t.Errorf("once more, %q became %q", got, again)
			}
			line, err := json.Marshal(map[string]any{"level": "INFO", "message": text, "n": 1})
			if err != nil {
				t.Fatal(err)
			}
			if shown := redact.Text(line); !json.Valid(shown) || string(shown) == string(line) {
				t.Errorf("as JSON, %s became %s", line, shown)
			}
		})
	}
}

// harmless are texts that logs are full of.
var harmless = []string{
	"the token is not valid", "password must have 12 characters", "author: Ada", "token expired at 12:00:03", "monkey=banana",
	"/var/task/secret/token.go:12", "open /run/secret: permission denied", "0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0",
	"https://host:8443/path@2x.png", "http://[::1]:8080/a@b", "ada@example.com", "mailto:ada@example.com", "https://example.com/@ada",
	"invalid token: signature is invalid", "parse token: unexpected end of JSON input", "get token: dial tcp 10.0.0.7:443: refused",
	"get secret: AccessDeniedException: User is not authorized", "authorization: the caller lacks a scope", "token: EOF", "password=null",
	"max_tokens=500", "tokens: 12", `WWW-Authenticate: Bearer realm="api", error="invalid_token"`, `{"typ":"Bearer","azp":"web"}`,
	"Bearer authentication is needed", "arn:aws:secretsmanager:us-east-1:123456789012:secret:shop/api-a1b2c3", "secret://shop/api",
	"PWD=/var/task", `{"password":"","token":null,"secret":true}`, "AKIDEXAMPLE", "AKIAIOSFODNN7EXAMPLE2", "eyJhbGciOiJFZERTQSJ9",
	`{"timestamp":"2026-11-28T05:00:00.1Z","level":"INFO","message":"done","invocation_id":"0b1c2d3e-4f50","ms":12}`,
	"a == b, c := d, e => f", "password: [redacted]", "Authorization: Bearer [redacted]", "100%", "token=", "secret:", `token:"`,
}

func TestHarmlessTextsStay(t *testing.T) {
	t.Parallel()
	for _, text := range harmless {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			if got := string(redact.Text([]byte(text))); got != text {
				t.Errorf("%q became %q", text, got)
			}
		})
	}
}

func TestTextWithoutSecretsAllocatesNothing(t *testing.T) {
	text := []byte(strings.Join(harmless, "\n"))
	if got := testing.AllocsPerRun(100, func() { redact.Text(text) }); got != 0 {
		t.Errorf("got %v allocations, want none", got)
	}
}

// A text of 256 KiB that is made of beginnings takes some milliseconds; were each one followed
// to the end of the text, it would be many minutes.
func TestTextTakesLinearTime(t *testing.T) {
	t.Parallel()
	const size = 1 << 18
	for _, part := range []string{
		"eyJ", "eyJ.", "Bearer ", "bearer=", "bearer%20", "bearer:", "token", "token:", "token: a ", "token=a ", `token="`, `"token":[`, "token:[a ",
		`token:["`, "://", "a://b:c", "a://b:c/", "=", " ", " =", `\`, `"`, `\"`, `'token=\'`, ")", "token=)", "a,", "AKIA", "%", "%22", "%3D",
		"Authorization: Basic a=\"", "Authorization: A a, ", "cookie: a ", "_", "token\t",
	} {
		t.Run(part, func(t *testing.T) {
			t.Parallel()
			text := []byte(strings.Repeat(part, size/len(part)))
			began := time.Now()
			redact.Text(text)
			for _, first := range []string{"token: ", "token=[", "cookie: a ", "token=%22", "token='", "a://b:", "a://b:c/", "Authorization: Basic ", "Bearer "} {
				redact.Text(append([]byte(first), text...))
			}
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

func BenchmarkText(b *testing.B) {
	line := []byte(strings.Join(harmless, "\n"))
	b.SetBytes(int64(len(line)))
	for b.Loop() {
		redact.Text(line)
	}
}
