// Package ssm plays the Parameter Store of AWS Systems Manager: reading parameters by
// their path, in its JSON protocol. It keeps them in memory.
package ssm

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// A Store is parameters by their names, such as /shop/prod/API_KEY, every one a
// SecureString. It answers the calls of any number of clients as long as it is not changed,
// and holds signatures to their form alone.
type Store map[string]string

// Encrypted is the value of a parameter for a call without decryption.
const Encrypted = "AQICAHg="

// pageSize is how many parameters an answer has at most.
const pageSize = 10

// in and out are the messages of GetParametersByPath:
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParametersByPath.html
type in struct {
	Path                      string
	Recursive, WithDecryption bool
	MaxResults                *int
	NextToken                 string // the name of the last parameter of the page before
}

type out struct {
	Parameters []parameter
	NextToken  string `json:",omitempty"`
}

type parameter struct {
	Name, Type, Value string
	Version           int
}

// ServeHTTP answers GetParametersByPath; other operations are refused by name.
func (s Store) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	const protocol, target = "application/x-amz-json-1.1", "AmazonSSM.GetParametersByPath"
	w.Header().Set("Content-Type", protocol)
	authorization := r.Header.Get("Authorization")
	switch {
	case !strings.HasPrefix(authorization, "AWS4-HMAC-SHA256 Credential=") || !strings.Contains(authorization, "/ssm/aws4_request"):
		refuse(w, "IncompleteSignatureException", "the call is not SigV4-signed for the service ssm")
		return
	case r.Header.Get("Content-Type") != protocol || r.Header.Get("X-Amz-Target") != target:
		refuse(w, "UnknownOperationException", "of the Parameter Store's operations "+target+" in "+protocol+" alone is known here")
		return
	}
	var asked in
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		refuse(w, "SerializationException", "the body is not JSON")
		return
	}
	if !strings.HasPrefix(asked.Path, "/") || asked.MaxResults != nil && (*asked.MaxResults < 1 || *asked.MaxResults > pageSize) {
		refuse(w, "ValidationException", "Path must begin with a slash, and MaxResults be from 1 to 10")
		return
	}
	_ = json.NewEncoder(w).Encode(s.page(asked)) // the caller may be gone
}

func (s Store) page(asked in) out {
	size := pageSize
	if asked.MaxResults != nil {
		size = *asked.MaxResults
	}
	under := strings.TrimSuffix(asked.Path, "/") + "/"
	found := out{Parameters: []parameter{}}
	for _, name := range slices.Sorted(maps.Keys(s)) {
		rest, below := strings.CutPrefix(name, under)
		if !below || name <= asked.NextToken || strings.Contains(rest, "/") && !asked.Recursive {
			continue
		}
		if len(found.Parameters) == size {
			found.NextToken = found.Parameters[size-1].Name
			break
		}
		value := s[name]
		if !asked.WithDecryption {
			value = Encrypted
		}
		found.Parameters = append(found.Parameters, parameter{Name: name, Type: "SecureString", Value: value, Version: 1})
	}
	return found
}

func refuse(w http.ResponseWriter, code, message string) {
	w.WriteHeader(http.StatusBadRequest)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": code, "message": message}) // the caller may be gone
}
