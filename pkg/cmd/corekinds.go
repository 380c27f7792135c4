package cmd

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/discovery"
)

// coreMapper knows Pods and Services.
func coreMapper() meta.RESTMapper {
	mapper := meta.NewDefaultRESTMapper(nil)
	for kind, names := range map[string][2]string{
		"Pod":     {"pods", "pod"},
		"Service": {"services", "service"},
	} {
		version := corev1.SchemeGroupVersion
		mapper.AddSpecific(version.WithKind(kind), version.WithResource(names[0]), version.WithResource(names[1]), meta.RESTScopeNamespace)
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
