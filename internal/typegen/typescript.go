package typegen

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/lift/jsonschema"
)

// An alias is a name for what a JSON type alone does not say of a value.
type alias struct{ name, of, doc string }

var (
	int64Alias = alias{"Int64", "number",
		"An integer of 64 bits. JSON.parse rounds it beyond 2^53; the client's option `parse` may keep it exact."}
	timeAlias   = alias{"DateTime", "string", "A time as RFC 3339 has it."}
	base64Alias = alias{"Base64", "string", "Bytes in base64."}
)

// taken are the names that no type of the application gets.
func taken() []string { return []string{"Actions", int64Alias.name, timeAlias.name, base64Alias.name} }

// TypeScript returns a module with the interface Actions, which is the type parameter of
// the TypeScript client, and a type for each Go type that has a name.
func TypeScript(actions []streamer.Action, source *Source) []byte {
	d := describe(actions, source)
	p := printer{definitions: d.definitions, names: map[string]string{}, used: map[alias]bool{}}
	used := map[string]bool{}
	for _, name := range taken() {
		used[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(d.definitions)) {
		p.names[name] = unused(typeName(name), used)
	}
	p.actions(d.actions)
	byName := func(a, b string) int { return strings.Compare(p.names[a], p.names[b]) }
	for _, name := range slices.SortedFunc(maps.Keys(d.definitions), byName) {
		p.definition(name)
	}
	for _, a := range []alias{base64Alias, timeAlias, int64Alias} {
		if p.used[a] {
			p.linef("\n%sexport type %s = %s;", comment("", a.doc), a.name, a.of)
		}
	}
	return append([]byte("// "+generated+"\n"), p.text.String()...)
}

// unused returns a name, numbered if it is used.
func unused(name string, used map[string]bool) string {
	free := name
	for n := 2; used[free]; n++ {
		free = name + strconv.Itoa(n)
	}
	used[free] = true
	return free
}

// typeName makes the name of a type, such as BillingMoney, of that of a definition, such
// as billing.money.
func typeName(definition string) string {
	name := ""
	for _, word := range strings.FieldsFunc(definition, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		first, size := utf8.DecodeRuneInString(word)
		name += string(unicode.ToUpper(first)) + word[size:]
	}
	if name == "" || unicode.IsDigit(rune(name[0])) {
		return "T" + name
	}
	return name
}

// A printer writes TypeScript.
type printer struct {
	text        strings.Builder
	definitions map[string]jsonschema.Schema
	names       map[string]string // of the types, by their definitions'
	used        map[alias]bool
}

func (p *printer) linef(format string, args ...any) { fmt.Fprintf(&p.text, format+"\n", args...) }

// comment is the documentation of what follows it, if there is any.
func comment(indent, text string) string {
	text = strings.ReplaceAll(strings.TrimSpace(text), "*/", `*\/`)
	if text == "" {
		return ""
	}
	if !strings.Contains(text, "\n") {
		return indent + "/** " + text + " */\n"
	}
	lines := indent + "/**\n"
	for line := range strings.SplitSeq(text, "\n") {
		lines += strings.TrimRight(indent+" * "+line, " ") + "\n"
	}
	return lines + indent + " */\n"
}

func (p *printer) actions(actions []action) {
	p.linef("\n/** The actions of the application, for `new Streamer<Actions>(…)`. */\nexport interface Actions {")
	for _, a := range actions {
		p.linef("%s  %s: {", comment("  ", a.description), key(a.name))
		payload := p.typeOf(a.payload, "    ")
		if p.mayBeLeftOut(a.payload) {
			payload += " | undefined"
		}
		p.linef("    payload: %s;", payload)
		p.linef("    result: %s;", p.typeOf(a.result, "    "))
		if a.output != nil {
			p.linef("    output: %s;", p.typeOf(a.output, "    "))
		}
		if len(a.errors) > 0 {
			p.linef("    errors: %s;", literals(a.errors))
		}
		p.linef("  };")
	}
	p.linef("}")
}

// mayBeLeftOut reports whether a payload is an object that needs no field.
func (p *printer) mayBeLeftOut(s jsonschema.Schema) bool {
	if to, ok := s["$ref"].(jsonschema.Reference); ok {
		s = p.definitions[to.Name()]
	}
	return s["properties"] != nil && s["required"] == nil
}

// definition writes a type that has a name.
func (p *printer) definition(name string) {
	s := p.definitions[name]
	description, _ := s["description"].(string)
	if properties, ok := s["properties"].(jsonschema.Properties); ok && len(properties) > 0 {
		p.linef("\n%sexport interface %s %s", comment("", description), p.names[name], p.object(s, properties, ""))
		return
	}
	p.linef("\n%sexport type %s = %s;", comment("", description), p.names[name], p.typeOf(s, ""))
}

// typeOf returns the type of what a schema describes; its lines after the first are
// indented.
func (p *printer) typeOf(s jsonschema.Schema, indent string) string {
	if to, ok := s["$ref"].(jsonschema.Reference); ok {
		return p.names[to.Name()]
	}
	if values, ok := s["enum"].([]string); ok {
		return literals(values)
	}
	if choices, ok := s["anyOf"].([]jsonschema.Schema); ok {
		var types []string
		for _, choice := range choices {
			types = append(types, p.typeOf(choice, indent))
		}
		return strings.Join(types, " | ")
	}
	kinds, ok := s["type"].([]string)
	if !ok {
		kind, _ := s["type"].(string)
		kinds = []string{kind}
	}
	var types []string
	for _, kind := range kinds {
		types = append(types, p.kind(kind, s, indent))
	}
	return strings.Join(types, " | ")
}

// kind returns the type of the values of one JSON type that a schema describes.
func (p *printer) kind(kind string, s jsonschema.Schema, indent string) string {
	switch kind {
	case "boolean", "null":
		return kind
	case "number":
		return "number"
	case "integer":
		if s["format"] == "int64" || s["format"] == "uint64" {
			return p.alias(int64Alias)
		}
		return "number"
	case "string":
		switch {
		case s["format"] == "date-time":
			return p.alias(timeAlias)
		case s["contentEncoding"] == "base64":
			return p.alias(base64Alias)
		}
		return "string"
	case "array":
		items, _ := s["items"].(jsonschema.Schema)
		element := p.typeOf(items, indent)
		if strings.Contains(element, " | ") && !strings.HasSuffix(element, "}") {
			element = "(" + element + ")"
		}
		return element + "[]"
	case "object":
		if values, ok := s["additionalProperties"].(jsonschema.Schema); ok {
			return "{ [key: string]: " + p.typeOf(values, indent) + " }"
		}
		properties, _ := s["properties"].(jsonschema.Properties)
		return p.object(s, properties, indent)
	}
	return "unknown"
}

// object returns the type of an object with the properties.
func (p *printer) object(s jsonschema.Schema, properties jsonschema.Properties, indent string) string {
	if len(properties) == 0 {
		return "{ [key: string]: never }"
	}
	required, _ := s["required"].([]string)
	lines := "{\n"
	for _, property := range properties {
		description, _ := property.Schema["description"].(string)
		mark := "?"
		if slices.Contains(required, property.Name) {
			mark = ""
		}
		lines += comment(indent+"  ", description) +
			fmt.Sprintf("%s  %s%s: %s;\n", indent, key(property.Name), mark, p.typeOf(property.Schema, indent+"  "))
	}
	return lines + indent + "}"
}

func (p *printer) alias(a alias) string {
	p.used[a] = true
	return a.name
}

func literals(values []string) string {
	var quoted []string
	for _, value := range values {
		quoted = append(quoted, quote(value))
	}
	return strings.Join(quoted, " | ")
}

var identifier = regexp.MustCompile(`^[A-Za-z_$][A-Za-z0-9_$]*$`)

// key is the name of a property, quoted where it has to be.
func key(name string) string {
	if identifier.MatchString(name) {
		return name
	}
	return quote(name)
}

// quote makes a literal: JSON's strings are TypeScript's.
func quote(text string) string {
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string always encodes
	}
	return string(quoted)
}
