package actions

import (
	"cmp"
	"context"
	"encoding/csv"
	"fmt"
	"html"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

const (
	maxReportDays = 366
	// reportPage bounds what one page holds in memory: a request may have a
	// payload and a result of some 300 KiB.
	reportPage = 100
	day        = 24 * time.Hour
)

// A reportInput is the payload of generate_report.
type reportInput struct {
	StartDate string `json:"start_date"`
	EndDate   string `json:"end_date"`
	Format    string `json:"format,omitempty"` // "": json
}

// UnmarshalJSON implements [json.Unmarshaler].
func (in *reportInput) UnmarshalJSON(data []byte) error {
	type plain reportInput
	return strict(data, (*plain)(in))
}

// Validate implements [streamer.Validator].
func (in reportInput) Validate() error {
	from, err := parseDay("start_date", in.StartDate)
	if err != nil {
		return err
	}
	last, err := parseDay("end_date", in.EndDate)
	if err != nil {
		return err
	}
	switch {
	case last.Before(from):
		return refuse("end_date", "%s is before start_date %s", in.EndDate, in.StartDate)
	case last.Sub(from) >= maxReportDays*day:
		return refuse("end_date", "the report would cover %d days, at most %d are allowed", last.Sub(from)/day+1, maxReportDays)
	}
	switch in.Format {
	case "", "json", "csv", "html":
		return nil
	}
	return refuse("format", "%q is none of csv, json, html", in.Format)
}

func parseDay(field, s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, refuse(field, "is required, as YYYY-MM-DD")
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return time.Time{}, refuse(field, "%q is no date, want YYYY-MM-DD", s)
	}
	return t, nil
}

// A report is the result. A JSON report has Rows; the others are Content.
type report struct {
	StartDate   string      `json:"start_date"`
	EndDate     string      `json:"end_date"`
	Format      string      `json:"format"`
	Total       int         `json:"total"`
	Rows        []reportRow `json:"rows,omitzero"`
	ContentType string      `json:"content_type,omitempty"`
	Content     string      `json:"content,omitempty"`
}

type reportRow struct {
	Day    string `json:"day"`
	Action string `json:"action"`
	State  string `json:"state"`
	Count  int    `json:"count"`
}

// A tally is what is counted so far, and the checkpoint.
type tally struct {
	Cursor string              `json:"cursor"`
	Total  int                 `json:"total"`
	Kinds  []requestKind       `json:"kinds"` // each once
	Days   map[int]map[int]int `json:"days"`  // day after the first, index of kind, requests
}

type requestKind struct {
	Action string        `json:"action"`
	State  request.State `json:"state"`
}

// generateReport counts the requests of the caller's tenant, of all its
// subjects, by day, action and state. It tells no subject and no id.
func generateReport(requests request.Lister, pageSize int) streamer.Action {
	config := streamer.ActionConfig{
		Name:        "generate_report",
		Description: "Counts the tenant's requests by day, action and state.",
		Long:        true,
		Errors:      []wire.Code{wire.PayloadTooLarge},
	}
	return streamer.NewAction(config, func(ctx context.Context, job *streamer.Job, in reportInput) (report, error) {
		if in.Format == "" {
			in.Format = "json"
		}
		from, err := parseDay("start_date", in.StartDate)
		if err != nil {
			return report{}, err
		}
		last, err := parseDay("end_date", in.EndDate)
		if err != nil {
			return report{}, err
		}
		t := tally{Days: map[int]map[int]int{}}
		if _, err := job.Checkpoint(&t); err != nil {
			return report{}, err
		}
		query := request.Query{Tenant: job.Principal().Tenant, From: from, Until: last.Add(day), Limit: pageSize, Cursor: t.Cursor}
		for {
			page, cursor, err := requests.ListRequests(ctx, query)
			switch {
			case ctx.Err() != nil:
				return report{}, stopped(ctx, t)
			case err != nil:
				return report{}, fmt.Errorf("list requests: %w", err)
			}
			for _, r := range page {
				t.add(from, r)
			}
			if cursor == "" {
				break
			}
			query.Cursor, t.Cursor = cursor, cursor
			if err := job.SetCheckpoint(t); err != nil {
				return report{}, streamer.Errorf(wire.PayloadTooLarge, "the report has too many lines: choose fewer days: %w", err)
			}
			if len(page) > 0 { // pages come newest first
				done := query.Until.Sub(page[len(page)-1].CreatedAt)
				job.Progress(100*float64(done)/float64(query.Until.Sub(from)), counted(t.Total)+" counted")
			}
		}
		job.Progress(100, counted(t.Total)+" counted")
		return t.report(in, from)
	})
}

