package rules

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A schema is how a table is made, as DescribeTable says it.
type schema struct {
	AttributeDefinitions   []struct{ AttributeName, AttributeType string }
	KeySchema              []keyPart
	GlobalSecondaryIndexes []index
	LocalSecondaryIndexes  []index
}

type keyPart struct{ AttributeName, KeyType string }

type index struct {
	IndexName string
	KeySchema []keyPart
}

func (s *schema) typeOf(attribute string) string {
	for _, d := range s.AttributeDefinitions {
		if d.AttributeName == attribute {
			return d.AttributeType
		}
	}
	return ""
}

func (s *schema) indexes() []index {
	return slices.Concat(s.GlobalSecondaryIndexes, s.LocalSecondaryIndexes)
}

// index is the key schema of an index; false: the table has none of the name.
func (s *schema) index(name string) ([]keyPart, bool) {
	at := slices.IndexFunc(s.indexes(), func(i index) bool { return i.IndexName == name })
	if at < 0 {
		return nil, false
	}
	return s.indexes()[at].KeySchema, true
}

func isPart(schema []keyPart, attribute string) bool {
	return slices.ContainsFunc(schema, func(k keyPart) bool { return k.AttributeName == attribute })
}

const longestPartitionKey, longestSortKey = 2048, 1024

// primaryKey wants of a key exactly the table's attributes, in their types.
func primaryKey(_ *call, a *action, s *schema) string {
	for _, key := range a.keys() {
		matches := len(key) == len(s.KeySchema)
		for _, k := range s.KeySchema {
			matches = matches && key[k.AttributeName].kind() == s.typeOf(k.AttributeName)
		}
		if !matches {
			return "The provided key element does not match the schema"
		}
	}
	return ""
}

// keysOfItem wants of an item the table's key, in its types.
func keysOfItem(_ *call, a *action, s *schema) string {
	if a.kind != "Put" {
		return ""
	}
	for _, k := range s.KeySchema {
		v, present := a.Item[k.AttributeName]
		if !present {
			return "One or more parameter values were invalid: Missing the key " + k.AttributeName + " in the item"
		}
		if want := s.typeOf(k.AttributeName); v.kind() != want {
			return "One or more parameter values were invalid: Type mismatch for key " + k.AttributeName + " expected: " + want +
				" actual: " + v.kind()
		}
	}
	return ""
}

// written are the keys and items that an action names.
func (a *action) written() []item {
	if a.kind == "Put" {
		return []item{a.Item}
	}
	return a.keys()
}

// isEmpty is "string" or "binary" of an empty one.
func isEmpty(v value) string {
	switch {
	case v.S != nil && *v.S == "":
		return "string"
	case v.B != nil && *v.B == "":
		return "binary"
	}
	return ""
}

func emptyKey(_ *call, a *action, s *schema) string {
	for _, i := range a.written() {
		for _, k := range s.KeySchema {
			if empty := isEmpty(i[k.AttributeName]); empty != "" {
				return emptyValue(empty, k)
			}
		}
	}
	return ""
}

func emptyValue(empty string, k keyPart) string {
	return "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty " + empty +
		" value. Key: " + k.AttributeName
}

func keySize(_ *call, a *action, s *schema) string {
	for _, i := range a.written() {
		for _, k := range s.KeySchema {
			if wrong := k.tooLong(i[k.AttributeName]); wrong != "" {
				return wrong
			}
		}
	}
	return ""
}

// tooLong says so of a value of the key's attribute.
func (k keyPart) tooLong(v value) string {
	switch size := v.size(); {
	case k.KeyType == "HASH" && size > longestPartitionKey:
		return "One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes"
	case k.KeyType == "RANGE" && size > longestSortKey:
		return "One or more parameter values were invalid: Aggregated size of all range keys has exceeded the size limit of 1024 bytes"
	}
	return ""
}

// assigned are the attributes that an action sets to values of its own: a put's item, and what
// an update sets whole.
func (a *action) assigned() item {
	if a.kind != "Update" {
		return a.Item
	}
	all := item{}
	for _, e := range a.expressions() {
		if e.parameter != "UpdateExpression" {
			continue
		}
		for _, t := range e.targets {
			v, known := a.ExpressionAttributeValues[e.at(t.from+1)]
			end := e.at(t.from + 2)
			if t.clause == "SET" && len(t.path) == 1 && known && (end == "" || end == "," || e.keyword(t.from+2, clauses)) {
				all[t.path[0]] = v
			}
		}
	}
	return all
}

// indexKeys wants of an attribute that is a key of an index its type, a value and a size.
func indexKeys(_ *call, a *action, s *schema) string {
	if a.kind != "Put" && a.kind != "Update" {
		return ""
	}
	assigned := a.assigned()
	for _, i := range s.indexes() {
		for _, k := range i.KeySchema {
			v, present := assigned[k.AttributeName]
			if !present || isPart(s.KeySchema, k.AttributeName) {
				continue
			}
			want := s.typeOf(k.AttributeName)
			switch empty := isEmpty(v); {
			case v.kind() != want:
				return "One or more parameter values were invalid: Type mismatch for Index Key " + k.AttributeName + " Expected: " + want +
					" Actual: " + v.kind() + " IndexName: " + i.IndexName
			case empty != "":
				return "One or more parameter values are not valid. A value specified for a secondary index key is not supported. " +
					"The AttributeValue for a key attribute cannot contain an empty " + empty + " value. IndexName: " + i.IndexName +
					", IndexKey: " + k.AttributeName
			case k.tooLong(v) != "":
				return k.tooLong(v)
			}
		}
	}
	return ""
}

// keyUpdate wants an update to leave the primary key as it is.
func keyUpdate(_ *call, a *action, s *schema) string {
	for _, e := range a.expressions() {
		if e.parameter != "UpdateExpression" {
			continue
		}
		for _, t := range e.targets {
			if isPart(s.KeySchema, t.path[0]) {
				return "One or more parameter values were invalid: Cannot update attribute " + t.path[0] + ". This attribute is part of the key"
			}
		}
	}
	return ""
}

// identity is the primary key of what an action names, as text.
func (s *schema) identity(table string, key item) string {
	var parts []string
	for _, k := range s.KeySchema {
		v := key[k.AttributeName]
		parts = append(parts, v.kind())
		switch {
		case v.S != nil:
			parts = append(parts, *v.S)
		case v.B != nil:
			parts = append(parts, *v.B)
		case v.N != nil:
			n, _ := parseNumber(*v.N)
			parts = append(parts, fmt.Sprint(n))
		}
	}
	return table + "\x00" + strings.Join(parts, "\x00")
}

// oneItemOnce wants each item at most once in a transaction and in a batch.
func oneItemOnce(c *call) string {
	seen := map[string]bool{}
	for _, a := range c.actions {
		s := c.schema(a.TableName)
		if s == nil {
			continue
		}
		for _, i := range a.written() {
			key := s.identity(a.TableName, i)
			switch {
			case !seen[key]:
				seen[key] = true
			case strings.HasPrefix(c.operation, "Transact"):
				return "Transaction request cannot include multiple operations on one item"
			default:
				return "Provided list of item keys contains duplicates"
			}
		}
	}
	return ""
}

// sortedKeys are a map's, so that what is said of it is the same each time.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
