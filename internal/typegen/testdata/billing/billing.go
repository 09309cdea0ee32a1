// Package billing has a type whose name another package has too.
package billing

// Money is what something costs.
type Money struct {
	Cents    int64  `json:"cents"`
	Currency string `json:"currency"` // ISO 4217, as in EUR
}
