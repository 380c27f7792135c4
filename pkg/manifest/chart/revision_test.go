package chart

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// webhooksOf gives the webhooks of a configuration, which must have some.
func webhooksOf(t *testing.T, configuration *unstructured.Unstructured) []map[string]any {
	t.Helper()
	var all []map[string]any
	for _, webhook := range lookup[[]any](configuration.Object, nil, "webhooks") {
		all = append(all, webhook.(map[string]any))
	}
	if len(all) == 0 {
		t.Fatalf("%s has no webhooks", configuration.GetName())
	}
	return all
}

// demoRevision renders a revision, or that without a name.
func demoRevision(t *testing.T, revision string) Rendered {
	t.Helper()
	if revision == "" {
		return demo(t)
	}
	return demo(t, "revision="+revision)
}

// TestRevision follows a revision to everything that must point to it.
func TestRevision(t *testing.T) {
	for _, test := range []struct{ name, revision, suffix, selector string }{
		// The pods of a nameless revision call it "default".
		{"nameless", "", "", "default"},
		{"default", "default", "-default", "default"},
		{"canary", "canary", "-canary", "canary"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			rendered := demoRevision(t, test.revision)
			istiod := find(t, rendered, "Deployment", "istiod"+test.suffix)
			find(t, rendered, "Service", "istiod"+test.suffix)
			find(t, rendered, "ConfigMap", "istio"+test.suffix)
			find(t, rendered, "MutatingWebhookConfiguration", "istio-sidecar-injector"+test.suffix)

			tag := find(t, rendered, "Service", "istiod-revision-tag-default")
			selector, _, _ := unstructured.NestedStringMap(tag.Object, "spec", "selector")
			if selector["istio.io/rev"] != test.selector || selector["app"] != "istiod" {
				t.Errorf("the tag's service selects %v", selector)
			}
			pods, _, _ := unstructured.NestedStringMap(istiod.Object, "spec", "template", "metadata", "labels")
			for label, value := range selector {
				if pods[label] != value {
					t.Errorf("the tag's service selects %s=%s, and istiod has %q", label, value, pods[label])
				}
			}
			for kind, name := range map[string]string{
				"MutatingWebhookConfiguration":   "istio-revision-tag-default",
				"ValidatingWebhookConfiguration": "istiod-default-validator",
			} {
				for _, webhook := range webhooksOf(t, find(t, rendered, kind, name)) {
					if got := lookup(webhook, "", "clientConfig", "service", "name"); got != "istiod"+test.suffix {
						t.Errorf("%s calls %q", name, got)
					}
				}
			}
		})
	}
}

// TestOneInjector looks which of the injectors can take a pod: the tag's and
// the revision's own must not take the same one.
func TestOneInjector(t *testing.T) {
	for _, test := range []struct {
		name, revision, injector string
		off                      bool
	}{
		{"nameless", "", "istio-sidecar-injector", true},
		{"default", "default", "istio-sidecar-injector-default", true},
		{"canary", "canary", "istio-sidecar-injector-canary", false},
		{"tag", "", "istio-revision-tag-default", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			injector := find(t, demoRevision(t, test.revision), "MutatingWebhookConfiguration", test.injector)
			for _, webhook := range webhooksOf(t, injector) {
				for _, selector := range []string{"namespaceSelector", "objectSelector"} {
					never := lookup(webhook, "", selector, "matchLabels", "istio.io/deactivated") == "never-match"
					if never != test.off {
						t.Errorf("the %s of %s is %v", selector, webhook["name"], webhook[selector])
					}
				}
			}
		})
	}
}

// TestWebhooksOfOneNamespace tells two installations on one cluster apart by
// the names of what is cluster-scoped.
func TestWebhooksOfOneNamespace(t *testing.T) {
	t.Parallel()
	rendered := demoIn(t, "mesh")
	for _, name := range []string{"istio-sidecar-injector-mesh", "istio-revision-tag-default-mesh"} {
		for _, webhook := range webhooksOf(t, find(t, rendered, "MutatingWebhookConfiguration", name)) {
			if got := lookup(webhook, "", "clientConfig", "service", "namespace"); got != "mesh" {
				t.Errorf("%s calls a service in %q", name, got)
			}
		}
	}
	for _, webhook := range webhooksOf(t, find(t, rendered, "MutatingWebhookConfiguration", "istio-sidecar-injector-mesh")) {
		if lookup(webhook, "", "objectSelector", "matchLabels", "istio.io/deactivated") == "" {
			t.Errorf("%s takes pods besides the tag's", webhook["name"])
		}
	}
}