// counted is a number of requests, in words.
func counted(n int) string {
	if n == 1 {
		return "1 request"
	}
	return fmt.Sprintf("%d requests", n)
}

func (t *tally) add(from time.Time, r *request.Request) {
	kind := requestKind{r.Action, r.State}
	k := slices.Index(t.Kinds, kind)
	if k < 0 {
		k = len(t.Kinds)
		t.Kinds = append(t.Kinds, kind)
	}
	d := int(r.CreatedAt.Sub(from) / day)
	if t.Days[d] == nil {
		t.Days[d] = map[int]int{}
	}
	t.Days[d][k]++
	t.Total++
}

// rows are in the order of day, action, state.
func (t *tally) rows(from time.Time) []reportRow {
	rows := []reportRow{}
	for d, kinds := range t.Days {
		for k, count := range kinds {
			rows = append(rows, reportRow{
				Day:    from.AddDate(0, 0, d).Format(time.DateOnly),
				Action: t.Kinds[k].Action, State: string(t.Kinds[k].State), Count: count,
			})
		}
	}
	sort.Slice(rows, func(i, j int) bool {
		a, b := rows[i], rows[j]
		return cmp.Or(strings.Compare(a.Day, b.Day), strings.Compare(a.Action, b.Action), strings.Compare(a.State, b.State)) < 0
	})
	return rows
}

func (t *tally) report(in reportInput, from time.Time) (report, error) {
	out := report{StartDate: in.StartDate, EndDate: in.EndDate, Format: in.Format, Total: t.Total}
	rows := t.rows(from)
	switch in.Format {
	case "csv":
		content, err := reportCSV(rows)
		if err != nil {
			return report{}, err
		}
		out.ContentType, out.Content = "text/csv; charset=utf-8; header=present", content
	case "html":
		out.ContentType, out.Content = "text/html; charset=utf-8", reportHTML(out, rows)
	default:
		out.Rows = rows
	}
	return out, nil
}

func reportCSV(rows []reportRow) (string, error) {
	var b strings.Builder
	w := csv.NewWriter(&b)
	w.UseCRLF = true // RFC 4180
	records := [][]string{{"day", "action", "state", "count"}}
	for _, r := range rows {
		records = append(records, []string{r.Day, inertCell(r.Action), inertCell(r.State), strconv.Itoa(r.Count)})
	}
	if err := w.WriteAll(records); err != nil {
		return "", fmt.Errorf("write CSV: %w", err)
	}
	return b.String(), nil
}

// inertCell keeps a spreadsheet from taking text for a formula (OWASP, "CSV
// Injection").
func inertCell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\n", rune(s[0])) {
		return "'" + s
	}
	return s
}

// reportHTML writes the page by hand: html/template would switch off the
// linker's method pruning for the whole function binary.
func reportHTML(r report, rows []reportRow) string {
	var b strings.Builder
	fmt.Fprintf(&b, "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>Requests %s to %s</title></head>\n<body>\n",
		html.EscapeString(r.StartDate), html.EscapeString(r.EndDate))
	fmt.Fprintf(&b, "<table>\n<caption>%s, %s to %s</caption>\n"+
		"<thead><tr><th>Day</th><th>Action</th><th>State</th><th>Count</th></tr></thead>\n<tbody>\n",
		counted(r.Total), html.EscapeString(r.StartDate), html.EscapeString(r.EndDate))
	for _, row := range rows {
		fmt.Fprintf(&b, "<tr><td>%s</td><td>%s</td><td>%s</td><td>%d</td></tr>\n",
			html.EscapeString(row.Day), html.EscapeString(row.Action), html.EscapeString(row.State), row.Count)
	}
	b.WriteString("</tbody>\n</table>\n</body>\n</html>\n")
	return b.String()
}
