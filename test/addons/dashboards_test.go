// Package addons checks the queries and the configuration that pkg/manifest/addon
// ships with the code of the Prometheus release that runs them. It reads the
// files: a test beside them sees to it that they are shipped as they are.
package addons

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
)

const folder = "../../pkg/manifest/addon"

// values are what Grafana puts in for a dashboard's variables.
var values = strings.NewReplacer(
	"$__rate_interval", "1m", "$__range", "30m",
	"$namespace", "bookinfo", "$service", "reviews.bookinfo.svc.cluster.local", "$workload", "reviews-v1",
)

// query is one of a dashboard: a panel's, or a variable's.
type query struct {
	panel, expr, legend string
	// selector says that expr is no expression but chooses series.
	selector bool
}

// queries gives those of each dashboard, as Grafana sends them.
func queries(t *testing.T) map[string][]query {
	t.Helper()
	files, err := filepath.Glob(folder + "/grafana/dashboards/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("there are no dashboards", err)
	}
	found := map[string][]query{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var board struct {
			Panels []struct {
				Title   string
				Targets []struct{ Expr, LegendFormat string }
			}
			Templating struct {
				List []struct {
					Name  string
					Query struct{ Query string }
				}
			}
		}
		if err := json.Unmarshal(data, &board); err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(file)
		for _, panel := range board.Panels {
			for _, target := range panel.Targets {
				found[name] = append(found[name], query{panel.Title, filled(t, target.Expr), target.LegendFormat, false})
			}
		}
		for _, variable := range board.Templating.List {
			query := asked(t, filled(t, variable.Query.Query))
			query.panel = "$" + variable.Name
			found[name] = append(found[name], query)
		}
	}
	return found
}

var unknownVariable = regexp.MustCompile(`\$[a-zA-Z_{\[]`)

func filled(t *testing.T, text string) string {
	t.Helper()
	text = values.Replace(text)
	if unknownVariable.MatchString(text) {
		t.Errorf("a variable has no value: %s", text)
	}
	return text
}

// Grafana's functions for variables, of which Prometheus knows nothing.
var (
	labelValues = regexp.MustCompile(`^label_values\((.+), ([a-z_]+)\)$`)
	queryResult = regexp.MustCompile(`^query_result\((.+)\)$`)
)

func asked(t *testing.T, text string) query {
	t.Helper()
	if match := labelValues.FindStringSubmatch(text); match != nil {
		return query{expr: match[1], selector: true}
	}
	match := queryResult.FindStringSubmatch(text)
	if match == nil {
		t.Fatalf("Grafana has no such function: %s", text)
	}
	return query{expr: match[1]}
}

// TestQueries has Prometheus parse every query.
func TestQueries(t *testing.T) {
	count := 0
	for name, queries := range queries(t) {
		for _, query := range queries {
			count++
			if _, err := parse(query); err != nil {
				t.Errorf("%s: %s: %v\n%s", name, query.panel, err, query.expr)
			}
		}
	}
	t.Logf("%d queries were parsed", count)
}

func parse(q query) (parser.Expr, error) {
	if q.selector {
		if _, err := parser.ParseMetricSelector(q.expr); err != nil {
			return nil, err
		}
	}
	return parser.ParseExpr(q.expr)
}

// selectors gives the selectors of all queries.
func selectors(t *testing.T) []*parser.VectorSelector {
	t.Helper()
	var found []*parser.VectorSelector
	for _, queries := range queries(t) {
		for _, query := range queries {
			expr, err := parse(query)
			if err != nil {
				t.Fatal(err)
			}
			parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
				if selector, ok := node.(*parser.VectorSelector); ok {
					found = append(found, selector)
				}
				return nil
			})
		}
	}
	return found
}
