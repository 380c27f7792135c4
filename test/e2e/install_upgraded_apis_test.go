package e2e

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"
	"sigs.k8s.io/yaml"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apiupgrade"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/snapshot"
)

// upgrader sends upgraded objects to a server that refuses fields that it does
// not know.
type upgrader struct {
	client dynamic.Interface
	mapper meta.RESTMapper
}

func newUpgrader(t *testing.T, kubeconfig string) *upgrader {
	t.Helper()
	config := controlplane.RESTConfig(t, kubeconfig)
	config.WarningHandlerWithContext = rest.NoWarnings{}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	groups, err := restmapper.GetAPIGroupResources(discovery.NewDiscoveryClientForConfigOrDie(config))
	if err != nil {
		t.Fatal(err)
	}
	return &upgrader{client, restmapper.NewDiscoveryRESTMapper(groups)}
}

func (u *upgrader) served(kind schema.GroupVersionKind) bool {
	_, err := u.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	return err == nil
}

func (u *upgrader) resource(t *testing.T, object *unstructured.Unstructured) dynamic.ResourceInterface {
	t.Helper()
	kind := object.GroupVersionKind()
	mapping, err := u.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil {
		t.Fatal(err)
	}
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		return u.client.Resource(mapping.Resource).Namespace("default")
	}
	return u.client.Resource(mapping.Resource)
}

func (u *upgrader) apply(t *testing.T, object *unstructured.Unstructured, dryRun ...string) error {
	t.Helper()
	data, err := object.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	_, err = u.resource(t, object).Patch(t.Context(), object.GetName(), types.ApplyPatchType, data,
		metav1.PatchOptions{FieldManager: "upgraded", FieldValidation: metav1.FieldValidationStrict, DryRun: dryRun})
	return err
}

// TestInstallUpgradedObjects shows every fixture of pkg/apiupgrade to a real API
// server: it does not serve the old object, and takes the upgraded one.
func TestInstallUpgradedObjects(t *testing.T) {
	newUpgrader(t, controlplane.Shared(t).Kubeconfig).takesFixtures(t)
}

func (u *upgrader) takesFixtures(t *testing.T) {
	t.Helper()
	files, err := filepath.Glob("../../pkg/apiupgrade/testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	for _, file := range files {
		for _, old := range decodeAll(t, file) {
			upgraded, change, err := apiupgrade.Upgrade(old, u.served)
			if err != nil || change == nil {
				t.Errorf("%s %s is not upgraded: %v", old.GetKind(), old.GetName(), err)
				continue
			}
			if err := u.apply(t, upgraded, metav1.DryRunAll); err != nil {
				t.Errorf("the server refuses %s %s: %v", upgraded.GetKind(), upgraded.GetName(), err)
			}
		}
	}
}

// TestInstallUpgradedCRDs proves that definitions do what they did: they are
// established, and objects keep the fields that no schema names.
func TestInstallUpgradedCRDs(t *testing.T) {
	u := newUpgrader(t, controlplane.Shared(t).Kubeconfig)
	for _, old := range decodeAll(t, "../../pkg/apiupgrade/testdata/definitions.yaml") {
		upgraded, _, err := apiupgrade.Upgrade(old, u.served)
		if err != nil {
			t.Fatal(err)
		}
		if err := u.apply(t, upgraded); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := u.resource(t, upgraded).Delete(context.Background(), upgraded.GetName(), metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
				t.Error(err)
			}
		})
		if conditions := u.established(t, upgraded); conditions["NonStructuralSchema"] != "" {
			t.Errorf("%s: the conditions are %v", upgraded.GetName(), conditions)
		}
	}
	shapeless := schema.GroupVersionResource{Group: "old.example.com", Version: "v1", Resource: "shapelesses"}
	object := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "old.example.com/v1", "kind": "Shapeless", "metadata": map[string]any{"name": "a"},
		"spec": map[string]any{"port": "http", "target": int64(80), "untyped": "text", "list": []any{"a", int64(1)}, "unknown": map[string]any{"deep": true},
			"either": map[string]any{"unknown": "kept"}},
	}}
	created, err := u.client.Resource(shapeless).Namespace("default").Create(t.Context(), object, metav1.CreateOptions{FieldValidation: metav1.FieldValidationStrict})
	if err != nil {
		t.Fatal(err)
	}
	if found := snapshot.Differences("spec", object.Object["spec"], created.Object["spec"]); len(found) > 0 {
		t.Errorf("fields are not kept: %v", found)
	}
}

// established waits for a definition and gives its conditions.
func (u *upgrader) established(t *testing.T, definition *unstructured.Unstructured) map[string]string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	one := fields.OneTermEqualSelector("metadata.name", definition.GetName()).String()
	resource := u.resource(t, definition)
	source := &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			options.FieldSelector = one
			return resource.List(ctx, options)
		},
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			options.FieldSelector = one
			return resource.Watch(ctx, options)
		},
	}
	conditions := map[string]string{}
	_, err := watchtools.UntilWithSync(ctx, source, &unstructured.Unstructured{}, nil, func(event watch.Event) (bool, error) {
		list, _, _ := unstructured.NestedSlice(event.Object.(*unstructured.Unstructured).Object, "status", "conditions")
		for _, entry := range list {
			condition := entry.(map[string]any)
			conditions[condition["type"].(string)] = condition["status"].(string)
		}
		return conditions["Established"] == "True", nil
	})
	if err != nil {
		t.Fatalf("%s is not established: %v, %v", definition.GetName(), err, conditions)
	}
	return conditions
}

// decodeAll gives the objects of a file of one-object documents.
func decodeAll(t *testing.T, file string) []*unstructured.Unstructured {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var objects []*unstructured.Unstructured
	for _, document := range strings.Split(string(content), "\n---\n") {
		data, err := yaml.YAMLToJSON([]byte(document))
		if err != nil {
			t.Fatal(err)
		}
		object := &unstructured.Unstructured{}
		if err := object.UnmarshalJSON(data); err != nil {
			t.Fatal(err)
		}
		objects = append(objects, object)
	}
	return objects
}
