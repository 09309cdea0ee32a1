package lift

// sources are the handlers of a trigger by the name of what its events come
// from, such as a queue. That of "" gets the events of all others.
type sources map[string]Handler

// of returns the handler for events of the source with the name, or nil.
func (s sources) of(name string) Handler {
	if h, ok := s[name]; ok {
		return h
	}
	return s[""]
}

func (s sources) add(a *App, method string, trigger Trigger, name string, h Handler, mw []Middleware) {
	what := method
	if name != "" {
		what += " " + name
	}
	if s[name] != nil {
		panic("lift: " + what + " has a handler already")
	}
	s[name] = a.build(what, trigger, h, mw)
}

// named refuses a name that would stand for any source.
func named(method, noun, name string) string {
	if name == "" {
		panic("lift: " + method + " without the name of a " + noun)
	}
	return name
}
