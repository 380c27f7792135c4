package preflight

import (
	"slices"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// hook is a webhook of either kind that refuses what it cannot be asked
// about.
type hook struct {
	// kind is the resource for kubectl: "mutatingwebhookconfiguration".
	kind, configuration, name string
	// service is nil where the webhook has a URL.
	service *admissionv1.ServiceReference
	rules   []admissionv1.RuleWithOperations
	// equivalent matches a resource in any version.
	equivalent          bool
	namespaces, objects labels.Selector
	// conditional webhooks look closer than can be told from here, with
	// expressions (matchConditions).
	conditional bool
}

// write is something that the API server would ask webhooks about.
type write struct {
	resource   schema.GroupVersionResource
	operations []admissionv1.OperationType
	// namespace is empty for what is in none; place has its labels, and for a
	// Namespace its own.
	namespace     string
	place, labels map[string]string
}

// what names it for people: "pods in namespace mesh".
func (w write) what() string {
	what := w.resource.GroupResource().String()
	if w.namespace != "" {
		what += " in namespace " + w.namespace
	}
	return what
}

var podResource = schema.GroupVersionResource{Version: "v1", Resource: "pods"}

func mutatingHooks(configurations []admissionv1.MutatingWebhookConfiguration) []hook {
	var hooks []hook
	for _, configuration := range configurations {
		for _, webhook := range configuration.Webhooks {
			hooks = appendRefusing(hooks, "mutatingwebhookconfiguration", configuration.Name, admissionv1.ValidatingWebhook{
				Name:              webhook.Name,
				ClientConfig:      webhook.ClientConfig,
				Rules:             webhook.Rules,
				FailurePolicy:     webhook.FailurePolicy,
				MatchPolicy:       webhook.MatchPolicy,
				NamespaceSelector: webhook.NamespaceSelector,
				ObjectSelector:    webhook.ObjectSelector,
				MatchConditions:   webhook.MatchConditions,
			})
		}
	}
	return hooks
}

func validatingHooks(configurations []admissionv1.ValidatingWebhookConfiguration) []hook {
	var hooks []hook
	for _, configuration := range configurations {
		for _, webhook := range configuration.Webhooks {
			hooks = appendRefusing(hooks, "validatingwebhookconfiguration", configuration.Name, webhook)
		}
	}
	return hooks
}

// appendRefusing leaves out a webhook that stops nothing when it cannot be
// reached. The two types of webhooks have the fields that count in common.
func appendRefusing(hooks []hook, kind, configuration string, webhook admissionv1.ValidatingWebhook) []hook {
	if webhook.FailurePolicy != nil && *webhook.FailurePolicy == admissionv1.Ignore {
		return hooks
	}
	return append(hooks, hook{
		kind:          kind,
		configuration: configuration,
		name:          webhook.Name,
		service:       webhook.ClientConfig.Service,
		rules:         webhook.Rules,
		equivalent:    webhook.MatchPolicy == nil || *webhook.MatchPolicy == admissionv1.Equivalent,
		namespaces:    selector(webhook.NamespaceSelector),
		objects:       selector(webhook.ObjectSelector),
		conditional:   len(webhook.MatchConditions) > 0,
	})
}

// selector selects everything where there is none. The server stores only
// selectors that can be parsed.
func selector(stored *metav1.LabelSelector) labels.Selector {
	if stored == nil {
		return labels.Everything()
	}
	parsed, err := metav1.LabelSelectorAsSelector(stored)
	if err != nil {
		return labels.Nothing()
	}
	return parsed
}

// serviceName returns "namespace/name", or nothing.
func (h hook) serviceName() string {
	if h.service == nil {
		return ""
	}
	return h.service.Namespace + "/" + h.service.Name
}

// port is the Service's.
func (h hook) port() int32 {
	if h.service == nil || h.service.Port == nil {
		return 443
	}
	return *h.service.Port
}

// matches reports whether the API server asks the webhook about a write, its
// conditions aside.
func (h hook) matches(w write) bool {
	if w.resource.Group == admissionv1.GroupName {
		return false // or nobody could mend a broken webhook
	}
	// What is in no namespace, and is none, is never exempt.
	placed := w.namespace != "" || w.resource.GroupResource() == namespaceResource.GroupResource()
	if placed && !h.namespaces.Matches(labels.Set(w.place)) {
		return false
	}
	return h.objects.Matches(labels.Set(w.labels)) && h.rulesMatch(w)
}

// rulesMatch looks at the rules alone, as
// apiserver/pkg/admission/plugin/webhook/predicates/rules does. Resources that
// are equivalent across groups are not known here.
func (h hook) rulesMatch(w write) bool {
	return slices.ContainsFunc(h.rules, func(rule admissionv1.RuleWithOperations) bool {
		return inScope(rule.Scope, w.namespace != "") &&
			slices.ContainsFunc(w.operations, func(operation admissionv1.OperationType) bool {
				return slices.Contains(rule.Operations, operation) || slices.Contains(rule.Operations, admissionv1.OperationAll)
			}) &&
			hasOrAll(rule.APIGroups, w.resource.Group) &&
			(h.equivalent || hasOrAll(rule.APIVersions, w.resource.Version)) &&
			slices.ContainsFunc(rule.Resources, func(named string) bool { return covers(named, w.resource.Resource) })
	})
}

func inScope(scope *admissionv1.ScopeType, namespaced bool) bool {
	switch {
	case scope == nil || *scope == admissionv1.AllScopes:
		return true
	case *scope == admissionv1.NamespacedScope:
		return namespaced
	}
	return !namespaced
}

func hasOrAll(named []string, name string) bool {
	return slices.Contains(named, name) || slices.Contains(named, "*")
}

// covers reports whether a rule's "pods", "pods/*", "*" or "*/*" means a
// resource itself; "pods/status" does not.
func covers(named, resource string) bool {
	name, sub, _ := strings.Cut(named, "/")
	return (name == "*" || name == resource) && (sub == "" || sub == "*")
}
