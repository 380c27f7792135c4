package access

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

func TestParseProxy(t *testing.T) {
	for text, want := range map[string]proxyName{
		"web-1":                {"pod", "mesh", "web-1"},
		"web-1.default":        {"pod", "default", "web-1"},
		"po/web-1":             {"pod", "mesh", "web-1"},
		"deploy/web":           {"deployment", "mesh", "web"},
		"Deployments/web.shop": {"deployment", "shop", "web"},
		"svc/a.b.shop":         {"service", "shop", "a.b"},
		"":                     {},
		"deploy/":              {},
		"node/a":               {},
		"a/b/c":                {},
		"../secrets":           {},
		"web.UPPER":            {},
		"web.":                 {},
	} {
		got, err := parseProxy(text, "mesh")
		if got != want || (err != nil) != (want == proxyName{}) {
			t.Errorf("%q is %v, %v", text, got, err)
		}
	}
}

func TestSelectorOf(t *testing.T) {
	for text, want := range map[string]string{
		"kind: Service\nspec: {selector: {app: a, tier: b}}":                                                 "app=a,tier=b",
		"kind: Service\nspec: {}":                                                                            "",
		"kind: Deployment\nspec: {selector: {matchLabels: {app: a}}}":                                        "app=a",
		"kind: Deployment\nspec: {selector: {matchExpressions: [{key: app, operator: In, values: [a, b]}]}}": "app in (a,b)",
	} {
		var object unstructured.Unstructured
		if err := yaml.Unmarshal([]byte(text), &object.Object); err != nil {
			t.Fatal(err)
		}
		if got, err := selectorOf(&object); err != nil || got.String() != want {
			t.Errorf("it is %v, %v and not %s", got, err, want)
		}
	}
}
