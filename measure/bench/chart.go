package main

import (
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/pay-theory/streamer/measure/bench/result"
)

// A series is a bar for each of a chart's groups, from the least to the most that
// the rounds have seen.
type series struct {
	name string
	bars []result.Range
}

var barColors = []color.Color{
	color.RGBA{R: 0x9a, G: 0x9a, B: 0x9a, A: 0xff}, // baseline
	color.RGBA{R: 0x1f, G: 0x6f, B: 0xb4, A: 0xff}, // Lift
}

// chart draws bars with their spread. floor is a line across; NaN: none.
func chart(path, title, unit string, groups []string, all []series, floor float64) error {
	p := plot.New()
	p.Title.Text, p.Y.Label.Text, p.Y.Min = title, unit, 0
	p.Title.Padding = vg.Points(6)
	p.Legend.Top, p.Legend.Left = true, true
	p.Legend.XOffs = vg.Points(8)
	const width = 22
	for i, s := range all {
		var heights plotter.Values
		var points plotter.XYs
		var spread plotter.YErrors
		for n, bar := range s.bars {
			if math.IsNaN(bar.Mid) {
				bar = result.Range{}
			}
			heights = append(heights, bar.Mid)
			points = append(points, plotter.XY{X: float64(n), Y: bar.Mid})
			spread = append(spread, struct{ Low, High float64 }{bar.Mid - bar.Low, bar.High - bar.Mid})
		}
		offset := vg.Points(width * (float64(i) - float64(len(all)-1)/2))
		bars, err := plotter.NewBarChart(heights, vg.Points(width))
		if err != nil {
			return err
		}
		bars.Color, bars.LineStyle.Width, bars.Offset = barColors[i], 0, offset
		marks, err := plotter.NewYErrorBars(struct {
			plotter.XYs
			plotter.YErrors
		}{points, spread})
		if err != nil {
			return err
		}
		p.Add(bars, shifted{marks, offset})
		p.Legend.Add(s.name, bars)
	}
	if !math.IsNaN(floor) {
		line, err := plotter.NewLine(plotter.XYs{{X: -0.5, Y: floor}, {X: float64(len(groups)) - 0.5, Y: floor}})
		if err != nil {
			return err
		}
		line.Dashes = []vg.Length{vg.Points(4), vg.Points(3)}
		p.Add(line)
		p.Legend.Add("floor", line)
	}
	p.Y.Max *= 1.25 // for the legend
	p.NominalX(groups...)
	return p.Save(16*vg.Centimeter, 8*vg.Centimeter, path)
}

// shifted draws the marks of a spread on bars that stand beside their group's
// middle.
type shifted struct {
	*plotter.YErrorBars
	by vg.Length
}

// Plot implements [plot.Plotter].
func (s shifted) Plot(c draw.Canvas, p *plot.Plot) {
	c.Push()
	defer c.Pop()
	c.Translate(vg.Point{X: s.by})
	s.YErrorBars.Plot(c, p)
}
