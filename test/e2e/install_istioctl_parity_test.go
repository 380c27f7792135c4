package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
)

// derived are the kinds that controllers make from others, with names or
// contents of their own.
var derived = []string{"Pod", "ReplicaSet", "Endpoints", "EndpointSlice", "Event", "Lease", "ControllerRevision", "ComponentStatus", "IPAddress", "ClusterTrustBundle"}

// differences are the ways in which our objects may differ from istioctl's,
// each with its reason. Anything else fails the test.
var differences = []struct {
	reason string
	// forget takes the difference out of an object of either side.
	forget func(object map[string]any)
}{
	{
		"istioctl writes down what its operator owns; there is no operator here",
		func(object map[string]any) {
			forgetLabels(object, "install.operator.istio.io/", "operator.istio.io/")
		},
	},
	{
		"istioctl puts the revision on every object, also on those whose chart does not; its uninstall looks for it, and ours will not",
		func(object map[string]any) { forgetMetaLabel(object, "istio.io/rev") },
	},
	{
		"the module's charts carry the placeholder version 1.0.0 and Helm's name; ours carry the release's version and our name, as a release of Istio does",
		func(object map[string]any) {
			forgetLabels(object, "app.kubernetes.io/version", "app.kubernetes.io/managed-by", "helm.sh/chart")
		},
	},
	{
		"istioctl copies the injector's labels to the default validator, which knows its release by that; nothing reads it",
		func(object map[string]any) {
			if object["kind"] == "ValidatingWebhookConfiguration" {
				forgetMetaLabel(object, "release")
			}
		},
	},
	{
		"the server counts and dates by itself, and each cluster has addresses, ports and a CA of its own",
		forgetIdentity,
	},
}

// TestParityWithIstioctl installs with istioctl of the same commit on one
// cluster and with the plugin on another, and compares all that is there.
func TestParityWithIstioctl(t *testing.T) {
	t.Parallel()
	theirs := startCluster(t, "istioctl")
	before := snapshot(t, theirs.Kubeconfig)
	newUser(t, theirs.Kubeconfig).must(t, "istioctl", "install", "--set", "profile=demo",
		"--set", "hub=registry.istio.io/release", "--set", "tag=1.31.0", "--skip-confirmation")
	want := snapshot(t, theirs.Kubeconfig)

	ours := startCluster(t, "ours")
	newUser(t, ours.Kubeconfig).must(t, "kubectl", "istio-demo", "install", "--addons=none")
	got := snapshot(t, ours.Kubeconfig)
	forgetInventory(t, got)

	// What every cluster has from the start is its own.
	for key := range before {
		delete(want, key)
		delete(got, key)
	}
	if len(want) < 46 {
		t.Fatalf("istioctl added only %d objects; the comparison would mean little", len(want))
	}
	for _, difference := range compare(want, got) {
		t.Error(difference)
	}

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
		if found := compare(got, changed); len(found) != 2 {
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
		forgetMetaLabel(object, "applyset.kubernetes.io/part-of")
	}
}

// compare tells what is only on one side, and what is not equal.
func compare(want, got map[string]map[string]any) []string {
	var found []string
	keys := maps.Clone(want)
	maps.Copy(keys, got)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		switch {
		case got[key] == nil:
			found = append(found, key+" is missing")
		case want[key] == nil:
			found = append(found, key+" is too many")
		default:
			found = append(found, unequal(key, want[key], got[key])...)
		}
	}
	return found
}

// unequal names the fields in which two values differ.
func unequal(path string, want, got any) []string {
	wantMap, isMap := want.(map[string]any)
	gotMap, gotIsMap := got.(map[string]any)
	if isMap && gotIsMap {
		keys := maps.Clone(wantMap)
		maps.Copy(keys, gotMap)
		var found []string
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			found = append(found, unequal(path+"."+key, wantMap[key], gotMap[key])...)
		}
		return found
	}
	wantJSON, _ := json.Marshal(want)
	gotJSON, _ := json.Marshal(got)
	if string(wantJSON) == string(gotJSON) {
		return nil
	}
	return []string{fmt.Sprintf("%s: want %s, got %s", path, wantJSON, gotJSON)}
}

// snapshot gives every object of a cluster that somebody has put there,
// without the differences that are allowed.
func snapshot(t *testing.T, kubeconfig string) map[string]map[string]any {
	t.Helper()
	return collect(t, kubeconfig, func(object map[string]any) {
		for _, difference := range differences {
			difference.forget(object)
		}
	})
}

// collect gives every object of a cluster that somebody has put there,
// without what is to be forgotten.
func collect(t *testing.T, kubeconfig string, forget func(object map[string]any)) map[string]map[string]any {
	t.Helper()
	config := restConfig(t, kubeconfig)
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	lists, err := discovery.NewDiscoveryClientForConfigOrDie(config).ServerPreferredResources()
	if err != nil {
		t.Fatal(err)
	}
	objects := map[string]map[string]any{}
	for _, list := range lists {
		version, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			t.Fatal(err)
		}
		for _, resource := range list.APIResources {
			if !slices.Contains(resource.Verbs, "list") || slices.Contains(derived, resource.Kind) {
				continue
			}
			found, err := client.Resource(version.WithResource(resource.Name)).List(context.Background(), metav1.ListOptions{})
			if err != nil {
				t.Fatal(err)
			}
			for _, object := range found.Items {
				key := strings.TrimSuffix(resource.Kind+"."+version.Group, ".") + " " + strings.TrimPrefix(object.GetNamespace()+"/"+object.GetName(), "/")
				forget(object.Object)
				objects[key] = object.Object
			}
		}
	}
	return objects
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

func forgetMetaLabel(object map[string]any, label string) {
	unstructured.RemoveNestedField(object, "metadata", "labels", label)
	if labels, _, _ := unstructured.NestedMap(object, "metadata", "labels"); len(labels) == 0 {
		unstructured.RemoveNestedField(object, "metadata", "labels")
	}
}

func forgetIdentity(object map[string]any) {
	for _, field := range []string{"uid", "resourceVersion", "creationTimestamp", "managedFields", "generation"} {
		unstructured.RemoveNestedField(object, "metadata", field)
	}
	unstructured.RemoveNestedField(object, "status")
	switch object["kind"] {
	case "Service":
		unstructured.RemoveNestedField(object, "spec", "clusterIP")
		unstructured.RemoveNestedField(object, "spec", "clusterIPs")
		ports, _, _ := unstructured.NestedSlice(object, "spec", "ports")
		for _, port := range ports {
			delete(port.(map[string]any), "nodePort")
		}
		if err := unstructured.SetNestedSlice(object, ports, "spec", "ports"); err != nil {
			panic(err)
		}
	case "ConfigMap":
		// The CA of the cluster, and of its aggregation layer.
		name, _, _ := unstructured.NestedString(object, "metadata", "name")
		if name == "kube-root-ca.crt" || name == "extension-apiserver-authentication" {
			unstructured.RemoveNestedField(object, "data")
		}
	}
}
