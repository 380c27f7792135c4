package preflight

import (
	"net/http"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestTelemetry(t *testing.T) {
	one := func(name, created string, spec map[string]any) any {
		return map[string]any{
			"apiVersion": "telemetry.istio.io/v1", "kind": "Telemetry",
			"metadata": map[string]any{"name": name, "namespace": "mesh", "creationTimestamp": created}, "spec": spec,
		}
	}
	list := func(items ...any) any {
		return map[string]any{"apiVersion": "telemetry.istio.io/v1", "kind": "TelemetryList", "metadata": map[string]any{}, "items": items}
	}
	const first, second = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"
	selects := map[string]any{"selector": map[string]any{"matchLabels": map[string]any{"app": "web"}}}
	targets := map[string]any{"targetRefs": []any{map[string]any{"kind": "Service", "name": "web"}}}
	target := map[string]any{"targetRef": map[string]any{"kind": "Service", "name": "web"}}
	nothing := map[string]any{"selector": map[string]any{"matchLabels": map[string]any{}}, "tracing": []any{}}
	crd := []Use{use("customresourcedefinitions.apiextensions.k8s.io", "", "telemetries.telemetry.istio.io")}
	const alone = "pass: Telemetries do not compete"
	for _, test := range []struct {
		name        string
		uses        []Use
		fresh       bool
		telemetries any
		want        string
		requests    int
	}{
		{"no mesh", nil, false, list(), "pass: the manifest does not define Telemetry", 0},
		{"a new mesh", crd, true, list(), "pass: no mesh is installed yet", 0},
		{"none", crd, false, list(), alone, 1},
		{"not served", crd, false, http.StatusNotFound, "unknown: not checked: the cluster does not serve telemetries", 1},
		{"hidden", crd, false, http.StatusForbidden, "unknown: not checked: no permission to list telemetries", 1},
		{"one", crd, false, list(one("mesh-default", first, nothing)), alone, 1},
		{"others for some workloads", crd, false, list(one("mesh-default", second, nothing), one("a", first, selects), one("b", first, targets), one("c", first, target)), alone, 1},
		{"one that goes", crd, false, list(one("leaves", first, nothing), one("mesh-default", second, nothing)), alone, 1},
		{"two", crd, false, list(one("a", second, nothing), one("mesh-default", first, nil)),
			"warn: of the 2 Telemetries for the whole mesh in namespace mesh only the oldest counts: mesh-default; without effect: a", 1},
		{"of one second", crd, false, list(one("b", first, nothing), one("c", first, nil), one("a", first, nil)),
			"warn: of the 3 Telemetries for the whole mesh in namespace mesh only the oldest counts: a; without effect: b, c", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := &apiServer{answers: map[string]any{"/apis/telemetry.istio.io/v1/namespaces/mesh/telemetries": test.telemetries}}
			subject := server.subject(t)
			subject.Uses, subject.Fresh, subject.Home = test.uses, test.fresh, "mesh"
			subject.Leaves = func(object *unstructured.Unstructured) bool { return object.GetName() == "leaves" }
			if got := verdicts(only(t, "telemetry", subject)); !slices.Equal(got, []string{test.want}) {
				t.Errorf("the results are %q", got)
			}
			if len(server.requests) != test.requests {
				t.Errorf("the requests are %q", server.requests)
			}
		})
	}
}
