package mesh

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// pulled is a rate at which pulling the demo's images takes longer than all else.
const pulled = 20

// TestInstallWithSample installs a sample while the mesh is, on a node that has to
// pull images: it has sidecars, and comes before the addons. A second time nothing
// changes.
func TestInstallWithSample(t *testing.T) {
	t.Parallel()
	m := startMesh(t, pulled)
	arguments := []string{"--sample=bookinfo", "--yes", "--timeout=180s"}
	got := m.install(t, arguments...)
	if want := "bookinfo is ready in namespace default: 6 of 6 pods have a sidecar\n"; got.Code != 0 || !strings.Contains(got.Stdout, want) {
		t.Fatalf("exit code %d\n%s%s\n%s", got.Code, got.Stdout, got.Stderr, m.pods(t))
	}
	page := m.gateway(t) + "/productpage"
	if status, body, err := get(page, ""); err != nil || status != http.StatusOK || !strings.Contains(body, pageTitle) {
		t.Errorf("%s: %v, status %d\n%s", page, err, status, body)
	}
	for _, line := range []string{
		"  deployment istio-system/istio-ingressgateway: waiting for ConfigMap istio-ca-root-cert, which istiod writes\n",
		"  deployment istio-system/istio-ingressgateway: pulling proxyv2:1.31.0\n",
		"  deployment istio-system/kiali: waiting until the pods of istiod, istio-ingressgateway and istio-egressgateway begin to start\n",
		"  deployment istio-system/kiali: waiting for its turn to pull kiali:v2.27\n",
	} {
		if !strings.Contains(got.Stderr, line) {
			t.Errorf("no line is %q in\n%s", line, got.Stderr)
		}
	}
	startsInOrder(t, m)
	pulls := m.Must(t, "kubectl", "get", "events", "-A", "--field-selector=reason=Pulling", "--sort-by=.metadata.creationTimestamp", "-o", `jsonpath={range .items[*]}{.message}{"\n"}{end}`)
	if sample, addon := strings.Index(pulls, "productpage"), strings.Index(pulls, "grafana"); sample < 0 || addon < 0 || sample > addon {
		t.Errorf("Grafana is pulled before the sample:\n%s", pulls)
	}
	// In the order of their creation.
	names := strings.Fields(m.Must(t, "kubectl", "get", "deployments", "-n", "istio-system", "--sort-by=.metadata.creationTimestamp", "-o", "jsonpath={.items[*].metadata.name}"))
	if at := func(name string) int { return slices.Index(names, name) }; at("istiod") != 0 || at("istio-ingressgateway") > at("kiali") {
		t.Errorf("the Deployments were created in the order %q", names)
	}
	if again := m.install(t, arguments...); again.Code != 0 || !strings.HasPrefix(again.Summary(), "0 created, 0 configured, ") ||
		!strings.Contains(again.Stdout, "bookinfo is ready in namespace default: 6 of 6 pods have a sidecar\n") {
		t.Errorf("again: exit code %d\n%s%s", again.Code, again.Stdout, again.Stderr)
	}
}
