package mesh

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// observedTimeout is longer than it takes until something was scraped twice.
const observedTimeout = 90 * time.Second

// unseen are the queries of the control plane's dashboard that have no series
// here but the zero that they add, and why.
var neverCaused = map[string]string{
	`sum(rate(pilot_total_xds_internal_errors{job="istiod"}[1m]))`: "nothing that is asked of istiod makes it fail inside",
	`sum(rate(pilot_xds_write_timeout{job="istiod"}[1m]))`:         "no proxy here is so slow that sending to it takes minutes",
}

// zero is what queries of what happens rarely add, so that zero is drawn and
// not that there is no data.
const zero = " or vector(0)"

// istiodObserved asks the Prometheus that was installed about the istiod that
// was installed, of which the steps before have asked all kinds of things, and
// sends traces to the Jaeger that was installed.
func istiodObserved(t *testing.T, m mesh) {
	m.checkTarget(t)
	m.checkDashboard(t)
}

// service asks a Service of the demo through the API server, which goes to
// where the Service's port leads. On a machine with much to do, a pod may
// answer its probe too late once, and have no endpoint for a moment.
func (m mesh) service(t *testing.T, port, path string, answer any) {
	t.Helper()
	asked := []string{"kubectl", "get", "--raw", "/api/v1/namespaces/istio-system/services/" + port + "/proxy" + path}
	m.Until(t, user.Prints(`^\{`), asked...)
	got := m.Must(t, asked...)
	if err := json.Unmarshal([]byte(got), answer); err != nil {
		t.Fatalf("%s%s: %v in %s", port, path, err, got)
	}
}

// checkTarget waits until Prometheus has found istiod's pod through the API
// server, with its own account, and has scraped it.
func (m mesh) checkTarget(t *testing.T) {
	t.Helper()
	want := strings.TrimSpace(m.Must(t, "kubectl", "get", "pods", "-n", "istio-system", "-l", "app=istiod", "-o", "jsonpath=http://{.items[0].status.podIP}:15014/metrics"))
	var answer struct {
		Data struct {
			ActiveTargets []struct{ ScrapePool, ScrapeURL, Health, LastError string }
		}
	}
	for deadline := time.Now().Add(observedTimeout); time.Now().Before(deadline); time.Sleep(time.Second) {
		m.service(t, "prometheus:http", "/api/v1/targets?state=active", &answer)
		for _, target := range answer.Data.ActiveTargets {
			if target.ScrapePool == "istiod" && target.ScrapeURL == want && target.Health == "up" {
				return
			}
		}
	}
	t.Fatalf("%s is not up among %+v", want, answer.Data.ActiveTargets)
}

// checkDashboard waits until each query of the dashboard has had a number at
// some time, as Grafana would draw it. What they count goes on meanwhile, or
// there would be no rates.
func (m mesh) checkDashboard(t *testing.T) {
	t.Helper()
	pending := m.dashboard(t)
	if len(pending) < 30 {
		t.Fatalf("the dashboard has only %d queries: %q", len(pending), pending)
	}
	for query := range neverCaused {
		if pending[query] == "" {
			t.Errorf("the dashboard does not ask for %s%s any more", query, zero)
		}
		delete(pending, query)
		if !m.drawn(t, query+zero) {
			t.Errorf("Prometheus has nothing for %s%s", query, zero)
		}
	}
	for deadline := time.Now().Add(observedTimeout); time.Now().Before(deadline); {
		m.cause(t)
		maps.DeleteFunc(pending, func(query, _ string) bool { return m.drawn(t, query) })
		if len(pending) == 0 {
			return
		}
	}
	for _, query := range slices.Sorted(maps.Keys(pending)) {
		t.Errorf("%s: Prometheus has nothing for %s", pending[query], query)
	}
}

const refused = `apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: refused, namespace: default}
spec:
  configPatches:
  - applyTo: HTTP_FILTER
    match: {context: SIDECAR_INBOUND}
    patch:
      operation: INSERT_FIRST
      value:
        name: unknown
        typed_config:
          "@type": type.googleapis.com/udpa.type.v1.TypedStruct
          type_url: type.googleapis.com/example.com.unknown
`

// cause has istiod do, once, all that the dashboard shows, as far as it can be
// caused.
func (m mesh) cause(t *testing.T) {
	t.Helper()
	// No Envoy has this filter: all of them refuse the listeners.
	m.MustPipe(t, refused, "kubectl", "apply", "-f", "-")
	m.MustPipe(t, refused, "kubectl", "delete", "-f", "-")
	for _, more := range []string{"", ", headers: {request: {set: {'': empty}}}"} {
		m.Pipe(t, fmt.Sprintf(virtualService, more), "kubectl", "create", "-f", "-")
	}
	m.Must(t, "kubectl", "delete", "virtualservice", "shop", "-n", "default")
	for _, overrides := range []string{
		`{}`,
		`{"spec": {"hostNetwork": true}}`, // into which nothing is injected
		`{"metadata": {"annotations": {"inject.istio.io/templates": "missing"}}}`,
	} {
		m.Run(t, "kubectl", "run", "probe", "-n", "by-injection", "--image=web", "--dry-run=server", "--overrides="+overrides)
	}
}

// dashboard gives the queries of the control plane's dashboard that was
// installed, without their zeros, and the panels that they are of.
func (m mesh) dashboard(t *testing.T) map[string]string {
	t.Helper()
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	text := m.Must(t, "kubectl", "get", "configmap", "grafana-dashboards", "-n", "istio-system", "-o", `jsonpath={.data.control-plane\.json}`)
	if err := json.Unmarshal([]byte(text), &board); err != nil {
		t.Fatal(err)
	}
	// What Grafana puts in, with the data source's interval.
	filled := strings.NewReplacer("$__rate_interval", "1m", "$__range", "30m")
	found := map[string]string{}
	for _, panel := range board.Panels {
		for _, target := range panel.Targets {
			found[strings.TrimSuffix(filled.Replace(target.Expr), zero)] = panel.Title
		}
	}
	return found
}

// drawn tells whether a query has had a number in the last minutes.
func (m mesh) drawn(t *testing.T, query string) bool {
	t.Helper()
	end := time.Now()
	asked := url.Values{
		"query": {query}, "step": {"5"},
		"start": {strconv.FormatInt(end.Add(-10*time.Minute).Unix(), 10)}, "end": {strconv.FormatInt(end.Unix(), 10)},
	}
	var answer struct {
		Data struct {
			Result []struct{ Values [][2]any }
		}
	}
	m.service(t, "prometheus:http", "/api/v1/query_range?"+asked.Encode(), &answer)
	for _, series := range answer.Data.Result {
		for _, value := range series.Values {
			if value[1] != "NaN" {
				return true
			}
		}
	}
	return false
}
