package preflight

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	mutatingPath   = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
	validatingPath = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
	quiet          = "pass: no blocking webhooks"
)

// served makes a webhook of a Service "namespace/name".
func served(name, service string, rules ...admissionv1.RuleWithOperations) admissionv1.MutatingWebhook {
	namespace, own, _ := strings.Cut(service, "/")
	return admissionv1.MutatingWebhook{
		Name: name, Rules: rules,
		ClientConfig: admissionv1.WebhookClientConfig{Service: &admissionv1.ServiceReference{Namespace: namespace, Name: own}},
	}
}

func mutating(name string, webhooks ...admissionv1.MutatingWebhook) admissionv1.MutatingWebhookConfigurationList {
	return admissionv1.MutatingWebhookConfigurationList{Items: []admissionv1.MutatingWebhookConfiguration{
		{ObjectMeta: metav1.ObjectMeta{Name: name}, Webhooks: webhooks},
	}}
}

func in(webhook admissionv1.MutatingWebhook, team string) admissionv1.MutatingWebhook {
	webhook.NamespaceSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"team": team}}
	return webhook
}

func TestOrphanedWebhooks(t *testing.T) {
	pods := rule("CREATE", "", "v1", "pods")
	ignore := admissionv1.Ignore
	lenient := served("a.example.com", "gone/hook", pods)
	lenient.FailurePolicy = &ignore
	conditional := served("a.example.com", "gone/hook", pods)
	conditional.MatchConditions = []admissionv1.MatchCondition{{Name: "some", Expression: "true"}}
	remote := served("a.example.com", "gone/hook", pods)
	remote.ClientConfig.Service = nil
	for _, test := range []struct {
		name     string
		mutating admissionv1.MutatingWebhookConfigurationList
		want     []string
	}{
		{"none", mutating("old"), []string{quiet}},
		{"there", mutating("old", served("a.example.com", "here/hook", pods)), []string{quiet}},
		{"hidden", mutating("old", served("a.example.com", "hidden/hook", pods)), []string{quiet}},
		{"the manifest's own", mutating("old", served("a.example.com", "mesh/own", pods)),
			[]string{"warn: service mesh/own of mutatingwebhookconfiguration old has no ready endpoints and has to judge pods in namespace mesh (webhook a.example.com)"}},
		{"the manifest's own, that judges nothing", mutating("old", in(served("a.example.com", "mesh/own", pods), "other")), []string{quiet}},
		{"of ConfigMaps", mutating("old", served("a.example.com", "here/hook", rule("CREATE", "", "v1", "configmaps"))),
			[]string{"warn: service here/hook of mutatingwebhookconfiguration old has no ready endpoints and has to judge configmaps in namespace mesh (webhook a.example.com)"}},
		{"of ConfigMaps, with endpoints", mutating("old", served("a.example.com", "ready/hook", rule("CREATE", "", "v1", "configmaps"))), []string{quiet}},
		{"of ConfigMaps, hidden", mutating("old", served("a.example.com", "hidden/hook", rule("CREATE", "", "v1", "configmaps"))), []string{quiet}},
		{"that lets pass", mutating("old", lenient), []string{quiet}},
		{"elsewhere", mutating("old", remote), []string{quiet}},
		{"of nothing here", mutating("old", served("a.example.com", "gone/hook", rule("*", "apps", "v1", "deployments"))), []string{quiet}},
		{"of pods", mutating("old", served("a.example.com", "gone/hook", pods)),
			[]string{"fail: mutatingwebhookconfiguration old is orphaned and blocks pods in namespace mesh: its service gone/hook does not exist (webhook a.example.com)"}},
		{"of pods in this namespace", mutating("old", in(served("a.example.com", "gone/hook", pods), "mesh")),
			[]string{"fail: mutatingwebhookconfiguration old is orphaned and blocks pods in namespace mesh: its service gone/hook does not exist (webhook a.example.com)"}},
		{"of pods in another", mutating("old", in(served("a.example.com", "gone/hook", pods), "other")),
			[]string{"warn: mutatingwebhookconfiguration old is orphaned and blocks pods in other namespaces: its service gone/hook does not exist (webhook a.example.com)"}},
		{"of pods, perhaps", mutating("old", conditional),
			[]string{"warn: mutatingwebhookconfiguration old is orphaned and blocks pods in namespace mesh, depending on its matchConditions: its service gone/hook does not exist (webhook a.example.com)"}},
		{"of another object", mutating("old", served("a.example.com", "gone/hook", rule("UPDATE", "", "v1", "configmaps"))),
			[]string{"fail: mutatingwebhookconfiguration old is orphaned and blocks configmaps in namespace mesh: its service gone/hook does not exist (webhook a.example.com)"}},
		{"of a role", mutating("old", served("a.example.com", "gone/hook", rule("CREATE", "rbac.authorization.k8s.io", "v1", "*"))),
			[]string{"fail: mutatingwebhookconfiguration old is orphaned and blocks clusterroles.rbac.authorization.k8s.io: its service gone/hook does not exist (webhook a.example.com)"}},
		{"of a namespace that comes", mutating("old", served("a.example.com", "gone/hook", rule("CREATE", "", "v1", "namespaces"))),
			[]string{"fail: mutatingwebhookconfiguration old is orphaned and blocks namespaces: its service gone/hook does not exist (webhook a.example.com)"}},
		{"several of one", mutating("old", in(served("a.example.com", "gone/hook", pods), "other"), served("b.example.com", "gone/hook", pods), served("c.example.com", "gone/hook", rule("DELETE", "", "v1", "pods"))),
			[]string{"fail: mutatingwebhookconfiguration old is orphaned and blocks pods in namespace mesh: its service gone/hook does not exist (webhook a.example.com, b.example.com)"}},
		{"two services", mutating("old", served("a.example.com", "gone/hook", pods), served("b.example.com", "gone/other", pods)), []string{
			"fail: mutatingwebhookconfiguration old is orphaned and blocks pods in namespace mesh: its service gone/hook does not exist (webhook a.example.com)",
			"fail: mutatingwebhookconfiguration old is orphaned and blocks pods in namespace mesh: its service gone/other does not exist (webhook b.example.com)",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := &apiServer{namespaces: map[string]string{"mesh": "active"}, answers: map[string]any{
				mutatingPath:                              test.mutating,
				"/api/v1/namespaces/here/services/hook":   corev1.Service{},
				"/api/v1/namespaces/hidden/services/hook": http.StatusForbidden,
				"/api/v1/namespaces/ready/services/hook":  corev1.Service{},

				"/apis/discovery.k8s.io/v1/namespaces/hidden/endpointslices": http.StatusForbidden,
				"/apis/discovery.k8s.io/v1/namespaces/ready/endpointslices": discoveryv1.EndpointSliceList{
					TypeMeta: metav1.TypeMeta{APIVersion: "discovery.k8s.io/v1", Kind: "EndpointSliceList"},
					Items:    []discoveryv1.EndpointSlice{{Endpoints: []discoveryv1.Endpoint{{Addresses: []string{"10.0.0.1"}}}}},
				},
			}}
			results := only(t, "webhooks", meshed(server.subject(t)))
			if got := verdicts(results); !slices.Equal(got, test.want) {
				t.Errorf("the results are\n%s", strings.Join(got, "\n"))
			}
			remedy := "remove it ('kubectl delete mutatingwebhookconfiguration old') if its owner is gone for good"
			switch {
			case strings.Contains(test.name, "the manifest's own"):
				remedy = "install brings its pods back; if the API server rejects these objects before they are ready, rerun install"
			case test.name == "of ConfigMaps":
				remedy = "check its pods ('kubectl get pods,services -n here'): until one is ready, the API server rejects these objects"
			}
			if results[0].Verdict != Pass && results[0].Remedy != remedy {
				t.Errorf("the remedy is %q", results[0].Remedy)
			}
		})
	}
}

