package chart

import (
	"reflect"
	"testing"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	helmchart "helm.sh/helm/v4/pkg/chart/v2"
	"sigs.k8s.io/yaml"
)

// TestRenderValues holds what templates see against what Helm shows them, with
// the values of the demo and with those that say nothing of something.
func TestRenderValues(t *testing.T) {
	demo, err := demoValues(Options{Namespace: usualNamespace})
	if err != nil {
		t.Fatal(err)
	}
	made := &helmchart.Chart{Metadata: &helmchart.Metadata{Name: "made", Version: "1.2.3"}, Values: read(t, `
none: null
plain: 1
table: {none: null, plain: 1, deep: {none: null, plain: 1}, list: [1, null]}
other: {plain: 1}
`)}
	for _, given := range []string{
		"{}",
		"{none: 2, plain: null, table: null}",
		"{none: null, table: {none: null, deep: {none: null}}}",
		"{table: {none: 2, plain: null, deep: {plain: 2, new: null}, list: null, new: null}, new: {none: null}}",
		"{table: {deep: null, list: [2]}, plain: {now: table}, new: null}",
		"{table: plain, other: {plain: {now: table}}}",
	} {
		compare(t, made, read(t, given))
	}
	for _, name := range []string{baseChart, "istio-control/istio-discovery", "default", "gateways/istio-ingress", "gateways/istio-egress"} {
		loaded, err := load(name)
		if err != nil {
			t.Fatal(err)
		}
		if len(loaded.Dependencies()) > 0 || len(loaded.Schema) > 0 {
			t.Errorf("chart %s has subcharts or a schema, which are left out", name)
		}
		compare(t, loaded, demo)
	}
}

func compare(t *testing.T, loaded *helmchart.Chart, values map[string]any) {
	t.Helper()
	got, err := renderValues(loaded, "mesh", clone(values))
	if err != nil {
		t.Fatal(err)
	}
	release := common.ReleaseOptions{Name: releaseName, Namespace: "mesh", IsInstall: true, Revision: 1}
	want, err := util.ToRenderValues(loaded, clone(values), release, common.DefaultCapabilities)
	if err != nil {
		t.Fatal(err)
	}
	want["Release"].(map[string]any)["Service"] = managedBy
	if !reflect.DeepEqual(got, want) {
		t.Errorf("of chart %s and %v, templates see\n%v\nwhere Helm shows\n%v", loaded.Name(), values, got["Values"], want["Values"])
	}
}

func read(t *testing.T, text string) map[string]any {
	t.Helper()
	var values map[string]any
	if err := yaml.Unmarshal([]byte(text), &values); err != nil {
		t.Fatal(err)
	}
	return values
}
