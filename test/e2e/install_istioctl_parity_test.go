package e2e

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/snapshot"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// TestInstallIstioctlParity installs with istioctl of the same commit on one
// cluster and with the plugin on another, and compares all that is there.
func TestInstallIstioctlParity(t *testing.T) {
	t.Parallel()
	theirs := controlplane.Start(t, "istioctl")
	before := snapshot.Take(t, theirs.Kubeconfig, forgetDifferences)
	user.New(t, theirs.Kubeconfig).Must(t, "istioctl", "install", "--set", "profile=demo",
		"--set", "hub=registry.istio.io/release", "--set", "tag=1.31.0", "--skip-confirmation")
	want := snapshot.Take(t, theirs.Kubeconfig, forgetDifferences)

	ours := controlplane.Start(t, "ours")
	user.New(t, ours.Kubeconfig).Must(t, "kubectl", "istio-demo", "install", "--addons=none")
	got := snapshot.Take(t, ours.Kubeconfig, forgetDifferences)
	forgetInventory(t, got)

	// What every cluster has from the start is its own.
	for key := range before {
		delete(want, key)
		delete(got, key)
	}
	if len(want) < 46 {
		t.Fatalf("istioctl added only %d objects; the comparison would mean little", len(want))
	}
	snapshot.WantEqual(t, want, got)

	t.Run("finds differences", func(t *testing.T) {
		key := "Deployment.apps istio-system/istiod"
		if got[key] == nil {
			t.Fatalf("%s is missing", key)
		}
		changed := maps.Clone(got)
		changed[key] = (&unstructured.Unstructured{Object: got[key]}).DeepCopy().Object
		if err := unstructured.SetNestedField(changed[key], "3", "spec", "replicas"); err != nil {
			t.Fatal(err)
		}
		delete(changed, "Service istio-system/istiod")
		if found := snapshot.Compare(got, changed); len(found) != 2 {
			t.Errorf("two differences were made and %d found: %v", len(found), found)
		}
	})
}

// forgetInventory takes the inventory out of a snapshot, which only we have:
// its ConfigMap, and the label by which it finds its members.
func forgetInventory(t *testing.T, objects map[string]map[string]any) {
	t.Helper()
	const parent = "ConfigMap istio-system/istio-demo"
	if objects[parent] == nil {
		t.Fatalf("%s is missing", parent)
	}
	delete(objects, parent)
	for _, object := range objects {
		snapshot.ForgetLabel(object, "applyset.kubernetes.io/part-of")
	}
}

// forgetDifferences takes out of an object how ours may differ from istioctl's.
func forgetDifferences(object map[string]any) {
	// istioctl writes down what its operator owns; there is no operator here.
	forgetLabels(object, "install.operator.istio.io/", "operator.istio.io/")
	// istioctl puts the revision on every object, also on those whose chart does
	// not; its uninstall looks for it, and ours will not.
	snapshot.ForgetLabel(object, "istio.io/rev")
	// The module's charts carry the placeholder version 1.0.0 and Helm's name;
	// ours carry the release's version and our name, as a release of Istio does.
	forgetLabels(object, "app.kubernetes.io/version", "app.kubernetes.io/managed-by", "helm.sh/chart")
	// istioctl copies the injector's labels to the default validator, which knows
	// its release by that; nothing reads it.
	if object["kind"] == "ValidatingWebhookConfiguration" {
		snapshot.ForgetLabel(object, "release")
	}
}

// forgetLabels takes labels with one of the prefixes from an object and from
// its pod template.
func forgetLabels(object map[string]any, prefixes ...string) {
	for _, path := range [][]string{{"metadata", "labels"}, {"spec", "template", "metadata", "labels"}} {
		labels, found, _ := unstructured.NestedStringMap(object, path...)
		if !found {
			continue
		}
		maps.DeleteFunc(labels, func(label, _ string) bool {
			return slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(label, prefix) })
		})
		if err := unstructured.SetNestedStringMap(object, labels, path...); err != nil {
			panic(err)
		}
	}
}
