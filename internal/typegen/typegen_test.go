package typegen_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	validator "github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/internal/nodetest"
	"github.com/pay-theory/streamer/internal/typegen"
	"github.com/pay-theory/streamer/internal/typegen/testdata/billing"
	"github.com/pay-theory/streamer/wire"
)

var update = flag.Bool("update", false, "write the golden files")

// A speed is how fast an order is sent.
type speed string

// The speeds.
const (
	slow speed = "slow"
	fast       = speed("fast")
)

type (
	// An order is what to send: ended by */ in no case.
	//
	// It may have many lines.
	order struct {
		stamp
		ID    string `json:"id"` // names the order
		Lines []line `json:"lines"`
		Speed speed  `json:"speed,omitempty"`

		// Gift is a greeting.
		// It is printed.
		Gift  *string          `json:"gift"`
		Notes map[string]*node `json:"notes,omitempty"`
		Extra json.RawMessage  `json:"extra,omitempty"`
		Box   struct {
			Width  float64 `json:"width"`
			Height float64 `json:"height" doc:"in metres"`
		} `json:"box-size"`
		From netip.Addr `json:"from,omitzero"`
	}
	stamp struct {
		At time.Time `json:"at"` // when it was made
	}
	line struct {
		Item  string        `json:"item"`
		Price Money         `json:"price"`
		Tax   billing.Money `json:"tax"`
		Seal  []byte        `json:"seal,omitempty"`
	}
	// Money is another than billing's.
	Money struct {
		Amount json.Number `json:"amount"`
		Large  int64       `json:"large,string"`
	}
	node struct {
		Name     string  `json:"name"`
		Children []*node `json:"children,omitempty"`
	}
	page[T any] struct {
		Items []T    `json:"items"`
		Next  string `json:"next,omitempty"`
	}
	options struct {
		Limit int `json:"limit,omitempty"`
	}
	empty struct{}
)

func action[In, Out any](config streamer.ActionConfig) streamer.Action {
	return streamer.NewAction(config, func(context.Context, *streamer.Job, In) (out Out, err error) { return })
}

func actions() []streamer.Action {
	return []streamer.Action{
		action[order, page[line]](streamer.ActionConfig{Name: "ship", Long: true, Description: "Ships an order.", Output: line{},
			Errors: []wire.Code{wire.NotFound, "SOLD_OUT"}}),
		action[options, []speed](streamer.ActionConfig{Name: "list speeds"}),
		action[json.RawMessage, any](streamer.ActionConfig{Name: "echo"}),
		action[[]string, map[string]int](streamer.ActionConfig{Name: "count"}),
		action[empty, *node](streamer.ActionConfig{Name: "tree"}),
		action[page[page[Money]], struct{}](streamer.ActionConfig{Name: "generic"}),
	}
}

