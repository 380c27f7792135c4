package mesh

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/snapshot"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// complaint matches what istiod logs where it may not do something, or where a
// definition goes that was there. The Gateway API's are not part of the demo.
var complaint = regexp.MustCompile(`(?im)^.*(forbidden|no matches for kind|could not find the requested resource|timed out waiting for CRD).*$`)

// log gives the log of the newest istiod.
func (m mesh) log(t *testing.T) string {
	t.Helper()
	pod := m.Must(t, "kubectl", "get", "pods", "-n", "istio-system", "-l", "app=istiod", "--sort-by=.metadata.creationTimestamp", "-o", "jsonpath={.items[-1:].metadata.name}")
	return m.Run(t, "kubectl", "logs", "-n", "istio-system", pod).Stdout
}

// definitions gives the names of those that are there.
func (m mesh) definitions(t *testing.T) []string {
	t.Helper()
	return strings.Fields(m.Must(t, "kubectl", "get", "customresourcedefinitions", "-o", "jsonpath={.items[*].metadata.name}"))
}

// notServed is an answer about a kind that is not served, at least not yet.
var notServed = regexp.MustCompile(`could not find the requested resource \(get (\S+)\)`)

// complaints gives what istiod's log says that it may not do or cannot find, and
// the definitions that it has not found. For one that was never there istiod
// waits without a word; only of those that it finds it says so.
func (m mesh) complaints(t *testing.T, definitions []string) []string {
	t.Helper()
	content := m.log(t)
	found := slices.DeleteFunc(complaint.FindAllString(content, -1), func(line string) bool {
		// An API server shows a CRD before it serves its kind; istiod tries again.
		asked := notServed.FindStringSubmatch(line)
		return asked != nil && slices.Contains(definitions, asked[1])
	})
	for _, name := range definitions {
		if !strings.Contains(content, "CRD "+name+" is not at ignore list, adding to CRD watcher") {
			found = append(found, name)
		}
	}
	return found
}

// istiodInstalled waits as install does: it ends when istiod's probe is
// answered, and all of the pods start beside its webhooks.
func istiodInstalled(t *testing.T, m mesh) {
	m.mustInstall(t, "--timeout=180s")
	definitions := m.definitions(t)
	if len(definitions) < 15 {
		t.Errorf("there are only the definitions %q", definitions)
	}
	// It is ready a moment before it says so in its log.
	deadline := time.Now().Add(user.Timeout)
	for !strings.Contains(m.log(t), "Pilot K8S CRD controller synced") {
		if time.Now().After(deadline) {
			t.Fatalf("istiod has not synced:\n%s", m.log(t))
		}
	}
	if found := m.complaints(t, definitions); found != nil {
		t.Errorf("istiod lacks something: %q", found)
	}
	if waiting := m.Must(t, "kubectl", "get", "pods", "-A", "--field-selector=status.phase!=Running", "-o", "name"); waiting != "" {
		t.Errorf("these do not run: %s", waiting)
	}
	for _, name := range []string{"istio-validator-istio-system", "istiod-default-validator"} {
		m.Must(t, "kubectl", "wait", "validatingwebhookconfiguration", name, "--for=jsonpath={.webhooks[*].failurePolicy}=Fail", "--timeout=30s")
	}
}

const virtualService = `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop, namespace: default}
spec:
  hosts: [shop]
  http: [{route: [{destination: {host: shop}%s}]}]
`

// istiodValidates asks the validator what no schema says: that the headers to
// be set need names is known to istiod only.
func istiodValidates(t *testing.T, m mesh) {
	refused := m.Pipe(t, fmt.Sprintf(virtualService, ", headers: {request: {set: {'': empty}}}"), "kubectl", "create", "-f", "-")
	if refused.Code == 0 || !regexp.MustCompile(`admission webhook "(rev\.)?validation\.istio\.io" denied the request: .*header name cannot be empty`).MatchString(refused.Stderr) {
		t.Errorf("an invalid one: exit code %d\n%s", refused.Code, refused.Stderr)
	}
	if accepted := m.Pipe(t, fmt.Sprintf(virtualService, ""), "kubectl", "create", "-f", "-"); accepted.Code != 0 {
		t.Errorf("a valid one: exit code %d\n%s", accepted.Code, accepted.Stderr)
	}
	m.Must(t, "kubectl", "delete", "virtualservice", "shop", "-n", "default")
}

