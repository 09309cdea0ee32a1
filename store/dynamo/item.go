package dynamo

import (
	"fmt"
	"strconv"
	"time"
)

// maxItem is the most bytes that an item may have (Amazon DynamoDB Developer
// Guide, "Constraints in Amazon DynamoDB", item size).
const maxItem = 400 << 10

// A value is one attribute: the member that is set names its type. A pointer
// tells an empty value from none.
type value struct {
	S    *string  `json:",omitempty"`
	N    *string  `json:",omitempty"`
	B    *[]byte  `json:",omitempty"`
	BOOL *bool    `json:",omitempty"`
	M    *item    `json:",omitempty"`
	L    *[]value `json:",omitempty"`
}

type item map[string]value

func text(s string) value               { return value{S: &s} }
func number[T ~int | ~int64](n T) value { s := strconv.FormatInt(int64(n), 10); return value{N: &s} }
func binary(b []byte) value             { return value{B: &b} }
func boolean(b bool) value              { return value{BOOL: &b} }
func members(m item) value              { return value{M: &m} }
func elements(l ...value) value         { return value{L: &l} }
func millis(t time.Time) value          { return number(t.UnixMilli()) }
func decimal(f float64) value           { return text(strconv.FormatFloat(f, 'g', -1, 64)) }
func ttl(t time.Time) value             { return number(t.Add(time.Second - 1).Unix()) }

// setBinary, setText and setTime leave absent what is nil or zero.
func (i item) setBinary(name string, b []byte) {
	if b != nil {
		i[name] = binary(b)
	}
}

func (i item) setText(name, s string) {
	if s != "" {
		i[name] = text(s)
	}
}

func (i item) setTime(name string, t time.Time) {
	if !t.IsZero() {
		i[name] = millis(t)
	}
}

// size is how many bytes of an item's limit the value takes, at the most
// (Amazon DynamoDB Developer Guide, "DynamoDB item sizes and formats").
func (v value) size() int {
	const overhead = 3
	switch {
	case v.S != nil:
		return len(*v.S)
	case v.N != nil:
		return len(*v.N)/2 + 2
	case v.B != nil:
		return len(*v.B)
	case v.M != nil:
		return overhead + len(*v.M) + v.M.size()
	case v.L != nil:
		n := overhead + len(*v.L)
		for _, e := range *v.L {
			n += e.size()
		}
		return n
	}
	return 1
}

func (i item) size() int {
	n := 0
	for name, v := range i {
		n += len(name) + v.size()
	}
	return n
}

// A reader takes typed attributes out of an item and keeps the first fault, so
// that a row of another writer is an error and not a panic.
type reader struct {
	item item
	err  error
}

func (r *reader) fault(name, want string) {
	if r.err == nil {
		r.err = fmt.Errorf("attribute %s is no %s", name, want)
	}
}

func (r *reader) text(name string) string {
	v := r.item[name]
	if v.S == nil {
		r.fault(name, "string")
		return ""
	}
	return *v.S
}

// optional is empty where the attribute is absent.
func (r *reader) optional(name string) string {
	if _, present := r.item[name]; !present {
		return ""
	}
	return r.text(name)
}

func (r *reader) number(name string) int64 {
	v := r.item[name]
	if v.N != nil {
		if n, err := strconv.ParseInt(*v.N, 10, 64); err == nil {
			return n
		}
	}
	r.fault(name, "whole number")
	return 0
}

func (r *reader) decimal(name string) float64 {
	f, err := strconv.ParseFloat(r.text(name), 64)
	if err != nil {
		r.fault(name, "number")
	}
	return f
}

func (r *reader) boolean(name string) bool {
	v := r.item[name]
	if v.BOOL == nil {
		r.fault(name, "boolean")
		return false
	}
	return *v.BOOL
}

// binary is nil where the attribute is absent.
func (r *reader) binary(name string) []byte {
	v, present := r.item[name]
	switch {
	case !present:
		return nil
	case v.B == nil:
		r.fault(name, "binary")
		return nil
	}
	return *v.B
}

// time is zero where the attribute is absent.
func (r *reader) time(name string) time.Time {
	if _, present := r.item[name]; !present {
		return time.Time{}
	}
	return time.UnixMilli(r.number(name)).UTC()
}

func (r *reader) members(name string) item {
	v := r.item[name]
	if v.M == nil {
		r.fault(name, "map")
		return nil
	}
	return *v.M
}

func (r *reader) elements(name string) []value {
	v := r.item[name]
	if v.L == nil {
		r.fault(name, "list")
		return nil
	}
	return *v.L
}