// meshed is a subject with a workload, a ConfigMap and a ClusterRole, in a
// namespace that exists, and with another namespace that does not.
func meshed(subject Subject) Subject {
	subject.Namespaces, subject.Creates = []string{"mesh", "new"}, map[string]map[string]string{"mesh": nil, "new": nil}
	subject.Workloads = []Workload{workload("a", 1, "", "")}
	subject.Uses = []Use{use("configmaps", "mesh", "a"), use("clusterroles.rbac.authorization.k8s.io", "", "a")}
	subject.Services = map[string]bool{"mesh/own": true}
	return subject
}

// TestValidatingWebhooks looks at these, too.
func TestValidatingWebhooks(t *testing.T) {
	webhook := served("a.example.com", "gone/hook", rule("*", "*", "*", "*"))
	server := &apiServer{namespaces: map[string]string{"mesh": "active"}, answers: map[string]any{
		validatingPath: admissionv1.ValidatingWebhookConfigurationList{Items: []admissionv1.ValidatingWebhookConfiguration{{
			ObjectMeta: metav1.ObjectMeta{Name: "old"},
			Webhooks:   []admissionv1.ValidatingWebhook{{Name: webhook.Name, Rules: webhook.Rules, ClientConfig: webhook.ClientConfig}},
		}}},
	}}
	want := "fail: validatingwebhookconfiguration old is orphaned and blocks pods in namespace mesh: its service gone/hook does not exist (webhook a.example.com)"
	if got := verdicts(only(t, "webhooks", meshed(server.subject(t)))); !slices.Equal(got, []string{want}) {
		t.Errorf("the results are %q", got)
	}
}

