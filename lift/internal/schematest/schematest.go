// Package schematest checks in tests what Lift writes for CloudWatch and X-Ray
// against the rules that AWS documents. The schemas beside it state them.
package schematest

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

//go:embed emf.json
var emf string

//go:embed segment.json
var segment string

var (
	emfSchema     = sync.OnceValue(func() *jsonschema.Schema { return compile("emf.json", emf) })
	segmentSchema = sync.OnceValue(func() *jsonschema.Schema { return compile("segment.json", segment) })
)

func compile(name, text string) *jsonschema.Schema {
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		panic(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(name, doc); err != nil {
		panic(err)
	}
	return c.MustCompile(name)
}

// EMF checks a line of the embedded metric format, and the rules that a schema
// cannot state: what the directives refer to is there, once, and of its kind.
func EMF(t testing.TB, line []byte) {
	t.Helper()
	if err := emfFault(line); err != nil {
		t.Errorf("the line is not in embedded metric format: %v\n%s", err, line)
	}
}

func emfFault(line []byte) error {
	if len(line) > 256<<10 {
		return fmt.Errorf("it has %d bytes", len(line))
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(line))
	if err != nil {
		return err
	}
	if err := emfSchema().Validate(doc); err != nil {
		return err
	}
	if err := uniqueMembers(line); err != nil {
		return err
	}
	root := doc.(map[string]any)
	for _, d := range root["_aws"].(map[string]any)["CloudWatchMetrics"].([]any) {
		directive := d.(map[string]any)
		for _, set := range directive["Dimensions"].([]any) {
			for _, name := range set.([]any) {
				if value, ok := root[name.(string)].(string); !ok || value == "" || len(value) > 1024 {
					return fmt.Errorf("dimension %v has the value %v", name, root[name.(string)])
				}
			}
		}
		for _, m := range directive["Metrics"].([]any) {
			name := m.(map[string]any)["Name"].(string)
			switch value := root[name].(type) {
			case json.Number:
			case []any:
				if len(value) == 0 || len(value) > 100 {
					return fmt.Errorf("metric %s has %d values", name, len(value))
				}
				for _, v := range value {
					if _, ok := v.(json.Number); !ok {
						return fmt.Errorf("metric %s has the value %v", name, v)
					}
				}
			default:
				return fmt.Errorf("metric %s has the value %v", name, value)
			}
		}
	}
	return nil
}

// uniqueMembers checks that the outermost object has no name twice.
func uniqueMembers(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	if _, err := d.Token(); err != nil {
		return err
	}
	seen := make(map[string]bool)
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		if seen[name.(string)] {
			return fmt.Errorf("member %s is there twice", name)
		}
		seen[name.(string)] = true
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return err
		}
	}
	return nil
}

// Segment checks a segment document of X-Ray.
func Segment(t testing.TB, document []byte) {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err == nil {
		err = segmentSchema().Validate(doc)
	}
	if err == nil && len(document) > 64<<10 {
		err = fmt.Errorf("it has %d bytes", len(document))
	}
	if err != nil {
		t.Errorf("X-Ray would not take the document: %v\n%s", err, document)
	}
}
