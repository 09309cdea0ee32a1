package lift

import (
	"context"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
)

// shutdownTime is what the hooks of OnShutdown have together.
const shutdownTime = 400 * time.Millisecond

// Start serves the app on the Lambda Runtime API named by the environment
// variable AWS_LAMBDA_RUNTIME_API. It does not return. It panics for an app
// that has no handler at all.
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
	lambda.StartWithOptions(a, options...)
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