// TestWebhooksUnseen cannot tell where the user may not list them.
func TestWebhooksUnseen(t *testing.T) {
	for _, path := range []string{mutatingPath, validatingPath} {
		server := &apiServer{answers: map[string]any{path: http.StatusForbidden}}
		want := "unknown: not checked: no permission to list webhook configurations"
		if got := verdicts(only(t, "webhooks", meshed(server.subject(t)))); !slices.Equal(got, []string{want}) {
			t.Errorf("the results are %q", got)
		}
	}
}

func TestReachableWebhooks(t *testing.T) {
	pods := rule("CREATE", "", "v1", "pods")
	remote := served("b.example.com", "here/hook", pods)
	remote.ClientConfig.Service = nil
	failing := `Internal error occurred: failed calling webhook "b.example.com": failed to call webhook: Post "https://hook.here.svc:443/?timeout=10s": dial tcp: no route`
	const fails = `fail: cannot create pods in namespace mesh: the API server cannot reach a webhook of mutatingwebhookconfiguration new: failed calling webhook "b.example.com": failed to call webhook: Post "https://hook.here.svc:443/?timeout=10s": dial tcp: no route`
	const ofService = "check that pods of service here/hook are running ('kubectl get endpointslices -n here') and that the API server can reach port 443 of the service"
	for _, test := range []struct {
		name     string
		webhooks []admissionv1.MutatingWebhook
		// state is the namespace's.
		state, refusal string
		// tried counts the pods that are tried.
		tried        int
		want, remedy string
	}{
		{"no webhook", nil, "active", failing, 0, quiet, ""},
		{"the manifest's own", []admissionv1.MutatingWebhook{served("b.example.com", "mesh/own", pods)}, "active", failing, 0,
			"warn: service mesh/own of mutatingwebhookconfiguration new has no ready endpoints and has to judge pods in namespace mesh (webhook b.example.com)",
			"install brings its pods back; if the API server rejects these objects before they are ready, rerun install"},
		{"orphaned only", []admissionv1.MutatingWebhook{in(served("b.example.com", "gone/hook", pods), "other")}, "active", failing, 0,
			"warn: mutatingwebhookconfiguration new is orphaned and blocks pods in other namespaces: its service gone/hook does not exist (webhook b.example.com)",
			"remove it ('kubectl delete mutatingwebhookconfiguration new') if its owner is gone for good"},
		{"of another namespace", []admissionv1.MutatingWebhook{in(served("b.example.com", "here/hook", pods), "other")}, "active", failing, 0, quiet, ""},
		{"in a namespace that comes", []admissionv1.MutatingWebhook{served("b.example.com", "here/hook", pods)}, "", failing, 0, quiet, ""},
		{"reached", []admissionv1.MutatingWebhook{served("b.example.com", "here/hook", pods)}, "active", "", 1, quiet, ""},
		{"unreachable", []admissionv1.MutatingWebhook{served("b.example.com", "here/hook", pods)}, "active", failing, 1, fails, ofService},
		{"unreachable in a hidden namespace", []admissionv1.MutatingWebhook{served("b.example.com", "here/hook", pods)}, "forbidden", failing, 1, fails, ofService},
		{"unreachable URL", []admissionv1.MutatingWebhook{remote}, "active", failing, 1, fails, "check that its backend is running and that no firewall blocks the API server"},
		{"both at once", []admissionv1.MutatingWebhook{served("a.example.com", "here/hook", pods), served("b.example.com", "here/hook", pods)}, "active", failing, 1, fails, ofService},
		{"another one fails", []admissionv1.MutatingWebhook{served("a.example.com", "here/hook", pods)}, "active", failing, 1, quiet, ""},
		{"a refusal", []admissionv1.MutatingWebhook{served("b.example.com", "here/hook", pods)}, "active", `admission webhook "b.example.com" denied the request: no`, 1, quiet, ""},
		{"a quota", []admissionv1.MutatingWebhook{served("b.example.com", "here/hook", pods)}, "active", "exceeded quota: pods", 1, quiet, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := &apiServer{
				namespaces: map[string]string{"mesh": test.state},
				refusals:   map[string]string{"mesh": test.refusal},
				answers: map[string]any{
					mutatingPath:                            mutating("new", test.webhooks...),
					"/api/v1/namespaces/here/services/hook": corev1.Service{},
				},
			}
			results := only(t, "webhooks", meshed(server.subject(t)))
			if got := verdicts(results); !slices.Equal(got, []string{test.want}) || results[0].Remedy != test.remedy {
				t.Errorf("the results are\n%s\n%s", strings.Join(got, "\n"), results[0].Remedy)
			}
			tried := 0
			for _, request := range server.requests {
				if strings.HasPrefix(request, "POST ") {
					tried++
				}
			}
			if tried != test.tried {
				t.Errorf("the requests are %q", server.requests)
			}
		})
	}
}

// TestTrials tries as few pods as come to all webhooks.
func TestTrials(t *testing.T) {
	pods := rule("CREATE", "", "v1", "pods")
	ofA := served("a.example.com", "here/hook", pods)
	ofA.ObjectSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"app": "a"}}
	ofB := served("b.example.com", "here/hook", pods)
	ofB.ObjectSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"app": "b"}}
	all := served("c.example.com", "here/hook", pods)
	for _, test := range []struct {
		name     string
		webhooks []admissionv1.MutatingWebhook
		want     int
	}{
		{"of one workload", []admissionv1.MutatingWebhook{ofB}, 1},
		{"of all", []admissionv1.MutatingWebhook{all}, 1},
		{"of each", []admissionv1.MutatingWebhook{ofA, ofB, all}, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			hooks := mutatingHooks(mutating("x", test.webhooks...).Items)
			s := &survey{Subject: Subject{Workloads: []Workload{workload("a", 1, "", ""), workload("b", 1, "", ""), workload("c", 1, "", "")}}}
			attempts := attemptsOf(s, hooks, map[string]place{"mesh": {hidden: true}})
			if len(attempts) != test.want {
				t.Errorf("the attempts are %+v", attempts)
			}
		})
	}
}
