package e2e

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/apiproxy"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/fixture"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// finding is a result of check -o json.
type finding struct{ Name, Verdict, Message, Remedy string }

// check runs check -o json and gives its exit code and what it found.
func check(t *testing.T, u *user.User, flags ...string) (int, []finding) {
	t.Helper()
	got := u.Run(t, append([]string{"kubectl", "istio-demo", "check", "--addons=none", "-o", "json"}, flags...)...)
	var printed struct{ Checks []finding }
	if err := json.Unmarshal([]byte(got.Stdout), &printed); err != nil {
		t.Fatalf("exit code %d, %v\n%s%s", got.Code, err, got.Stdout, got.Stderr)
	}
	return got.Code, printed.Checks
}

// found compares the verdicts of one check, and their messages with a regular
// expression.
func found(t *testing.T, findings []finding, name, verdict, message string) {
	t.Helper()
	for _, finding := range findings {
		if finding.Name == name && finding.Verdict == verdict && regexp.MustCompile("^"+message+"$").MatchString(finding.Message) {
			if (finding.Remedy == "") != (verdict == "pass" || verdict == "unknown") {
				t.Errorf("the remedy of %s is %q", name, finding.Remedy)
			}
			return
		}
	}
	t.Errorf("%s is not %q with\n  %s\nin\n%+v", name, verdict, message, findings)
}

// TestCheckPasses finds nothing wrong, writes nothing and prints all of it.
func TestCheckPasses(t *testing.T) {
	t.Parallel()
	recorder := apiproxy.New(t, controlplane.Start(t, "checked").Kubeconfig)
	u := user.New(t, recorder.Kubeconfig)
	u.Must(t, "kubectl", "wait", "node", "--all", "--for=condition=Ready", "--timeout=100s")
	recorder.Drain()
	code, findings := check(t, u, "-n", "checked")
	if _, writes := recorder.Drain(); len(writes) > 0 {
		t.Errorf("something was written: %v", writes)
	}
	var names []string
	for _, finding := range findings {
		names = append(names, finding.Name)
	}
	want := []string{"kinds", "version", "permissions", "namespaces", "architectures", "capacity", "webhooks", "loadbalancer", "dns", "telemetry", "size", "foreign", "conflicts"}
	if code != 0 || !slices.Equal(names, want) {
		t.Errorf("exit code %d, checks %q", code, names)
	}
	found(t, findings, "version", "pass", `the cluster runs Kubernetes v1\.\d+\.\d+; 1\.32 or newer is required`)
	found(t, findings, "permissions", "pass", "you have full access")
	found(t, findings, "namespaces", "pass", "to be created: checked")
	found(t, findings, "architectures", "pass", "images and nodes match: amd64 and arm64")
	found(t, findings, "capacity", "pass", "the nodes have room for the pods")
	found(t, findings, "webhooks", "pass", "no blocking webhooks")
	found(t, findings, "loadbalancer", "warn", ".*EXTERNAL-IP of checked/istio-ingressgateway will stay pending.*")

	table := u.Must(t, "kubectl", "istio-demo", "check", "--addons=none", "-n", "checked")
	for _, line := range []string{
		`NAME +VERDICT +MESSAGE`,
		`kinds +pass +all kinds are served by the cluster or defined in the manifest`,
		`loadbalancer +warn +no load balancer implementation found: .*`,
		` +-> reach it with 'kubectl istio-demo address --forward -n checked', .*`,
	} {
		if !regexp.MustCompile("(?m)^" + line + "$").MatchString(table) {
			t.Errorf("no line like\n  %s\nin\n%s", line, table)
		}
	}
	if yaml := u.Must(t, "kubectl", "istio-demo", "check", "--addons=none", "-n", "checked", "-o", "yaml"); !strings.HasPrefix(yaml, "checks:\n- message: ") {
		t.Errorf("-o yaml printed\n%s", yaml)
	}
}

// TestCheckInstalled looks at a demo that runs, and finds nothing to say.
func TestCheckInstalled(t *testing.T) {
	code, findings := check(t, controlplane.SharedDemo(t))
	for _, finding := range findings {
		// The test cluster has no DNS.
		if want := map[string]string{"dns": "unknown"}[finding.Name]; finding.Verdict != cmp.Or(want, "pass") || code != 0 {
			t.Errorf("exit code %d, %+v", code, finding)
		}
	}
}

