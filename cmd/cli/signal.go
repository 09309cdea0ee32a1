package cli

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"
)

const signalHelp = `Sends a request the signal that it waits for, or will wait for, with a payload of
JSON: an argument, @FILE, or - for standard input. Only the first signal of a
token counts; the exit code of another one is 4.`

const signalExample = `  streamer signal req_7y2m… approval '{"by":"ada"}'`

func newSignal(env *environment) *cobra.Command {
	var flags clientFlags
	cmd := &cobra.Command{
		Use:     "signal ID TOKEN [PAYLOAD]",
		Short:   "Send the signal that a request waits for",
		Long:    signalHelp,
		Example: signalExample,
		Args:    takes(2, 3),
		RunE: func(cmd *cobra.Command, args []string) error {
			var payload json.RawMessage
			if len(args) == 3 {
				var err error
				if payload, err = readPayload(env, args[2]); err != nil {
					return &exitError{exitUsage, err}
				}
			}
			c, err := flags.open(cmd.Context(), env)
			if err != nil {
				return err
			}
			defer c.Close()
			s, err := c.Signal(cmd.Context(), args[0], args[1], payload)
			if err != nil {
				return flags.explain(env, err)
			}
			if err := printJSON(env, s.Append(nil)); err != nil {
				return err
			}
			if s.Changed != nil && !*s.Changed {
				return &exitError{exitUnchanged, fmt.Errorf("the signal %q was sent before, and the first one counts", printable(args[1]))}
			}
			return nil
		},
	}
	flags.registerSubject(env, cmd)
	cmd.ValidArgsFunction = flags.completeID(env)
	return cmd
}
