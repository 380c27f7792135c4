// Package snapshot compares what is on clusters.
package snapshot

import (
	"maps"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// Objects are the objects of a cluster by kind, namespace and name.
type Objects map[string]map[string]any

// derived are the kinds that controllers make from others, with names or
// contents of their own.
var derived = []string{"Pod", "ReplicaSet", "Endpoints", "EndpointSlice", "Event", "Lease", "ControllerRevision", "ComponentStatus", "IPAddress", "ClusterTrustBundle"}

// Take gives every object of a cluster that is not derived from another one,
// without what the server fills in and what forget takes out of it.
func Take(t *testing.T, kubeconfig string, forget ...func(object map[string]any)) Objects {
	t.Helper()
	config, err := cluster.RESTConfig(kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	lists, err := discovery.NewDiscoveryClientForConfigOrDie(config).ServerPreferredResources()
	if err != nil {
		t.Fatal(err)
	}
	client, objects := dynamic.NewForConfigOrDie(config), Objects{}
	for _, list := range lists {
		version, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			t.Fatal(err)
		}
		for _, resource := range list.APIResources {
			if !slices.Contains(resource.Verbs, "list") || slices.Contains(derived, resource.Kind) {
				continue
			}
			found, err := client.Resource(version.WithResource(resource.Name)).List(t.Context(), metav1.ListOptions{})
			if err != nil {
				t.Fatal(err)
			}
			for _, object := range found.Items {
				for _, forget := range append(forget, forgetIdentity) {
					forget(object.Object)
				}
				key := strings.TrimSuffix(resource.Kind+"."+version.Group, ".") + " " + strings.TrimPrefix(object.GetNamespace()+"/"+object.GetName(), "/")
				objects[key] = object.Object
			}
		}
	}
	return objects
}

// TakeSettled takes a snapshot once the cluster's own controllers are done with
// what every cluster has. It leaves out nodes, which go on changing.
func TakeSettled(t *testing.T, kubeconfig string) Objects {
	t.Helper()
	u := user.New(t, kubeconfig)
	for _, namespace := range []string{"default", "kube-system", "kube-public", "kube-node-lease"} {
		WaitForNamespace(t, u, namespace)
	}
	u.Must(t, "kubectl", "wait", "--for=jsonpath={.rules}", "--timeout=30s", "clusterrole/admin", "clusterrole/edit", "clusterrole/view")
	// Before Kubernetes 1.33 nobody serves them.
	if kinds := u.Must(t, "kubectl", "api-resources", "--api-group=networking.k8s.io", "-o", "name"); strings.Contains(kinds, "servicecidrs.") {
		u.Must(t, "kubectl", "wait", "--for=jsonpath={.metadata.finalizers}", "--timeout=30s", "servicecidr/kubernetes")
	}
	objects := Take(t, kubeconfig)
	maps.DeleteFunc(objects, func(key string, _ map[string]any) bool { return strings.HasPrefix(key, "Node ") })
	return objects
}

// WaitForNamespace waits for what controllers put into every namespace.
func WaitForNamespace(t *testing.T, u *user.User, namespace string) {
	t.Helper()
	for _, own := range []string{"configmap/kube-root-ca.crt", "serviceaccount/default"} {
		u.Must(t, "kubectl", "wait", "--for=create", "--timeout=60s", "-n", namespace, own)
	}
}

// ForgetLabel takes a label out of an object.
func ForgetLabel(object map[string]any, label string) {
	unstructured.RemoveNestedField(object, "metadata", "labels", label)
	if labels, _, _ := unstructured.NestedMap(object, "metadata", "labels"); len(labels) == 0 {
		unstructured.RemoveNestedField(object, "metadata", "labels")
	}
}

// forgetIdentity takes out what the server counts and dates by itself, and the
// addresses, ports and CA that each cluster has of its own.
func forgetIdentity(object map[string]any) {
	for _, field := range []string{"uid", "resourceVersion", "creationTimestamp", "managedFields", "generation"} {
		unstructured.RemoveNestedField(object, "metadata", field)
	}
	unstructured.RemoveNestedField(object, "status")
	switch object["kind"] {
	case "Service":
		unstructured.RemoveNestedField(object, "spec", "clusterIP")
		unstructured.RemoveNestedField(object, "spec", "clusterIPs")
		ports, _, _ := unstructured.NestedFieldNoCopy(object, "spec", "ports")
		list, _ := ports.([]any)
		for _, port := range list {
			delete(port.(map[string]any), "nodePort")
		}
	case "ConfigMap":
		// The CA of the cluster, and of its aggregation layer.
		name, _, _ := unstructured.NestedString(object, "metadata", "name")
		if name == "kube-root-ca.crt" || name == "extension-apiserver-authentication" {
			unstructured.RemoveNestedField(object, "data")
		}
	}
}
