package functions

import (
	"log/slog"
	"time"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/middleware"
)

// newApp is an app with the stack that all four functions share. An answer is
// ready after limit at the latest; 0 leaves it to the function's own deadline.
func newApp(logger *slog.Logger, limit time.Duration) *lift.App {
	app := lift.New(lift.Config{Logger: logger, ErrorResponse: errorResponse})
	app.Use(
		middleware.Correlation(),
		middleware.Log(),
		middleware.Recover(),
		middleware.Deadline(limit),
	)
	return app
}
