// Package iam plays how AWS knows its callers: by the signature of each call, which it
// makes again with AWS's own signer and compares. It knows no policies: who signs well
// may do everything.
package iam

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

const (
	// mostBody is above what any of the services takes, DynamoDB's 16 MiB the most.
	mostBody = 20 << 20

	// validFor is how far a signature's time may be from now (IAM User Guide, "AWS
	// Signature Version 4 for API requests", "When a request expires").
	validFor = 5 * time.Minute

	dateLayout = "20060102T150405Z"
)

// Credentials are those of a caller. SessionToken is empty for a key that does not end.
type Credentials struct{ AccessKeyID, SecretAccessKey, SessionToken string }

// Callers are the credentials of those whose calls are taken, in one region.
type Callers struct {
	Region string
	Known  []Credentials
	Now    func() time.Time // nil: time.Now
}

// An Error is why a call is refused, with the code and text that AWS has for it
// (IAM User Guide, "Troubleshoot Signature Version 4 signing").
type Error struct{ Code, Message string }

func (e *Error) Error() string { return e.Code + ": " + e.Message }

func errSignature(format string, args ...any) *Error {
	return &Error{"InvalidSignatureException", fmt.Sprintf(format, args...)}
}

var (
	errMissing = &Error{"MissingAuthenticationTokenException", "Missing Authentication Token"}
	errToken   = &Error{"UnrecognizedClientException", "The security token included in the request is invalid."}
)

// Verify returns nil for a call of a service, such as dynamodb, that one of the callers
// has signed, with the session token among what is signed, and else an *Error. It reads
// the body and puts a copy into its place.
func (c Callers) Verify(r *http.Request, service string) error {
	signed, err := parse(r.Header.Get("Authorization"))
	if err != nil {
		return err
	}
	at, err := time.Parse(dateLayout, r.Header.Get("X-Amz-Date"))
	if err != nil {
		return errSignature("Date must be in ISO-8601 'basic format'. Got '%s'.", r.Header.Get("X-Amz-Date"))
	}
	now := time.Now
	if c.Now != nil {
		now = c.Now
	}
	scope := at.Format("20060102") + "/" + c.Region + "/" + service + "/aws4_request"
	from, until := now().UTC().Add(-validFor), now().UTC().Add(validFor)
	switch {
	case at.Before(from):
		return errSignature("Signature expired: %s is now earlier than %s", at.Format(dateLayout), from.Format(dateLayout))
	case at.After(until):
		return errSignature("Signature not yet current: %s is still later than %s", at.Format(dateLayout), until.Format(dateLayout))
	case signed.scope != scope:
		return errSignature("Credential should be scoped to %s, got %s.", scope, signed.scope)
	}
	known := slices.IndexFunc(c.Known, func(k Credentials) bool { return k.AccessKeyID == signed.id })
	if known < 0 || c.Known[known].SessionToken != r.Header.Get("X-Amz-Security-Token") {
		return errToken
	}
	if missing := signed.leavesOut(r.Header); missing != "" {
		return errSignature("'%s' must be a 'SignedHeader' in the AWS Authorization.", missing)
	}
	want, err := signed.again(r, c.Known[known], service, c.Region, at)
	if err != nil {
		return err
	}
	if !hmac.Equal([]byte(want), []byte(signed.signature)) {
		return errSignature("The request signature we calculated does not match the signature you provided. " +
			"Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")
	}
	return nil
}

// Require lets calls of a service through that Verify takes, and answers the others as the
// service's protocol does: with the exception in XML for a form (AWS query), in JSON for a call
// that names its operation in X-Amz-Target (AWS JSON), else in a header (AWS REST JSON).
// https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#operation-error-serialization
// https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#operation-error-serialization
func (c Callers) Require(service string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := c.Verify(r, service)
		if refused, ok := errors.AsType[*Error](err); ok {
			refused.write(w, r)
			return
		}
		if err != nil {
			return // the caller has gone
		}
		next.ServeHTTP(w, r)
	})
}

// write answers a call that is refused.
func (e *Error) write(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded"):
		code := map[string]string{"InvalidSignatureException": "SignatureDoesNotMatch", "UnrecognizedClientException": "InvalidClientTokenId",
			"MissingAuthenticationTokenException": "MissingAuthenticationToken", "IncompleteSignatureException": "IncompleteSignature"}[e.Code]
		w.Header().Set("Content-Type", "text/xml")
		w.WriteHeader(http.StatusForbidden)
		type fault struct{ Type, Code, Message string }
		_ = xml.NewEncoder(w).Encode(struct {
			XMLName xml.Name `xml:"ErrorResponse"`
			Error   fault
		}{Error: fault{"Sender", code, e.Message}})
	case r.Header.Get("X-Amz-Target") != "":
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.WriteHeader(http.StatusBadRequest)
		json.NewEncoder(w).Encode(map[string]string{"__type": "com.amazon.coral.service#" + e.Code, "message": e.Message})
	default:
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Amzn-Errortype", e.Code)
		w.WriteHeader(http.StatusForbidden)
		json.NewEncoder(w).Encode(map[string]string{"message": e.Message})
	}
}

// An authorization is the header of that name.
type authorization struct {
	id, scope, signature string
	headers              []string
}

// parse reads "AWS4-HMAC-SHA256 Credential=ID/SCOPE, SignedHeaders=a;b, Signature=HEX".
func parse(header string) (a authorization, err error) {
	rest, ok := strings.CutPrefix(header, "AWS4-HMAC-SHA256 ")
	if !ok {
		return a, errMissing
	}
	for part := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "Credential":
			a.id, a.scope, _ = strings.Cut(value, "/")
		case "SignedHeaders":
			a.headers = strings.Split(value, ";")
		case "Signature":
			a.signature = value
		}
	}
	if a.id == "" || a.headers == nil || a.signature == "" {
		return a, &Error{"IncompleteSignatureException",
			"Authorization header requires 'Credential', 'SignedHeaders' and 'Signature' parameters."}
	}
	return a, nil
}

// leavesOut is a header that has to be signed and is not, or "".
func (a authorization) leavesOut(header http.Header) string {
	required := []string{"host"}
	for name := range header {
		if name = strings.ToLower(name); strings.HasPrefix(name, "x-amz-") {
			required = append(required, name)
		}
	}
	slices.Sort(required)
	for _, name := range required {
		if !slices.Contains(a.headers, name) {
			return name
		}
	}
	return ""
}

// again is the signature that AWS's signer makes of what was signed.
func (a authorization) again(r *http.Request, who Credentials, service, region string, at time.Time) (string, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, mostBody))
	if err != nil {
		return "", fmt.Errorf("iam: read the call: %w", err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	twin := (&http.Request{Method: r.Method, URL: r.URL, Host: r.Host, Header: http.Header{}}).WithContext(context.WithoutCancel(r.Context()))
	for _, name := range a.headers {
		if name == "content-length" {
			twin.ContentLength = r.ContentLength
		} else if values := r.Header.Values(name); values != nil {
			twin.Header[http.CanonicalHeaderKey(name)] = slices.Clone(values)
		}
	}
	sum := sha256.Sum256(body)
	err = v4.NewSigner().SignHTTP(twin.Context(), aws.Credentials{AccessKeyID: who.AccessKeyID,
		SecretAccessKey: who.SecretAccessKey, SessionToken: who.SessionToken}, twin, hex.EncodeToString(sum[:]), service, region, at)
	if err != nil {
		return "", fmt.Errorf("iam: sign the call again: %w", err)
	}
	signed, err := parse(twin.Header.Get("Authorization"))
	return signed.signature, err
}
