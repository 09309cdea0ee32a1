package rules

import (
	"slices"
	"strings"
)

// An expression is one of an action's, in tokens.
type expression struct {
	parameter, text string
	tokens          []string
	targets         []target // of an update, and the paths of a projection
}

// expressions are those that an action has, in the order in which DynamoDB reads them.
func (a *action) expressions() []expression {
	if a.read {
		return a.parsed
	}
	a.read = true
	for _, p := range []struct {
		name string
		text *string
	}{
		{"UpdateExpression", a.UpdateExpression}, {"ConditionExpression", a.ConditionExpression},
		{"KeyConditionExpression", a.KeyConditionExpression}, {"FilterExpression", a.FilterExpression},
		{"ProjectionExpression", a.ProjectionExpression},
	} {
		if p.text != nil {
			e := expression{parameter: p.name, text: *p.text, tokens: tokens(*p.text)}
			e.targets = e.findTargets(a.ExpressionAttributeNames)
			a.parsed = append(a.parsed, e)
		}
	}
	return a.parsed
}

// invalid is what is said of an expression.
func (e expression) invalid(wrong string) string { return "Invalid " + e.parameter + ": " + wrong }

// tokens splits an expression: names, words and numbers whole, all else a sign each.
func tokens(text string) []string {
	part := func(c byte) bool {
		return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
	}
	var all []string
	for at := 0; at < len(text); {
		end := at + 1
		if c := text[at]; part(c) || c == '#' || c == ':' {
			for end < len(text) && part(text[end]) {
				end++
			}
		}
		if token := strings.TrimSpace(text[at:end]); token != "" {
			all = append(all, token)
		}
		at = end
	}
	return all
}

// at is a token, or none before the first and behind the last.
func (e expression) at(n int) string {
	if n < 0 || n >= len(e.tokens) {
		return ""
	}
	return e.tokens[n]
}

func isWord(token string) bool {
	return token != "" && (token[0] == '_' || strings.ToUpper(token[:1]) != strings.ToLower(token[:1]))
}

var (
	clauses    = []string{"SET", "REMOVE", "ADD", "DELETE"}
	connective = []string{"AND", "OR", "NOT", "IN", "BETWEEN"}
)

// keyword reports whether the token at n is one of the words, and no attribute's name.
func (e expression) keyword(n int, words []string) bool {
	return slices.Contains(words, strings.ToUpper(e.at(n))) && e.at(n-1) != "."
}

// attribute reports whether the token at n is an attribute's name as it is.
func (e expression) attribute(n int) bool {
	words := connective
	if e.parameter == "UpdateExpression" {
		words = clauses
	}
	return isWord(e.at(n)) && e.at(n+1) != "(" && !e.keyword(n, words)
}

// A path leads to an attribute, or to what is in it: a name, or an index in brackets, each.
type path []string

func (p path) String() string { return "[" + strings.Join(p, ", ") + "]" }

// path reads one from the token at n, and returns where it ends.
func (e expression) path(n int, names map[string]string) (path, int) {
	name := func(token string) string {
		if known, found := names[token]; found {
			return known
		}
		return token
	}
	p := path{name(e.at(n))}
	for n++; ; {
		switch {
		case e.at(n) == "." && e.at(n+1) != "":
			p, n = append(p, name(e.at(n+1))), n+2
		case e.at(n) == "[" && e.at(n+2) == "]":
			p, n = append(p, "["+e.at(n+1)+"]"), n+3
		default:
			return p, n
		}
	}
}

// paths are those of the whole expression.
func (e expression) paths(names map[string]string) []path {
	var all []path
	for n := 0; n < len(e.tokens); n++ {
		if e.attribute(n) || strings.HasPrefix(e.at(n), "#") {
			var p path
			p, n = e.path(n, names)
			all = append(all, p)
			n--
		}
	}
	return all
}

// A target is what an update writes: the path, by which clause, and from which token on it says
// what.
type target struct {
	path   path
	clause string
	from   int
}

// findTargets finds an update's, or a projection's paths; another expression has none.
func (e expression) findTargets(names map[string]string) []target {
	if e.parameter != "UpdateExpression" && e.parameter != "ProjectionExpression" {
		return nil
	}
	var all []target
	clause, depth := "", 0
	begins := e.parameter == "ProjectionExpression"
	for n := 0; n < len(e.tokens); n++ {
		switch token := e.at(n); {
		case begins:
			p, end := e.path(n, names)
			all = append(all, target{p, clause, end})
			begins, n = false, end-1
		case token == "(":
			depth++
		case token == ")":
			depth--
		case token == ",":
			begins = depth == 0
		case e.keyword(n, clauses) && e.parameter == "UpdateExpression":
			clause, begins = strings.ToUpper(token), true
		}
	}
	return all
}

const longestExpression, mostOperators, mostOperands = 4 << 10, 300, 100

// inParentheses is the number of elements of a list in parentheses that begins at n.
func (e expression) inParentheses(n int) int {
	elements, depth := 1, 0
	for ; n < len(e.tokens); n++ {
		switch e.at(n) {
		case "(":
			depth++
		case ")":
			depth--
		case ",":
			if depth == 1 {
				elements++
			}
		}
		if depth == 0 {
			break
		}
	}
	return elements
}

