package lambda

import (
	"context"
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
	InvokeAsync(payload []byte) error
}

// An API answers Lambda's operation Invoke for functions by their names:
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
//
// It takes RequestResponse, Event and DryRun. A qualifier is passed over, since
// a function has one version, and so is the signature.
type API map[string]Function

// How long payloads may be (Lambda quotas, "Invocation payload").
const (
	maxSync  = 6 << 20
	maxAsync = 1 << 20
)

// ServeHTTP implements [http.Handler].
func (a API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /2015-03-31/functions/{name}/invocations", a.invoke)
	mux.ServeHTTP(w, r)
}

func (a API) invoke(w http.ResponseWriter, r *http.Request) {
	f, known := a[functionName(r.PathValue("name"))]
	if !known {
		exception(w, http.StatusNotFound, "ResourceNotFoundException", "Function not found: "+r.PathValue("name"))
		return
	}
	kind := r.Header.Get("X-Amz-Invocation-Type")
	most := map[string]int64{"": maxSync, "RequestResponse": maxSync, "Event": maxAsync, "DryRun": maxSync}[kind]
	if most == 0 {
		exception(w, http.StatusBadRequest, "InvalidParameterValueException",
			fmt.Sprintf("%q is not a valid invocation type: RequestResponse, Event or DryRun", kind))
		return
	}
	payload, err := io.ReadAll(io.LimitReader(r.Body, most+1))
	switch {
	case err != nil:
		return // the caller is gone
	case int64(len(payload)) > most:
		exception(w, http.StatusRequestEntityTooLarge, "RequestTooLargeException", fmt.Sprintf("the payload is longer than %d bytes", most))
		return
	case len(payload) > 0 && !json.Valid(payload):
		exception(w, http.StatusBadRequest, "InvalidRequestContentException", "Could not parse request body into json")
		return
	}
	if len(payload) == 0 {
		payload = []byte("{}")
	}
	w.Header().Set("X-Amzn-Requestid", newRequestID())
	switch kind {
	case "DryRun":
		w.WriteHeader(http.StatusNoContent)
	case "Event":
		if err := f.InvokeAsync(payload); err != nil {
			exception(w, http.StatusInternalServerError, "ServiceException", err.Error())
			return
		}
		w.WriteHeader(http.StatusAccepted)
	default:
		out, err := f.Invoke(r.Context(), payload)
		respond(w, out, err)
	}
}

// respond answers a synchronous invocation. One that failed in the function is
// a success of the call.
func respond(w http.ResponseWriter, out []byte, err error) {
	switch {
	case errors.Is(err, ErrThrottled):
		exception(w, http.StatusTooManyRequests, "TooManyRequestsException", "Rate Exceeded.")
		return
	case errors.Is(err, ErrClosed):
		exception(w, http.StatusInternalServerError, "ServiceException", err.Error())
		return
	case err != nil:
		out = errorPayload(err)
		w.Header().Set("X-Amz-Function-Error", "Unhandled")
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amz-Executed-Version", "$LATEST")
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

// functionName takes the name out of a name or an ARN, with or without a
// qualifier.
func functionName(text string) string {
	if _, name, ok := strings.Cut(text, ":function:"); ok {
		text = name
	}
	name, _, _ := strings.Cut(text, ":")
	return name
}

func exception(w http.ResponseWriter, status int, kind, message string) {
	body, _ := json.Marshal(map[string]string{"Type": "User", "Message": message}) // strings encode
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-Errortype", kind)
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