// TestCheckFails tells all that is wrong at once.
func TestCheckFails(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	path := user.File(t, "own.yaml", web+"---\napiVersion: example.com/v1\nkind: Foo\nmetadata: {name: a}\n---\napiVersion: example.com/v1\nkind: Foo\nmetadata: {name: b}\n")
	code, findings := check(t, u, "-f", path, "-n", "nowhere", "--as", "nobody")
	if code != 1 {
		t.Errorf("exit code %d", code)
	}
	found(t, findings, "kinds", "fail", `\S+own\.yaml, document 2 \(line \d+\): foo a: neither the cluster nor the manifest defines kind Foo in version example\.com/v1`)
	found(t, findings, "permissions", "fail", `no permission to create configmaps in namespace nowhere, create deployments\.apps in namespace nowhere, get .* and 5 more`)
	found(t, findings, "architectures", "unknown", "not checked: image architectures unknown")
	found(t, findings, "webhooks", "unknown", "not checked: no permission to list webhook configurations")
	got := u.Run(t, "kubectl", "istio-demo", "check", "-f", user.File(t, "other.yaml", deployment+"---\napiVersion: v1beta9\nkind: Foo\nmetadata: {name: a}\n"))
	want := []string{"error: install would stop at failed checks: kinds, namespaces"}
	if lines := got.Errors(); got.Code != 1 || !slices.Equal(lines, want) || !strings.Contains(got.Stdout, "namespaces      fail") {
		t.Errorf("exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
	}
}

// TestCheckConflicts names every manager in the message, and tells the remedy
// apart from them.
func TestCheckConflicts(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	path := user.File(t, "own; theirs.yaml", configMap+"data: {a: ours, b: ours}\n")
	u.Must(t, "kubectl", "istio-demo", "install", "-n", "contested", "-f", path)
	for manager, data := range map[string]string{"gitops": "{a: theirs}", "edit; or not": "{b: theirs}"} {
		theirs := "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: contested}, data: " + data + "}"
		if got := u.Pipe(t, theirs, "kubectl", "apply", "--server-side", "--force-conflicts", "--field-manager="+manager, "-f", "-"); got.Code != 0 {
			t.Fatal(got.Stderr)
		}
	}
	code, findings := check(t, u, "-n", "contested", "-f", path)
	var conflicts []finding
	for _, finding := range findings {
		if finding.Name == "conflicts" {
			conflicts = append(conflicts, finding)
		}
	}
	want := finding{"conflicts", "fail",
		path + `, document 1 (line 1): configmap contested/a: "edit; or not" owns .data.b; "gitops" owns .data.a`,
		"remove these fields, or take them over with --force-conflicts"}
	if code != 1 || !slices.Equal(conflicts, []finding{want}) {
		t.Errorf("exit code %d\n%+v, want\n%+v", code, conflicts, want)
	}
}

// TestCheckUsage refuses what has no meaning.
func TestCheckUsage(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	for _, test := range []struct {
		arguments []string
		want      string
	}{
		{[]string{"check", "-o", "wide"}, `error: unknown output format "wide"; use json or yaml`},
		{[]string{"check", "--timeout", "0"}, `error: --timeout must be longer than 0`},
		{[]string{"check", "--skip-checks", "version,nope"}, `error: unknown check "nope" in --skip-checks; use one of version, permissions, namespaces, architectures, capacity, webhooks, loadbalancer, dns, telemetry, size, foreign`},
		{[]string{"install", "--skip-checks=nope"}, `error: unknown check "nope" in --skip-checks; use one of version, permissions, namespaces, architectures, capacity, webhooks, loadbalancer, dns, telemetry, size, foreign`},
		{[]string{"check", "-f", "nope.yaml"}, `error: the path "nope.yaml" does not exist`},
	} {
		got := u.Run(t, append([]string{"kubectl", "istio-demo"}, test.arguments...)...)
		if lines := got.Errors(); got.Code != 2 || !slices.Equal(lines, []string{test.want}) || got.Stdout != "" {
			t.Errorf("%v: exit code %d\n%s%s", test.arguments, got.Code, got.Stdout, got.Stderr)
		}
	}
}

// webhook is a configuration that new pods of one namespace go through.
func webhook(name, namespace, service string) string {
	return fmt.Sprintf(`apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: %s}
webhooks:
- name: pods.example.com
  admissionReviewVersions: [v1]
  sideEffects: None
  timeoutSeconds: 1
  clientConfig: {service: {namespace: %s, name: %s}}
  namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: %[2]s}}
  rules: [{operations: [CREATE], apiGroups: [""], apiVersions: [v1], resources: [pods]}]
`, name, namespace, service)
}

// TestCheckOrphanedWebhook names the webhook that would block the pods; its
// remedy works.
func TestCheckOrphanedWebhook(t *testing.T) {
	recorder := apiproxy.New(t, controlplane.Shared(t).Kubeconfig)
	u := user.New(t, recorder.Kubeconfig)
	remove := []string{"kubectl", "delete", "mutatingwebhookconfiguration", "leftover"}
	u.Must(t, "kubectl", "create", "namespace", "orphans")
	u.Must(t, "kubectl", "create", "-f", user.File(t, "webhook.yaml", webhook("leftover", "orphans", "gone")))
	defer u.Run(t, append(remove, "--ignore-not-found")...)
	path := user.File(t, "web.yaml", web)

	recorder.Drain()
	got := u.Run(t, "kubectl", "istio-demo", "install", "-f", path, "-n", "orphans")
	want := []string{"error: mutatingwebhookconfiguration leftover is orphaned and blocks pods in namespace orphans: " +
		"its service orphans/gone does not exist (webhook pods.example.com); remove it ('" + strings.Join(remove, " ") + "') if its owner is gone for good"}
	if lines := got.Errors(); got.Code != 1 || !slices.Equal(lines, want) {
		t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
	}
	if _, writes := recorder.Drain(); len(writes) > 0 {
		t.Errorf("something was written: %v", writes)
	}
	// Elsewhere it does no harm, and is worth a word.
	code, findings := check(t, u, "-f", path, "-n", "elsewhere")
	found(t, findings, "webhooks", "warn", "mutatingwebhookconfiguration leftover is orphaned and blocks pods in other namespaces: .*")
	if code != 0 {
		t.Errorf("exit code %d", code)
	}
	// What the check says is true: its pod does not come.
	u.Must(t, "kubectl", "istio-demo", "install", "-f", path, "-n", "orphans", "--skip-checks=webhooks", "--wait=false")
	u.Must(t, "kubectl", "wait", "deployment/web", "-n", "orphans", "--for=condition=ReplicaFailure", "--timeout=30s")
	u.Must(t, remove...)
	again := u.Run(t, "kubectl", "istio-demo", "install", "-f", path, "-n", "orphans")
	if again.Code != 0 || strings.Contains(again.Stderr, "leftover") {
		t.Errorf("exit code %d\n%s", again.Code, again.Stderr)
	}
}

// web is a Deployment of one pod.
var web = fixture.Deployment("web")

// TestCheckUnreachableWebhook has a webhook whose Service has no pods.
func TestCheckUnreachableWebhook(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	u.Must(t, "kubectl", "create", "namespace", "unreachable")
	u.Must(t, "kubectl", "label", "namespace", "unreachable", "pod-security.kubernetes.io/enforce=restricted")
	u.Must(t, "kubectl", "create", "service", "clusterip", "hook", "-n", "unreachable", "--tcp=443")
	u.Must(t, "kubectl", "create", "-f", user.File(t, "webhook.yaml", webhook("silent", "unreachable", "hook")))
	defer u.Must(t, "kubectl", "delete", "mutatingwebhookconfiguration", "silent")
	path := user.File(t, "web.yaml", web)
	code, findings := check(t, u, "-f", path, "-n", "unreachable")
	found(t, findings, "webhooks", "fail", `cannot create pods in namespace unreachable: the API server cannot reach a webhook of mutatingwebhookconfiguration silent: `+
		`failed calling webhook "pods\.example\.com": .*https://hook\.unreachable\.svc:443/.*`)
	if code != 1 {
		t.Errorf("exit code %d", code)
	}
	// Where the webhook is not asked, nothing is tried.
	code, findings = check(t, u, "-f", path, "-n", "unasked")
	found(t, findings, "webhooks", "pass", "no blocking webhooks")
	if pods := u.Must(t, "kubectl", "get", "pods", "-n", "unreachable", "-o", "name"); pods != "" || code != 0 {
		t.Errorf("exit code %d, pods %s", code, pods)
	}
}

// TestCheckNames has a user whose role is limited to objects of certain names
// (resourceNames), also where it comes to creating them.
func TestCheckNames(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	u.Must(t, "kubectl", "create", "namespace", "named")
	u.Must(t, "kubectl", "create", "role", "one", "-n", "named", "--verb=get,create,patch", "--resource=configmaps", "--resource-name=a", "--resource-name=istio-demo")
	u.Must(t, "kubectl", "create", "rolebinding", "one", "-n", "named", "--role=one", "--user=picky")
	// The members of the inventory can only be listed together.
	u.Must(t, "kubectl", "create", "role", "all", "-n", "named", "--verb=list", "--resource=configmaps")
	u.Must(t, "kubectl", "create", "rolebinding", "all", "-n", "named", "--role=all", "--user=picky")
	other := user.File(t, "other.yaml", configMap+"---\n"+strings.Replace(configMap, "name: a", "name: b", 1))
	code, findings := check(t, u, "-n", "named", "--as", "picky", "-f", other)
	found(t, findings, "permissions", "fail", "no permission to create configmaps/b in namespace named, get configmaps/b in namespace named, patch configmaps/b in namespace named")
	if code != 1 {
		t.Errorf("exit code %d", code)
	}
	// Pruning would need to delete, too.
	for _, want := range []string{"1 created, 0 configured, 0 unchanged", "0 created, 0 configured, 1 unchanged"} {
		got := u.Run(t, "kubectl", "istio-demo", "install", "-n", "named", "--as", "picky", "--prune=false", "-f", user.File(t, "a.yaml", configMap))
		if got.Code != 0 || !strings.HasPrefix(got.Summary(), want) {
			t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
		}
	}
}
