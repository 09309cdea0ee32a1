package functions_test

import (
	"strings"
	"testing"
)

// A subject that is named like the wildcard reads nothing of its tenant's.
func TestASubjectNamedLikeTheWildcard(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.call(t, bearer(s.token(t, nil)), "POST", "/requests", "", `{"id":"r1","action":"long"}`)
	star := bearer(s.token(t, map[string]any{"sub": "*"}))
	for name, path := range map[string]string{"requests": "/requests", "a request": "/requests/r1", "connections": "/connections"} {
		t.Run(name, func(t *testing.T) {
			answer := s.call(t, star, "GET", path, "", "")
			if answer.Status != 401 || !strings.Contains(string(answer.Body), `"code":"UNAUTHORIZED"`) {
				t.Errorf("got %d %s, want 401 with UNAUTHORIZED", answer.Status, answer.Body)
			}
		})
	}
}
