// Package config fills a struct from the environment, once, when a function
// starts, and reports everything that is wrong at the same time.
//
//	var cfg struct {
//		Table   string        `env:"TABLE_NAME,required"`
//		Timeout time.Duration `env:"TIMEOUT" default:"10s"`
//		Regions []string      `env:"REGIONS"`
//		APIKey  lift.Secret   `env:"API_KEY,required"` // secretsmanager:shop/api#key
//		Limits  struct {
//			Burst int `env:"BURST" default:"20"`
//		} `prefix:"LIMIT_"`
//	}
//	err := config.Load(ctx, &cfg, config.Options{})
//
// A secret may stand in the environment as a reference to AWS Secrets Manager or
// to the Parameter Store; it is then fetched through the AWS Parameters and
// Secrets Lambda extension, by HTTP on loopback and without an SDK.
package config

import (
	"cmp"
	"context"
	"encoding"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pay-theory/streamer/lift"
)

// Options are where values come from. The zero Options are right on Lambda.
type Options struct {
	// Lookup looks up a variable. Default: [os.LookupEnv].
	Lookup func(name string) (value string, ok bool)

	// Extension is where the Parameters and Secrets extension listens. Default:
	// http://localhost with the port of PARAMETERS_SECRETS_EXTENSION_HTTP_PORT,
	// or 2773.
	Extension string

	// Wait is how long the extension is asked again when it does not answer: it
	// starts at the same time as the function. Default: 2 seconds.
	Wait time.Duration

	// Fresh is how long a [Rotating] secret serves before it is fetched again.
	// Default: 5 minutes.
	Fresh time.Duration

	Now func() time.Time // for Rotating secrets; default: time.Now
}

// Load fills the struct that into points to. Each field with a tag env is set
// from the variable of that name, or from its tag default where the variable is
// not set or empty; with the option required, as in `env:"NAME,required"`, one
// of the two must be there. A field that is a struct without the tag, exported
// or embedded, is filled in the same way, its variables' names behind those of
// its tag prefix. One that is a pointer to a struct is optional as a whole: it stays
// nil unless one of the struct's variables is set, and then is filled like the
// others. Other fields are left alone.
//
// Fields are texts, bools, numbers, time.Duration, lists of texts with commas
// between, [lift.Secret], [Rotating], and whatever implements
// [encoding.TextUnmarshaler]. For a Secret and a Rotating these values are
// references:
//
//	secretsmanager:NAME       the text of the secret with the name or the ARN
//	secretsmanager:NAME#KEY   a text, number or bool in it, when it is a JSON object
//	ssm:NAME                  the parameter with the name, decrypted
//
// If into has a method Validate() error, it is asked at the end, unless there
// were faults before. The error joins all faults, each with the name of its
// variable and none with its value. Load panics for a struct that it can never
// fill.
func Load(ctx context.Context, into any, opts Options) error {
	v := reflect.ValueOf(into)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		panic(fmt.Sprintf("lift/config: Load into a %T, which is not valid: wanted a pointer to a struct", into))
	}
	if opts.Lookup == nil {
		opts.Lookup = os.LookupEnv
	}
	if opts.Fresh < 0 {
		panic("lift/config: Options.Fresh is negative")
	}
	l := &loader{lookup: opts.Lookup, references: make(map[reference][]target)}
	l.fill(v.Elem(), "")
	if len(l.references) > 0 {
		l.resolve(ctx, newExtension(opts), opts)
	}
	if len(l.faults) > 0 {
		return errors.Join(l.faults...)
	}
	if v, ok := into.(interface{ Validate() error }); ok {
		if err := v.Validate(); err != nil {
			return fmt.Errorf("config: %w", err)
		}
	}
	return nil
}

type loader struct {
	lookup     func(string) (string, bool)
	faults     []error
	references map[reference][]target
	found      int            // variables that are set
	within     []reflect.Type // the pointers to structs around, which are not followed again
}

// A target is a Secret or a Rotating that waits for what it refers to.
type target struct {
	name     string
	secret   *lift.Secret // or nil
	rotating *Rotating
}

func (l *loader) fault(name, problem string) {
	l.faults = append(l.faults, fmt.Errorf("config: %s %s", name, problem))
}

func (l *loader) fill(v reflect.Value, prefix string) {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		tag, tagged := field.Tag.Lookup("env")
		switch {
		case !tagged && field.Type.Kind() == reflect.Struct && (field.IsExported() || field.Anonymous):
			l.fill(v.Field(i), prefix+field.Tag.Get("prefix"))
		case !tagged && field.IsExported() && v.Field(i).IsZero() && hasVariables(field.Type, l.within):
			l.fillOptional(v.Field(i), prefix+field.Tag.Get("prefix"))
		case !tagged:
		case !field.IsExported():
			panic(fmt.Sprintf("lift/config: field %s has the tag env and is not exported", field.Name))
		default:
			l.set(v.Field(i), field, tag, prefix)
		}
	}
}

// fillOptional fills what a pointer to a struct points to, if any of its variables
// is set. Otherwise nothing of it counts, and no fault.
func (l *loader) fillOptional(v reflect.Value, prefix string) {
	own := &loader{lookup: l.lookup, references: make(map[reference][]target), within: append(slices.Clip(l.within), v.Type())}
	filled := reflect.New(v.Type().Elem())
	own.fill(filled.Elem(), prefix)
	if own.found == 0 {
		return
	}
	v.Set(filled)
	l.found += own.found
	l.faults = append(l.faults, own.faults...)
	for ref, targets := range own.references {
		l.references[ref] = append(l.references[ref], targets...)
	}
}

