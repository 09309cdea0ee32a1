package iam_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/pay-theory/streamer/emulator/iam"
	"github.com/pay-theory/streamer/lift/sigv4"
)

// A service takes the calls of one caller.
func Example() {
	router := iam.Credentials{AccessKeyID: "ASIAROUTER", SecretAccessKey: "a secret", SessionToken: "a token"}
	callers := iam.Callers{Region: "eu-west-1", Known: []iam.Credentials{router}}
	server := httptest.NewServer(callers.Require("dynamodb", http.NotFoundHandler()))
	defer server.Close()

	for _, secret := range []string{"a secret", "another"} {
		who := sigv4.Credentials{AccessKeyID: "ASIAROUTER", SecretAccessKey: secret, SessionToken: "a token"}
		signer := sigv4.Signer{Service: "dynamodb", Region: "eu-west-1", Credentials: sigv4.Static(who)}
		call, err := http.NewRequest("POST", server.URL, nil)
		if err != nil {
			panic(err)
		}
		call.Header.Set("X-Amz-Target", "DynamoDB_20120810.ListTables")
		if err := signer.Sign(call, nil, time.Now()); err != nil {
			panic(err)
		}
		answer, err := http.DefaultClient.Do(call)
		if err != nil {
			panic(err)
		}
		answer.Body.Close()
		fmt.Println(answer.Status)
	}
	// Output:
	// 404 Not Found
	// 400 Bad Request
}
