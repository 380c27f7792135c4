// plot draws what make bench has measured: a panel for each operation, in it a
// group of bars for each distance, in it a bar for each tool.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"image/color"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// measured is what of the benchmark's numbers is drawn.
type measured struct {
	Date    string
	Rounds  int
	RTTs    []int
	Machine struct {
		Processor string
		Cores     int
	}
	Medians []median
}

type median struct {
	Tool, Operation string
	RTT             int
	Seconds         float64
}

// series is a tool and its colour, from Okabe and Ito's, which people who see
// colours differently tell apart.
type series struct {
	tool  string
	color color.Color
}

var (
	blue     = color.RGBA{0x00, 0x72, 0xB2, 0xFF}
	sky      = color.RGBA{0x56, 0xB4, 0xE9, 0xFF}
	orange   = color.RGBA{0xE6, 0x9F, 0x00, 0xFF}
	green    = color.RGBA{0x00, 0x9E, 0x73, 0xFF}
	purple   = color.RGBA{0xCC, 0x79, 0xA7, 0xFF}
	vermeil  = color.RGBA{0xD5, 0x5E, 0x00, 0xFF}
	grid     = color.RGBA{0xDD, 0xDD, 0xDD, 0xFF}
	tools    = []series{{"kubectl istio-demo", blue}, {"istioctl", vermeil}, {"kubectl apply", orange}, {"kubectl apply --server-side", green}, {"helm", purple}}
	showers  = []series{{"kubectl istio-demo", blue}, {"kubectl get", orange}, {"kubectl-istio_demo", sky}}
	families = "font-family:Liberation Sans,Arial,Helvetica,sans-serif"
)

// panel is one diagram.
type panel struct {
	title      string
	operations []operation
	series     []series
}

// operation is what a group of bars shows, and what is written below it beside
// the distance.
type operation struct{ name, note string }

var panels = [][]panel{
	{
		{"install, from the command to ready", []operation{{"install", ""}}, tools},
		{"install again, nothing to do", []operation{{"again", ""}}, tools},
	},
	{
		{"uninstall", []operation{{"uninstall", ""}}, tools},
		{"pods, with discovery cached (warm) and not (cold)", []operation{{"pods-warm", "\nwarm"}, {"pods-cold", "\ncold"}}, showers},
	},
}

const (
	width, height = 30 * vg.Centimeter, 21 * vg.Centimeter
	head          = 2.6 * vg.Centimeter
	// groupShare is which part of a group's place its bars take.
	groupShare = 0.84
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: plot MEASURED.json PICTURE.svg")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	var numbers measured
	if err := json.Unmarshal(data, &numbers); err != nil {
		return err
	}
	if len(numbers.Medians) == 0 || len(numbers.RTTs) == 0 {
		return errors.New("nothing was measured")
	}
	plot.DefaultFont = font.Font{Typeface: "Liberation", Variant: "Sans"}
	plotter.DefaultFont = plot.DefaultFont
	canvas := vgsvg.New(width, height)
	whole := draw.New(canvas)
	whole.SetColor(color.White)
	whole.Fill(whole.Rectangle.Path())
	heading(draw.Crop(whole, 0, 0, height-head, 0), numbers)
	if err := diagrams(draw.Crop(whole, 0.3*vg.Centimeter, -0.3*vg.Centimeter, 0.3*vg.Centimeter, -head), numbers); err != nil {
		return err
	}
	var picture strings.Builder
	if _, err := canvas.WriteTo(&picture); err != nil {
		return err
	}
	// Whoever has not that font has one of the same widths.
	drawn := strings.ReplaceAll(picture.String(), "font-family:Liberation Sans", families)
	return os.WriteFile(to, []byte(drawn), 0o644)
}

// heading draws what it is, where it was measured, and the tools' colours.
func heading(canvas draw.Canvas, numbers measured) {
	style := func(size vg.Length) text.Style {
		return text.Style{Color: color.Black, Font: font.From(plot.DefaultFont, size), YAlign: draw.YTop, Handler: plot.DefaultTextHandler}
	}
	left, top := canvas.Min.X+0.5*vg.Centimeter, canvas.Max.Y-0.35*vg.Centimeter
	canvas.FillText(style(15), vg.Point{X: left, Y: top}, "Istio's demo: seconds by tool and round-trip time to the API server, less is better")
	day, _, _ := strings.Cut(numbers.Date, "T")
	below := fmt.Sprintf("medians of %d, %s, %s with %d cores", numbers.Rounds, day, numbers.Machine.Processor, numbers.Machine.Cores)
	canvas.FillText(style(9.5), vg.Point{X: left, Y: top - 0.68*vg.Centimeter}, below)
	for _, one := range tools {
		square := vg.Rectangle{Min: vg.Point{X: left, Y: canvas.Min.Y + 0.5*vg.Centimeter}, Max: vg.Point{X: left + 0.36*vg.Centimeter, Y: canvas.Min.Y + 0.86*vg.Centimeter}}
		canvas.SetColor(one.color)
		canvas.Fill(square.Path())
		left += 0.5 * vg.Centimeter
		name := style(11)
		canvas.FillText(name, vg.Point{X: left, Y: canvas.Min.Y + 0.88*vg.Centimeter}, one.tool)
		left += name.Width(one.tool)*1.1 + 0.7*vg.Centimeter // fonts differ
	}
}

