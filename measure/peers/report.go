package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

const (
	begin = "<!-- peers: written by make peers -->\n"
	end   = "<!-- peers end -->\n"
)

// report prints the tables, and writes them into the page where there is one.
func (o options) report(rows []*row, links []*link) error {
	text := tables(rows, links, o)
	if _, err := os.Stdout.WriteString(text); err != nil || o.page == "" {
		return err
	}
	old, err := os.ReadFile(o.page)
	if err != nil {
		return err
	}
	before, rest, ok := bytes.Cut(old, []byte(begin))
	_, after, closed := bytes.Cut(rest, []byte(end))
	if !ok || !closed {
		return errors.New(o.page + " has no marks for the tables: put the lines " + begin + end + "where they go")
	}
	return os.WriteFile(o.page, []byte(string(before)+begin+text+end+string(after)), 0o644)
}

func tables(rows []*row, links []*link, o options) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Measured on %s, %d rounds in turns on %d processors of %s/%s with %s.\n\n",
		time.Now().UTC().Format("2 January 2006"), o.rounds, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())
	b.WriteString("| | one after another, p50 | p95 | beside Streamer | at once, jobs a second | beside Streamer |" +
		" CPU a job | peak memory |\n" +
		"|---|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, r := range rows {
		first := rows[0]
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %.0f, of %d | %s | %s | %.0f MB |\n", r.name,
			ms(quantile(r.each, 0.5)), ms(quantile(r.each, 0.95)), ratio(seconds(quantile(r.each, 0.5)), seconds(quantile(first.each, 0.5))),
			median(r.rates), r.burst, ratio(median(r.rates), median(first.rates)),
			ms(r.cpu/time.Duration(max(1, r.jobs))), float64(r.peak)/1e6)
	}
	if o.kill {
		b.WriteString("\n| kill -9 in the third of five steps | the job | finished steps that ran again |\n|---|---|--:|\n")
		for _, r := range rows {
			became := fmt.Sprintf("ended %.1f s after the new start", r.kill.after.Seconds())
			if !r.kill.finished {
				became = "did not end: " + r.kill.why
			}
			fmt.Fprintf(&b, "| %s | %s | %d |\n", r.name, became, r.kill.again)
		}
	}
	if len(links) > 0 {
		fmt.Fprintf(&b, "\n| %d connections | an idle one | beside Streamer | a message to all, p50 | the last |\n|---|--:|--:|--:|--:|\n",
			len(links[0].fanOut))
		for _, l := range links {
			fmt.Fprintf(&b, "| %s | %.1f KiB | %s | %s | %s |\n", l.name, float64(l.idle)/1024,
				ratio(float64(l.idle), float64(links[0].idle)), ms(quantile(l.fanOut, 0.5)), ms(quantile(l.fanOut, 1)))
		}
	}
	return b.String()
}

func seconds(d time.Duration) float64 { return d.Seconds() }

func ms(d time.Duration) string {
	n := float64(d) / float64(time.Millisecond)
	if n >= 100 {
		return fmt.Sprintf("%.0f ms", n)
	}
	return fmt.Sprintf("%.1f ms", n)
}

// ratio is how much a figure is of another one.
func ratio(of, to float64) string {
	if to == 0 {
		return ""
	}
	if r := of / to; r < 10 {
		return fmt.Sprintf("%.2f×", r)
	}
	return fmt.Sprintf("%.0f×", of/to)
}

func median(all []float64) float64 {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}
