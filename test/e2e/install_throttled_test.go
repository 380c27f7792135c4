package e2e

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// narrowLevel is a priority level with about three seats, which refuses what is
// too many instead of queueing it, for one user.
const narrowLevel = `apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: PriorityLevelConfiguration
metadata: {name: e2e-narrow}
spec:
  type: Limited
  limited:
    nominalConcurrencyShares: 1
    lendablePercent: 0
    borrowingLimitPercent: 0
    limitResponse: {type: Reject}
---
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: FlowSchema
metadata: {name: e2e-narrow}
spec:
  priorityLevelConfiguration: {name: e2e-narrow}
  matchingPrecedence: 10
  distinguisherMethod: {type: ByUser}
  rules:
  - subjects: [{kind: User, user: {name: narrow}}]
    resourceRules: [{verbs: ["*"], apiGroups: ["*"], resources: ["*"], clusterScope: true, namespaces: ["*"]}]
    nonResourceRules: [{verbs: ["*"], nonResourceURLs: ["*"]}]
`

// TestInstallThrottled installs for somebody whom the server grants three requests at a
// time and refuses the others: they come back as the server can take them, and
// nothing is missing.
func TestInstallThrottled(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	bindClusterRole(t, u, "cluster-admin", "narrow")
	level := user.File(t, "level.yaml", narrowLevel)
	u.Must(t, "kubectl", "apply", "-f", level)
	defer func() {
		u.Must(t, "kubectl", "delete", "-f", level)
		u.Must(t, "kubectl", "delete", "clusterrolebinding/istio-demo-narrow", "namespace/fairness", "--wait=false", "--ignore-not-found")
	}()
	u.Must(t, "kubectl", "wait", "flowschema/e2e-narrow", "--for=condition=Dangling=false", "--timeout=60s")

	const objects = 150
	var manifest strings.Builder
	for n := range objects {
		fmt.Fprintf(&manifest, "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: part-%d, namespace: fairness}\ndata: {number: \"%d\"}\n", n, n)
	}
	install := []string{"kubectl", "istio-demo", "install", "-n", "fairness", "-f", user.File(t, "many.yaml", manifest.String()), "--as", "narrow"}
	before := refused(t, u)
	got := u.Run(t, install...)
	if got.Code != 0 || !strings.Contains(got.Stderr, "the API server answered 429 Too Many Requests; retrying") {
		t.Fatalf("exit code %d\n%s", got.Code, got.Stderr)
	}
	t.Logf("%s; %d refused", got.Summary(), refused(t, u)-before)
	if there := u.Must(t, "kubectl", "get", "configmaps", "-n", "fairness", "-o", "name"); strings.Count(there, "/part-") != objects {
		t.Errorf("there are only\n%s", there)
	}
	// They come back spread over a second: with three seats, ten times is many.
	if most := 10 * objects; refused(t, u)-before > most {
		t.Errorf("%d requests were refused, want at most %d", refused(t, u)-before, most)
	}
}

var rejected = regexp.MustCompile(`(?m)^apiserver_flowcontrol_rejected_requests_total\{.*priority_level="e2e-narrow".*\} (\d+)$`)

// refused tells how many requests the server has refused at the narrow level.
func refused(t *testing.T, u *user.User) (count int) {
	t.Helper()
	for _, found := range rejected.FindAllStringSubmatch(u.Must(t, "kubectl", "get", "--raw", "/metrics"), -1) {
		var ofReason int
		if _, err := fmt.Sscan(found[1], &ofReason); err != nil {
			t.Fatal(err)
		}
		count += ofReason
	}
	return count
}

// bindClusterRole gives a role to a user and waits until the API server knows.
func bindClusterRole(t *testing.T, u *user.User, role, name string) {
	t.Helper()
	u.Must(t, "kubectl", "create", "clusterrolebinding", "istio-demo-"+name, "--clusterrole="+role, "--user="+name)
	may := func(arguments ...string) bool {
		return u.Run(t, append([]string{"kubectl", "auth", "can-i", "--as", name, "-n", "default"}, arguments...)...).Code == 0
	}
	for !may("list", "configmaps") && !may("get", "configmaps/istio-demo") {
		if t.Context().Err() != nil {
			t.Fatal("the role has no effect")
		}
	}
}
