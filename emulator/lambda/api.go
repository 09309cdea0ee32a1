package lambda

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// A Function is what an [API] invokes; both hosts are one.
type Function interface {
	Invoke(ctx context.Context, payload []byte) ([]byte, error)
	InvokeAsync(ctx context.Context, payload []byte) error
}

// A Target is what an [API] invokes by a name.
type Target struct {
	Function

	ARN     string // of the function, without a qualifier; "": the function's context has its own
	Version string // "": $LATEST

	// JSONLog is whether the function's log format is JSON, for Lambda's own lines in the
	// log that a caller asks for.
	JSONLog bool
}

// An API answers Lambda's operation Invoke for functions by their names, as in "work", and
// for their versions and aliases, as in "work:1" and "work:live":
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
//
// It takes RequestResponse, Event and DryRun, LogType Tail of functions that are processes,
// and ClientContext. Signatures are for [github.com/pay-theory/streamer/emulator/iam] to
// verify.
type API map[string]Target

const unpublished = "$LATEST"

// How long payloads may be (Lambda quotas, "Invocation payload").
const (
	maxSync  = 6 << 20
	maxAsync = 1 << 20
)

// ServeHTTP implements [http.Handler].
func (a API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /2015-03-31/functions/{name}/invocations", a.invoke)
	mux.HandleFunc("/", unknown)
	mux.ServeHTTP(w, r)
}

// unknown answers every other operation of Lambda.
func unknown(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Amzn-Requestid", newRequestID())
	(&exception{http.StatusNotFound, "UnknownOperationException",
		fmt.Sprintf("%s %s is not known here: of Lambda's operations Invoke alone is", r.Method, r.URL.Path)}).write(w)
}

func (a API) invoke(w http.ResponseWriter, r *http.Request) {
	target, said, refused := a.find(r)
	w.Header().Set("X-Amzn-Requestid", said.requestID)
	kind := cmp.Or(r.Header.Get("X-Amz-Invocation-Type"), "RequestResponse")
	var payload []byte
	if refused == nil {
		payload, refused = readPayload(r, kind)
	}
	if refused != nil {
		refused.write(w)
		return
	}
	switch kind {
	case "DryRun":
		w.WriteHeader(http.StatusNoContent)
	case "Event":
		said.clientContext = "" // which is for synchronous invocations only
		if err := target.InvokeAsync(withCall(r.Context(), said), payload); err != nil {
			(&exception{http.StatusInternalServerError, "ServiceException", err.Error()}).write(w)
			return
		}
		w.WriteHeader(http.StatusAccepted)
	default:
		if r.Header.Get("X-Amz-Log-Type") == "Tail" {
			said.tail = &logTail{version: cmp.Or(target.Version, unpublished), json: target.JSONLog}
		}
		out, err := target.Invoke(withCall(r.Context(), said), payload)
		if said.tail != nil {
			w.Header().Set("X-Amz-Log-Result", said.tail.result())
		}
		w.Header().Set("X-Amz-Executed-Version", cmp.Or(target.Version, unpublished))
		respond(w, out, err)
	}
}

// find returns what a request invokes, and what it says beside the payload.
func (a API) find(r *http.Request) (Target, call, *exception) {
	said := call{requestID: newRequestID()}
	name, derived := functionName(r.PathValue("name"))
	qualifier := cmp.Or(r.URL.Query().Get("Qualifier"), derived)
	if derived != "" && derived != qualifier {
		return Target{}, said, &exception{http.StatusBadRequest, "InvalidParameterValueException",
			"The derived qualifier from the function name does not match the specified qualifier."}
	}
	if qualifier != "" && qualifier != unpublished {
		name += ":" + qualifier
	}
	target, known := a[name]
	if !known {
		return Target{}, said, &exception{http.StatusNotFound, "ResourceNotFoundException", "Function not found: " + name}
	}
	if target.ARN != "" && qualifier != "" {
		said.arn = target.ARN + ":" + qualifier
	}
	context, err := base64.StdEncoding.DecodeString(r.Header.Get("X-Amz-Client-Context"))
	if err != nil || len(context) > 0 && !json.Valid(context) {
		return Target{}, said, &exception{http.StatusBadRequest, "InvalidRequestContentException",
			"Client context must be a valid Base64-encoded JSON object."}
	}
	said.clientContext = string(context)
	return target, said, nil
}

