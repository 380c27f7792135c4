package discover

import (
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// standard are the kinds that every API server of Kubernetes 1.23 and newer
// serves in these versions, by group and version, with their resources
// (https://kubernetes.io/docs/reference/kubernetes-api).
var standard = map[schema.GroupVersion]struct{ namespaced, whole map[string]string }{
	{Version: "v1"}: {
		namespaced: map[string]string{
			"ConfigMap": "configmaps", "Endpoints": "endpoints", "LimitRange": "limitranges",
			"PersistentVolumeClaim": "persistentvolumeclaims", "Pod": "pods", "ReplicationController": "replicationcontrollers",
			"ResourceQuota": "resourcequotas", "Secret": "secrets", "Service": "services", "ServiceAccount": "serviceaccounts",
		},
		whole: map[string]string{"Namespace": "namespaces", "PersistentVolume": "persistentvolumes"},
	},
	{Group: "admissionregistration.k8s.io", Version: "v1"}: {
		whole: map[string]string{
			"MutatingWebhookConfiguration":   "mutatingwebhookconfigurations",
			"ValidatingWebhookConfiguration": "validatingwebhookconfigurations",
		},
	},
	{Group: "apiextensions.k8s.io", Version: "v1"}: {
		whole: map[string]string{"CustomResourceDefinition": "customresourcedefinitions"},
	},
	{Group: "apps", Version: "v1"}: {
		namespaced: map[string]string{
			"DaemonSet": "daemonsets", "Deployment": "deployments", "ReplicaSet": "replicasets", "StatefulSet": "statefulsets",
		},
	},
	{Group: "autoscaling", Version: "v2"}: {
		namespaced: map[string]string{"HorizontalPodAutoscaler": "horizontalpodautoscalers"},
	},
	{Group: "batch", Version: "v1"}: {
		namespaced: map[string]string{"CronJob": "cronjobs", "Job": "jobs"},
	},
	{Group: "networking.k8s.io", Version: "v1"}: {
		namespaced: map[string]string{"Ingress": "ingresses", "NetworkPolicy": "networkpolicies"},
	},
	{Group: "policy", Version: "v1"}: {
		namespaced: map[string]string{"PodDisruptionBudget": "poddisruptionbudgets"},
	},
	{Group: "rbac.authorization.k8s.io", Version: "v1"}: {
		namespaced: map[string]string{"Role": "roles", "RoleBinding": "rolebindings"},
		whole:      map[string]string{"ClusterRole": "clusterroles", "ClusterRoleBinding": "clusterrolebindings"},
	},
	{Group: "storage.k8s.io", Version: "v1"}: {
		whole: map[string]string{"StorageClass": "storageclasses"},
	},
}

// Standard returns the kinds that need no discovery, because they are on every
// cluster. It does not know what else the cluster serves: Partial is true of it.
func Standard() *Kinds {
	kinds := &Kinds{
		kinds:   map[schema.GroupVersionKind]Kind{},
		broken:  map[schema.GroupVersion]error{},
		defined: map[schema.GroupVersionKind]bool{},
		partial: true,
	}
	for version, of := range standard {
		for kind, resource := range of.namespaced {
			kinds.kinds[version.WithKind(kind)] = Kind{Resource: version.WithResource(resource), Namespaced: true, Kept: true}
		}
		for kind, resource := range of.whole {
			kinds.kinds[version.WithKind(kind)] = Kind{Resource: version.WithResource(resource), Kept: true}
		}
	}
	return kinds
}

// Partial reports whether the cluster may serve more than these kinds.
func (k *Kinds) Partial() bool { return k.partial }
