package addons

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
)

// standard are the labels that Istio gives the metrics of a request, and what
// the dashboards are asked for here.
var standard = map[string]string{
	"source_workload": "productpage-v1", "source_workload_namespace": "bookinfo",
	"destination_workload": "reviews-v1", "destination_workload_namespace": "bookinfo", "destination_version": "v1",
	"destination_service": "reviews.bookinfo.svc.cluster.local", "destination_service_namespace": "bookinfo",
	"response_code": "200", "response_flags": "-", "connection_security_policy": "mutual_tls",
}

// traffic is what a workload that takes requests and sends others on leaves:
// two requests a second come in, and a share of them fails.
func traffic(failing float64) string {
	var load strings.Builder
	load.WriteString("load 15s\n")
	onward := with(standard, "source_workload", "reviews-v1", "destination_workload", "ratings-v1",
		"destination_service", "ratings.bookinfo.svc.cluster.local")
	for _, call := range []map[string]string{standard, onward} {
		for _, reporter := range []string{"source", "destination"} {
			call := with(call, "reporter", reporter)
			if failing < 1 {
				series(&load, "istio_requests_total", call, 30*(1-failing))
			}
			if failing > 0 {
				series(&load, "istio_requests_total", with(call, "response_code", "503", "response_flags", "UH"), 30*failing)
			}
			for _, histogram := range []string{"istio_request_duration_milliseconds", "istio_request_bytes", "istio_response_bytes"} {
				// Half within 10, and the rest within 100.
				for bound, rate := range map[string]float64{"10": 15, "100": 30, "+Inf": 30} {
					series(&load, histogram+"_bucket", with(call, "le", bound), rate)
				}
			}
			for _, counter := range []string{"received_bytes", "sent_bytes", "connections_opened", "connections_closed"} {
				series(&load, "istio_tcp_"+counter+"_total", call, 1500)
			}
		}
	}
	load.WriteString("  pilot_xds{job=\"istiod\"} 3x240\n  pilot_services{job=\"istiod\"} 9x240\n")
	return load.String()
}

// series writes a counter that grows by so much with each scrape.
func series(load *strings.Builder, name string, labels map[string]string, step float64) {
	var pairs []string
	for label, value := range labels {
		pairs = append(pairs, fmt.Sprintf("%s=%q", label, value))
	}
	fmt.Fprintf(load, "  %s{%s} 0+%gx240\n", name, strings.Join(pairs, ","), step)
}

// answer evaluates a query as it is half an hour after the first scrape.
func answer(t *testing.T, load string) func(expr string) promql.Vector {
	t.Helper()
	storage := promqltest.LoadedStorage(t, load)
	t.Cleanup(func() { storage.Close() })
	engine := promqltest.NewTestEngine(t, false, 5*time.Minute, 100000)
	return func(expr string) promql.Vector {
		query, err := engine.NewInstantQuery(t.Context(), storage, nil, expr, time.Unix(1800, 0))
		if err != nil {
			t.Fatalf("%v\n%s", err, expr)
		}
		defer query.Close()
		vector, err := query.Exec(t.Context()).Vector()
		if err != nil {
			t.Fatalf("%v\n%s", err, expr)
		}
		return append(promql.Vector(nil), vector...)
	}
}

// TestAnswers has each panel of the dashboards on traffic show something, with
// every label by which it tells lines and rows apart.
func TestAnswers(t *testing.T) {
	ask := answer(t, traffic(0.1))
	asked := 0
	for name, queries := range queries(t) {
		if name == "control-plane.json" {
			continue
		}
		for _, query := range queries {
			asked++
			samples := ask(query.expr)
			if len(samples) == 0 {
				t.Errorf("%s: %s shows nothing\n%s", name, query.panel, query.expr)
			}
			for _, label := range told(t, query) {
				for _, sample := range samples {
					if !sample.Metric.Has(label) {
						t.Errorf("%s: %s shows no %s\n%s", name, query.panel, label, query.expr)
					}
				}
			}
		}
	}
	t.Logf("%d queries were answered", asked)
}

var placeholder = regexp.MustCompile(`{{([a-z_]+)}}`)

// told gives the labels that the answer to a query must have: those by which it
// is grouped, and those of its legend.
func told(t *testing.T, q query) []string {
	t.Helper()
	expr, err := parse(q)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		if aggregation, ok := node.(*parser.AggregateExpr); ok {
			found = append(found, aggregation.Grouping...)
		}
		return nil
	})
	for _, match := range placeholder.FindAllStringSubmatch(q.legend, -1) {
		found = append(found, match[1])
	}
	// The buckets of a histogram end in one number.
	return slices.DeleteFunc(found, func(label string) bool { return label == "le" })
}

// TestNumbers looks at numbers, at the ends of the scale as well: where all
// fails there are no series of successes, and where nothing does none of
// failures.
func TestNumbers(t *testing.T) {
	for _, failing := range []float64{0, 0.25, 1} {
		ask := answer(t, traffic(failing))
		for _, panel := range []struct {
			file, title string
			want        float64
		}{
			{"service.json", "Requests", 2}, {"service.json", "Success", 1 - failing}, {"service.json", "Duration p90", 82},
			{"mesh.json", "Requests", 4}, {"mesh.json", "5xx", 4 * failing}, {"workload.json", "Success out", 1 - failing},
		} {
			expr := exprOf(t, panel.file, panel.title)
			if got := ask(expr); len(got) != 1 || math.Abs(got[0].F-panel.want) > 0.001 {
				t.Errorf("%g fail: %s of %s is %v, want %g\n%s", failing, panel.title, panel.file, got, panel.want, expr)
			}
		}
	}
}

// exprOf gives the first query of a panel.
func exprOf(t *testing.T, file, panel string) string {
	t.Helper()
	for _, query := range queries(t)[file] {
		if query.panel == panel {
			return query.expr
		}
	}
	t.Fatalf("%s has no panel %q", file, panel)
	return ""
}

// TestChoices offers, for the variables of the workload dashboard, those that
// only send as well.
func TestChoices(t *testing.T) {
	ask := answer(t, traffic(0))
	offered := map[string]bool{}
	for _, sample := range ask(exprOf(t, "workload.json", "$workload")) {
		offered[sample.Metric.Get("workload")] = true
	}
	for _, workload := range []string{"productpage-v1", "reviews-v1", "ratings-v1"} {
		if !offered[workload] {
			t.Errorf("offered are %v", offered)
		}
	}
}
