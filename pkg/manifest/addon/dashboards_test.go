package addon

import (
	"encoding/json"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// dashboard is what Grafana reads of a dashboard's JSON, as far as these
// dashboards use it.
type dashboard struct {
	UID           string `json:"uid"`
	Title         string `json:"title"`
	SchemaVersion int    `json:"schemaVersion"`
	Editable      bool   `json:"editable"`
	Panels        []panel
	Templating    struct{ List []variable }
}

type panel struct {
	ID         int `json:"id"`
	Type       string
	Title      string
	Datasource *reference
	GridPos    struct{ X, Y, W, H int }
	Targets    []struct {
		Datasource         reference
		RefID              string `json:"refId"`
		Expr, LegendFormat string
		Instant, Range     bool
	}
	FieldConfig struct {
		Defaults  struct{ Unit string }
		Overrides []struct {
			Matcher    struct{ Options string }
			Properties []struct {
				ID    string `json:"id"`
				Value any
			}
		}
	}
	Transformations []struct {
		ID      string `json:"id"`
		Options struct{ RenameByName map[string]string }
	}
}

type reference struct{ Type, UID string }

type variable struct {
	Name, Type string
	Datasource reference
	Query      struct{ Query string }
}

func dashboards(t *testing.T) map[string]dashboard {
	t.Helper()
	files, err := fs.Glob(sources, "grafana/dashboards/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("there are no dashboards", err)
	}
	found := map[string]dashboard{}
	for _, file := range files {
		data, err := fs.ReadFile(sources, file)
		if err != nil {
			t.Fatal(err)
		}
		var board dashboard
		if err := json.Unmarshal(data, &board); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		found[path.Base(file)] = board
	}
	return found
}

// sourceUID gives the uid of the default data source.
func sourceUID(t *testing.T) string {
	t.Helper()
	data, err := fs.ReadFile(sources, "grafana/datasources.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		Datasources []struct {
			UID, Type string
			IsDefault bool
		}
	}
	if err := yaml.Unmarshal(data, &config); err != nil {
		t.Fatal(err)
	}
	for _, source := range config.Datasources {
		if source.IsDefault && source.Type == "prometheus" {
			return source.UID
		}
	}
	t.Fatal("no data source is the default")
	return ""
}

func TestDashboards(t *testing.T) {
	uids, titles := map[string]bool{}, map[string]bool{}
	prometheus := reference{"prometheus", sourceUID(t)}
	for file, board := range dashboards(t) {
		if board.UID == "" || len(board.UID) > 40 || uids[board.UID] || board.Title == "" || titles[board.Title] {
			t.Errorf("%s: uid %q and title %q are not fit or not its own", file, board.UID, board.Title)
		}
		uids[board.UID], titles[board.Title] = true, true
		// 41 is Grafana 12.0's; an older one would be converted at each start.
		if board.SchemaVersion != 41 || board.Editable {
			t.Errorf("%s: schema version %d, editable %t", file, board.SchemaVersion, board.Editable)
		}
		ids := map[int]bool{}
		for _, panel := range board.Panels {
			if panel.ID < 1 || ids[panel.ID] || panel.Title == "" {
				t.Errorf("%s: the panel %q has the id %d", file, panel.Title, panel.ID)
			}
			ids[panel.ID] = true
			if panel.Type != "row" {
				checkPanel(t, file, panel, prometheus)
			}
		}
		for _, variable := range board.Templating.List {
			if variable.Type != "query" || variable.Datasource != prometheus || variable.Query.Query == "" {
				t.Errorf("%s: variable %q is not queried", file, variable.Name)
			}
		}
	}
}

// units are those of Grafana's ids that are of use here; any other text would be
// shown behind the number as it is.
var units = []string{"Bps", "bytes", "cps", "ms", "ops", "percentunit", "reqps", "s", "short"}

