package lift

import (
	"context"
	"reflect"
)

// An Operation is a handler of HTTP requests with what an OpenAPI document says
// of it; package lift/openapi writes the document, at build time. A function
// pays for none of it.
//
//	app.HTTP("POST /orders", lift.Operation{
//		Handler: lift.Typed(create),
//		Summary: "Place an order",
//		Status:  http.StatusCreated,
//		Errors:  []lift.Code{lift.CodeConflict},
//	})
type Operation struct {
	Handler

	ID          string // default: made of method and path
	Summary     string // one line
	Description string // Markdown
	Tags        []string
	Query       []Parameter
	Bearer      bool   // it needs a bearer token
	Errors      []Code // those that callers should expect, beside CodeInvalid where there is input

	// Status is that of success, for answers that have none of their own.
	// Default: 200, or 204 without a body.
	Status int

	// In and Out are values of the types that travel in the bodies, for a
	// Handler that is not made by Typed or answers with a *Response: struct{}{}
	// for an empty one. nil means Typed's.
	In, Out any
}

// A Parameter is one of a request's query.
type Parameter struct {
	Name        string
	Description string
	Required    bool
}

// Handle calls the Handler and gives its answer the Status.
func (o Operation) Handle(ctx context.Context, e *Event) (*Response, error) {
	res, err := o.Handler.Handle(ctx, e)
	if err == nil && o.Status != 0 {
		if res == nil {
			res = &Response{}
		}
		if res.Status == 0 {
			res.Status = o.Status
		}
	}
	return res, err
}

func (Operation) takes(t Trigger) bool { return t == TriggerHTTP }

func (Operation) String() string { return "lift.Operation answers HTTP requests" }

// An HTTPRoute is a pattern that was registered and what is known of it.
type HTTPRoute struct {
	Pattern   string
	Operation Operation // with the Handler alone, where that is not an Operation

	Described bool // it was registered as an Operation

	// In and Out are the types of the bodies: struct{} for none, nil where they
	// are not known.
	In, Out reflect.Type

	Parameters []TypedParameter // those that a typed input is read from
}

// HTTPRoutes returns the routes of [App.HTTP] in the order registered.
func (a *App) HTTPRoutes() []HTTPRoute {
	f, _ := a.families[formHTTP].(*httpFamily)
	if f == nil {
		return nil
	}
	routes := make([]HTTPRoute, len(f.registered))
	for i, r := range f.registered {
		o, ok := r.handler.(Operation)
		if !ok {
			o = Operation{Handler: r.handler}
		}
		routes[i] = HTTPRoute{Pattern: r.pattern, Operation: o, Described: ok}
		if t, ok := o.Handler.(typedHandler); ok {
			routes[i].In, routes[i].Out = t.types()
			routes[i].Parameters = t.parameters()
		}
		if o.In != nil {
			routes[i].In = reflect.TypeOf(o.In)
		}
		if o.Out != nil {
			routes[i].Out = reflect.TypeOf(o.Out)
		}
	}
	return routes
}

// types are the types of a typed handler's bodies, nil for a *Response, which
// may have any.
func (*typed[In, Out]) types() (in, out reflect.Type) {
	return bodyType[In](), bodyType[Out]()
}

func bodyType[T any]() reflect.Type {
	t := reflect.TypeFor[T]()
	if t == reflect.TypeFor[*Response]() {
		return nil
	}
	return t
}
