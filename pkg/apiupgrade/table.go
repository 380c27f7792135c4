package apiupgrade

import (
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// supplement is what the library does not say about a kind.
type supplement struct {
	next schema.GroupVersionKind
	// first and last are minor releases as of lifetime, 0 where the library
	// has them.
	first, last int
}

// supplements hold the kinds whose types have left the library, and those of
// which it does not know the successor.
var supplements = map[schema.GroupVersionKind]supplement{
	kind("autoscaling/v2beta1", "HorizontalPodAutoscaler"): {kind("autoscaling/v2beta2", "HorizontalPodAutoscaler"), 8, 25},
	kind("autoscaling/v2beta2", "HorizontalPodAutoscaler"): {kind("autoscaling/v2", "HorizontalPodAutoscaler"), 12, 26},
	kind("batch/v2alpha1", "CronJob"):                      {kind("batch/v1beta1", "CronJob"), 5, 21},
	kind("batch/v2alpha1", "ScheduledJob"):                 {kind("batch/v2alpha1", "CronJob"), 4, 8},
	kind("scheduling.k8s.io/v1alpha1", "PriorityClass"):    {kind("scheduling.k8s.io/v1beta1", "PriorityClass"), 8, 22},
	kind("flowcontrol.apiserver.k8s.io/v1alpha1", "FlowSchema"): {
		kind("flowcontrol.apiserver.k8s.io/v1beta1", "FlowSchema"), 18, 21},
	kind("flowcontrol.apiserver.k8s.io/v1alpha1", "PriorityLevelConfiguration"): {
		kind("flowcontrol.apiserver.k8s.io/v1beta1", "PriorityLevelConfiguration"), 18, 21},

	// The types of the aggregator are in a module of its own.
	kind("apiregistration.k8s.io/v1beta1", "APIService"): {kind("apiregistration.k8s.io/v1", "APIService"), 7, 22},
	kind("apiregistration.k8s.io/v1", "APIService"):      {first: 10},

	// It gave its users time to go to the group policy.
	kind("extensions/v1beta1", "PodSecurityPolicy"): {kind("policy/v1beta1", "PodSecurityPolicy"), 3, 16},
	kind("policy/v1beta1", "PodSecurityPolicy"):     {first: 9, last: 25},

	// The library names IngressClassList.
	kind("networking.k8s.io/v1beta1", "IngressClass"): {next: kind("networking.k8s.io/v1", "IngressClass")},

	// The library knows when these go, and not where.
	kind("rbac.authorization.k8s.io/v1alpha1", "ClusterRole"):        {kind("rbac.authorization.k8s.io/v1", "ClusterRole"), 5, 22},
	kind("rbac.authorization.k8s.io/v1alpha1", "ClusterRoleBinding"): {kind("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"), 5, 22},
	kind("rbac.authorization.k8s.io/v1alpha1", "Role"):               {kind("rbac.authorization.k8s.io/v1", "Role"), 5, 22},
	kind("rbac.authorization.k8s.io/v1alpha1", "RoleBinding"):        {kind("rbac.authorization.k8s.io/v1", "RoleBinding"), 5, 22},
	kind("node.k8s.io/v1alpha1", "RuntimeClass"):                     {kind("node.k8s.io/v1", "RuntimeClass"), 12, 25},
	kind("node.k8s.io/v1beta1", "RuntimeClass"):                      {next: kind("node.k8s.io/v1", "RuntimeClass")},
	kind("events.k8s.io/v1beta1", "Event"):                           {next: kind("events.k8s.io/v1", "Event")},
	kind("networking.k8s.io/v1alpha1", "IPAddress"):                  {kind("networking.k8s.io/v1", "IPAddress"), 27, 34},
	kind("networking.k8s.io/v1alpha1", "ServiceCIDR"):                {kind("networking.k8s.io/v1", "ServiceCIDR"), 27, 34},
	kind("networking.k8s.io/v1beta1", "IPAddress"):                   {next: kind("networking.k8s.io/v1", "IPAddress")},
	kind("networking.k8s.io/v1beta1", "ServiceCIDR"):                 {next: kind("networking.k8s.io/v1", "ServiceCIDR")},
	kind("admissionregistration.k8s.io/v1alpha1", "ValidatingAdmissionPolicy"): {
		next: kind("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy")},
	kind("admissionregistration.k8s.io/v1alpha1", "ValidatingAdmissionPolicyBinding"): {
		next: kind("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding")},
	kind("admissionregistration.k8s.io/v1beta1", "ValidatingAdmissionPolicy"): {
		next: kind("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy")},
	kind("admissionregistration.k8s.io/v1beta1", "ValidatingAdmissionPolicyBinding"): {
		next: kind("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding")},
}

// gones are the kinds that nothing replaces.
var gones = map[schema.GroupVersionKind]UnsupportedError{
	kind("policy/v1beta1", "PodSecurityPolicy"): {Removed: "1.25",
		Remedy: "label the namespaces for Pod Security Admission instead (pod-security.kubernetes.io/enforce)"},
	kind("settings.k8s.io/v1alpha1", "PodPreset"): {Removed: "1.20",
		Remedy: "write its settings into the pods' templates"},
	kind("admissionregistration.k8s.io/v1alpha1", "InitializerConfiguration"): {Removed: "1.14",
		Remedy: "use a MutatingWebhookConfiguration instead"},
	kind("admissionregistration.k8s.io/v1alpha1", "ExternalAdmissionHookConfiguration"): {Removed: "1.9",
		Remedy: "use a ValidatingWebhookConfiguration instead"},
	kind("auditregistration.k8s.io/v1alpha1", "AuditSink"): {Removed: "1.19",
		Remedy: "configure the API server's audit webhook instead"},
	kind("extensions/v1beta1", "ThirdPartyResource"): {Removed: "1.8",
		Remedy: "write it as a CustomResourceDefinition"},
	kind("extensions/v1beta1", "HorizontalPodAutoscaler"): {Removed: "1.8",
		Remedy: "write it in autoscaling/v2"},
	kind("extensions/v1beta1", "Job"): {Removed: "1.6",
		Remedy: "write it in batch/v1"},
	kind("apps/v1alpha1", "PetSet"): {Removed: "1.5",
		Remedy: "write it as a StatefulSet in apps/v1"},
	kind("networking.k8s.io/v1alpha1", "ClusterCIDR"): {Removed: "1.29",
		Remedy: "configure the nodes' address ranges in the cluster's setup"},
}

func kind(version, name string) schema.GroupVersionKind {
	return schema.FromAPIVersionAndKind(version, name)
}