// hasVariables reports whether a type is a pointer to a struct with a variable in
// it, or in a struct in it. One that contains itself has none of its own again.
func hasVariables(t reflect.Type, within []reflect.Type) bool {
	if t.Kind() != reflect.Pointer || t.Elem().Kind() != reflect.Struct || slices.Contains(within, t) {
		return false
	}
	within = append(slices.Clip(within), t)
	for i := range t.Elem().NumField() {
		field := t.Elem().Field(i)
		if _, tagged := field.Tag.Lookup("env"); tagged {
			return true
		}
		inner := field.Type
		if inner.Kind() == reflect.Struct {
			inner = reflect.PointerTo(inner)
		}
		if (field.IsExported() || field.Anonymous) && hasVariables(inner, within) {
			return true
		}
	}
	return false
}

func (l *loader) set(v reflect.Value, field reflect.StructField, tag, prefix string) {
	name, option, _ := strings.Cut(tag, ",")
	if name == "" || option != "" && option != "required" {
		panic(fmt.Sprintf("lift/config: field %s has the tag env:%q", field.Name, tag))
	}
	name = prefix + name
	text, _ := l.lookup(name)
	if text != "" {
		l.found++
	} else {
		text = field.Tag.Get("default")
	}
	if text == "" {
		if option == "required" {
			l.fault(name, "is not set")
		}
		return
	}
	secret, isSecret := v.Addr().Interface().(*lift.Secret)
	rotating, isRotating := v.Addr().Interface().(*Rotating)
	if isSecret || isRotating {
		ref, referred := parseReference(text)
		switch {
		case referred:
			l.references[ref] = append(l.references[ref], target{name, secret, rotating})
		case isSecret:
			*secret = lift.NewSecret(text)
		default:
			rotating.state = &rotation{now: time.Now, current: lift.NewSecret(text)}
		}
		return
	}
	if problem := setValue(v, field, text); problem != "" {
		l.fault(name, problem)
	}
}

// setValue sets a field to what its text means, and returns what is wrong with
// the text.
func setValue(v reflect.Value, field reflect.StructField, text string) (problem string) {
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		if err := u.UnmarshalText([]byte(text)); err != nil {
			return fmt.Sprintf("is not a %s", field.Type)
		}
		return ""
	}
	if d, ok := v.Addr().Interface().(*time.Duration); ok {
		var err error
		*d, err = time.ParseDuration(text)
		if err != nil {
			return "is not a valid duration: wanted a text such as 1m30s"
		}
		return ""
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return "is neither true nor false"
		}
		v.SetBool(b)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n, err := strconv.ParseInt(text, 10, v.Type().Bits())
		if err != nil {
			return fmt.Sprintf("is not a whole number of %d bits", v.Type().Bits())
		}
		v.SetInt(n)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		n, err := strconv.ParseUint(text, 10, v.Type().Bits())
		if err != nil {
			return fmt.Sprintf("is not a whole number of %d bits, 0 or more", v.Type().Bits())
		}
		v.SetUint(n)
	case reflect.Float32, reflect.Float64:
		f, err := strconv.ParseFloat(text, v.Type().Bits())
		if err != nil {
			return "is not a number"
		}
		v.SetFloat(f)
	case reflect.Slice:
		if v.Type().Elem().Kind() != reflect.String {
			panic(fmt.Sprintf("lift/config: field %s is a %s, which Load cannot fill", field.Name, field.Type))
		}
		list := reflect.MakeSlice(v.Type(), 0, strings.Count(text, ",")+1)
		for item := range strings.SplitSeq(text, ",") {
			item = strings.TrimSpace(item)
			if item != "" {
				list = reflect.Append(list, reflect.ValueOf(item).Convert(v.Type().Elem()))
			}
		}
		v.Set(list)
	default:
		panic(fmt.Sprintf("lift/config: field %s is a %s, which Load cannot fill", field.Name, field.Type))
	}
	return ""
}

// resolve fetches what secrets refer to, all of it at the same time and each
// thing once.
func (l *loader) resolve(ctx context.Context, ext *extension, opts Options) {
	now := opts.Now
	if now == nil {
		now = time.Now
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	var faults []error
	for ref, targets := range l.references {
		wg.Go(func() {
			text, err := ext.fetch(ctx, ref)
			mu.Lock()
			defer mu.Unlock()
			for _, t := range targets {
				switch {
				case err != nil:
					faults = append(faults, fmt.Errorf("config: %s: %w", t.name, err))
				case t.secret != nil:
					*t.secret = lift.NewSecret(text)
				default:
					t.rotating.state = &rotation{
						fresh: cmp.Or(opts.Fresh, 5*time.Minute), within: refreshTime, now: now, current: lift.NewSecret(text), at: now(),
						fetch: func(ctx context.Context) (string, error) { return ext.fetch(ctx, ref) },
					}
				}
			}
		})
	}
	wg.Wait()
	sort.Slice(faults, func(i, j int) bool { return faults[i].Error() < faults[j].Error() })
	l.faults = append(l.faults, faults...)
}
