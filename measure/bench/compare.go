package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/pay-theory/streamer/measure/bench/result"
)

func newCompare() *cobra.Command {
	return &cobra.Command{
		Use:   "compare A.json B.json",
		Short: "Show whether the ratios of two runs agree within their spread",
		Args:  cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := result.Read(args[0])
			if err != nil {
				return err
			}
			b, err := result.Read(args[1])
			if err != nil {
				return err
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 8, 2, ' ', 0)
			apart := 0
			second := map[string]result.Range{}
			for _, g := range (view{b}).compared() {
				second[g.Name] = g.Ratio
			}
			for _, g := range (view{a}).compared() {
				other, measured := second[g.Name]
				verdict := "agree"
				switch {
				case !measured:
					other, verdict = none, ""
				case !g.Ratio.Overlaps(other):
					verdict = "DIFFER"
					apart++
				}
				fmt.Fprintf(w, "%s\t%v\t%v\t%s\n", g.Name, g.Ratio, other, verdict)
			}
			if err := w.Flush(); err != nil {
				return err
			}
			if apart > 0 {
				return fmt.Errorf("%d ratios differ by more than their spread", apart)
			}
			return nil
		},
	}
}
