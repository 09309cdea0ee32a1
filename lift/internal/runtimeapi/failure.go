package runtimeapi

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"runtime"
	"strings"
)

// A Failure is how an invocation, or the start of a function, failed. Its JSON
// is what Lambda hands to the caller, with the keys of aws-lambda-go.
type Failure struct {
	Message string  `json:"errorMessage"`
	Type    string  `json:"errorType"`
	Stack   []Frame `json:"stackTrace,omitempty"`
}

// A Frame is one line of a stack.
type Frame struct {
	Path  string `json:"path"`
	Line  int    `json:"line"`
	Label string `json:"label"`
}

// Panicked is the failure of what panicked with value. It is called by the
// function that recovered.
func Panicked(value any) *Failure {
	return &Failure{Message: fmt.Sprint(value), Type: TypeName(value), Stack: stack()}
}

// TypeName is the errorType of a value: its type's name, or that of what it
// points to, without the package.
func TypeName(value any) string {
	kind := reflect.TypeOf(value)
	if kind.Kind() == reflect.Pointer {
		kind = kind.Elem()
	}
	return kind.Name()
}

// stack is that of the goroutine, from the panic on.
func stack() []Frame {
	pcs := make([]uintptr, 32)
	pcs = pcs[:runtime.Callers(4, pcs)] // without Callers, stack, Panicked and who recovered
	var all []Frame
	for frames := runtime.CallersFrames(pcs); ; {
		frame, more := frames.Next()
		all = append(all, newFrame(frame))
		if !more {
			return all
		}
	}
}

// newFrame shortens a frame: the path begins at the package, and the label is
// the function's name within it.
func newFrame(f runtime.Frame) Frame {
	parts := strings.Split(f.File, "/")
	depth := strings.Count(f.Function, "/") + 2
	_, label, _ := strings.Cut(f.Function[strings.LastIndexByte(f.Function, '/')+1:], ".")
	return Frame{Path: strings.Join(parts[max(0, len(parts)-depth):], "/"), Line: f.Line, Label: label}
}

// maxCause is what the cause of an error for X-Ray must stay below.
const maxCause = 1 << 20

// header are the lines of a failure: its type, and its cause for X-Ray, which
// is left out where it is too long.
func (f *Failure) header() string {
	lines := "Content-Type: application/json\r\nLambda-Runtime-Function-Error-Type: " + printable(f.Type) + "\r\n"
	if cause := f.cause(); len(cause) < maxCause {
		lines += "Lambda-Runtime-Function-Xray-Error-Cause: " + string(cause) + "\r\n"
	}
	return lines
}

func (f *Failure) body() []byte { return encode(f) }

// cause is what X-Ray shows of a failure:
// https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
func (f *Failure) cause() []byte {
	type exception struct {
		Type    string  `json:"type"`
		Message string  `json:"message"`
		Stack   []Frame `json:"stack"`
	}
	paths, seen := []string{}, map[string]bool{}
	for _, frame := range f.Stack {
		if !seen[frame.Path] {
			paths, seen[frame.Path] = append(paths, frame.Path), true
		}
	}
	folder, _ := os.Getwd() // "" is as good
	return encode(struct {
		WorkingDirectory string      `json:"working_directory"`
		Exceptions       []exception `json:"exceptions"`
		Paths            []string    `json:"paths"`
	}{folder, []exception{{f.Type, f.Message, append([]Frame{}, f.Stack...)}}, paths})
}

// encode encodes what consists of strings and numbers and cannot fail.
func encode(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return text
}

// printable makes a header's value of a text.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, text)
}
