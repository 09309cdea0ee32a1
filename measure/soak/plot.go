package main

import (
	"bytes"
	"fmt"
	"html"
	"maps"
	"slices"
)

// points are a series: when, in seconds, and what.
type points struct{ at, value []float64 }

const (
	plotWidth, plotHeight = 300, 90 // of one series
	plotColumns           = 3
	plotMargin            = 12
	plotTitle             = 16
)

// plots draws each series in a small picture of its own, from zero to its greatest value.
func plots(stage string, all map[string]points) []byte {
	names := slices.Sorted(maps.Keys(all))
	var b bytes.Buffer
	lines := (len(names) + plotColumns - 1) / plotColumns
	width, height := plotColumns*(plotWidth+plotMargin)+plotMargin, lines*(plotHeight+plotTitle+plotMargin)+plotMargin
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" `, width, height, width, height)
	fmt.Fprintf(&b, "font-family=\"sans-serif\" font-size=\"11\">\n<title>%s under load</title>\n", stage)
	b.WriteString("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n")
	last := 1.0
	for _, p := range all {
		last = max(last, p.at[len(p.at)-1])
	}
	for i, name := range names {
		p := all[name]
		most := max(slices.Max(p.value), 1e-9)
		fmt.Fprintf(&b, `<g transform="translate(%d %d)"><text x="0" y="11">%s, up to %s</text>`+
			`<rect y="%d" width="%d" height="%d" fill="none" stroke="#ccc"/>`, plotMargin+i%plotColumns*(plotWidth+plotMargin),
			plotMargin+i/plotColumns*(plotHeight+plotTitle+plotMargin), html.EscapeString(name), number(most), plotTitle, plotWidth, plotHeight)
		b.WriteString(`<polyline fill="none" stroke="#1f6fb4" stroke-width="1.2" points="`)
		for n, at := range p.at {
			fmt.Fprintf(&b, "%.1f,%.1f ", at/last*plotWidth, plotTitle+plotHeight*(1-p.value[n]/most))
		}
		b.WriteString("\"/></g>\n")
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}
