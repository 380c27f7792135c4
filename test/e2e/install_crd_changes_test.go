package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/fixture"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// TestInstallStoredVersions has the next edition of a CRD drop the version that is
// stored, and another one change its scope. Nothing else of it is applied then.
func TestInstallStoredVersions(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	t.Cleanup(func() { u.Uninstall(t, "editions") })
	edition := func(number, scope string, versions ...string) string {
		crd := strings.Replace(fixture.CRD("Route", "routes", "editions.example.com", versions...), "scope: Namespaced", "scope: "+scope, 1)
		return user.File(t, "edition.yaml", fixture.Join(crd, fixture.ConfigMap("edition")+"data: {number: '"+number+"'}\n"))
	}
	u.Must(t, "kubectl", "istio-demo", "install", "-n", "editions", "-f", edition("1", "Namespaced", "v1beta1"))
	for _, test := range []struct{ path, want string }{
		{edition("2", "Namespaced", "v1"), "customresourcedefinition routes.editions.example.com: the cluster may store custom resources in v1beta1, which the manifest does not have (status.storedVersions)"},
		{edition("3", "Cluster", "v1beta1"), "customresourcedefinition routes.editions.example.com: spec.scope is Namespaced on the cluster and cannot become Cluster"},
	} {
		got := u.Run(t, "kubectl", "istio-demo", "check", "-n", "editions", "-f", test.path)
		if got.Code != 1 || !strings.Contains(got.Stdout, test.want) {
			t.Errorf("check: exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
		}
		got = u.Run(t, "kubectl", "istio-demo", "install", "-n", "editions", "-f", test.path)
		if lines := got.Errors(); got.Code != 1 || len(lines) != 1 || !strings.Contains(lines[0], test.want) {
			t.Errorf("install: exit code %d\n%s", got.Code, got.Stderr)
		}
	}
	if number := u.Must(t, "kubectl", "get", "configmap", "edition", "-n", "editions", "-o", "jsonpath={.data.number}"); number != "1" {
		t.Errorf("of edition %s something was written", number)
	}
	u.Must(t, "kubectl", "istio-demo", "install", "-n", "editions", "-f", edition("4", "Namespaced", "v1beta1", "v1"))
}

// TestInstallTooLarge has a CRD that the API server reads and etcd does not store.
func TestInstallTooLarge(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	t.Cleanup(func() { u.Uninstall(t, "large") })
	var fields []string
	for i := range 9000 {
		fields = append(fields, fmt.Sprintf("f%d: {type: string, description: %s}", i, strings.Repeat("x", 180)))
	}
	crd := strings.Replace(fixture.CRD("Large", "larges", "large.example.com", "v1"), "type: object, x-kubernetes-preserve-unknown-fields: true", "type: object, properties: {"+strings.Join(fields, ", ")+"}", 1)
	path := user.File(t, "large.yaml", crd)
	const want = "customresourcedefinition larges.large.example.com (1.9 MiB); shorten it"
	got := u.Run(t, "kubectl", "istio-demo", "install", "-n", "large", "-f", path)
	if lines := got.Errors(); got.Code != 1 || len(lines) != 1 || !strings.Contains(lines[0], want) {
		t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
	}
	if got := u.Run(t, "kubectl", "get", "namespace", "large"); got.Code == 0 {
		t.Error("something was written")
	}
	began := time.Now()
	got = u.Run(t, "kubectl", "istio-demo", "install", "-n", "large", "-f", path, "--skip-checks=size")
	if lines := got.Errors(); got.Code != 1 || len(lines) != 1 || !strings.Contains(lines[0], "customresourcedefinition larges.large.example.com: too large for etcd: it has 1.9 MiB, and etcd stores at most 1.5 MiB") {
		t.Errorf("without the check: exit code %d\n%s", got.Code, got.Stderr)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("it takes %v to say so", took)
	}
}

// TestInstallRefusedByV1 installs a definition that only v1beta1 took, and an object
// that the old server accepted.
func TestInstallRefusedByV1(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	t.Cleanup(func() { u.Uninstall(t, "refused-by-v1") })
	const runners = `apiVersion: apiextensions.k8s.io/v1beta1
kind: CustomResourceDefinition
metadata: {name: runners.old.example.com}
spec:
  group: old.example.com
  version: v1
  names: {kind: Runner, plural: runners}
  preserveUnknownFields: false
  additionalPrinterColumns: [{name: Age, type: date, JSONPath: metadata.creationTimestamp}]
  validation:
    openAPIV3Schema:
      type: object
      properties:
        spec:
          type: object
          properties:
            shared: {type: bool}
            ports:
              type: array
              x-kubernetes-list-type: map
              x-kubernetes-list-map-keys: [port, protocol]
              items: {type: object, required: [port], properties: {port: {type: integer}, protocol: {type: string}}}
---
apiVersion: old.example.com/v1
kind: Runner
metadata: {name: one}
spec: {shared: true, ports: [{port: 80}]}
`
	path := user.File(t, "old.yaml", runners)
	report := u.Must(t, "kubectl", "istio-demo", "manifest", "-f", path, "--upgrade-apis=1.37", "-o", "report")
	for _, want := range []string{`accepts any value: the type "bool" does not exist`, "v1 wants the key protocol to be required or to have a default"} {
		if !strings.Contains(report, want) {
			t.Errorf("%q is not in\n%s", want, report)
		}
	}
	u.Must(t, "kubectl", "istio-demo", "install", "-n", "refused-by-v1", "-f", path)
	if spec := u.Must(t, "kubectl", "get", "runner", "one", "-n", "refused-by-v1", "-o", "jsonpath={.spec.shared} {.spec.ports[0].port}"); spec != "true 80" {
		t.Errorf("the object is %s", spec)
	}
}
