package cmd

import (
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/restmapper"
)

// coreKind is a kind that every cluster serves.
type coreKind struct {
	version                       schema.GroupVersion
	kind, plural, singular, short string
}

// coreKinds are those that are shown, and those whose pods have logs.
var coreKinds = []coreKind{
	{corev1.SchemeGroupVersion, "Pod", "pods", "pod", "po"},
	{corev1.SchemeGroupVersion, "Service", "services", "service", "svc"},
	{corev1.SchemeGroupVersion, "ReplicationController", "replicationcontrollers", "replicationcontroller", "rc"},
	{appsv1.SchemeGroupVersion, "Deployment", "deployments", "deployment", "deploy"},
	{appsv1.SchemeGroupVersion, "StatefulSet", "statefulsets", "statefulset", "sts"},
	{appsv1.SchemeGroupVersion, "DaemonSet", "daemonsets", "daemonset", "ds"},
	{appsv1.SchemeGroupVersion, "ReplicaSet", "replicasets", "replicaset", "rs"},
	{batchv1.SchemeGroupVersion, "Job", "jobs", "job", ""},
}

// coreMapper knows the core kinds, by all the names that kubectl has for them.
func coreMapper() meta.RESTMapper {
	mapper := meta.NewDefaultRESTMapper(nil)
	for _, one := range coreKinds {
		mapper.AddSpecific(one.version.WithKind(one.kind), one.version.WithResource(one.plural), one.version.WithResource(one.singular), meta.RESTScopeNamespace)
	}
	return restmapper.NewShortcutExpander(mapper, coreDiscovery(), nil)
}

// coreDiscovery answers the two questions that there are when the mapper knows
// the kind: whether a word is a category, such as "all", which none of ours is,
// and for what it is short.
func coreDiscovery() discovery.CachedDiscoveryInterface { return shortNames{} }

type shortNames struct {
	// Everything else is not asked for, and would fail loudly if it were.
	discovery.CachedDiscoveryInterface
}

func (shortNames) ServerGroupsAndResources() ([]*metav1.APIGroup, []*metav1.APIResourceList, error) {
	var lists []*metav1.APIResourceList
	for _, one := range coreKinds {
		resource := metav1.APIResource{Name: one.plural, SingularName: one.singular, Kind: one.kind, Namespaced: true}
		if one.short != "" {
			resource.ShortNames = []string{one.short}
		}
		lists = append(lists, &metav1.APIResourceList{GroupVersion: one.version.String(), APIResources: []metav1.APIResource{resource}})
	}
	return nil, lists, nil
}