func checkPanel(t *testing.T, file string, panel panel, source reference) {
	t.Helper()
	if !slices.Contains([]string{"stat", "table", "timeseries"}, panel.Type) {
		t.Errorf("%s: %q is a %q", file, panel.Title, panel.Type)
	}
	if panel.Datasource == nil || *panel.Datasource != source || len(panel.Targets) == 0 {
		t.Errorf("%s: %q has the data source %v and %d queries", file, panel.Title, panel.Datasource, len(panel.Targets))
	}
	if unit := panel.FieldConfig.Defaults.Unit; !slices.Contains(units, unit) && panel.Type != "table" {
		t.Errorf("%s: %q has the unit %q", file, panel.Title, unit)
	}
	refs := map[string]bool{}
	for _, target := range panel.Targets {
		if target.Datasource != source || target.Expr == "" || target.RefID == "" || refs[target.RefID] || target.Instant == target.Range {
			t.Errorf("%s: %q has the query %+v", file, panel.Title, target)
		}
		refs[target.RefID] = true
		if panel.Type == "timeseries" && target.LegendFormat == "" {
			t.Errorf("%s: %q has no legend for %s", file, panel.Title, target.RefID)
		}
	}
	if panel.Type == "table" {
		checkColumns(t, file, panel)
	}
}

// checkColumns finds a name for the column of each query, and a unit.
func checkColumns(t *testing.T, file string, panel panel) {
	t.Helper()
	names := map[string]string{}
	for _, transformation := range panel.Transformations {
		for from, to := range transformation.Options.RenameByName {
			names[from] = to
		}
	}
	for _, target := range panel.Targets {
		column := names["Value #"+target.RefID]
		formatted := false
		for _, override := range panel.FieldConfig.Overrides {
			for _, property := range override.Properties {
				unit, _ := property.Value.(string)
				formatted = formatted || override.Matcher.Options == column && property.ID == "unit" && slices.Contains(units, unit)
			}
		}
		if column == "" || !formatted {
			t.Errorf("%s: %q: the column of %s has the name %q; formatted: %t", file, panel.Title, target.RefID, column, formatted)
		}
	}
}

// TestGrid lays the panels out side by side and one below the other.
func TestGrid(t *testing.T) {
	for file, board := range dashboards(t) {
		taken := map[[2]int]string{}
		for _, panel := range board.Panels {
			at := panel.GridPos
			if at.X < 0 || at.Y < 0 || at.W < 1 || at.H < 1 || at.X+at.W > 24 {
				t.Errorf("%s: %q is at %v", file, panel.Title, at)
			}
			for x := at.X; x < at.X+at.W; x++ {
				for y := at.Y; y < at.Y+at.H; y++ {
					if other := taken[[2]int{x, y}]; other != "" {
						t.Fatalf("%s: %q lies on %q", file, panel.Title, other)
					}
					taken[[2]int{x, y}] = panel.Title
				}
			}
		}
	}
}

var usedVariable = regexp.MustCompile(`\$\{?([a-zA-Z_][a-zA-Z0-9_]*)`)

// TestVariables uses what is declared, and declares what is used.
func TestVariables(t *testing.T) {
	for file, board := range dashboards(t) {
		unused := map[string]bool{}
		declared := map[string]bool{}
		use := func(text string) {
			for _, match := range usedVariable.FindAllStringSubmatch(text, -1) {
				if name := match[1]; !strings.HasPrefix(name, "__") {
					delete(unused, name)
					if !declared[name] {
						t.Errorf("%s: nothing sets $%s in %s", file, name, text)
					}
				}
			}
		}
		for _, variable := range board.Templating.List {
			use(variable.Query.Query)
			declared[variable.Name], unused[variable.Name] = true, true
		}
		for _, panel := range board.Panels {
			for _, target := range panel.Targets {
				use(target.Expr)
			}
		}
		if len(unused) > 0 {
			t.Errorf("%s: nobody uses %v", file, unused)
		}
	}
}