// What is written stays what the golden files say.
func TestWhatIsWritten(t *testing.T) {
	t.Parallel()
	source := typegen.NewSource(t.Context(), ".")
	document, err := typegen.JSONSchema(actions(), source)
	if err != nil {
		t.Fatal(err)
	}
	for file, got := range map[string][]byte{"actions.ts": typegen.TypeScript(actions(), source), "actions.schema.json": document} {
		path := filepath.Join("testdata", file)
		if *update {
			if err := os.WriteFile(path, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
	}
	if err := source.Err(); err != nil {
		t.Error(err)
	}
}

// samples are values of what travels, by the path of their types.
func samples() map[string]any {
	gift, tree := "for you", &node{Name: "root", Children: []*node{{Name: "leaf"}, nil}}
	full := order{stamp: stamp{time.Unix(1, 5)}, ID: "o", Speed: fast, Gift: &gift, Notes: map[string]*node{"a": tree, "b": nil},
		Extra: json.RawMessage(`[1,{}]`), From: netip.MustParseAddr("::1"),
		Lines: []line{{Item: "a", Price: Money{Amount: "1.5", Large: 1 << 60}, Tax: billing.Money{Cents: 7}, Seal: []byte{1}}}}
	return map[string]any{
		`["ship"]["payload"]`:       full,
		`["ship"]["payload"] `:      order{Speed: slow},
		`["ship"]["result"]`:        page[line]{Items: full.Lines, Next: "x"},
		`["ship"]["result"] `:       page[line]{},
		`["ship"]["output"]`:        full.Lines[0],
		`["ship"]["errors"]`:        "SOLD_OUT",
		`["list speeds"]["result"]`: []speed{slow, fast},
		`["echo"]["payload"]`:       []any{1, nil, "a"},
		`["count"]["result"]`:       map[string]int(nil),
		`["count"]["result"] `:      map[string]int{"a": 1},
		`["tree"]["result"]`:        tree,
		`["tree"]["result"] `:       (*node)(nil),
		`["tree"]["payload"]`:       empty{},
		`["generic"]["payload"]`:    page[page[Money]]{Items: []page[Money]{{Items: []Money{{Amount: "1"}}}, {}}},
		`["generic"]["result"]`:     struct{}{},
	}
}

// The compiler takes what encoding/json writes for the types, and refuses what it does not.
func TestTypeScriptFitsWhatTravels(t *testing.T) {
	t.Parallel()
	client := filepath.Join("..", "..", "clients", "typescript")
	nodetest.Installed(t, client)
	settings, err := filepath.Abs(filepath.Join("..", "..", "console", "tsconfig.json")) // which is strict
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	var check strings.Builder
	check.WriteString("import { Streamer } from \"@pay-theory/streamer\";\nimport type { Actions, Order } from \"./actions.js\";\n")
	n := 0
	for path, value := range samples() {
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		n++
		fmt.Fprintf(&check, "export const sample%d: Actions%s = %s;\n", n, strings.TrimSpace(path), text)
	}
	check.WriteString(`
const s = new Streamer<Actions>("wss://host/prod", { token: () => "" });
export const tree = s.request("tree");
export const first: Promise<string | undefined> = s.request("list speeds", { limit: 1 }).result.then((all) => all?.[0]);
s.request("count", null);
declare const order: Order;
s.request("ship", order);
// @ts-expect-error: the payload is missing
s.request("ship");
// @ts-expect-error: there is no such field
s.request("list speeds", { limits: 1 });
// @ts-expect-error: a field is missing
s.request("ship", { id: "o", lines: null });
// @ts-expect-error: there is no such speed
s.request("ship", { ...order, speed: "warp" });
// @ts-expect-error: the result may be null
s.request("count").result.then((counts) => counts.a);
`)
	for name, text := range map[string]string{
		"actions.ts":    string(typegen.TypeScript(actions(), typegen.NewSource(t.Context(), "."))),
		"check.ts":      check.String(),
		"tsconfig.json": fmt.Sprintf(`{"extends": %q, "include": ["."]}`, settings),
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	nodetest.Run(t, client, nil, filepath.Join("node_modules", "typescript", "bin", "tsc"), "-p", folder)
}

// The document of JSON Schema accepts the same values.
func TestJSONSchemaFitsWhatTravels(t *testing.T) {
	t.Parallel()
	text, err := typegen.JSONSchema(actions(), typegen.NewSource(t.Context(), "."))
	if err != nil {
		t.Fatal(err)
	}
	document, err := validator.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := validator.NewCompiler()
	if err := c.AddResource("https://example.com/actions", document); err != nil {
		t.Fatal(err)
	}
	for path, value := range samples() {
		t.Run(path, func(t *testing.T) {
			var names []string
			if err := json.Unmarshal([]byte(strings.ReplaceAll(strings.TrimSpace(path), "][", ",")), &names); err != nil {
				t.Fatal(err)
			}
			schema, err := c.Compile("https://example.com/actions#/properties/" + strings.ReplaceAll(names[0], " ", "%20") + "/properties/" + names[1])
			if err != nil {
				t.Fatal(err)
			}
			encoded, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			decoded, err := validator.UnmarshalJSON(bytes.NewReader(encoded))
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(decoded); err != nil {
				t.Errorf("it refuses %s: %v", encoded, err)
			}
		})
	}
}
