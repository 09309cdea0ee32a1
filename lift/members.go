package lift

// A member says what the value of an object's member is read into. A table of
// members is how the events decode: it is built on the stack and costs no
// allocation, and no reflection.
type member struct {
	key  string
	into any // one of the types that scanner.value lists
}

// A loose text keeps a string, and takes any other value for no text: where it
// stands, the object may be a caller's own payload rather than an event of AWS.
type loose string

// looseBytes are a loose text in memory of their own.
type looseBytes []byte

// A raw text keeps a value as it is written.
type raw string

// An optional text is a loose one, and whether its member is there.
type optional struct {
	text  *string
	there *bool
}

// A yes is a loose boolean.
type yes bool

// A peek keeps an object as it is written, and reads some of its members.
type peek struct {
	text    *string
	members []member
}

// strings reads an array of strings.
//
//go:noinline
func (s *scanner) strings() (all []string, err error) {
	err = s.array(func() error {
		text, err := s.string()
		all = append(all, text)
		return err
	})
	return all, err
}

// members reads an object into a table. Members that the table does not name are
// skipped. It is not inlined: a function's size is its cold start.
//
//go:noinline
func (s *scanner) members(table ...member) error {
	next := 0 // AWS writes members in one order, which is the table's as far as it is known
	return s.object(func(key string) error {
		for range table {
			if next == len(table) {
				next = 0
			}
			m := &table[next]
			next++
			if m.key == key {
				return s.value(m.into)
			}
		}
		return s.skip()
	})
}

// value reads a value into what its type says. A *bool becomes true, because the
// member is there, and the value is skipped. What is read through into must not
// be stored anywhere, or every table escapes to the heap.
func (s *scanner) value(into any) (err error) {
	c := s.next()
	switch into := into.(type) {
	case *string:
		*into, err = s.string()
	case *[]byte:
		*into, err = s.bytes()
	case *int64:
		*into, err = s.int()
	case *float64:
		*into, err = s.float()
	case *[]string:
		*into, err = s.strings()
	case *raw:
		start := s.pos
		err = s.skip()
		*into = raw(s.text[start:s.pos])
	case []member:
		err = s.members(into...)
	case *loose:
		if c != '"' {
			return s.skip()
		}
		*(*string)(into), err = s.string()
	case *looseBytes:
		if c != '"' {
			return s.skip()
		}
		*into, err = s.bytes()
	case optional:
		*into.there = true
		err = s.value((*loose)(into.text))
	case *yes:
		if c != 't' && c != 'f' {
			return s.skip()
		}
		*(*bool)(into), err = s.bool()
	case *bool:
		*into = true
		err = s.skip()
	case peek:
		start := s.pos
		if c == '{' {
			err = s.members(into.members...)
		} else {
			err = s.skip()
		}
		*into.text = s.text[start:s.pos]
	}
	return err
}
