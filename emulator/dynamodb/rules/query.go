package rules

import (
	"cmp"
	"encoding/base64"
	"slices"
	"strings"
)

// readSchema is that of the keys which a query or scan reads by.
func (a *action) readSchema(s *schema) []keyPart {
	if read, found := s.index(a.IndexName); found {
		return read
	}
	return s.KeySchema
}

// keyFilter wants a query's filter to be of other attributes than its key condition.
func keyFilter(_ *call, a *action, s *schema) string {
	for _, e := range a.expressions() {
		if e.parameter != "FilterExpression" || a.kind != "Query" {
			continue
		}
		for _, p := range e.paths(a.ExpressionAttributeNames) {
			if isPart(a.readSchema(s), p[0]) {
				return "Filter Expression can only contain non-primary key attributes: Primary key attribute: " + p[0]
			}
		}
	}
	return ""
}

// A condition is what a query asks of an attribute of the key.
type condition struct {
	attribute, operator string
	values              []value
}

// conditions are those of a key condition: an attribute, an operator and its values, or a
// function of the attribute and a value.
func (e expression) conditions(a *action) []condition {
	var all []condition
	for n := 0; n < len(e.tokens); n++ {
		switch token := e.at(n); {
		case e.attribute(n) || token[0] == '#':
			c := condition{operator: "begins_with"}
			if e.at(n-1) != "(" || e.at(n-2) != c.operator {
				c.operator = strings.ToUpper(e.at(n + 1))
				if e.at(n+2) == "=" { // <= and >=
					c.operator += "="
				}
			}
			var p path
			p, n = e.path(n, a.ExpressionAttributeNames)
			c.attribute = p[0]
			all = append(all, c)
			n--
		case token[0] == ':' && len(all) > 0:
			last := &all[len(all)-1]
			last.values = append(last.values, a.ExpressionAttributeValues[token])
		}
	}
	return all
}

// keyConditions are those of the action, if it has any.
func (a *action) keyConditions() []condition {
	for _, e := range a.expressions() {
		if e.parameter == "KeyConditionExpression" {
			return e.conditions(a)
		}
	}
	return nil
}

// keyCondition wants the partition key of what is read, nothing that is not of its key, and
// values of the key's types.
func keyCondition(_ *call, a *action, s *schema) string {
	conditions := a.keyConditions()
	if conditions == nil {
		return ""
	}
	read := a.readSchema(s)
	for _, c := range conditions {
		if !isPart(read, c.attribute) {
			return "Query key condition not supported"
		}
	}
	for _, k := range read {
		at := slices.IndexFunc(conditions, func(c condition) bool { return c.attribute == k.AttributeName })
		if at < 0 {
			if k.KeyType == "HASH" {
				return "Query condition missed key schema element: " + k.AttributeName
			}
			continue
		}
		for _, v := range conditions[at].values {
			if v.kind() != s.typeOf(k.AttributeName) {
				return "One or more parameter values were invalid: Condition parameter type does not match schema type"
			}
			if empty := isEmpty(v); empty != "" && k.KeyType == "HASH" {
				return emptyValue(empty, k)
			}
		}
	}
	return ""
}

// holds reports whether a valid value of the key's type meets a condition.
func (c condition) holds(v value) bool {
	if len(c.values) == 0 {
		return true
	}
	first := v.compare(c.values[0])
	switch c.operator {
	case "=":
		return first == 0
	case "<":
		return first < 0
	case "<=":
		return first <= 0
	case ">":
		return first > 0
	case ">=":
		return first >= 0
	case "BETWEEN":
		return first >= 0 && v.compare(c.values[len(c.values)-1]) <= 0
	case "begins_with":
		return strings.HasPrefix(v.sorts(), c.values[0].sorts())
	}
	return true
}

// sorts is a string or binary as it sorts.
func (v value) sorts() string {
	switch {
	case v.S != nil:
		return *v.S
	case v.B != nil:
		raw, _ := base64.StdEncoding.DecodeString(*v.B) // what is not valid is the server's to refuse
		return string(raw)
	}
	return ""
}

func (v value) compare(other value) int {
	if v.N == nil || other.N == nil {
		return strings.Compare(v.sorts(), other.sorts())
	}
	a, _ := parseNumber(*v.N)
	b, _ := parseNumber(*other.N)
	return a.compare(b)
}

func (n number) sign() int {
	switch {
	case n.digits == "":
		return 0
	case n.negative:
		return -1
	}
	return 1
}

func (n number) compare(other number) int {
	if sign := n.sign(); sign != other.sign() || sign == 0 {
		return cmp.Compare(sign, other.sign())
	}
	return n.sign() * cmp.Or(cmp.Compare(n.power, other.power), strings.Compare(n.digits, other.digits))
}

// startKey wants of ExclusiveStartKey the key of the table and that of the index, in their types,
// and one that the query could have read.
func startKey(_ *call, a *action, s *schema) string {
	if a.ExclusiveStartKey == nil {
		return ""
	}
	wanted := map[string]bool{}
	for _, k := range slices.Concat(s.KeySchema, a.readSchema(s)) {
		wanted[k.AttributeName] = true
	}
	matches := len(wanted) == len(a.ExclusiveStartKey)
	for name := range wanted {
		v := a.ExclusiveStartKey[name]
		matches = matches && v.kind() == s.typeOf(name) && isEmpty(v) == ""
	}
	if !matches {
		return "The provided starting key is invalid"
	}
	for _, c := range a.keyConditions() {
		if !c.holds(a.ExclusiveStartKey[c.attribute]) {
			return "The provided starting key is outside query boundaries based on provided conditions"
		}
	}
	return ""
}

// consistentIndex wants reads of a global index to be eventually consistent.
func consistentIndex(_ *call, a *action, s *schema) string {
	global := slices.ContainsFunc(s.GlobalSecondaryIndexes, func(i index) bool { return i.IndexName == a.IndexName })
	if a.ConsistentRead && global {
		return "Consistent reads are not supported on global secondary indexes"
	}
	return ""
}
