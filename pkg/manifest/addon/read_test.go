package addon

import (
	"net/url"
	"strconv"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
)

// typed gives the objects of a kind, and refuses fields that it does not have.
func typed[T any](t *testing.T, objects []manifest.Object, kind string) []T {
	t.Helper()
	var found []T
	for _, object := range objects {
		if object.GetKind() != kind {
			continue
		}
		var one T
		if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(object.Object, &one, true); err != nil {
			t.Fatalf("%s %s: %v", kind, object.GetName(), err)
		}
		found = append(found, one)
	}
	if len(found) == 0 && len(objects) > 0 {
		t.Fatalf("there is no %s", kind)
	}
	return found
}

func deployments(t *testing.T, objects []manifest.Object) []appsv1.Deployment {
	t.Helper()
	return typed[appsv1.Deployment](t, objects, "Deployment")
}

// served gives the ports of each Service.
func served(t *testing.T, objects []manifest.Object) map[string][]int32 {
	t.Helper()
	ports := map[string][]int32{}
	for _, service := range typed[corev1.Service](t, objects, "Service") {
		for _, port := range service.Spec.Ports {
			ports[service.Name] = append(ports[service.Name], port.Port)
		}
	}
	return ports
}

// configuration gives the files of all ConfigMaps by "name/key".
func configuration(t *testing.T, objects []manifest.Object) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, configMap := range typed[corev1.ConfigMap](t, objects, "ConfigMap") {
		for key, text := range configMap.Data {
			files[configMap.Name+"/"+key] = text
		}
	}
	return files
}

func portOf(t *testing.T, address *url.URL) int32 {
	t.Helper()
	if address.Port() == "" {
		return 80
	}
	port, err := strconv.ParseInt(address.Port(), 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	return int32(port)
}
