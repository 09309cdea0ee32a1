package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/pay-theory/streamer/emulator/iam"
)

// An Error is how the @connections API refuses a call. Type is the name of the
// exception that the SDKs make of it:
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
type Error struct {
	Status  int    // HTTP
	Type    string // as in GoneException
	Message string // may be empty
}

func (e *Error) Error() string {
	text := fmt.Sprintf("%d %s", e.Status, e.Type)
	if e.Message != "" {
		text += ": " + e.Message
	}
	return text
}

var (
	errForbidden  = &Error{http.StatusForbidden, "ForbiddenException", "Forbidden"}
	errNoToken    = &Error{http.StatusForbidden, "MissingAuthenticationTokenException", "Missing Authentication Token"}
	errGone       = &Error{http.StatusGone, "GoneException", ""}
	errTooLarge   = &Error{http.StatusRequestEntityTooLarge, "PayloadTooLargeException", "Payload too large"}
	errThrottled  = &Error{http.StatusTooManyRequests, "LimitExceededException", tooManyRequests}
	errBufferFull = &Error{http.StatusTooManyRequests, "LimitExceededException", "The client's buffer is full"}
)

// A Connection is what the @connections API tells about an open WebSocket.
type Connection struct {
	ConnectedAt time.Time `json:"connectedAt"`
	Identity    struct {
		SourceIP  string `json:"sourceIp"`
		UserAgent string `json:"userAgent"`
	} `json:"identity"`
	LastActiveAt time.Time `json:"lastActiveAt"`
}

// Post sends a message to a client. It returns when the message is queued:
// messages that are posted one after another arrive in that order, and a slow
// client does not hold up the others. Errors other than that of ctx are an [*Error]:
// 400 for an id that cannot be one, 410 for a connection that is not open, or not
// open yet because $connect still runs, 413 for more than a message may hold,
// and 429 for too many requests or a client whose buffer is full.
func (g *Gateway) Post(ctx context.Context, connectionID string, data []byte) error {
	err := ctx.Err()
	if err == nil {
		err = g.post(connectionID, data)
	}
	level := slog.LevelInfo
	if err != nil {
		level = slog.LevelWarn
	}
	attrs := []slog.Attr{slog.String("connection", connectionID), slog.Int("bytes", len(data))}
	if err != nil {
		attrs = append(attrs, slog.String("answer", err.Error()))
	}
	g.logEvent(level, "post", nil, attrs...)
	return err
}

func (g *Gateway) post(connectionID string, data []byte) error {
	c, err := g.find(connectionID)
	if err != nil {
		return err
	}
	if len(data) > g.cfg.Limits.Message {
		return errTooLarge
	}
	return c.sendMessage(data)
}

// Get tells about an open connection. Errors are those of [Gateway.Post].
func (g *Gateway) Get(ctx context.Context, connectionID string) (Connection, error) {
	if err := ctx.Err(); err != nil {
		return Connection{}, err
	}
	c, err := g.find(connectionID)
	if err != nil {
		return Connection{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return Connection{}, errGone
	}
	about := Connection{ConnectedAt: milliseconds(c.connectedAt), LastActiveAt: milliseconds(c.lastActive)}
	about.Identity.SourceIP, about.Identity.UserAgent = c.sourceIP, c.userAgent
	return about, nil
}

func milliseconds(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

// Delete closes a connection, after what was posted to it, with 1000
// "Connection Closed Normally". Errors are those of [Gateway.Post].
func (g *Gateway) Delete(ctx context.Context, connectionID string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c, err := g.find(connectionID)
	if err != nil {
		return err
	}
	if !c.close(deleted) {
		return errGone
	}
	return nil
}

// find returns an open connection and counts the request.
func (g *Gateway) find(connectionID string) (*conn, error) {
	if !g.allow(g.requests) {
		return nil, errThrottled
	}
	if !validID(connectionID) {
		return nil, &Error{http.StatusBadRequest, "BadRequestException", "Invalid connectionId: " + connectionID}
	}
	g.mu.RLock()
	defer g.mu.RUnlock()
	c, ok := g.conns[connectionID]
	if !ok {
		return nil, errGone
	}
	return c, nil
}

// serveConnection is the @connections API over HTTP.
func (g *Gateway) serveConnection(w http.ResponseWriter, r *http.Request, id string) {
	if g.cfg.Callers != nil {
		err := g.cfg.Callers.Verify(r, "execute-api")
		if refused, ok := errors.AsType[*iam.Error](err); ok {
			writeError(w, &Error{http.StatusForbidden, refused.Code, refused.Message})
			return
		}
		if err != nil {
			return // the caller has gone
		}
	}
	var err error
	switch r.Method {
	case http.MethodPost:
		var data []byte
		if data, err = io.ReadAll(&io.LimitedReader{R: r.Body, N: int64(g.cfg.Limits.Message) + 1}); err != nil {
			return // the caller has gone
		}
		err = g.Post(r.Context(), id, data)
	case http.MethodGet:
		var about Connection
		if about, err = g.Get(r.Context(), id); err == nil {
			w.Header().Set("Content-Type", "application/json")
			w.Write(encode(about))
			return
		}
	case http.MethodDelete:
		if err = g.Delete(r.Context(), id); err == nil {
			w.WriteHeader(http.StatusNoContent)
			return
		}
	default:
		err = errNoToken
	}
	writeError(w, err)
}

// writeError answers with an error of the @connections API, or 200 for none.
func writeError(w http.ResponseWriter, err error) {
	e, ok := err.(*Error)
	if !ok {
		w.WriteHeader(http.StatusOK) // err is nil, or the caller has gone
		return
	}
	w.Header().Set("x-amzn-ErrorType", e.Type)
	if e.Message == "" {
		w.WriteHeader(e.Status)
		return
	}
	writeJSON(w, e.Status, e.Message)
}
