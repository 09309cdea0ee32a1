package cli

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

const manHelp = `Writes a man page for each command into a folder, which is made when it is not there.
Releases have them in their folder man.`

const manExample = `  streamer man ~/.local/share/man/man1 && man streamer-list`

func newMan(*environment) *cobra.Command {
	return &cobra.Command{
		Use:     "man DIR",
		Short:   "Write the man pages",
		Long:    manHelp,
		Example: manExample,
		Args:    takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return &exitError{exitFailed, fmt.Errorf("make the folder of the man pages: %w", err)}
			}
			root := cmd.Root()
			root.DisableAutoGenTag = true // it has a date
			header := &doc.GenManHeader{Section: "1", Source: "streamer " + version(), Manual: "Streamer"}
			if err := doc.GenManTree(root, header, args[0]); err != nil {
				return &exitError{exitFailed, fmt.Errorf("write the man pages: %w", err)}
			}
			if err := addExitCodes(filepath.Join(args[0], "streamer.1")); err != nil {
				return &exitError{exitFailed, fmt.Errorf("write the man pages: %w", err)}
			}
			return nil
		},
	}
}

// addExitCodes adds to a man page what the exit codes mean, line by line.
func addExitCodes(page string) error {
	text, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	return os.WriteFile(page, fmt.Appendf(text, ".SH EXIT STATUS\n.nf\n%s\n.fi\n", exitCodesHelp), 0o644)
}
