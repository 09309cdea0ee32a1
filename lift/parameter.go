package lift

import (
	"encoding"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// A TypedParameter is a parameter of a request that a field of a [Typed] input
// is read from.
type TypedParameter struct {
	In       string // path, query or header
	Name     string
	Doc      string       // of the tag doc
	Type     reflect.Type // the field's
	Required bool
	Default  string // "" for none

	index []int
}

// parametersOf returns the parameters of an input. It panics for a field that
// cannot be one, or that a body could set, too.
func parametersOf(t reflect.Type) []TypedParameter {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	var all []TypedParameter
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous && f.Type.Kind() == reflect.Struct {
			for _, p := range parametersOf(f.Type) {
				p.index = append([]int{i}, p.index...)
				all = append(all, p)
			}
			continue
		}
		for _, in := range [...]string{"path", "query", "header"} {
			tag, ok := f.Tag.Lookup(in)
			if !ok {
				continue
			}
			name, option, _ := strings.Cut(tag, ",")
			p := TypedParameter{
				In: in, Name: name, Doc: f.Tag.Get("doc"), Type: f.Type, Default: f.Tag.Get("default"), index: []int{i},
				Required: in == "path" || option == "required",
			}
			if fault := p.fault(f, option); fault != "" {
				panic("lift: field " + f.Name + " of " + t.String() + " " + fault)
			}
			all = append(all, p)
		}
	}
	return all
}

// fault says why a field cannot be a parameter.
func (p *TypedParameter) fault(f reflect.StructField, option string) string {
	switch {
	case p.Name == "":
		return "names no " + p.In + " parameter: the tag is as in " + p.In + `:"name"`
	case option != "" && option != "required":
		return "has the option " + option + ": the only one is required"
	case f.Tag.Get("json") != "-":
		return `needs the tag json:"-" too, so that a body cannot set it`
	case !f.IsExported():
		return "is not exported"
	}
	value := reflect.New(f.Type).Elem()
	if p.Default == "" {
		if err := setParameter(value, []string{"0"}); errors.Is(err, errNoParameter) {
			return "has the type " + f.Type.String() + ", which no parameter is read into: text, numbers, bool, durations, " +
				"encoding.TextUnmarshaler, and pointers to and slices of them"
		}
	} else if err := setParameter(value, []string{p.Default}); err != nil {
		return "has a default that " + err.Error()
	}
	return ""
}

// readParameters reads the parameters of a request into an input, which is a
// struct.
func readParameters(r *http.Request, parameters []TypedParameter, in reflect.Value) error {
	var query url.Values
	for i := range parameters {
		p := &parameters[i]
		var values []string
		switch p.In {
		case "path":
			values = []string{r.PathValue(p.Name)}
		case "query":
			if query == nil {
				query = r.URL.Query()
			}
			values = query[p.Name]
		default:
			values = r.Header.Values(p.Name)
		}
		switch {
		case len(values) > 0:
		case p.Default != "":
			values = []string{p.Default}
		case p.Required:
			return Errorf(CodeInvalid, "the %s parameter %s is missing", p.In, p.Name)
		default:
			continue
		}
		if err := setParameter(in.FieldByIndex(p.index), values); err != nil {
			return Errorf(CodeInvalid, "the %s parameter %s %v", p.In, p.Name, err)
		}
	}
	return nil
}

var errNoParameter = errors.New("has a type that no parameter is read into")

// setParameter sets a field to a parameter's values, of which all but a slice
// take the first. Its errors do not quote them.
func setParameter(v reflect.Value, values []string) error {
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		if err := u.UnmarshalText([]byte(values[0])); err != nil {
			return errors.New("does not have the form that it needs")
		}
		return nil
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return setParameter(v.Elem(), values)
	case reflect.Slice:
		list := reflect.MakeSlice(v.Type(), len(values), len(values))
		for i := range values {
			if err := setParameter(list.Index(i), values[i:i+1]); err != nil {
				return err
			}
		}
		v.Set(list)
		return nil
	}
	return setScalar(v, values[0])
}

func setScalar(v reflect.Value, text string) error {
	if v.Type() == reflect.TypeFor[time.Duration]() {
		d, err := time.ParseDuration(text)
		v.SetInt(int64(d))
		return wanted(err, "a duration such as 1m30s")
	}
	switch kind := v.Kind(); kind {
	case reflect.String:
		v.SetString(text)
		return nil
	case reflect.Bool:
		b, err := strconv.ParseBool(text)
		v.SetBool(b)
		return wanted(err, "true or false")
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n, err := strconv.ParseInt(text, 10, v.Type().Bits())
		v.SetInt(n)
		return wanted(err, fmt.Sprintf("a whole number of %d bits", v.Type().Bits()))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		n, err := strconv.ParseUint(text, 10, v.Type().Bits())
		v.SetUint(n)
		return wanted(err, fmt.Sprintf("a whole number of %d bits that is not negative", v.Type().Bits()))
	case reflect.Float32, reflect.Float64:
		n, err := strconv.ParseFloat(text, v.Type().Bits())
		v.SetFloat(n)
		return wanted(err, "a number")
	}
	return errNoParameter
}

func wanted(err error, what string) error {
	if err != nil {
		return errors.New("is not " + what)
	}
	return nil
}

// checkPath panics for a path parameter that the pattern has not.
func checkPath(pattern string, h Handler) {
	if o, ok := h.(Operation); ok {
		h = o.Handler
	}
	t, ok := h.(typedHandler)
	if !ok {
		return
	}
	for _, p := range t.parameters() {
		if p.In == "path" && !strings.Contains(pattern, "{"+p.Name+"}") && !strings.Contains(pattern, "{"+p.Name+"...}") {
			panic(fmt.Sprintf("lift: the input of App.HTTP %s has the path parameter %s, which the pattern does not name", pattern, p.Name))
		}
	}
}