// diagrams draws all panels.
func diagrams(canvas draw.Canvas, numbers measured) error {
	var plots [][]*plot.Plot
	for _, row := range panels {
		var drawn []*plot.Plot
		for _, panel := range row {
			diagram, err := panel.draw(numbers)
			if err != nil {
				return err
			}
			drawn = append(drawn, diagram)
		}
		plots = append(plots, drawn)
	}
	tiles := draw.Tiles{Rows: len(plots), Cols: len(plots[0]), PadX: 0.8 * vg.Centimeter, PadY: 0.7 * vg.Centimeter}
	for i, row := range plot.Align(plots, tiles, canvas) {
		for j, place := range row {
			plots[i][j].Draw(place)
		}
	}
	return nil
}

// draw makes the diagram of a panel.
func (p panel) draw(numbers measured) (*plot.Plot, error) {
	diagram := plot.New()
	diagram.Title.Text, diagram.Title.TextStyle.Font.Size = p.title, 12.5
	diagram.Title.Padding = 0.25 * vg.Centimeter
	diagram.Y.Label.Text, diagram.Y.Min = "seconds", 0
	diagram.Y.LineStyle.Width, diagram.Y.Tick.LineStyle.Width, diagram.Y.Tick.Length = 0, 0, 0
	diagram.Y.Tick.Marker = plot.TickerFunc(ticks)
	lines := plotter.NewGrid()
	lines.Vertical.Width, lines.Horizontal.Color = 0, grid
	diagram.Add(lines)

	var groups []string
	var highest float64
	for _, rtt := range numbers.RTTs {
		for _, operation := range p.operations {
			groups = append(groups, fmt.Sprintf("%d ms%s", rtt, operation.note))
		}
	}
	panelWidth := (width/2 - 3*vg.Centimeter).Points()
	barWidth := panelWidth / float64(len(groups)) * groupShare / float64(len(p.series))
	for i, one := range p.series {
		var values plotter.Values
		for _, rtt := range numbers.RTTs {
			for _, operation := range p.operations {
				values = append(values, numbers.seconds(one.tool, operation.name, rtt))
			}
		}
		highest = max(highest, slices.Max(values))
		if err := addBars(diagram, one, values, vg.Points(barWidth), (float64(i)-float64(len(p.series)-1)/2)*barWidth); err != nil {
			return nil, err
		}
	}
	diagram.NominalX(groups...)
	diagram.X.Tick.Label.Font.Size = 10.5
	diagram.X.Padding = 0
	diagram.X.Tick.Label.YAlign = draw.YTop
	diagram.X.Tick.Length, diagram.X.Tick.LineStyle.Width = 3, 0
	diagram.X.Min, diagram.X.Max = -0.5, float64(len(groups))-0.5
	diagram.Y.Max = highest * 1.12 // a label stands above the highest bar
	if diagram.Legend.Top {
		diagram.Y.Max = highest * 1.35 // and a legend above that
	}
	return diagram, nil
}

// ticks are a handful of round values from zero on.
func ticks(_, highest float64) []plot.Tick {
	step := math.Pow(10, math.Floor(math.Log10(highest)))
	for _, part := range []float64{0.1, 0.2, 0.5} {
		if highest/(step*part) <= 6 {
			step *= part
			break
		}
	}
	var found []plot.Tick
	for i := 0; float64(i)*step <= highest; i++ {
		value := float64(i) * step
		found = append(found, plot.Tick{Value: value, Label: strconv.FormatFloat(value, 'g', 3, 64)})
	}
	return found
}

// addBars adds the bars of a tool, shifted within their groups, and writes the
// value on each.
func addBars(diagram *plot.Plot, one series, values plotter.Values, barWidth vg.Length, shift float64) error {
	bars, err := plotter.NewBarChart(values, barWidth*0.94)
	if err != nil {
		return err
	}
	bars.Color, bars.LineStyle.Width, bars.Offset = one.color, 0, vg.Points(shift)
	diagram.Add(bars)
	if !slices.ContainsFunc(tools, func(known series) bool { return known == one }) {
		diagram.Legend.Add(one.tool, bars)
		diagram.Legend.Top, diagram.Legend.Left = true, true
		diagram.Legend.Padding, diagram.Legend.ThumbnailWidth, diagram.Legend.TextStyle.Font.Size = 3, 0.36*vg.Centimeter, 10.5
	}
	var written plotter.XYLabels
	for i, value := range values {
		if value > 0 {
			written.XYs = append(written.XYs, plotter.XY{X: float64(i), Y: value})
			written.Labels = append(written.Labels, short(value))
		}
	}
	if len(written.XYs) == 0 {
		return nil
	}
	labels, err := plotter.NewLabels(written)
	if err != nil {
		return err
	}
	labels.Offset = vg.Point{X: vg.Points(shift), Y: 2}
	for i := range labels.TextStyle {
		labels.TextStyle[i].Font.Size = 8
		labels.TextStyle[i].XAlign = draw.XCenter
	}
	diagram.Add(labels)
	return nil
}

// short tells a value in the width of a bar.
func short(value float64) string {
	switch {
	case value < 1:
		return strings.TrimPrefix(fmt.Sprintf("%.2f", value), "0")
	case value < 10:
		return fmt.Sprintf("%.1f", value)
	}
	return fmt.Sprintf("%.0f", value)
}

// seconds gives a median, or zero where there is none.
func (m measured) seconds(tool, operation string, rtt int) float64 {
	for _, one := range m.Medians {
		if one.Tool == tool && one.Operation == operation && one.RTT == rtt {
			return one.Seconds
		}
	}
	return 0
}
