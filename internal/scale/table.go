package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	connections = 1_000_000
	defaultWork = 100 * time.Millisecond
	load        = 10_000 // requests a second
	minutes     = 4
)

// settings are what the page compares.
func settings(work float64) []setting {
	const limit, open = mappingMost / 4, templateOpen
	all := []setting{
		{name: "as deployed, a tenth of the load", concurrency: templateConcurrency, queues: 1, limit: templateRunning, open: open},
		{name: "the same, the table warm", warm: true, concurrency: templateConcurrency, queues: 1, limit: templateRunning, open: open},
		{name: "the same without limits", warm: true, concurrency: templateConcurrency, queues: 1},
		{name: "as deployed", concurrency: templateConcurrency, queues: 1, limit: templateRunning, open: open},
		{name: "quotas raised and the table warm, MaximumConcurrency 1,000", raised: true, warm: true, concurrency: mappingMost, queues: 1,
			limit: limit, open: open},
		{name: "the same without limits", raised: true, warm: true, concurrency: mappingMost, queues: 1},
		{name: "the same, 100 provisioned pollers", raised: true, warm: true, concurrency: 4 * mappingMost, pollers: 100, queues: 1,
			limit: limit, open: open},
		{name: "the same, 8 queues by hash of tenant in their place", raised: true, warm: true, concurrency: 4 * mappingMost, queues: 8,
			limit: limit, open: open},
	}
	for i := range all {
		all[i].tenants, all[i].others, all[i].flood, all[i].work = 1000, load/2, load/2, work
		all[i].messages = templateMessages
		if all[i].raised {
			all[i].messages = 10 * gatewayRate
		}
		if i < 3 {
			all[i].others, all[i].flood = load/20, load/20
		}
	}
	return all
}

// tables is what the page has between its marks.
func tables(seed uint64, work float64) string {
	var b strings.Builder
	fmt.Fprintf(&b, "| one tenant (or one subject) ends at | units or writes a job | jobs a second |\n|---|---|--:|\n")
	for _, row := range []struct {
		what, each string
		units      int
	}{
		{"its counter of permits, `LimitTenantRunning` set", "2 transactions, each 2 write units of the counter", 2 * permitUnits},
		{"a principal's counter, `LimitPrincipalOpen` set", "2 transactions, each 2 write units of the counter", 2 * permitUnits},
		{"its part of the index `by_tenant` (a subject: `by_subject`)", "1 write: it is stored, and goes well", indexWrites},
	} {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", row.what, row.each, thousands(partitionWrites/row.units))
	}

	fmt.Fprintf(&b, "\n| a stage ends at | with the default quotas |\n|---|--:|\n")
	for _, row := range []struct {
		what string
		n    int
	}{
		{"long requests a second, by API Gateway (a message and 6 callbacks each)", gatewayRate / (1 + callbacks)},
		{"long requests a second, by the write units of a table that is warm", tableWrites / (storeUnits + runUnits)},
		{"the same with both limits on", tableWrites / (limitedStore + limitedRun)},
		{"long requests a second, by the write units of a new table, with both limits on", tableWarm / (limitedStore + limitedRun)},
		{fmt.Sprintf("long requests a second, by MaximumConcurrency 100 and runs of %v", defaultWork), int(100 / work)},
		{"long requests a second, by MaximumConcurrency 1,000", int(mappingMost / work)},
		{"seconds until a million clients have connected", connections / gatewayConnect},
		{"connections a second, since each lasts 2 h at most", connections / lifetime},
		{"write units a second of these", connections / lifetime * 2 * connectUnits},
		{"messages a second of a million idle browsers that ping every 4 minutes", connections / pingEvery},
	} {
		fmt.Fprintf(&b, "| %s | %s |\n", row.what, thousands(row.n))
	}

	all := settings(work)
	results := make([]result, len(all))
	var running sync.WaitGroup
	for i, s := range all {
		running.Go(func() { results[i] = simulate(s, minutes, seed) })
	}
	running.Wait()
	b.WriteString("\n| stage | throttles first | others: served; wait p50 / p99 in minute 1 | in minute 4 " +
		"| the one that floods: served; in minute 4 |\n" +
		"|---|---|--:|--:|--:|\n")
	for i, s := range all {
		r := results[i]
		fmt.Fprintf(&b, "| %s | %s | %s; %s | %s | %s; %s |\n", s.name, first(r), served(r, 0), waits(r, 0, 0), waits(r, 0, minutes-1),
			served(r, 1), waits(r, 1, minutes-1))
	}
	b.WriteString("\n| stage | refused or held up in 4 minutes |\n|---|---|\n")
	for i, s := range all {
		fmt.Fprintf(&b, "| %s | %s |\n", s.name, refusals(results[i]))
	}
	return b.String()
}

func first(r result) string {
	if r.first == "" {
		return "nothing"
	}
	return fmt.Sprintf("%s, after %.2f s", r.first, r.firstAt)
}

// served is the share of what was offered that has begun.
func served(r result, who int) string {
	return fmt.Sprintf("%.0f %%", 100*float64(r.started[who])/float64(r.offered[who]))
}

func waits(r result, who, minute int) string {
	h := r.waits[who][minute]
	return h.quantile(0.5) + " / " + h.quantile(0.99)
}

// quantile is the wait that a share of a histogram does not exceed; more than that where
// it was not over.
func (h histogram) quantile(share float64) string {
	total, seen := 0, 0
	for _, counts := range [][]int{h.over, h.under} {
		for _, n := range counts {
			total += n
		}
	}
	for ticks := range max(len(h.over), len(h.under)) {
		for _, side := range []struct {
			counts []int
			sign   string
		}{{h.over, ""}, {h.under, "> "}} {
			if ticks >= len(side.counts) || side.counts[ticks] == 0 {
				continue
			}
			if seen += side.counts[ticks]; float64(seen) >= share*float64(total) {
				return fmt.Sprintf("%s%.2f s", side.sign, float64(ticks)*step)
			}
		}
	}
	return "-"
}

func refusals(r result) string {
	var parts []string
	if r.limited > 0 {
		parts = append(parts, "RATE_LIMITED by LimitPrincipalOpen "+thousands(r.limited))
	}
	if r.full > 0 {
		parts = append(parts, fmt.Sprintf("a mapping at its maximum with a backlog for %.1f s", float64(r.full)*step))
	}
	for _, part := range slices.Sorted(maps.Keys(r.refused)) {
		parts = append(parts, part+" "+thousands(r.refused[part]))
	}
	if parts == nil {
		return "nothing"
	}
	return strings.Join(parts, "; ")
}

// thousands is a number with commas.
func thousands(n int) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
