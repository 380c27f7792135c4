package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/restmapper"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apiupgrade"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/fixture"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/snapshot"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// upgraded gives the objects of the fixtures of pkg/apiupgrade whose file has a
// name like a pattern, as they have to be on a cluster.
func upgraded(t *testing.T, kubeconfig, pattern string) []*unstructured.Unstructured {
	t.Helper()
	groups, err := restmapper.GetAPIGroupResources(discovery.NewDiscoveryClientForConfigOrDie(controlplane.RESTConfig(t, kubeconfig)))
	if err != nil {
		t.Fatal(err)
	}
	mapper := restmapper.NewDiscoveryRESTMapper(groups)
	served := func(kind schema.GroupVersionKind) bool {
		_, err := mapper.RESTMapping(kind.GroupKind(), kind.Version)
		return err == nil
	}
	files, err := filepath.Glob("../../pkg/apiupgrade/testdata/" + pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	var objects []*unstructured.Unstructured
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, old := range fixture.Objects(t, string(content)) {
			object, change, err := apiupgrade.Upgrade(old, served)
			if err != nil || change == nil {
				t.Errorf("%s %s is not upgraded: %v", old.GetKind(), old.GetName(), err)
				continue
			}
			objects = append(objects, object)
		}
	}
	return objects
}

// applyStrictly applies an object to a server that refuses fields that it does
// not know.
func applyStrictly(t *testing.T, u *user.User, object *unstructured.Unstructured, flags ...string) {
	t.Helper()
	data, err := object.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	apply := append([]string{"kubectl", "apply", "--server-side", "--validate=strict", "-n", "default", "-f", "-"}, flags...)
	if got := u.Pipe(t, string(data), apply...); got.Code != 0 {
		t.Errorf("the server refuses %s %s: %s", object.GetKind(), object.GetName(), got.Stderr)
	}
}

// TestInstallUpgradedObjects shows every fixture of pkg/apiupgrade to a real API
// server: it does not serve the old object, and takes the upgraded one.
func TestInstallUpgradedObjects(t *testing.T) {
	acceptsUpgraded(t, controlplane.Shared(t).Kubeconfig)
}

func acceptsUpgraded(t *testing.T, kubeconfig string) {
	for _, object := range upgraded(t, kubeconfig, "*.yaml") {
		applyStrictly(t, user.New(t, kubeconfig), object, "--dry-run=server")
	}
}

// TestInstallUpgradedCRDs proves that CRDs do what they did: they are
// established, and objects keep the fields that no schema names.
func TestInstallUpgradedCRDs(t *testing.T) {
	kubeconfig := controlplane.Shared(t).Kubeconfig
	u := user.New(t, kubeconfig)
	for _, crd := range upgraded(t, kubeconfig, "definitions.yaml") {
		applyStrictly(t, u, crd)
		defer u.Must(t, "kubectl", "delete", "crd", crd.GetName())
		u.Must(t, "kubectl", "wait", "crd", crd.GetName(), "--for=condition=Established", "--timeout=20s")
		if conditions := u.Must(t, "kubectl", "get", "crd", crd.GetName(), "-o", "jsonpath={.status.conditions[*].type}"); strings.Contains(conditions, "NonStructuralSchema") {
			t.Errorf("%s: the conditions are %v", crd.GetName(), conditions)
		}
	}
	object := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "old.example.com/v1", "kind": "Shapeless", "metadata": map[string]any{"name": "a", "namespace": "default"},
		"spec": map[string]any{"port": "http", "target": int64(80), "untyped": "text", "list": []any{"a", int64(1)}, "unknown": map[string]any{"deep": true},
			"either": map[string]any{"unknown": "kept"}},
	}}
	applyStrictly(t, u, object)
	var created struct{ Spec map[string]any }
	if err := json.Unmarshal([]byte(u.Must(t, "kubectl", "get", "shapelesses.old.example.com", "a", "-n", "default", "-o", "json")), &created); err != nil {
		t.Fatal(err)
	}
	if found := snapshot.Differences("spec", object.Object["spec"], created.Spec); len(found) > 0 {
		t.Errorf("fields are not kept: %v", found)
	}
}
