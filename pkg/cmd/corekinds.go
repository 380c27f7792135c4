package cmd

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
)

// coreMapper knows Pods and Services, and Deployments, whose logs are asked
// for.
func coreMapper() meta.RESTMapper {
	mapper := meta.NewDefaultRESTMapper(nil)
	for kind, names := range map[schema.GroupVersionKind][2]string{
		corev1.SchemeGroupVersion.WithKind("Pod"):        {"pods", "pod"},
		corev1.SchemeGroupVersion.WithKind("Service"):    {"services", "service"},
		appsv1.SchemeGroupVersion.WithKind("Deployment"): {"deployments", "deployment"},
	} {
		version := kind.GroupVersion()
		mapper.AddSpecific(kind, version.WithResource(names[0]), version.WithResource(names[1]), meta.RESTScopeNamespace)
	}
	return mapper
}

// coreDiscovery answers the one question that the resource builder has when the
// mapper knows the kind: whether a word is a category, such as "all". None of
// ours is.
func coreDiscovery() discovery.CachedDiscoveryInterface { return noCategories{} }

type noCategories struct {
	// Everything else is not asked for, and would fail loudly if it were.
	discovery.CachedDiscoveryInterface
}

func (noCategories) ServerGroupsAndResources() ([]*metav1.APIGroup, []*metav1.APIResourceList, error) {
	return nil, nil, nil
}
