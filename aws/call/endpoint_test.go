package call_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/pay-theory/streamer/aws/call"
	"github.com/pay-theory/streamer/lift/sigv4"
)

// A call goes to the address of the region's partition.
func TestEndpointOfARegion(t *testing.T) {
	t.Parallel()
	for region, want := range map[string]string{
		"eu-west-1": "dynamodb.eu-west-1.amazonaws.com", "us-gov-west-1": "dynamodb.us-gov-west-1.amazonaws.com",
		"ca-central-1": "dynamodb.ca-central-1.amazonaws.com", "cn-north-1": "dynamodb.cn-north-1.amazonaws.com.cn",
		"eusc-de-east-1": "dynamodb.eusc-de-east-1.amazonaws.eu", "us-iso-east-1": "dynamodb.us-iso-east-1.c2s.ic.gov",
		"us-isob-east-1": "dynamodb.us-isob-east-1.sc2s.sgov.gov", "eu-isoe-west-1": "dynamodb.eu-isoe-west-1.cloud.adc-e.uk",
		"us-isof-south-1": "dynamodb.us-isof-south-1.csp.hci.ic.gov",
	} {
		t.Run(region, func(t *testing.T) {
			t.Parallel()
			var got string
			client, err := call.New(call.Config{Service: "dynamodb", Region: region, Attempts: 1,
				Credentials: sigv4.Static(sigv4.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "sesame"}),
				Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
					got = r.URL.Host
					return nil, errors.New("not here")
				})})
			if err != nil {
				t.Fatal(err)
			}
			_ = client.Do(t.Context(), call.Request{Path: "/"}) // it has seen the address by then
			if got != want {
				t.Errorf("got the host %s, want %s", got, want)
			}
		})
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
