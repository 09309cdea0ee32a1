package ssm_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pay-theory/streamer/emulator/ssm"
)

const signature = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261128/us-east-1/ssm/aws4_request, SignedHeaders=host, Signature=0"

func ask(t *testing.T, store ssm.Store, header http.Header, body string) (status int, answer map[string]any) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Authorization", signature)
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "AmazonSSM.GetParametersByPath")
	for name, values := range header {
		r.Header[name] = values
	}
	w := httptest.NewRecorder()
	store.ServeHTTP(w, r)
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Fatal(err)
	}
	return w.Code, answer
}

func named(answer map[string]any) map[string]string {
	got := map[string]string{}
	for _, p := range answer["Parameters"].([]any) {
		got[p.(map[string]any)["Name"].(string)] = p.(map[string]any)["Value"].(string)
	}
	return got
}

func TestParametersBelowAPath(t *testing.T) {
	t.Parallel()
	store := ssm.Store{"/shop/prod/A": "1", "/shop/prod/B": "2", "/shop/prod/deep/C": "3", "/shop/production/D": "4"}
	for body, want := range map[string]map[string]string{
		`{"Path":"/shop/prod/","WithDecryption":true}`:                 {"/shop/prod/A": "1", "/shop/prod/B": "2"},
		`{"Path":"/shop/prod","WithDecryption":true}`:                  {"/shop/prod/A": "1", "/shop/prod/B": "2"},
		`{"Path":"/shop/prod"}`:                                        {"/shop/prod/A": ssm.Encrypted, "/shop/prod/B": ssm.Encrypted},
		`{"Path":"/shop/prod","WithDecryption":true,"Recursive":true}`: {"/shop/prod/A": "1", "/shop/prod/B": "2", "/shop/prod/deep/C": "3"},
		`{"Path":"/other/"}`:                                           {},
	} {
		t.Run(body, func(t *testing.T) {
			t.Parallel()
			status, answer := ask(t, store, nil, body)
			if status != http.StatusOK {
				t.Fatalf("got %d %v, want 200", status, answer)
			}
			if diff := cmp.Diff(want, named(answer)); diff != "" {
				t.Errorf("parameters (-want +got):\n%s", diff)
			}
		})
	}
}

// Pages have ten parameters at most, and together all.
func TestPages(t *testing.T) {
	t.Parallel()
	store, got := ssm.Store{}, map[string]string{}
	for i := range 25 {
		store[fmt.Sprintf("/shop/P%02d", i)] = fmt.Sprint(i)
	}
	token, pages := "", 0
	for more := true; more; pages++ {
		_, answer := ask(t, store, nil, `{"Path":"/shop/","WithDecryption":true,"NextToken":"`+token+`"}`)
		page := named(answer)
		if len(page) > 10 {
			t.Errorf("got a page of %d, want at most 10", len(page))
		}
		for name, value := range page {
			got[name] = value
		}
		token, more = answer["NextToken"].(string)
	}
	if diff := cmp.Diff(map[string]string(store), got); diff != "" || pages != 3 {
		t.Errorf("got %d pages, want 3; all (-want +got):\n%s", pages, diff)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for want, tt := range map[string]struct {
		header http.Header
		body   string
	}{
		"IncompleteSignatureException": {http.Header{"Authorization": {"Bearer x"}}, `{"Path":"/"}`},
		"UnknownOperationException":    {http.Header{"X-Amz-Target": {"AmazonSSM.PutParameter"}}, `{"Path":"/"}`},
		"SerializationException":       {nil, `{`},
		"ValidationException":          {nil, `{"Path":"shop"}`},
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			if status, answer := ask(t, ssm.Store{}, tt.header, tt.body); status != http.StatusBadRequest || answer["__type"] != want {
				t.Errorf("got %d %v, want 400 %s", status, answer, want)
			}
		})
	}
}