func notEmpty(_ *action, e expression) string {
	if e.text == "" {
		return e.invalid("The expression can not be empty;")
	}
	return ""
}

func expressionLength(_ *action, e expression) string {
	if len(e.text) > longestExpression {
		return e.invalid("Expression size has exceeded the maximum allowed size; expression size: " + itoa(len(e.text)))
	}
	return ""
}

func reservedWord(_ *action, e expression) string {
	for n, token := range e.tokens {
		if e.attribute(n) && reserved[strings.ToUpper(token)] {
			return e.invalid("Attribute name is a reserved keyword; reserved keyword: " + token)
		}
	}
	return ""
}

func namesDefined(a *action, e expression) string {
	for _, token := range e.tokens {
		if _, defined := a.ExpressionAttributeNames[token]; token[0] == '#' && !defined {
			return e.invalid("An expression attribute name used in the document path is not defined; attribute name: " + token)
		}
	}
	return ""
}

func valuesDefined(a *action, e expression) string {
	for _, token := range e.tokens {
		if _, defined := a.ExpressionAttributeValues[token]; token[0] == ':' && !defined {
			return e.invalid("An expression attribute value used in expression is not defined; attribute value: " + token)
		}
	}
	return ""
}

func operators(_ *action, e expression) string {
	count := 0
	for n, token := range e.tokens {
		if token == "+" || token == "-" || isWord(token) && e.at(n+1) == "(" && !e.keyword(n, connective) {
			count++
		}
	}
	if e.parameter == "UpdateExpression" && count > mostOperators {
		return e.invalid("The expression contains too many operators and functions: " + itoa(count))
	}
	return ""
}

func operandsOfIn(_ *action, e expression) string {
	for n := range e.tokens {
		if e.parameter == "UpdateExpression" || !e.keyword(n, []string{"IN"}) {
			continue
		}
		if elements := e.inParentheses(n + 1); elements > mostOperands {
			return e.invalid("Incorrect number of operands for operator or function; operator or function: IN, number of operands: " +
				itoa(elements+1))
		}
	}
	return ""
}

// overlap wants targets that are apart: none is, or is in, another's.
func overlap(_ *action, e expression) string {
	for n, other := range e.targets {
		for _, one := range e.targets[:n] {
			common := 0
			for common < min(len(one.path), len(other.path)) && one.path[common] == other.path[common] {
				common++
			}
			with := ""
			switch {
			case common == min(len(one.path), len(other.path)):
				with = "overlap"
			case common > 0 && one.path[common][0] == '[' != (other.path[common][0] == '['):
				with = "conflict"
			}
			if with != "" {
				return e.invalid("Two document paths " + with + " with each other; must remove or rewrite one of these paths; path one: " +
					one.path.String() + ", path two: " + other.path.String())
			}
		}
	}
	return ""
}

// operands are the types that a clause takes.
var operands = map[string][]string{"ADD": {"N", "SS", "NS", "BS"}, "DELETE": {"SS", "NS", "BS"}}

// operandType wants of ADD a number or a set, and of DELETE a set.
func operandType(a *action, e expression) string {
	for _, t := range e.targets {
		takes := operands[t.clause]
		v, defined := a.ExpressionAttributeValues[e.at(t.from)]
		if kind := v.kind(); takes != nil && defined && !slices.Contains(takes, kind) {
			return e.invalid("Incorrect operand type for operator or function; operator: " + t.clause + ", operand type: " + typeNames[kind] +
				", typeSet: ALLOWED_FOR_" + t.clause + "_OPERAND")
		}
	}
	return ""
}

var comparators = []string{"=", "<", ">"}

// comparison wants of a comparison two operands that are not the same path.
func comparison(a *action, e expression) string {
	if e.parameter == "UpdateExpression" || e.parameter == "ProjectionExpression" {
		return ""
	}
	for n, token := range e.tokens {
		if !e.attribute(n) && token[0] != '#' || e.at(n-1) == "." {
			continue
		}
		left, end := e.path(n, a.ExpressionAttributeNames)
		operator := ""
		for ; slices.Contains(comparators, e.at(end)); end++ {
			operator += e.at(end)
		}
		if operator == "" || !e.attribute(end) && !strings.HasPrefix(e.at(end), "#") {
			continue
		}
		if right, _ := e.path(end, a.ExpressionAttributeNames); slices.Equal(left, right) {
			return e.invalid("The first operand must be distinct from the remaining operands for this operator or function; operator: " +
				operator + ", first operand: " + left.String())
		}
	}
	return ""
}

// attributeType wants of attribute_type the name of one.
func attributeType(a *action, e expression) string {
	for n, token := range e.tokens {
		if token != "attribute_type" || e.at(n+1) != "(" {
			continue
		}
		_, end := e.path(n+2, a.ExpressionAttributeNames)
		v := a.ExpressionAttributeValues[e.at(end+1)]
		switch {
		case v.S == nil && v.kind() != "":
			return e.invalid("Incorrect operand type for operator or function; operator or function: attribute_type, operand type: " + v.kind())
		case v.S != nil && typeNames[*v.S] == "":
			return e.invalid("Invalid attribute type name found; type: " + *v.S + ", valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}")
		}
	}
	return ""
}
