package e2e

import (
	"cmp"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/access"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/apiproxy"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// TestRBAC gives somebody the roles that rbac prints and nothing else. With them
// every command works, and there is nothing in them that none of them asks for.
func TestRBAC(t *testing.T) {
	t.Parallel()
	control := controlplane.Start(t, "rbac")
	admin := user.New(t, control.Kubeconfig)
	admin.Must(t, "kubectl", "wait", "node", "--all", "--for=condition=Ready", "--timeout=100s")
	roles := admin.Must(t, "kubectl", "istio-demo", "rbac")
	bounded := admin.Must(t, "kubectl", "istio-demo", "rbac", "--without-escalation")
	can, mayHold := access.Granted(t, roles), access.Granted(t, bounded)
	manifest := admin.Must(t, "kubectl", "istio-demo", "manifest", "-o", "json")

	t.Run("administrator", func(t *testing.T) {
		used, last := lifeCycle(t, control)
		if got := last.Stderr; !strings.Contains(got, "69 removed, 0 kept in ") {
			t.Errorf("it says\n%s", got)
		}
		for access := range used {
			contents := access.Verb == "list" // of the namespace, before it is deleted
			namespace := access.Resource == "namespaces"
			if !access.Allowed(can) && !contents && !namespace {
				t.Errorf("the roles do not allow to %s", access)
			}
		}
	})
	give(t, admin, roles, "jane", "kubectl", "apply", "-f", "-")
	give(t, admin, bounded, "june", "kubectl", "auth", "reconcile", "-f", "-")
	t.Run("jane", func(t *testing.T) {
		used, refused := restricted(t, control, can, "jane")
		// Without them some checks say that it cannot be told.
		if !slices.Equal(refused, []string{"list nodes"}) {
			t.Errorf("what she may not is asked for: %q", refused)
		}
		for _, access := range access.Unused(can, withEscalation(t, used, manifest)) {
			// Nothing was held by a finalizer, and watched until it went.
			if access.Verb != "watch" {
				t.Errorf("nobody asks to %s", access)
			}
		}
	})
	t.Run("june", func(t *testing.T) {
		if _, refused := restricted(t, control, mayHold, "june"); len(refused) > 0 {
			t.Errorf("what she may not is asked for: %q", refused)
		}
	})
	t.Run("escalation", func(t *testing.T) { escalation(t, admin) })
	t.Run("own manifest", func(t *testing.T) { ownRole(t, admin) })
	t.Run("without", func(t *testing.T) { withoutVerbs(t, admin, roles) })
}

// restricted is the life cycle of somebody who may not delete the namespace,
// which was made with the roles. It gives what was asked for, and what of that
// the grants do not allow.
func restricted(t *testing.T, control *cluster.Cluster, can map[access.Access]bool, name string) (used map[access.Access]bool, refused []string) {
	t.Helper()
	used, last := lifeCycle(t, control, "--as", name)
	if got := last.Stderr; !strings.Contains(got, "68 removed, 0 kept in ") {
		t.Errorf("it says\n%s", got)
	}
	for access := range used {
		// When the inventory is gone, uninstall looks for members everywhere, and
		// leaves out what one may not see.
		searched := access.Verb == "list" && access.Resource != "nodes"
		if !access.Allowed(can) && !searched {
			refused = append(refused, access.String())
		}
	}
	return used, refused
}

// give gives somebody roles, under a name of their own, as the output says, and
// waits until the API server knows.
func give(t *testing.T, u *user.User, roles, name string, apply ...string) {
	t.Helper()
	own := strings.ReplaceAll(strings.ReplaceAll(roles, "kubectl-istio-demo", name), "NAME", name)
	if got := u.Pipe(t, own, apply...); got.Code != 0 {
		t.Fatal(got.Stderr)
	}
	for line := range strings.Lines(own) {
		if command, is := strings.CutPrefix(line, "#   "); is {
			u.Must(t, strings.Fields(command)...)
		}
	}
	for _, role := range access.Roles(t, own) {
		in := cmp.Or(role.Namespace, "default")
		rule := role.Rules[slices.IndexFunc(role.Rules, func(rule rbacv1.PolicyRule) bool { return len(rule.Resources) > 0 })]
		what := strings.TrimSuffix(rule.Resources[0]+"."+rule.APIGroups[0], ".") + "/" + strings.Join(rule.ResourceNames[:min(1, len(rule.ResourceNames))], "")
		u.Until(t, user.Succeeds, "kubectl", "auth", "can-i", rule.Verbs[0], strings.TrimSuffix(what, "/"), "--as", name, "-n", in)
	}
}

// escalation has both of them try to become cluster-admin by means of Istio's
// roles.
func escalation(t *testing.T, admin *user.User) {
	admin.Must(t, "kubectl", "istio-demo", "install", "--wait=false")
	const istiod = `{"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": "istiod-clusterrole-istio-system"}, `
	const everything = istiod + `"kind": "ClusterRole", "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]}`
	bound := func(role, name string) string {
		return istiod + `"kind": "ClusterRoleBinding", "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "` + role + `"},
			"subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "` + name + `"}]}`
	}
	apply := func(object, name string) user.Result {
		t.Helper()
		return admin.Pipe(t, object, "kubectl", "apply", "--server-side", "--force-conflicts", "--validate=false", "-f", "-", "--as", name)
	}
	// A binding cannot be given another role, but another one can take its place.
	admin.Must(t, "kubectl", "delete", "clusterrolebinding", "istiod-clusterrole-istio-system", "--as", "june")
	for _, object := range []string{everything, bound("cluster-admin", "june")} {
		if got := apply(object, "june"); got.Code == 0 || !strings.Contains(got.Stderr, "attempting to grant RBAC permissions not currently held") {
			t.Errorf("without escalation: exit code %d\n%s", got.Code, got.Stderr)
		}
	}
	if got := admin.Run(t, "kubectl", "auth", "can-i", "*", "*", "--as", "june"); got.Code == 0 {
		t.Error("june may do everything")
	}
	for _, object := range []string{everything, bound("istiod-clusterrole-istio-system", "jane")} {
		if got := apply(object, "jane"); got.Code != 0 {
			t.Errorf("with escalation: %s", got.Stderr)
		}
	}
	admin.Until(t, user.Succeeds, "kubectl", "auth", "can-i", "*", "*", "--as", "jane")
	admin.Must(t, "kubectl", "istio-demo", "uninstall", "--yes", "--purge-claimed")             // jane has applied one of its roles
	admin.Must(t, "kubectl", "delete", "clusterrolebinding", "istiod-clusterrole-istio-system") // which is jane's now
}

// lifeCycle installs the demo, looks at it from all sides and takes it away,
// and gives what the API server had to authorize, and what uninstall said.
func lifeCycle(t *testing.T, control *cluster.Cluster, as ...string) (map[access.Access]bool, user.Result) {
	t.Helper()
	recorder := apiproxy.New(t, control.Kubeconfig)
	u, admin := user.New(t, recorder.Kubeconfig), user.New(t, control.Kubeconfig)
	demo := func(code int, want string, arguments ...string) user.Result {
		t.Helper()
		got := u.Run(t, slices.Concat([]string{"kubectl", "istio-demo"}, arguments, as)...)
		if got.Code != code || !regexp.MustCompile("(?m)"+want).MatchString(got.Stdout+got.Stderr) {
			t.Errorf("%q: exit code %d, and no %s in\n%s%s", arguments, got.Code, want, got.Stdout, got.Stderr)
		}
		return got
	}
	demo(0, `^permissions +pass`, "check")
	demo(0, `^69 created, 0 configured, 0 unchanged in|^68 created, 0 configured, 1 unchanged in`, "install")
	demo(0, `^0 created, 0 configured, 69 unchanged in`, "install")
	demo(0, `^0 created, 1 configured, 63 unchanged, 5 pruned in`, "install", "--set", "gateways.istio-egressgateway.enabled=false")
	demo(0, `^5 created, 1 configured, 63 unchanged in`, "install")
	demo(0, `^$`, "diff")
	demo(1, `^\+ +value: "3"`, "diff", "--set", "pilot.traceSampling=3")
	pod := demo(0, `^pod/istiod-`, "pods", "-l", "app=istiod", "-o", "name").Stdout
	pod = strings.TrimSpace(pod)
	demo(0, `Running`, "pods", strings.TrimPrefix(pod, "pod/"))
	demo(0, `^istiod `, "services", "istiod")
	demo(0, `^$`, "services", "--watch-only", "--request-timeout=1s")
	for _, resource := range []string{"pods", "services"} {
		if want := admin.Must(t, "kubectl", "get", resource, "-n", "istio-system"); !sameTable(demo(0, "", resource).Stdout, want) {
			t.Errorf("%s are not\n%s", resource, want)
		}
	}
	demo(0, `^deployment/istiod +1/1 +Ready`, "status")
	controlplane.CrashPod(t, admin, "istio-system", "istiod", "discovery", pod, "back-off")
	demo(1, `^  pod istiod-\S+: container discovery: CrashLoopBackOff`, "status")
	last := demo(0, `^deployment.apps/istiod deleted$`, "uninstall", "--yes")
	demo(0, `^nothing is installed in namespace istio-system$`, "uninstall", "--yes")
	requests, _ := recorder.Drain()
	used := map[access.Access]bool{}
	for _, request := range requests {
		for _, access := range access.Of(t, request) {
			used[access] = true
		}
	}
	return used, last
}

// ownRole gives somebody the role for a manifest with a namespace, a definition
// and an object of it.
func ownRole(t *testing.T, admin *user.User) {
	path := user.File(t, "own.yaml", ownManifest+"---\napiVersion: v1\nkind: Namespace\nmetadata: {name: bobs}\n")
	give(t, admin, admin.Must(t, "kubectl", "istio-demo", "rbac", "-f", path, "-n", "bobs"), "bob", "kubectl", "apply", "-f", "-")
	for _, test := range []struct{ arguments, want string }{
		{"install -f " + path, "6 created, 1 configured, 0 unchanged in"},
		{"install -f " + path, "0 created, 0 configured, 7 unchanged in"},
		{"diff -f " + path, ""},
		{"status", "widget/first"},
		{"uninstall --yes", "6 removed, 0 kept in"},
	} {
		arguments := slices.Concat([]string{"kubectl", "istio-demo"}, strings.Fields(test.arguments), []string{"-n", "bobs", "--as", "bob"})
		if got := admin.Run(t, arguments...); got.Code != 0 || !strings.Contains(got.Stdout+got.Stderr, test.want) {
			t.Errorf("%s: exit code %d\n%s%s", test.arguments, got.Code, got.Stdout, got.Stderr)
		}
	}
}

// withEscalation adds what is not asked for by a request of its own: whoever
// writes a role escalates, and whoever writes a binding binds its role.
func withEscalation(t *testing.T, used map[access.Access]bool, manifest string) map[access.Access]bool {
	t.Helper()
	var list struct {
		Items []struct {
			Kind     string
			Metadata struct{ Name, Namespace string }
			RoleRef  rbacv1.RoleRef
		}
	}
	if err := json.Unmarshal([]byte(manifest), &list); err != nil {
		t.Fatal(err)
	}
	all := maps.Clone(used)
	for _, item := range list.Items {
		written := access.Access{Verb: "patch", Group: rbacv1.GroupName, Resource: strings.ToLower(item.Kind) + "s", Namespace: item.Metadata.Namespace, Name: item.Metadata.Name}
		if !used[written] {
			continue
		}
		if item.RoleRef.Name != "" {
			all[access.Access{Verb: "bind", Group: rbacv1.GroupName, Resource: strings.ToLower(item.RoleRef.Kind) + "s", Namespace: item.Metadata.Namespace, Name: item.RoleRef.Name}] = true
		}
		written.Verb = "escalate"
		all[written] = true
	}
	return all
}

// rolesWithout makes, for each verb of some roles, a user who has all of them but
// this verb, and gives the verbs.
func rolesWithout(t *testing.T, u *user.User, printed string) []string {
	t.Helper()
	verbs := map[string]bool{}
	for access := range access.Granted(t, printed) {
		verbs[access.Verb] = true
	}
	for verb := range verbs {
		comments, _, _ := strings.Cut(printed, "apiVersion")
		parts := []string{comments}
		for _, part := range access.Roles(t, printed) {
			for i := range part.Rules {
				rule := &part.Rules[i]
				rule.Verbs = slices.DeleteFunc(rule.Verbs, func(other string) bool { return other == verb })
			}
			part.Rules = slices.DeleteFunc(part.Rules, func(rule rbacv1.PolicyRule) bool { return len(rule.Verbs) == 0 })
			data, err := yaml.Marshal(part)
			if err != nil {
				t.Fatal(err)
			}
			parts = append(parts, string(data))
		}
		give(t, u, parts[0]+strings.Join(parts[1:], "---\n"), "without-"+verb, "kubectl", "create", "-f", "-")
	}
	return slices.Sorted(maps.Keys(verbs))
}

// withoutVerbs does without each of them, and something fails each time.
func withoutVerbs(t *testing.T, u *user.User, roles string) {
	verbs := rolesWithout(t, u, roles)
	const beyond = ` "\S+" is forbidden: .*attempting to grant RBAC permissions not currently held.*`
	tests := []struct{ verb, command, message string }{
		{"get", "install", `cannot read the inventory, configmap istio-system/istio-demo: .*|no permission to get .*`},
		{"create", "install", `no permission to create .*`},
		{"patch", "install", `no permission to patch .*`},
		{"list", "install", `no permission to list .*`},
		{"watch", "install", `no permission to watch .*`},
		// These get further, each further than the one before it.
		{"escalate", "install", `.*roles\.rbac\.authorization\.k8s\.io` + beyond},
		{"bind", "install", `.*bindings\.rbac\.authorization\.k8s\.io` + beyond},
		{"delete", "uninstall", `no permission to delete .*`},
	}
	for _, test := range tests {
		t.Run(test.verb, func(t *testing.T) {
			got := u.Run(t, "kubectl", "istio-demo", test.command, "--as", "without-"+test.verb)
			if lines := got.Errors(); got.Code != 1 || len(lines) == 0 || !regexp.MustCompile(`^error: (`+test.message+`)$`).MatchString(lines[0]) {
				t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
			}
		})
	}
	if len(verbs) != len(tests) {
		t.Errorf("the verbs of the role are %q", verbs)
	}
}
