package e2e

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/apiproxy"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// TestStatusLostObjects deletes an object of each kind of the demo, which status
// misses each time, and which the command that it names brings back.
func TestStatusLostObjects(t *testing.T) {
	t.Parallel()
	u := user.New(t, controlplane.Start(t, "lost").Kubeconfig)
	u.Must(t, "kubectl", "istio-demo", "install", "--addons=none")
	code, whole := readStatus(t, u)
	if code != 0 || whole.Objects == 0 {
		t.Fatalf("exit code %d, %+v", code, whole)
	}
	deleted := []string{
		"clusterrole/istiod-clusterrole-istio-system", "clusterrolebinding/istiod-clusterrole-istio-system",
		"configmap/istio", "crd/wasmplugins.extensions.istio.io", "deployment/istiod",
		"mutatingwebhookconfiguration/istio-sidecar-injector", "mutatingwebhookconfiguration/istio-revision-tag-default",
		"role/istiod", "rolebinding/istiod", "service/istiod", "serviceaccount/istiod",
		"validatingwebhookconfiguration/istio-validator-istio-system",
	}
	for n, object := range deleted {
		u.Must(t, "kubectl", "delete", object, "-n", "istio-system", "--wait")
		code, read := readStatus(t, u)
		lost := slices.ContainsFunc(read.MissingObjects, func(missing struct{ Kind, Namespace, Name string }) bool {
			return strings.HasSuffix(object, "/"+missing.Name)
		})
		if code != 1 || read.Ready || len(read.MissingObjects) != n+1 || !lost {
			t.Errorf("without %s: exit code %d, missing are %v", object, code, read.MissingObjects)
		}
	}
	got := u.Run(t, "kubectl", "istio-demo", "status")
	if !strings.HasPrefix(got.Stdout, "Istio 1.31.0 demo in istio-system: 2 of 3 ready\n") || !user.Prints(`(?m)^deployment/istiod +- +missing +-$`)(got) ||
		!user.Prints(`(?m)^12 of 46 objects missing: clusterrole istiod-clusterrole-istio-system, .* and 2 more; run 'kubectl istio-demo install --reuse-values'$`)(got) {
		t.Errorf("status printed\n%s", got.Stdout)
	}
	if again := u.Run(t, "kubectl", "istio-demo", "install", "--addons=none"); !strings.HasPrefix(again.Summary(), "12 created, ") {
		t.Errorf("exit code %d\n%s", again.Code, again.Stderr)
	}
	if code, read := readStatus(t, u); code != 0 || read.Objects != whole.Objects {
		t.Errorf("exit code %d, %+v", code, read)
	}
}

// TestStatusChangedObjects has a workload that somebody has scaled to zero, an
// object that has lost its label, and what ends by itself.
func TestStatusChangedObjects(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	path := user.File(t, "hooked.yaml", hookManifest+resting)
	u.Must(t, "kubectl", "istio-demo", "install", "-f", path, "-n", "changed")
	u.Must(t, "kubectl", "delete", "job", "--all", "-n", "changed")
	u.Must(t, "kubectl", "delete", "serviceaccount", "after", "-n", "changed")
	if code, read := readStatus(t, u, "-n", "changed"); code != 0 || read.MissingObjects != nil {
		t.Errorf("after its hooks: exit code %d, %+v", code, read)
	}
	u.Must(t, "kubectl", "scale", "deployment", "web", "-n", "changed", "--replicas=0")
	u.Must(t, "kubectl", "label", "service", "web", "-n", "changed", "applyset.kubernetes.io/part-of-")
	got := u.Run(t, "kubectl", "istio-demo", "status", "-n", "changed")
	if got.Code != 1 || got.Stderr != "" {
		t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
	}
	wantLines(t, got.Stdout,
		`\S*/hooked\.yaml in changed: 1 of 2 ready`,
		`NAME +READY +STATUS +AGE`,
		`deployment/resting +0/0 +Ready +\S+`,
		`deployment/web +0/0 +scaled to 0 +\S+`,
		``,
		`deployment/web is not ready:`,
		`  ScaledToZero: somebody has scaled it to 0 since the install`,
		`    next: kubectl scale deployment web --replicas=1 -n changed`,
		``,
		`1 of 5 objects changed, no longer labelled as installed: service changed/web; rerun the install of \S*/hooked\.yaml`)
	u.Must(t, "kubectl", "scale", "deployment", "web", "-n", "changed", "--replicas=1")
	u.Must(t, "kubectl", "istio-demo", "install", "-f", path, "-n", "changed")
	if code, read := readStatus(t, u, "-n", "changed"); code != 0 || read.Unlabelled != nil {
		t.Errorf("after another install: exit code %d, %+v", code, read)
	}
}

// resting is a workload that its manifest scales to zero, and a Service.
const resting = `---
apiVersion: apps/v1
kind: Deployment
metadata: {name: resting}
spec:
  replicas: 0
  selector: {matchLabels: {app: resting}}
  template:
    metadata: {labels: {app: resting}}
    spec: {containers: [{name: main, image: "registry.example.com/web:1"}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: [{port: 80}]}
`

// TestStatusInterruptedInstall knows that an install did not come to its end, and
// that one to which the user may not list all kinds cannot be judged whole.
func TestStatusInterruptedInstall(t *testing.T) {
	t.Parallel()
	control := controlplane.Start(t, "halfway")
	recorder := apiproxy.New(t, control.Kubeconfig)
	recorder.Hold = func(request *http.Request) bool {
		return request.Method == http.MethodPatch && strings.HasSuffix(request.URL.Path, "/mutatingwebhookconfigurations/istio-sidecar-injector")
	}
	if got := user.New(t, recorder.Kubeconfig).Run(t, "kubectl", "istio-demo", "install", "--addons=none", "--timeout=30s"); got.Code == 0 {
		t.Fatal("the install came to its end")
	}
	u := user.New(t, control.Kubeconfig)
	got := u.Run(t, "kubectl", "istio-demo", "status")
	if got.Code != 1 || !user.Prints(`(?m)^[1-9]\d* of 46 objects missing: .*mutatingwebhookconfiguration istio-sidecar-injector.*; run 'kubectl istio-demo install --reuse-values'$`)(got) {
		t.Errorf("exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
	}
	u.Must(t, "kubectl", "create", "role", "looks", "-n", "istio-system", "--verb=get,list", "--resource=configmaps,deployments.apps,services,telemetries.telemetry.istio.io")
	u.Must(t, "kubectl", "create", "rolebinding", "looks", "-n", "istio-system", "--role=looks", "--user=looker")
	got = u.Until(t, func(got user.Result) bool { return got.Stdout != "" }, "kubectl", "istio-demo", "status", "--as", "looker")
	if !user.Prints(`(?m)^warning: cannot tell whether \d+ objects exist: no permission to read clusterrolebindings\..*, serviceaccounts.*$`)(got) {
		t.Errorf("exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
	}
}