// readPayload reads what a request hands to the function. What AWS calls the exception for
// too much is RequestTooLargeException in its reference, and this on the wire:
// https://github.com/ASFHyP3/hyp3/issues/2241,
// https://github.com/awslabs/aws-athena-query-federation/issues/793
func readPayload(r *http.Request, kind string) ([]byte, *exception) {
	most := map[string]int{"RequestResponse": maxSync, "Event": maxAsync, "DryRun": maxSync}[kind]
	if most == 0 {
		return nil, &exception{http.StatusBadRequest, "InvalidParameterValueException",
			fmt.Sprintf("%q is not a valid invocation type: RequestResponse, Event or DryRun", kind)}
	}
	payload, err := io.ReadAll(r.Body)
	switch {
	case err != nil: // the caller has gone
		return nil, &exception{http.StatusBadRequest, "InvalidRequestContentException", err.Error()}
	case len(payload) > maxSync:
		return nil, &exception{http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException",
			fmt.Sprintf("Request must be smaller than %d bytes for the InvokeFunction operation", maxSync)}
	case len(payload) > most:
		return nil, &exception{http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException",
			fmt.Sprintf("%d byte payload is too large for the %s invocation type (limit %d bytes)", len(payload), kind, most)}
	case len(payload) == 0:
		return []byte("{}"), nil
	case !json.Valid(payload):
		return nil, &exception{http.StatusBadRequest, "InvalidRequestContentException", "Could not parse request body into json"}
	}
	return payload, nil
}

// respond answers a synchronous invocation. One that failed in the function is
// a success of the call.
func respond(w http.ResponseWriter, out []byte, err error) {
	switch {
	case errors.Is(err, ErrThrottled):
		(&exception{http.StatusTooManyRequests, "TooManyRequestsException", "Rate Exceeded."}).write(w)
		return
	case errors.Is(err, ErrClosed):
		(&exception{http.StatusInternalServerError, "ServiceException", err.Error()}).write(w)
		return
	case err != nil:
		out = errorPayload(err)
		w.Header().Set("X-Amz-Function-Error", "Unhandled")
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(out) // the caller may be gone
}

// errorPayload is what Lambda hands on for an invocation that failed.
func errorPayload(err error) []byte {
	if fault, ok := errors.AsType[*FunctionError](err); ok {
		return fault.Payload
	}
	if timeout, ok := errors.AsType[*TimeoutError](err); ok {
		return newFunctionError("Sandbox.Timedout", fmt.Sprintf("RequestId: %s Error: Task timed out after %.2f seconds",
			timeout.RequestID, timeout.After.Seconds())).Payload
	}
	if _, ok := errors.AsType[*CrashError](err); ok {
		return newFunctionError("Runtime.ExitError", err.Error()).Payload
	}
	return newFunctionError(fmt.Sprintf("%T", err), err.Error()).Payload
}

// functionName takes name and qualifier out of a name or an ARN.
func functionName(text string) (name, qualifier string) {
	if _, name, ok := strings.Cut(text, "function:"); ok {
		text = name
	}
	name, qualifier, _ = strings.Cut(text, ":")
	return name, qualifier
}

// An exception is how the API refuses a call.
type exception struct {
	status        int
	kind, message string
}

func (e *exception) write(w http.ResponseWriter) {
	body, _ := json.Marshal(map[string]string{"Type": "User", "Message": e.message}) // strings encode
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-Errortype", e.kind)
	w.WriteHeader(e.status)
	_, _ = w.Write(body)
}
