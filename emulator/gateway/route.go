package gateway

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// A selection is a parsed route selection expression: the names that lead to a
// message's route key. Both forms of the documentation are read,
// $request.body.action and ${request.body.action}:
// https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-develop-routes.html
type selection []string

var selectionForm = regexp.MustCompile(`^\$request\.body((?:\.[A-Za-z0-9_-]+)+)$`)

func parseSelection(expression string) (selection, error) {
	plain := expression
	if inner, ok := strings.CutPrefix(plain, "${"); ok && strings.HasSuffix(inner, "}") {
		plain = "$" + strings.TrimSuffix(inner, "}")
	}
	m := selectionForm.FindStringSubmatch(plain)
	if m == nil {
		return nil, fmt.Errorf("gateway: Config.Selection %q is not a path into the message: write one such as $request.body.action", expression)
	}
	return strings.Split(m[1][1:], "."), nil
}

// key returns what the expression yields for a message: a string as it is, any
// other value as its JSON text, and "" where there is nothing or no JSON.
func (s selection) key(message []byte) string {
	value := json.RawMessage(message)
	for _, name := range s {
		var object map[string]json.RawMessage
		if json.Unmarshal(value, &object) != nil {
			return ""
		}
		value = object[name]
	}
	if key := plain(value); key != "null" {
		return key
	}
	return ""
}

// route finds where a message goes. The keys that begin with $ cannot be
// chosen by a message.
func (g *Gateway) route(message []byte) (key string, route Route, ok bool) {
	if key = g.selection.key(message); key != "" && !strings.HasPrefix(key, "$") {
		if route, ok = g.cfg.Routes[key]; ok {
			return key, route, true
		}
	}
	route, ok = g.cfg.Routes[RouteDefault]
	return RouteDefault, route, ok
}
