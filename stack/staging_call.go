package stack

import (
	"net/http"
	"strings"
)

// A Call is a network call of a function to an AWS service.
type Call struct {
	Function  string // whose credentials it has
	Service   string // dynamodb, execute-api, lambda, sqs or ssm
	Operation string // such as UpdateItem; for execute-api and lambda the method
}

// observe reports the signed calls that arrive at a service.
func observe(report func(Call), service string, next http.Handler) http.Handler {
	if report == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/…
		if _, credential, ok := strings.Cut(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential="); ok {
			function, _, _ := strings.Cut(credential, "/")
			operation := r.Method
			if _, name, ok := strings.Cut(r.Header.Get("X-Amz-Target"), "."); ok {
				operation = name
			}
			report(Call{Function: function, Service: service, Operation: operation})
		}
		next.ServeHTTP(w, r)
	})
}