const web = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "registry.k8s.io/pause:3.10"}]}
`

// istiodInjects creates pods in namespaces with and without labels.
func istiodInjects(t *testing.T, m mesh) {
	for _, test := range []struct{ namespace, label, containers string }{
		{"by-injection", "istio-injection=enabled", "web istio-proxy"},
		{"by-revision", "istio.io/rev=default", "web istio-proxy"},
		{"disabled", "istio-injection=disabled", "web"},
		{"other-revision", "istio.io/rev=other", "web"},
		{"unlabelled", "team=shop", "web"},
	} {
		m.Must(t, "kubectl", "create", "namespace", test.namespace)
		m.Must(t, "kubectl", "label", "namespace", test.namespace, test.label)
		m.Must(t, "kubectl", "istio-demo", "install", "-f", user.File(t, "web.yaml", web), "-n", test.namespace)
		// The proxy is an init container that goes on running.
		got := m.Must(t, "kubectl", "get", "pods", "-n", test.namespace, "-o", `jsonpath={.items[0].spec.containers[*].name} {.items[0].spec.initContainers[?(@.restartPolicy=="Always")].name}`)
		if strings.TrimSpace(got) != test.containers {
			t.Errorf("a pod of namespace %s has containers %q, not %q", test.namespace, got, test.containers)
		}
		ready := fmt.Sprintf(" %d/%[1]d ", len(strings.Fields(test.containers)))
		if pods := m.Must(t, "kubectl", "get", "pods", "-n", test.namespace); !strings.Contains(strings.ReplaceAll(pods, "   ", " "), ready) {
			t.Errorf("not%sin\n%s", ready, pods)
		}
	}
}

// istiodKeepsItsOwn has every command beside an istiod that has taken over the
// webhooks.
func istiodKeepsItsOwn(t *testing.T, m mesh) {
	before := snapshot.Versions(t, m.User)
	if len(before) < 46 {
		t.Fatalf("only %d objects are known: %v", len(before), before)
	}
	again := m.install(t)
	if again.Code != 0 || !strings.HasPrefix(again.Summary(), "0 created, 0 configured, ") || strings.Contains(again.Stderr, "onflict") {
		t.Errorf("exit code %d\n%s", again.Code, again.Stderr)
	}
	if after := snapshot.Versions(t, m.User); !maps.Equal(before, after) {
		t.Errorf("the second install wrote something:\n%v\n%v", before, after)
	}
	if got := m.Run(t, append([]string{"kubectl", "istio-demo", "diff"}, stockEnvoy...)...); got.Code != 0 || got.Stdout != "" {
		t.Errorf("diff: exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
	}
	if got := m.Run(t, "kubectl", "istio-demo", "status"); got.Code != 0 {
		t.Errorf("status: exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
	}
}

// policies gives the failure policies of the validators.
func (m mesh) policies(t *testing.T) string {
	t.Helper()
	return m.Must(t, "kubectl", "get", "validatingwebhookconfigurations", "-o", "jsonpath={.items[*].webhooks[*].failurePolicy}")
}

// istiodUpgraded rolls istiod over to other arguments.
func istiodUpgraded(t *testing.T, m mesh) {
	got := m.install(t, "--set=pilot.traceSampling=10")
	if got.Code != 0 || strings.Contains(got.Stderr, "onflict") {
		t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
	}
	if policies := m.policies(t); policies != "Fail Fail" {
		t.Errorf("the policies of istiod's validators were flipped back: %s", policies)
	}
	if got := m.Run(t, "kubectl", "run", "probe", "-n", "by-injection", "--image=registry.k8s.io/pause:3.10", "--dry-run=server"); got.Code != 0 {
		t.Errorf("nothing is injected after the rollout: %s", got.Stderr)
	}
}
