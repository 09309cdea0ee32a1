package lift

import (
	"context"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambda/messages"
)

// shutdownTime is what the hooks of OnShutdown have together.
const shutdownTime = 400 * time.Millisecond

// Start serves the app on the Lambda Runtime API named by the environment
// variable AWS_LAMBDA_RUNTIME_API. It does not return. It panics for an app
// that has no handler at all. A failed invocation has the [Error]'s code as its
// errorType and the message as its errorMessage.
//
// An app with shutdown hooks also registers as an internal extension, which is
// what makes Lambda send SIGTERM; when the hooks have run, the process exits
// with status 0.
func Start(a *App) {
	if !a.sealed {
		panic("lift: Start of an app without handlers")
	}
	var options []lambda.Option
	if len(a.shutdown) > 0 {
		options = append(options, lambda.WithEnableSIGTERM(func() {
			a.Shutdown(context.Background())
			os.Exit(0)
		}))
	}
	lambda.StartWithOptions(runtimeHandler(a.Invoke), options...)
}

// A runtimeHandler gives the Runtime API the code of an error as the error's
// type, so that a state machine, or any other caller, can tell them apart. It
// holds a function rather than an App so that a binary does not link the App's
// methods that are not called.
type runtimeHandler func(ctx context.Context, payload []byte) ([]byte, error)

func (h runtimeHandler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	answer, err := h(ctx, payload)
	if err != nil {
		shown, _ := AsError(err)
		return nil, messages.InvokeResponse_Error{Type: shown.Code.String(), Message: shown.Message}
	}
	return answer, nil
}

// Shutdown runs the hooks of [App.OnShutdown]. Start calls it on SIGTERM; a
// host that runs an app in its own process calls it itself.
func (a *App) Shutdown(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, shutdownTime)
	defer cancel()
	for _, f := range a.shutdown {
		f(ctx)
	}
}
