package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/apiproxy"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/fixture"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// contested has fields that people and controllers like to change.
var contested = `apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {mode: demo, level: info}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  type: NodePort
  selector: {app: web}
  ports: [{name: http, port: 80, nodePort: 30021}]
---
` + strings.Replace(fixture.Deployment("web"), "spec:", "spec:\n  replicas: 2", 1)

// TestInstallConflicts has people change what was installed: all of it is named
// before anything is written, and taken back when told.
func TestInstallConflicts(t *testing.T) {
	recorder := apiproxy.New(t, controlplane.Shared(t).Kubeconfig)
	u := user.New(t, recorder.Kubeconfig)
	path := user.File(t, "contested.yaml", contested)
	install := []string{"kubectl", "istio-demo", "install", "-n", "conflicts", "-f", path, "--wait=false"}
	u.Must(t, install...)
	u.Must(t, "kubectl", "set", "image", "deployment/web", "web=registry.example.com/mine:2", "-n", "conflicts")
	u.Must(t, "kubectl", "scale", "deployment/web", "--replicas=3", "-n", "conflicts")
	u.Environment = append(u.Environment, "KUBE_EDITOR=sed -i s/info/debug/")
	u.Must(t, "kubectl", "edit", "configmap/settings", "-n", "conflicts")
	theirs := "{apiVersion: v1, kind: ConfigMap, metadata: {name: settings, namespace: conflicts}, data: {mode: theirs}}"
	if got := u.Pipe(t, theirs, "kubectl", "apply", "--server-side", "--force-conflicts", "--field-manager=gitops", "-f", "-"); got.Code != 0 {
		t.Fatal(got.Stderr)
	}
	wants := []string{
		`configmap conflicts/settings: "gitops" owns .data.mode; "kubectl-edit" owns .data.level; remove these fields, or take them over with --force-conflicts`,
		`deployment conflicts/web: "kubectl" owns .spec.replicas; "kubectl-set" owns .spec.template.spec.containers[name="web"].image; remove these fields, or take them over with --force-conflicts`,
	}
	for flag, wants := range map[string][]string{
		"--force-conflicts=false": wants,
		"--recreate-immutable":    wants,
		"--adopt":                 wants[1:], // what gitops applies is taken over, what people have edited is not
	} {
		recorder.Drain()
		got := u.Run(t, append(install, flag)...)
		lines := got.Errors()
		if got.Code != 1 || !slices.EqualFunc(lines, wants, strings.HasSuffix) {
			t.Errorf("%s: exit code %d\n%s", flag, got.Code, got.Stderr)
		}
		recorder.WantNoWrites(t)
	}
	forced := u.Run(t, append(install, "--force-conflicts")...)
	if forced.Code != 0 || !strings.HasPrefix(forced.Summary(), "0 created, 2 configured, 2 unchanged in ") {
		t.Errorf("exit code %d\n%s", forced.Code, forced.Stderr)
	}
	// Its status changes, too, until it runs.
	u.Must(t, "kubectl", "rollout", "status", "deployment/web", "-n", "conflicts", "--timeout=60s")
	again := u.Run(t, install...)
	if again.Code != 0 || !strings.HasPrefix(again.Summary(), "0 created, 0 configured, 4 unchanged in ") {
		t.Errorf("again: exit code %d\n%s", again.Code, again.Stderr)
	}
	if image := u.Must(t, "kubectl", "get", "deployment", "web", "-n", "conflicts", "-o", "jsonpath={.spec.template.spec.containers[0].image} {.spec.replicas}"); image != "registry.example.com/web:1 2" {
		t.Errorf("the image and the replicas are %s", image)
	}
}

// TestInstallKeepsFieldsOfControllers leaves fields to controllers of the cluster that
// have taken them over, also when conflicts are forced.
func TestInstallKeepsFieldsOfControllers(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	path := user.File(t, "contested.yaml", strings.ReplaceAll(contested, "30021", "30031"))
	install := []string{"kubectl", "istio-demo", "install", "-n", "controlled", "-f", path, "--wait=false"}
	u.Must(t, install...)
	u.Must(t, "kubectl", "rollout", "status", "deployment/web", "-n", "controlled", "--timeout=60s")
	// As the controller of an autoscaler does it, and that of a load balancer.
	u.Must(t, "kubectl", "patch", "deployment", "web", "-n", "controlled", "--subresource=scale", "--type=merge",
		"--field-manager=kube-controller-manager", "-p", `{"spec":{"replicas":5}}`)
	u.Must(t, "kubectl", "patch", "service", "web", "-n", "controlled", "--field-manager=cloud-controller-manager",
		"-p", `{"spec":{"ports":[{"port":80,"nodePort":31812}]}}`)
	u.Must(t, "kubectl", "rollout", "status", "deployment/web", "-n", "controlled", "--timeout=60s")
	for _, flag := range []string{"--force-conflicts=false", "--force-conflicts", "--adopt", "--recreate-immutable"} {
		got := u.Run(t, append(install, flag)...)
		if got.Code != 0 || !strings.HasPrefix(got.Summary(), "0 created, 0 configured, 4 unchanged in ") {
			t.Errorf("%s: exit code %d\n%s", flag, got.Code, got.Stderr)
		}
	}
	changed := user.File(t, "changed.yaml", strings.NewReplacer("30021", "30031", "web:1", "web:2", "name: http,", "name: http, appProtocol: http,").Replace(contested))
	u.Must(t, "kubectl", "istio-demo", "install", "-n", "controlled", "-f", changed, "--wait=false")
	kept := u.Must(t, "kubectl", "get", "deployment,service", "web", "-n", "controlled", "-o",
		"jsonpath={range .items[*]}{.spec.replicas}{.spec.ports[0].nodePort} {.spec.ports[0].appProtocol}{.spec.template.spec.containers[0].image};{end}")
	if kept != "5 registry.example.com/web:2;31812 http;" {
		t.Errorf("the replicas and the port are %s", kept)
	}
}
