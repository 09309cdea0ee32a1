package cli

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/pay-theory/streamer/stack"
)

const tokenHelp = `Signs a token with the development key of a data folder and prints it. Only a
stack on the same folder accepts it. For streamer staging the folder is that of
STREAMER_SIGN_KEY, and --issuer is ` + stack.StagingIssuer + `.`

const tokenExample = `  streamer token --tenant acme --subject ada
  streamer token --data ${STREAMER_SIGN_KEY%/*} --issuer streamer-staging --scope streamer:operator
  curl -H "Authorization: Bearer $(streamer token)" http://127.0.0.1:8700/requests`

func newToken(env *environment) *cobra.Command {
	var data, issuer string
	grant := devGrant()
	cmd := &cobra.Command{
		Use:     "token",
		Short:   "Sign a development token",
		Long:    tokenHelp,
		Example: tokenExample,
		Args:    takes(0, 0),
		RunE: func(*cobra.Command, []string) error {
			if grant.Tenant == "" || grant.Subject == "" {
				return &exitError{exitUsage, fmt.Errorf("a token needs a tenant and a subject, and got %q and %q: set --tenant and --subject",
					grant.Tenant, grant.Subject)}
			}
			token, err := signDev(data, issuer, grant)
			if err != nil {
				return &exitError{exitFailed, err}
			}
			return env.print("%s\n", token)
		},
	}
	f := cmd.Flags()
	f.StringVar(&grant.Tenant, "tenant", grant.Tenant, "tenant of the token")
	f.StringVar(&grant.Subject, "subject", grant.Subject, "subject of the token")
	f.StringArrayVar(&grant.Scopes, "scope", nil, "scope of the token; repeat for more")
	spanFlag(f, &grant.TTL, "ttl", grant.TTL, "how long the token is valid")
	f.StringVar(&issuer, "issuer", stack.DevIssuer, "issuer of the token; "+stack.StagingIssuer+" is that of streamer staging")
	complete(cmd, "issuer", []string{stack.DevIssuer, stack.StagingIssuer})
	dataFlag(cmd.Flags(), &data)
	return cmd
}

// devGrant is the caller that the CLI signs tokens for by default.
func devGrant() stack.Grant {
	return stack.Grant{Tenant: "dev", Subject: "you", TTL: time.Hour}
}

func dataFlag(flags *pflag.FlagSet, data *string) {
	flags.StringVar(data, "data", defaultData, "folder of the database and the development key")
}

// signDev signs with the development key of a data folder.
func signDev(data, issuer string, grant stack.Grant) (string, error) {
	key, err := stack.OpenKey(data)
	if errors.Is(err, stack.ErrNoKey) {
		return "", fmt.Errorf("%w: start `streamer dev` once, or set --data to its folder", err)
	}
	if err != nil {
		return "", err
	}
	return key.SignClaims(grant, map[string]any{"iss": issuer}, time.Now())
}
