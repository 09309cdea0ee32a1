package verify

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Select returns the checks that a pattern of only matches, which is all of them when
// there is none, without those that a pattern of skip matches. A pattern is the name of
// a group, of a check, or "group/name"; * in it stands for any characters. One that
// matches no check is an error.
func Select(checks []Check, only, skip []string) ([]Check, error) {
	var selected []Check
	matched := map[string]bool{}
	matches := func(c Check, patterns []string) bool {
		some := false
		for _, pattern := range patterns {
			if c.matches(pattern) {
				matched[pattern] = true
				some = true
			}
		}
		return some
	}
	for _, c := range checks {
		in, out := matches(c, only), matches(c, skip)
		if (in || len(only) == 0) && !out {
			selected = append(selected, c)
		}
	}
	for _, pattern := range slices.Concat(only, skip) {
		if !matched[pattern] {
			return nil, fmt.Errorf("%q matches no check: give a group, a name or group/name, with * for any characters", pattern)
		}
	}
	return selected, nil
}

func (c Check) matches(pattern string) bool {
	expression := regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*") + "$")
	return slices.ContainsFunc([]string{c.Group, c.Name, c.Group + "/" + c.Name}, expression.MatchString)
}
