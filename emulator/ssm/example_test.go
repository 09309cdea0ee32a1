package ssm_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/pay-theory/streamer/emulator/ssm"
)

// A client whose endpoint is the server's finds its parameters there.
func ExampleStore() {
	server := httptest.NewServer(ssm.Store{"/shop/prod/API_KEY": "sesame"})
	defer server.Close()
	req, err := http.NewRequest(http.MethodPost, server.URL, strings.NewReader(`{"Path":"/shop/prod/","WithDecryption":true}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	req.Header.Set("Authorization", signature)
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	req.Header.Set("X-Amz-Target", "AmazonSSM.GetParametersByPath")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer res.Body.Close()
	_, _ = io.Copy(stdout{}, res.Body)
	// Output: {"Parameters":[{"Name":"/shop/prod/API_KEY","Type":"SecureString","Value":"sesame","Version":1}]}
}

type stdout struct{}

func (stdout) Write(p []byte) (int, error) { return fmt.Print(string(p)) }
