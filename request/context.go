package request

import "context"

type contextKey struct{}

// NewContext returns a context for calls on behalf of a request, which need not name
// it: to ask how many of a parent's children are open, each child's end asks the same.
func NewContext(ctx context.Context, key Key) context.Context {
	return context.WithValue(ctx, contextKey{}, key)
}

// KeyFrom returns the request on whose behalf a call is made; a zero Key where none is
// known.
func KeyFrom(ctx context.Context) Key {
	key, _ := ctx.Value(contextKey{}).(Key)
	return key
}
