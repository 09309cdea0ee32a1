// Package shop has actions that need a variable and a secret.
package shop

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/request"
)

// Parts are what the application brings.
var Parts = functions.Parts{Actions: actions}

// Settings are what an action finds: the variable CURRENCY, and the SHA-256 of API_KEY.
type Settings struct{ Currency, KeyHash string }

// HashOf is what stands in Settings for a secret.
func HashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// actions are price, a short one, and ship, a long one; both return the settings. They
// are read here, before any request.
func actions(request.Lister) ([]streamer.Action, error) {
	found := Settings{Currency: os.Getenv("CURRENCY"), KeyHash: HashOf(os.Getenv("API_KEY"))}
	answer := func(context.Context, *streamer.Job, any) (Settings, error) { return found, nil }
	return []streamer.Action{
		streamer.NewAction(streamer.ActionConfig{Name: "price"}, answer),
		streamer.NewAction(streamer.ActionConfig{Name: "ship", Long: true}, answer),
	}, nil
}
