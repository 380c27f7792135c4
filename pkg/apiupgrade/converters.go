package apiupgrade

import "k8s.io/apimachinery/pkg/runtime/schema"

// converters say how a kind gets from its version to the next. What is not
// here is not upgraded, even if it is known where it went: a new name alone
// can change what an object means.
var converters = map[schema.GroupVersionKind]func(*draft) error{
	kind("extensions/v1beta1", "Deployment"): extensionsDeployment,
	kind("extensions/v1beta1", "DaemonSet"):  extensionsDaemonSet,
	kind("extensions/v1beta1", "ReplicaSet"): extensionsReplicaSet,
	kind("apps/v1beta1", "Deployment"):       appsDeployment,
	kind("apps/v1beta1", "StatefulSet"):      appsStatefulSet,

	kind("extensions/v1beta1", "Ingress"):        ingress,
	kind("networking.k8s.io/v1beta1", "Ingress"): ingress,

	kind("apiextensions.k8s.io/v1beta1", "CustomResourceDefinition"): definition,

	kind("admissionregistration.k8s.io/v1beta1", "MutatingWebhookConfiguration"):   webhookConfiguration,
	kind("admissionregistration.k8s.io/v1beta1", "ValidatingWebhookConfiguration"): webhookConfiguration,

	kind("admissionregistration.k8s.io/v1alpha1", "ValidatingAdmissionPolicyBinding"): policyBinding,

	kind("autoscaling/v2beta1", "HorizontalPodAutoscaler"): autoscaler,
	kind("autoscaling/v2beta2", "HorizontalPodAutoscaler"): targets,

	kind("policy/v1beta1", "PodDisruptionBudget"): disruptionBudget,

	kind("rbac.authorization.k8s.io/v1alpha1", "ClusterRoleBinding"): alphaBinding,
	kind("rbac.authorization.k8s.io/v1alpha1", "RoleBinding"):        alphaBinding,

	kind("batch/v2alpha1", "CronJob"): cronJob,
	kind("batch/v1beta1", "CronJob"):  cronJob,

	kind("node.k8s.io/v1alpha1", "RuntimeClass"): runtimeClass,

	kind("discovery.k8s.io/v1beta1", "EndpointSlice"): endpointSlice,

	kind("certificates.k8s.io/v1beta1", "CertificateSigningRequest"): signingRequest,

	kind("flowcontrol.apiserver.k8s.io/v1beta1", "PriorityLevelConfiguration"): concurrencyShares,
	kind("flowcontrol.apiserver.k8s.io/v1beta2", "PriorityLevelConfiguration"): concurrencyShares,
	kind("flowcontrol.apiserver.k8s.io/v1beta3", "PriorityLevelConfiguration"): zeroShares,

	kind("authorization.k8s.io/v1beta1", "SubjectAccessReview"):      reviewedGroups,
	kind("authorization.k8s.io/v1beta1", "LocalSubjectAccessReview"): reviewedGroups,
}

// renamed are the kinds of which nothing but the version changes: the same
// fields, and the same defaults.
var renamed = map[string][]string{
	"apps/v1beta1":                          {"ControllerRevision"},
	"apps/v1beta2":                          {"ControllerRevision", "DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"},
	"extensions/v1beta1":                    {"NetworkPolicy", "PodSecurityPolicy"},
	"rbac.authorization.k8s.io/v1alpha1":    {"ClusterRole", "Role"},
	"rbac.authorization.k8s.io/v1beta1":     {"ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"},
	"batch/v2alpha1":                        {"ScheduledJob"},
	"networking.k8s.io/v1alpha1":            {"IPAddress", "ServiceCIDR"},
	"networking.k8s.io/v1beta1":             {"IPAddress", "IngressClass", "ServiceCIDR"},
	"node.k8s.io/v1beta1":                   {"RuntimeClass"},
	"events.k8s.io/v1beta1":                 {"Event"},
	"apiregistration.k8s.io/v1beta1":        {"APIService"},
	"scheduling.k8s.io/v1alpha1":            {"PriorityClass"},
	"scheduling.k8s.io/v1beta1":             {"PriorityClass"},
	"storage.k8s.io/v1alpha1":               {"CSIStorageCapacity", "VolumeAttachment", "VolumeAttributesClass"},
	"storage.k8s.io/v1beta1":                {"CSIDriver", "CSINode", "CSIStorageCapacity", "StorageClass", "VolumeAttachment", "VolumeAttributesClass"},
	"coordination.k8s.io/v1beta1":           {"Lease"},
	"authentication.k8s.io/v1beta1":         {"TokenReview"},
	"authorization.k8s.io/v1beta1":          {"SelfSubjectAccessReview", "SelfSubjectRulesReview"},
	"flowcontrol.apiserver.k8s.io/v1alpha1": {"FlowSchema", "PriorityLevelConfiguration"},
	"flowcontrol.apiserver.k8s.io/v1beta1":  {"FlowSchema"},
	"flowcontrol.apiserver.k8s.io/v1beta2":  {"FlowSchema"},
	"flowcontrol.apiserver.k8s.io/v1beta3":  {"FlowSchema"},
	"admissionregistration.k8s.io/v1alpha1": {"ValidatingAdmissionPolicy"},
	"admissionregistration.k8s.io/v1beta1": {"MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding",
		"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"},
	"certificates.k8s.io/v1beta1":     {"ClusterTrustBundle"},
	"storagemigration.k8s.io/v1beta1": {"StorageVersionMigration"},
}

// converter returns how a kind is converted, or nil.
func converter(from schema.GroupVersionKind) func(*draft) error {
	for _, name := range renamed[from.GroupVersion().String()] {
		if name == from.Kind {
			return func(*draft) error { return nil }
		}
	}
	return converters[from]
}
