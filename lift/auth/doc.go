// Package auth verifies JSON Web Tokens and guards Lift's HTTP and $connect
// handlers with them. A package of its own keeps the JWT library out of
// functions that need no tokens.
//
// Nothing in this package logs a token or puts one, or a part of one, into an
// error.
package auth
