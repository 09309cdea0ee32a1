package stack

import (
	"crypto/rand"

	"github.com/pay-theory/streamer/emulator/iam"
)

// makeCallers makes credentials as a role's are, which end with a session token: some for
// each function, whose key has its name so that its calls differ from the others', and some
// for who has started the stack.
func (s *Staging) makeCallers() {
	s.callers = &iam.Callers{Region: stagingRegion}
	add := func(id string) {
		s.callers.Known = append(s.callers.Known,
			iam.Credentials{AccessKeyID: id, SecretAccessKey: rand.Text(), SessionToken: rand.Text()})
	}
	for _, f := range s.plan.functions {
		add(f.short)
	}
	add("staging")
}

// variables are those in which AWS's clients look for credentials.
func variables(who iam.Credentials) []string {
	return []string{"AWS_REGION=" + stagingRegion, "AWS_DEFAULT_REGION=" + stagingRegion, "AWS_ACCESS_KEY_ID=" + who.AccessKeyID,
		"AWS_SECRET_ACCESS_KEY=" + who.SecretAccessKey, "AWS_SESSION_TOKEN=" + who.SessionToken}
}

// AWSVariables are those with which AWS's own clients, such as its CLI, reach the stack's
// services: credentials that last as long as the stack, and endpoints.
func (s *Staging) AWSVariables() []string {
	return append(variables(s.callers.Known[len(s.callers.Known)-1]), s.services...)
}
