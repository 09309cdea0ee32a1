package deployed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/lift/auth"
	"github.com/pay-theory/streamer/lift/config"
	"github.com/pay-theory/streamer/lift/transport"
)

// devIssuer is the issuer of development tokens. A function that trusts it does not
// start.
const devIssuer = "streamer-dev"

// tokens says which tokens count: those of one issuer, of a list of them, or of both.
// What an element of the list leaves out is as for the one.
type tokens struct {
	Issuer string `env:"STREAMER_JWT_ISSUER"`
	JWKS   string `env:"STREAMER_JWKS_URL"`
	Keys   string `env:"STREAMER_JWT_KEYS"` // PEM or a JWK set, instead of the URL

	Audience    string   `env:"STREAMER_JWT_AUDIENCE"`
	ClientIDs   []string `env:"STREAMER_JWT_CLIENT_IDS"`
	TenantClaim string   `env:"STREAMER_JWT_TENANT_CLAIM"`
	Tenant      string   `env:"STREAMER_JWT_TENANT"` // of every token
	ScopeClaims []string `env:"STREAMER_JWT_SCOPE_CLAIMS"`
	Algorithms  []string `env:"STREAMER_JWT_ALGORITHMS"`

	Issuers string `env:"STREAMER_JWT_ISSUERS"` // a JSON list of issuer
}

// An issuer is an element of STREAMER_JWT_ISSUERS.
type issuer struct {
	Issuer      string   `json:"issuer"`
	JWKS        string   `json:"jwks"`
	Audience    string   `json:"audience"`
	ClientIDs   []string `json:"client_ids"`
	TenantClaim string   `json:"tenant_claim"`
	Tenant      string   `json:"tenant"`
	ScopeClaims []string `json:"scope_claims"`
	Algorithms  []string `json:"algorithms"`
}

var errNoIssuer = errors.New("config: STREAMER_JWT_ISSUER is not set: name the issuer of your tokens, which STREAMER_JWKS_URL and " +
	"STREAMER_JWT_AUDIENCE or STREAMER_JWT_CLIENT_IDS go with, or several in STREAMER_JWT_ISSUERS alone")

// addIssuers adds the issuers of the environment to those of the application, unless
// that brings a verifier of its own.
func addIssuers(ctx context.Context, parts *functions.Parts, opts config.Options) error {
	if parts.Verifier != nil {
		return nil
	}
	var env tokens
	if err := config.Load(ctx, &env, opts); err != nil {
		return err
	}
	all, err := env.issuers()
	if err != nil {
		return err
	}
	for _, own := range parts.Issuers {
		if !slices.ContainsFunc(all, func(c auth.Config) bool { return c.Issuer == own.Issuer }) {
			all = append(all, own)
		}
	}
	if len(all) == 0 {
		return errNoIssuer
	}
	for i := range all {
		if all[i].Issuer == devIssuer {
			return errors.New("config: STREAMER_JWT_ISSUER is the issuer of development tokens, which a deployed function does not accept: " +
				"name the issuer of your tokens")
		}
		if all[i].JWKS.Transport == nil {
			all[i].JWKS.Transport = transport.New()
		}
	}
	parts.Issuers = nil
	if parts.Verifier, err = functions.NewVerifier(all...); err != nil {
		return fmt.Errorf("config: the STREAMER_JWT variables: %w", err)
	}
	return nil
}

// issuers returns the one issuer and those of the list.
func (t *tokens) issuers() ([]auth.Config, error) {
	var all []auth.Config
	var faults []error
	switch {
	case t.Issuer == "" && (t.JWKS != "" || t.Keys != ""):
		faults = append(faults, errNoIssuer)
	case t.Issuer != "":
		one := issuer{Issuer: t.Issuer, JWKS: t.JWKS}
		if t.JWKS == "" && t.Keys == "" {
			faults = append(faults, errors.New("config: STREAMER_JWKS_URL is not set: name where the issuer publishes its keys"))
		}
		if t.Audience == "" && len(t.ClientIDs) == 0 {
			faults = append(faults, errors.New("config: STREAMER_JWT_AUDIENCE is not set, and neither is STREAMER_JWT_CLIENT_IDS: "+
				"name the aud of your tokens, or the clients that they are for"))
		}
		c := t.complete(one)
		c.Keys = []byte(t.Keys)
		all = append(all, c)
	}
	var list []issuer
	if t.Issuers != "" {
		decoder := json.NewDecoder(strings.NewReader(t.Issuers))
		decoder.DisallowUnknownFields() // a setting that is misspelt must not be lost
		err := decoder.Decode(&list)
		if err == nil && decoder.More() {
			err = errors.New("there is more behind the list")
		}
		if err != nil {
			faults = append(faults, fmt.Errorf(`config: STREAMER_JWT_ISSUERS is not a JSON list such as [{"issuer": "https://…", `+
				`"jwks": "https://…"}]: %w`, err))
		}
	}
	for _, i := range list {
		all = append(all, t.complete(i))
	}
	return all, errors.Join(faults...)
}

// complete makes the settings of an issuer, with the variables' own where it leaves
// them out.
func (t *tokens) complete(i issuer) auth.Config {
	if i.Audience == "" && len(i.ClientIDs) == 0 {
		i.Audience, i.ClientIDs = t.Audience, t.ClientIDs
	}
	if i.Tenant == "" && i.TenantClaim == "" {
		i.Tenant, i.TenantClaim = t.Tenant, t.TenantClaim
	}
	if len(i.ScopeClaims) == 0 {
		i.ScopeClaims = t.ScopeClaims
	}
	if len(i.Algorithms) == 0 {
		i.Algorithms = t.Algorithms
	}
	return auth.Config{
		Issuer: i.Issuer, JWKS: auth.JWKSConfig{URL: i.JWKS}, Audience: i.Audience, ClientIDs: i.ClientIDs,
		TenantClaim: i.TenantClaim, Tenant: i.Tenant, ScopeClaims: i.ScopeClaims, Algorithms: i.Algorithms,
	}
}
