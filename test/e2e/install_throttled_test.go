package e2e

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
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

// TestFairness installs for somebody whom the server grants three requests at a
// time and refuses the others: they come back as the server can take them, and
// nothing is missing.
func TestFairness(t *testing.T) {
	u := newUser(t, sharedCluster(t).Kubeconfig)
	bindTo(t, u, "cluster-admin", "narrow")
	level := write(t, "level.yaml", narrowLevel)
	u.must(t, "kubectl", "apply", "-f", level)
	defer func() {
		u.must(t, "kubectl", "delete", "-f", level)
		u.must(t, "kubectl", "delete", "clusterrolebinding/istio-demo-narrow", "namespace/fairness", "--wait=false", "--ignore-not-found")
	}()
	u.must(t, "kubectl", "wait", "flowschema/e2e-narrow", "--for=condition=Dangling=false", "--timeout=60s")

	const objects = 150
	var manifest strings.Builder
	for n := range objects {
		fmt.Fprintf(&manifest, "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: part-%d, namespace: fairness}\ndata: {number: \"%d\"}\n", n, n)
	}
	install := []string{"kubectl", "istio-demo", "install", "-n", "fairness", "-f", write(t, "many.yaml", manifest.String()), "--as", "narrow"}
	before := refused(t, u)
	got := u.run(t, install...)
	if got.code != 0 || !strings.Contains(got.stderr, "the API server answered 429 Too Many Requests; trying again") {
		t.Fatalf("exit code %d\n%s", got.code, got.stderr)
	}
	t.Logf("%s; %d refused", summary(got.stderr), refused(t, u)-before)
	if there := u.must(t, "kubectl", "get", "configmaps", "-n", "fairness", "-o", "name"); strings.Count(there, "/part-") != objects {
		t.Errorf("there are only\n%s", there)
	}
	// They come back spread over a second: with three seats, ten times is many.
	if most := 10 * objects; refused(t, u)-before > most {
		t.Errorf("%d requests were refused, want at most %d", refused(t, u)-before, most)
	}
}

var rejected = regexp.MustCompile(`(?m)^apiserver_flowcontrol_rejected_requests_total\{.*priority_level="e2e-narrow".*\} (\d+)$`)

// refused tells how many requests the server has refused at the narrow level.
func refused(t *testing.T, u *user) (count int) {
	t.Helper()
	for _, found := range rejected.FindAllStringSubmatch(u.must(t, "kubectl", "get", "--raw", "/metrics"), -1) {
		var ofReason int
		if _, err := fmt.Sscan(found[1], &ofReason); err != nil {
			t.Fatal(err)
		}
		count += ofReason
	}
	return count
}

// bindTo gives a role to a user and waits until the API server knows.
func bindTo(t *testing.T, u *user, role, name string) {
	t.Helper()
	u.must(t, "kubectl", "create", "clusterrolebinding", "istio-demo-"+name, "--clusterrole="+role, "--user="+name)
	may := func(arguments ...string) bool {
		return u.run(t, append([]string{"kubectl", "auth", "can-i", "--as", name, "-n", "default"}, arguments...)...).code == 0
	}
	for !may("list", "configmaps") && !may("get", "configmaps/istio-demo") {
		if t.Context().Err() != nil {
			t.Fatal("the role has no effect")
		}
	}
}
