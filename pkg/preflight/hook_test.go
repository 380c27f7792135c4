package preflight

import (
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

func TestHookMatches(t *testing.T) {
	cluster, namespaced := admissionv1.ClusterScope, admissionv1.NamespacedScope
	pods := rule("CREATE", "", "v1", "pods")
	scoped := func(rule admissionv1.RuleWithOperations, scope *admissionv1.ScopeType) admissionv1.RuleWithOperations {
		rule.Scope = scope
		return rule
	}
	team := &metav1.LabelSelector{MatchLabels: map[string]string{"team": "mesh"}}
	other := &metav1.LabelSelector{MatchLabels: map[string]string{"team": "other"}}
	pod := write{resource: podResource, operations: anyPod.operations, namespace: "mesh", place: map[string]string{"team": "mesh"}, labels: map[string]string{"app": "a"}}
	role := write{resource: schema.GroupVersionResource{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "clusterroles"}, operations: anyPod.operations}
	place := write{resource: namespaceResource, operations: anyPod.operations, place: map[string]string{"team": "mesh"}, labels: map[string]string{"team": "mesh"}}
	own := write{resource: admissionv1.SchemeGroupVersion.WithResource("mutatingwebhookconfigurations"), operations: anyPod.operations}
	exact := admissionv1.Exact
	for _, test := range []struct {
		name    string
		webhook admissionv1.MutatingWebhook
		write   write
		want    bool
	}{
		{"no rule", admissionv1.MutatingWebhook{}, pod, false},
		{"pods", hooked(pods), pod, true},
		{"any operation", hooked(rule("*", "", "v1", "pods")), pod, true},
		{"another operation", hooked(rule("DELETE", "", "v1", "pods")), pod, false},
		{"any group and version", hooked(rule("CREATE", "*", "*", "pods")), pod, true},
		{"another group", hooked(rule("CREATE", "apps", "*", "pods")), pod, false},
		{"everything", hooked(rule("*", "*", "*", "*")), pod, true},
		{"everything and what is below", hooked(rule("*", "*", "*", "*/*")), pod, true},
		{"pods and what is below", hooked(rule("*", "*", "*", "pods/*")), pod, true},
		{"only below", hooked(rule("*", "*", "*", "pods/status")), pod, false},
		{"only below everything", hooked(rule("*", "*", "*", "*/status")), pod, false},
		{"an equivalent version", hooked(rule("CREATE", "", "v9", "pods")), pod, true},
		{"exactly another version", admissionv1.MutatingWebhook{Rules: []admissionv1.RuleWithOperations{rule("CREATE", "", "v9", "pods")}, MatchPolicy: &exact}, pod, false},
		{"the second rule", hooked(rule("CREATE", "", "v1", "secrets"), pods), pod, true},
		{"the scope of pods", hooked(scoped(pods, &namespaced)), pod, true},
		{"another scope", hooked(scoped(rule("*", "*", "*", "*"), &cluster)), pod, false},
		{"the namespace's labels", admissionv1.MutatingWebhook{Rules: []admissionv1.RuleWithOperations{pods}, NamespaceSelector: team}, pod, true},
		{"another namespace's labels", admissionv1.MutatingWebhook{Rules: []admissionv1.RuleWithOperations{pods}, NamespaceSelector: other}, pod, false},
		{"the pod's labels", admissionv1.MutatingWebhook{Rules: []admissionv1.RuleWithOperations{pods}, ObjectSelector: &metav1.LabelSelector{MatchLabels: pod.labels}}, pod, true},
		{"other pods' labels", admissionv1.MutatingWebhook{Rules: []admissionv1.RuleWithOperations{pods}, ObjectSelector: team}, pod, false},
		{"in no namespace", hooked(rule("*", "*", "*", "*")), role, true},
		{"in no namespace, scoped", hooked(scoped(rule("*", "*", "*", "*"), &cluster)), role, true},
		{"in no namespace, selecting some", admissionv1.MutatingWebhook{Rules: []admissionv1.RuleWithOperations{rule("*", "*", "*", "*")}, NamespaceSelector: other}, role, true},
		{"a namespace", hooked(rule("*", "", "v1", "namespaces")), place, true},
		{"a namespace with its labels", admissionv1.MutatingWebhook{Rules: []admissionv1.RuleWithOperations{rule("*", "", "v1", "namespaces")}, NamespaceSelector: team}, place, true},
		{"a namespace with others", admissionv1.MutatingWebhook{Rules: []admissionv1.RuleWithOperations{rule("*", "", "v1", "namespaces")}, NamespaceSelector: other}, place, false},
		{"webhooks are exempt", hooked(rule("*", "*", "*", "*")), own, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			hooks := mutatingHooks([]admissionv1.MutatingWebhookConfiguration{{Webhooks: []admissionv1.MutatingWebhook{test.webhook}}})
			if got := hooks[0].matches(test.write); got != test.want {
				t.Errorf("got %t", got)
			}
		})
	}
}

func rule(operation, group, version, resource string) admissionv1.RuleWithOperations {
	return admissionv1.RuleWithOperations{
		Operations: []admissionv1.OperationType{admissionv1.OperationType(operation)},
		Rule:       admissionv1.Rule{APIGroups: []string{group}, APIVersions: []string{version}, Resources: []string{resource}},
	}
}

func hooked(rules ...admissionv1.RuleWithOperations) admissionv1.MutatingWebhook {
	return admissionv1.MutatingWebhook{Rules: rules}
}
