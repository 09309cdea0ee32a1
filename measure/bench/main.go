// Command bench measures the four functions against the same four written by
// hand, and writes the report.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := &cobra.Command{Use: "bench", Short: "Measure the functions before and after Lift", SilenceUsage: true}
	root.AddCommand(newRun(), newReport(), newCompare(), newLoad(), newBudget(), newFloor(), newAgainst())
	if root.ExecuteContext(ctx) != nil {
		stop()
		os.Exit(1)
	}
}
