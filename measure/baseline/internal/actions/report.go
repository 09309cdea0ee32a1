package actions

import (
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"html/template"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pay-theory/streamer/measure/baseline/internal/store"
)

const (
	maxReportDays = 366
	day           = 24 * time.Hour
)

// A reportInput is the payload of generate_report.
type reportInput struct {
	StartDate string `json:"start_date"`
	EndDate   string `json:"end_date"`
	Format    string `json:"format"` // "": json

	from, last time.Time
}

func parseReport(payload json.RawMessage) (reportInput, error) {
	var in reportInput
	decoder := json.NewDecoder(bytes.NewReader(payload))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&in); err != nil {
		return in, refuse("payload", "must be an object of start_date, end_date and format")
	}
	var err error
	if in.from, err = time.Parse(time.DateOnly, in.StartDate); err != nil {
		return in, refuse("start_date", "%q is no date, want YYYY-MM-DD", in.StartDate)
	}
	if in.last, err = time.Parse(time.DateOnly, in.EndDate); err != nil {
		return in, refuse("end_date", "%q is no date, want YYYY-MM-DD", in.EndDate)
	}
	switch {
	case in.last.Before(in.from):
		return in, refuse("end_date", "%s is before start_date %s", in.EndDate, in.StartDate)
	case in.last.Sub(in.from) >= maxReportDays*day:
		return in, refuse("end_date", "at most %d days are allowed", maxReportDays)
	}
	if in.Format = cmp.Or(in.Format, "json"); !slices.Contains([]string{"json", "csv", "html"}, in.Format) {
		return in, refuse("format", "%q is none of csv, json, html", in.Format)
	}
	return in, nil
}

func checkReport(payload json.RawMessage) error {
	_, err := parseReport(payload)
	return err
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

type reporter struct{ requests Scanner }

// run counts the requests of the caller's tenant by day, action and state.
func (g reporter) run(ctx context.Context, job Job) (json.RawMessage, error) {
	in, err := parseReport(job.Payload)
	if err != nil {
		return nil, err
	}
	counts := map[reportRow]int{} // by rows without a count
	total := 0
	until := in.last.Add(day)
	err = g.requests.Scan(ctx, job.Tenant, in.from, until, func(page []store.Mark) error {
		for _, m := range page {
			counts[reportRow{Day: m.CreatedAt.Format(time.DateOnly), Action: m.Action, State: m.State}]++
		}
		if total += len(page); len(page) > 0 { // pages come newest first
			done := until.Sub(page[len(page)-1].CreatedAt)
			job.Progress(100*float64(done)/float64(until.Sub(in.from)), fmt.Sprintf("%d requests counted", total))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	job.Progress(100, fmt.Sprintf("%d requests counted", total))
	rows := make([]reportRow, 0, len(counts))
	for row, count := range counts {
		row.Count = count
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b reportRow) int {
		return cmp.Or(strings.Compare(a.Day, b.Day), strings.Compare(a.Action, b.Action), strings.Compare(a.State, b.State))
	})
	out := report{StartDate: in.StartDate, EndDate: in.EndDate, Format: in.Format, Total: total}
	switch in.Format {
	case "csv":
		out.ContentType = "text/csv; charset=utf-8; header=present"
		out.Content, err = reportCSV(rows)
	case "html":
		out.ContentType = "text/html; charset=utf-8"
		out.Content, err = reportHTML(out, rows)
	default:
		out.Rows = rows
	}
	if err != nil {
		return nil, err
	}
	return json.Marshal(out)
}

func reportCSV(rows []reportRow) (string, error) {
	var b strings.Builder
	w := csv.NewWriter(&b)
	w.UseCRLF = true // RFC 4180
	records := [][]string{{"day", "action", "state", "count"}}
	for _, r := range rows {
		records = append(records, []string{r.Day, inertCell(r.Action), r.State, strconv.Itoa(r.Count)})
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

var reportPage = template.Must(template.New("report").Parse(`<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Requests {{.Report.StartDate}} to {{.Report.EndDate}}</title></head>
<body>
<table>
<caption>{{.Report.Total}} requests, {{.Report.StartDate}} to {{.Report.EndDate}}</caption>
<thead><tr><th>Day</th><th>Action</th><th>State</th><th>Count</th></tr></thead>
<tbody>
{{range .Rows}}<tr><td>{{.Day}}</td><td>{{.Action}}</td><td>{{.State}}</td><td>{{.Count}}</td></tr>
{{end}}</tbody>
</table>
</body>
</html>
`))

func reportHTML(r report, rows []reportRow) (string, error) {
	var b strings.Builder
	err := reportPage.Execute(&b, struct {
		Report report
		Rows   []reportRow
	}{r, rows})
	if err != nil {
		return "", fmt.Errorf("write HTML: %w", err)
	}
	return b.String(), nil
}
